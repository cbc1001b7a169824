-- What the import of logs needs beside the systems' own tables: provenance, token counts, prices.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table signalbox.import_files (
    id bigint generated always as identity primary key,
    path text not null,
    format text not null,
    size_bytes bigint not null,
    owner_id uuid,
    first_imported_at timestamptz not null default now(),
    last_imported_at timestamptz not null default now(),
    counts jsonb not null default '{}',
    problems jsonb not null default '[]',
    constraint import_files_path unique (path)
);
comment on table signalbox.import_files is 'One row per file that was imported, however often.';

create table signalbox.import_records (
    record_key uuid primary key,
    event_id uuid not null references chronicle.events (id) on delete cascade,
    file_id bigint not null references signalbox.import_files (id) on delete cascade,
    line integer,
    source_kind text not null,
    pair_key uuid,
    pair_order bigint
);
comment on table signalbox.import_records is
'Which event each record of a log became: two records of one happening, told by hooks and by a transcript, name the same event. One row per record.';
create index import_records_event_id on signalbox.import_records (event_id);
create index import_records_file_id on signalbox.import_records (file_id);
create index import_records_pair_key on signalbox.import_records (pair_key) where pair_key is not null;

create table signalbox.model_replies (
    message_id text primary key,
    session_id uuid not null references chronicle.sessions (id) on delete cascade,
    model text not null,
    replied_at timestamptz,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    cache_write_tokens bigint not null default 0,
    cache_write_1h_tokens bigint not null default 0,
    cache_read_tokens bigint not null default 0
);
comment on table signalbox.model_replies is
'Tokens, counted once per reply however many lines repeat it; cache_write_1h_tokens is the part of the cache writes kept for an hour, which costs more. One row per reply of a model.';
create index model_replies_session_id on signalbox.model_replies (session_id);
create index model_replies_replied_at on signalbox.model_replies (replied_at);

create table signalbox.model_prices (
    model text not null,
    valid_from date not null,
    input_usd_per_million numeric not null,
    output_usd_per_million numeric not null,
    cache_write_usd_per_million numeric not null,
    cache_write_1h_usd_per_million numeric not null,
    cache_read_usd_per_million numeric not null,
    primary key (model, valid_from)
);
comment on table signalbox.model_prices is 'List prices, for estimates where a log records no cost. One row per model and first day of a price.';

alter table signalbox.import_files enable row level security;
alter table signalbox.import_records enable row level security;
alter table signalbox.model_replies enable row level security;
alter table signalbox.model_prices enable row level security;
grant select on signalbox.import_files, signalbox.import_records, signalbox.model_replies, signalbox.model_prices
to authenticated;
grant all on signalbox.import_files, signalbox.import_records, signalbox.model_replies, signalbox.model_prices
to service_role;
create policy import_files_select on signalbox.import_files for select to authenticated
using ((select signalbox.sees_all()) or owner_id = (select auth.uid()));
create policy import_records_select on signalbox.import_records for select to authenticated
using ((select signalbox.sees_all()) or event_id in (select e.id from chronicle.events as e));
create policy model_replies_select on signalbox.model_replies for select to authenticated
using ((select signalbox.sees_all()) or session_id in (
    select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
));
create policy model_prices_select on signalbox.model_prices for select to authenticated using (true);
