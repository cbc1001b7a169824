-- What operators do with the database: backups, and where systems that were there before keep their tables.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table signalbox.backup_runs (
    id bigint generated always as identity primary key,
    kind text not null default 'manual' constraint backup_runs_kind_valid check (kind in ('manual', 'scheduled')),
    status text not null default 'running'
    constraint backup_runs_status_valid check (status in ('running', 'succeeded', 'failed')),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    started_by uuid,
    started_by_email text,
    host text not null,
    process_id bigint not null,
    database_name text not null,
    server_version text,
    dump_version text,
    file_name text,
    size_bytes bigint check (size_bytes >= 0),
    sha256 text,
    listed_entries integer,
    listed_tables integer,
    missing_tables text[],
    error_message text,
    constraint backup_runs_end_is_told check ((status = 'running') = (finished_at is null))
);
comment on table signalbox.backup_runs is
'Backups that were tried; listed_* is what reading the finished file back found, missing_tables what the database had and the file has not. One row per run.';
create index backup_runs_started_at on signalbox.backup_runs (started_at desc);
create unique index backup_runs_one_at_a_time on signalbox.backup_runs (database_name) where status = 'running';
alter table signalbox.backup_runs enable row level security;
grant select, insert, update on signalbox.backup_runs to authenticated;
grant all on signalbox.backup_runs to service_role;
create policy backup_runs_select on signalbox.backup_runs for select to authenticated
using ((select signalbox.sees_all()));
create policy backup_runs_insert on signalbox.backup_runs for insert to authenticated
with check ((select signalbox.is_admin()) and started_by = (select auth.uid()));
create policy backup_runs_update on signalbox.backup_runs for update to authenticated
using ((select signalbox.is_admin())) with check ((select signalbox.is_admin()));

create table signalbox.adopted_tables (
    system text not null,
    table_name text not null,
    source_schema text not null,
    source_table text not null,
    mode text not null constraint adopted_tables_mode_valid check (mode in ('pointed', 'moved')),
    missing_columns text[] not null default '{}',
    adopted_at timestamptz not null default now(),
    primary key (system, table_name)
);
comment on table signalbox.adopted_tables is
'Tables of systems that were there before the console: pointed means that our staging view reads them where they are, moved that they became ours and left a view behind; missing_columns read as null. One row per adopted table.';
alter table signalbox.adopted_tables enable row level security;
grant select on signalbox.adopted_tables to authenticated;
grant all on signalbox.adopted_tables to service_role;
create policy adopted_tables_select on signalbox.adopted_tables for select to authenticated
using ((select auth.uid()) is not null);
