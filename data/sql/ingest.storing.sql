-- name: prepare
-- Settings of an import, for its connection or, behind a pooler, for one transaction: it may take as long as its files
-- are large, and no statement is worth compiling. Nothing is known of the size of what is staged, so nested loops over
-- it are avoided, as are scans of the tables that it joins: they are reached by fenced or listed lookups. A commit waits
-- for the disk as anywhere else, since a file that was said to be in stays in. Says whether the staging table is still
-- to be made.
select
    set_config('statement_timeout', '0', %(for_transaction)s::boolean),
    set_config('lock_timeout', '0', %(for_transaction)s::boolean),
    set_config('idle_in_transaction_session_timeout', '0', %(for_transaction)s::boolean),
    set_config('jit', 'off', %(for_transaction)s::boolean),
    set_config('timezone', 'UTC', %(for_transaction)s::boolean),
    set_config('work_mem', '64MB', %(for_transaction)s::boolean),
    set_config('enable_nestloop', 'off', %(for_transaction)s::boolean),
    set_config('enable_seqscan', 'off', %(for_transaction)s::boolean),
    set_config('plan_cache_mode', 'force_generic_plan', %(for_transaction)s::boolean),
    to_regclass('pg_temp.staged_records') is null as needs_staging_table;

-- name: find_backend
-- The process that serves this connection: behind a pooler another than the client was told.
select pg_backend_pid() as pid;

-- name: list_kept_elsewhere
-- The tables that are read in another schema: ours take no rows meanwhile.
select
    system || '.' || table_name as name,
    source_schema || '.' || source_table as source
from signalbox.adopted_tables
where mode = 'pointed'
order by name;
-- name: list_moved_systems
-- The systems whose tables another program made and somebody moved here: they need not take what ours take.
select distinct system from signalbox.adopted_tables where mode = 'moved' order by system;

-- name: find_boundary
-- From when on there are rows of what happened in sessions, where anything was dropped.
select r.raw_from from signalbox.retention as r where r.dropped_from is not null;

-- name: create_temporary_staged
-- Makes the table into which the records of a file are copied; each transaction finds it empty.
create temporary table if not exists staged_records (
    seq bigint,
    line integer,
    place integer,
    part integer,
    source_kind text,
    session_key uuid,
    record_key uuid,
    event_id uuid,
    pair_key uuid,
    call_id uuid,
    counted boolean,
    event_type text,
    happened_at timestamptz,
    data jsonb,
    metadata jsonb,
    tool_name text,
    tool_type text,
    phase text,
    parameters jsonb,
    result jsonb,
    execution_time_ms integer,
    success boolean,
    error_message text,
    file_path text,
    prompt_text text,
    prompt_length integer,
    notification_type text,
    message text,
    severity text,
    lifecycle_type text,
    trigger_reason text,
    message_id text,
    model text,
    input_tokens bigint,
    output_tokens bigint,
    cache_write_tokens bigint,
    cache_write_1h_tokens bigint,
    cache_read_tokens bigint,
    agent_identifier text,
    job_status text,
    started_at timestamptz,
    completed_at timestamptz,
    updated_at timestamptz,
    job_data jsonb,
    job_result jsonb,
    pair_order bigint,
    absorbed boolean not null default false,
    shared boolean not null default false
) on commit delete rows;

-- name: copy_staged
-- Takes rows into the staging table: all its columns but the two that only the database fills.
copy staged_records (
    seq, line, place, part, source_kind, session_key, record_key, event_id, pair_key, call_id, counted, event_type, happened_at,
    data, metadata, tool_name, tool_type, phase, parameters, result, execution_time_ms, success, error_message,
    file_path, prompt_text, prompt_length, notification_type, message, severity, lifecycle_type, trigger_reason,
    message_id, model, input_tokens, output_tokens, cache_write_tokens, cache_write_1h_tokens, cache_read_tokens,
    agent_identifier, job_status, started_at, completed_at, updated_at, job_data, job_result
) from stdin;

-- name: drop_staged
-- Takes the staging table away when an import is over.
drop table if exists pg_temp.staged_records;

-- name: upsert_file
-- Waits until no other import merges, so that two never wait for each other, then registers the file with what it holds
-- and what of it could not be read, and gives its number; the first owner stays, and so do days still to be counted.
with turn as materialized (
    select pg_advisory_xact_lock(20261120, 4)
)
insert into signalbox.import_files as f (path, format, size_bytes, owner_id, counts, problems)
select
    %(path)s::text, %(format)s::text, %(size_bytes)s::bigint, %(owner)s::uuid, %(counts)s::jsonb, %(problems)s::jsonb
from turn
on conflict (path) do update
set format = excluded.format,
    size_bytes = excluded.size_bytes,
    owner_id = coalesce(f.owner_id, excluded.owner_id),
    counts = excluded.counts || jsonb_strip_nulls(jsonb_build_object('days_to_count', f.counts -> 'days_to_count')),
    problems = excluded.problems,
    last_imported_at = now()
returning f.id;
