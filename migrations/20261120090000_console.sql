-- The console's own schema: members and roles, web sessions, audit log, records of migrations.
set lock_timeout = '4s';
set statement_timeout = '60s';

create schema signalbox;
create schema analytics;
comment on schema signalbox is 'The console itself: members, sessions, audit, imports, change log.';
comment on schema analytics is 'Views that reports read.';
grant usage on schema signalbox to authenticated, service_role;
grant usage on schema analytics to authenticated, service_role;

create table signalbox.members (
    user_id uuid primary key references auth.users (id) on delete cascade,
    role text not null constraint members_role_valid check (role in ('member', 'manager', 'admin')),
    granted_by uuid,
    granted_at timestamptz not null default now()
);
comment on table signalbox.members is 'Who may do what here; a person without a row is a member. One row per person with a role.';

-- Security definer: policies ask for the role of the viewer without opening the table to everyone.
create function signalbox.viewer_role() returns text
language sql stable security definer
set search_path = ''
as $$
    select coalesce(
        (select m.role from signalbox.members as m where m.user_id = (select auth.uid())),
        case when (select auth.uid()) is null then null else 'member' end
    )
$$;

create function signalbox.sees_all() returns boolean
language sql stable
set search_path = ''
as $$ select coalesce(signalbox.viewer_role() in ('manager', 'admin'), false) $$;

create function signalbox.is_admin() returns boolean
language sql stable
set search_path = ''
as $$ select coalesce(signalbox.viewer_role() = 'admin', false) $$;

revoke execute on function signalbox.viewer_role() from public;
revoke execute on function signalbox.sees_all() from public;
revoke execute on function signalbox.is_admin() from public;
grant execute on function signalbox.viewer_role() to authenticated, service_role;
grant execute on function signalbox.sees_all() to authenticated, service_role;
grant execute on function signalbox.is_admin() to authenticated, service_role;

alter table signalbox.members enable row level security;
grant select on signalbox.members to authenticated;
grant all on signalbox.members to service_role;
create policy members_select on signalbox.members for select to authenticated
using ((select signalbox.is_admin()) or user_id = (select auth.uid()));

create table signalbox.web_sessions (
    token_hash text primary key,
    user_id uuid not null references auth.users (id) on delete cascade,
    dataset text not null default 'real' constraint web_sessions_dataset_valid check (dataset in ('real', 'demo')),
    signed_in_with text not null,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    client text
);
comment on table signalbox.web_sessions is
'Signed-in browsers, by the hash of their cookie. Reached by the owner of the database alone. One row per sign-in.';
create index web_sessions_user_id on signalbox.web_sessions (user_id);
alter table signalbox.web_sessions enable row level security;
grant all on signalbox.web_sessions to service_role;
create policy web_sessions_nobody on signalbox.web_sessions for select to authenticated using (false);

create table signalbox.audit_log (
    id bigint generated always as identity primary key,
    occurred_at timestamptz not null default now(),
    actor_id uuid,
    actor_email text,
    action text not null,
    target text,
    detail jsonb not null default '{}'
);
comment on table signalbox.audit_log is
'What people did through the console; without a foreign key, so that it outlives the person. One row per act.';
create index audit_log_occurred_at on signalbox.audit_log (occurred_at desc);
create index audit_log_target on signalbox.audit_log (target, occurred_at desc);

-- For every role, the owner included: the record of what happened is never rewritten.
create function signalbox.refuse_rewriting() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
        using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_log_append_only before update or delete on signalbox.audit_log
for each row execute function signalbox.refuse_rewriting();
create trigger audit_log_no_truncate before truncate on signalbox.audit_log
for each statement execute function signalbox.refuse_rewriting();

alter table signalbox.audit_log enable row level security;
grant select, insert on signalbox.audit_log to authenticated, service_role;
create policy audit_log_select on signalbox.audit_log for select to authenticated
using ((select signalbox.is_admin()));
create policy audit_log_insert on signalbox.audit_log for insert to authenticated
with check (actor_id = (select auth.uid()));

create table signalbox.migration_runs (
    version text primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now(),
    duration_ms bigint not null,
    applied_by text not null default session_user,
    statement_count integer not null
);
comment on table signalbox.migration_runs is
'What the shared migration history has no room for. One row per migration applied by the console.';
alter table signalbox.migration_runs enable row level security;
grant select on signalbox.migration_runs to authenticated;
grant all on signalbox.migration_runs to service_role;
create policy migration_runs_select on signalbox.migration_runs for select to authenticated
using ((select signalbox.is_admin()));
