-- name: create_temporary_staged
-- Makes the table into which the records of a file are copied; each transaction finds it empty.
create temporary table if not exists staged_records (
    seq bigint,
    line integer,
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
    seq, line, source_kind, session_key, record_key, event_id, pair_key, call_id, counted, event_type, happened_at,
    data, metadata, tool_name, tool_type, phase, parameters, result, execution_time_ms, success, error_message,
    file_path, prompt_text, prompt_length, notification_type, message, severity, lifecycle_type, trigger_reason,
    message_id, model, input_tokens, output_tokens, cache_write_tokens, cache_write_1h_tokens, cache_read_tokens,
    agent_identifier, job_status, started_at, completed_at, updated_at, job_data, job_result
) from stdin;

-- name: drop_staged
-- Takes the staging table away when an import is over.
drop table if exists pg_temp.staged_records;

-- name: prepare
-- Settings of an import, for its connection or, behind a pooler, for one transaction: it may take as long as its files
-- are large, no statement is worth compiling, and a commit need not wait for the disk, since the last one does. Nothing
-- is known of the size of what is staged, so nested loops over it are avoided, as are scans of the tables that it joins:
-- they are reached by fenced or listed lookups. Says whether the connection is the server's own and no pooler's, and
-- whether the staging table is still to be made.
select
    set_config('statement_timeout', '0', %(for_transaction)s::boolean),
    set_config('lock_timeout', '0', %(for_transaction)s::boolean),
    set_config('idle_in_transaction_session_timeout', '0', %(for_transaction)s::boolean),
    set_config('jit', 'off', %(for_transaction)s::boolean),
    set_config('timezone', 'UTC', %(for_transaction)s::boolean),
    set_config('work_mem', '64MB', %(for_transaction)s::boolean),
    set_config('synchronous_commit', 'off', %(for_transaction)s::boolean),
    set_config('enable_nestloop', 'off', %(for_transaction)s::boolean),
    set_config('enable_seqscan', 'off', %(for_transaction)s::boolean),
    set_config('plan_cache_mode', 'force_generic_plan', %(for_transaction)s::boolean),
    to_regclass('pg_temp.staged_records') is null as needs_staging_table;

-- name: find_backend
-- The process that serves this connection: behind a pooler another than the client was told.
select pg_backend_pid() as pid;

-- name: make_durable
-- Waits until everything that was committed before stands on disk: the transactions of single files did not wait.
with patience as materialized (
    select set_config('synchronous_commit', 'on', true)
)
update signalbox.import_files
set last_imported_at = clock_timestamp()
from patience
where id = %(file_id)s;

-- name: find_owner
-- The account with this address.
select u.id from auth.users as u
where lower(u.email) = lower(%(address)s)
order by u.id
limit 1;

-- name: upsert_file
-- Waits until no other import merges, so that two never wait for each other, then registers the file with what it holds
-- and what of it could not be read, and gives its number; the first owner stays.
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
    counts = excluded.counts,
    problems = excluded.problems,
    last_imported_at = now()
returning f.id;

-- name: find_sessions
-- The sessions as they are known, held until the file is merged.
select
    s.id, s.session_id, s.project_name, s.git_branch, s.working_directory, s.started_at, s.ended_at, s.status, s.metadata
from chronicle.sessions as s
where s.session_id = any(%(session_ids)s::text[])
for update;

-- name: save_sessions
-- Adds new sessions and rewrites changed ones; says which id each has, which is another's where one was faster.
insert into chronicle.sessions (
    id, session_id, project_name, git_branch, working_directory, started_at, ended_at, status, metadata
)
select t.id, t.session_id, t.project_name, t.git_branch, t.working_directory, t.started_at, t.ended_at, t.status, t.metadata
from jsonb_to_recordset(%(sessions)s::jsonb) as t (
    id uuid, session_id text, project_name text, git_branch text, working_directory text,
    started_at timestamptz, ended_at timestamptz, status text, metadata jsonb
)
on conflict (session_id) do update
set project_name = excluded.project_name,
    git_branch = excluded.git_branch,
    working_directory = excluded.working_directory,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    metadata = excluded.metadata
returning id, session_id;

-- name: move_staged_sessions
-- Points staged records to the session as the database knows it, where it was made by something else under another id.
update staged_records as r
set session_key = m.known
from unnest(%(told)s::uuid[], %(known)s::uuid[]) as m (told, known)
where r.session_key = m.told;

-- name: move_session_starts
-- A file with earlier entries of a known session moves the derived start of that session.
with starts as materialized (
    select s.event_id, s.happened_at, s.data, s.line
    from staged_records as s
    where s.event_type = 'session_start' and s.metadata ? 'derived'
),
earlier as materialized (
    select s.event_id, s.happened_at, s.data, s.line
    from starts as s
    inner join chronicle.events as e
        on e.id = any(array(select k.event_id from starts as k)) and e.id = s.event_id
    where s.happened_at < e.timestamp or (e.timestamp is null and s.happened_at is not null)
),
moved as (
    update chronicle.events as e
    set timestamp = s.happened_at, data = s.data
    from earlier as s
    where e.id = any(array(select k.event_id from earlier as k)) and e.id = s.event_id
),
moved_detail as (
    update chronicle.lifecycle_events as l
    set created_at = s.happened_at
    from earlier as s
    where l.id = any(array(select k.event_id from earlier as k)) and l.id = s.event_id
)
update signalbox.import_records as r
set file_id = %(file_id)s, line = s.line
from earlier as s
where r.record_key = any(array(select k.event_id from earlier as k)) and r.record_key = s.event_id;

-- name: forget_known_records
-- Takes the records out that an earlier import brought in.
delete from staged_records as s
where s.event_type is not null
    and exists (select from signalbox.import_records as r where r.record_key = s.record_key offset 0);

-- name: number_pairs
-- Numbers records of hooks that look alike in the order in which they came, behind those that are known.
update staged_records as s
set pair_order = n.place,
    call_id = case when s.phase is null then s.call_id
        else md5(left(s.pair_key::text, 35) || ':' || n.place)::uuid end
from (
    select k.seq, k.occurrence + coalesce(max(k.highest) over (partition by k.pair_key), 0) as place
    from (
        select
            h.seq,
            h.pair_key,
            h.occurrence,
            case when h.occurrence = 1 and %(sessions_known)s::boolean then (
                select max(r.pair_order)
                from signalbox.import_records as r
                where r.pair_key = h.pair_key and r.source_kind = 'hooks'
            ) end as highest
        from (
            select o.seq, o.pair_key, row_number() over (partition by o.pair_key order by o.seq) as occurrence
            from staged_records as o
            where o.source_kind = 'hooks' and o.pair_key is not null
        ) as h
    ) as k
) as n
where s.seq = n.seq;

-- name: number_records
-- Gives the second and every later of equal records without an id a key of its own.
update staged_records as r
set record_key = n.numbered, event_id = n.numbered
from (
    select o.seq, md5(o.record_key::text || ':' || o.occurrence)::uuid as numbered
    from (
        select s.seq, s.record_key, row_number() over (partition by s.record_key order by s.seq) as occurrence
        from staged_records as s
        where s.counted
    ) as o
    where o.occurrence > 1
) as n
where r.seq = n.seq;

-- name: absorb_staged
-- Hook records of what a transcript has told already become references to it, and no events of their own.
with keys as materialized (
    select distinct s.pair_key from staged_records as s where s.source_kind = 'hooks' and s.pair_key is not null
),
told as materialized (
    select
        k.pair_key,
        r.event_id,
        row_number() over (partition by k.pair_key order by r.happened_at nulls last, r.event_id) as place
    from keys as k
    cross join lateral (
        select i.event_id, (select e.timestamp from chronicle.events as e where e.id = i.event_id) as happened_at
        from signalbox.import_records as i
        where i.pair_key = k.pair_key and i.source_kind = 'transcript'
        offset 0
    ) as r
)
update staged_records as s
set event_id = t.event_id, absorbed = true
from told as t
where s.source_kind = 'hooks' and s.pair_key = t.pair_key and s.pair_order = t.place;

-- name: set_aside_shared
-- Marks staged records whose event is there already, told by another source, in another session or by an earlier line;
-- says how many. Of records that are there twice the first one counts.
with told as materialized (
    select
        s.seq,
        row_number() over (partition by s.record_key order by s.seq) as occurrence,
        row_number() over (partition by s.event_id order by s.seq) as telling,
        exists (select from chronicle.events as e where e.id = s.event_id) as is_known
    from staged_records as s
    where s.event_type is not null and not s.absorbed
),
repeated as (
    delete from staged_records as s
    using told as t
    where t.seq = s.seq and t.occurrence > 1
    returning s.seq
),
marked as (
    update staged_records as s
    set shared = true
    from told as t
    where t.seq = s.seq and t.occurrence = 1 and (t.telling > 1 or t.is_known)
    returning s.seq
)
select (select count(*) from repeated) as repeated, (select count(*) from marked) as shared;

-- name: add_records
-- Adds the staged events with their details and their entries in the register of records; counts the new ones by type.
with added as (
    insert into chronicle.events (id, session_id, event_type, source_app, timestamp, data, metadata)
    select s.event_id, s.session_key, s.event_type, 'claude-code', s.happened_at, s.data, s.metadata
    from staged_records as s
    where s.event_type is not null and not s.absorbed and not s.shared
    returning event_type
),
tools as (
    insert into chronicle.tool_events (
        id, session_id, event_id, tool_name, tool_type, phase, parameters, result,
        execution_time_ms, success, error_message, created_at, call_id
    )
    select
        s.event_id, s.session_key, s.event_id, s.tool_name, s.tool_type, s.phase, s.parameters, s.result,
        s.execution_time_ms, s.success, s.error_message, s.happened_at, s.call_id
    from staged_records as s
    where s.phase is not null and not s.absorbed and not s.shared
),
prompts as (
    insert into chronicle.prompt_events (id, session_id, event_id, prompt_text, prompt_length, created_at)
    select s.event_id, s.session_key, s.event_id, s.prompt_text, s.prompt_length, s.happened_at
    from staged_records as s
    where s.event_type = 'user_prompt' and not s.absorbed and not s.shared
),
notifications as (
    insert into chronicle.notification_events (
        id, session_id, event_id, notification_type, message, severity, created_at
    )
    select s.event_id, s.session_key, s.event_id, s.notification_type, s.message, s.severity, s.happened_at
    from staged_records as s
    where s.event_type = 'notification' and not s.absorbed and not s.shared
),
lifecycle as (
    insert into chronicle.lifecycle_events (id, session_id, event_id, lifecycle_type, trigger_reason, created_at)
    select s.event_id, s.session_key, s.event_id, s.lifecycle_type, s.trigger_reason, s.happened_at
    from staged_records as s
    where s.lifecycle_type is not null and not s.absorbed and not s.shared
),
register as (
    insert into signalbox.import_records (record_key, event_id, file_id, line, source_kind, pair_key, pair_order)
    select s.record_key, s.event_id, %(file_id)s::bigint, s.line, s.source_kind, s.pair_key, s.pair_order
    from staged_records as s
    where s.event_type is not null
)
select a.event_type, count(*) as events from added as a group by a.event_type;

-- name: add_files_touched
-- Files that the staged calls read or wrote: one row per session and file, at the first time known.
insert into chronicle.project_context as p (id, session_id, file_path, file_type, created_at)
select
    md5(t.session_key::text || ':' || t.file_path)::uuid,
    t.session_key,
    t.file_path,
    -- What stands behind the last dot of the name, unless the name begins with it.
    case when strpos(substr(t.file_name, 2), '.') > 0
        then nullif(left(lower(split_part(t.file_name, '.', -1)), 50), '') end,
    t.first_at
from (
    select
        s.session_key,
        s.file_path,
        split_part(replace(s.file_path, '\', '/'), '/', -1) as file_name,
        min(s.happened_at) as first_at
    from staged_records as s
    where s.file_path is not null
    group by s.session_key, s.file_path
) as t
on conflict (session_id, md5(file_path)) do update
set created_at = excluded.created_at
where excluded.created_at < p.created_at or (p.created_at is null and excluded.created_at is not null);

-- name: add_replies
-- Tokens of replies: each count is the highest that any line of the reply names.
insert into signalbox.model_replies as m (
    message_id, session_id, model, replied_at, input_tokens, output_tokens,
    cache_write_tokens, cache_write_1h_tokens, cache_read_tokens
)
select
    s.message_id,
    min(s.session_key::text)::uuid,
    min(s.model),
    min(s.happened_at),
    max(s.input_tokens),
    max(s.output_tokens),
    max(s.cache_write_tokens),
    max(s.cache_write_1h_tokens),
    max(s.cache_read_tokens)
from staged_records as s
where s.message_id is not null
group by s.message_id
on conflict (message_id) do update
set session_id = least(m.session_id, excluded.session_id),
    model = least(m.model, excluded.model),
    replied_at = least(m.replied_at, excluded.replied_at),
    input_tokens = greatest(m.input_tokens, excluded.input_tokens),
    output_tokens = greatest(m.output_tokens, excluded.output_tokens),
    cache_write_tokens = greatest(m.cache_write_tokens, excluded.cache_write_tokens),
    cache_write_1h_tokens = greatest(m.cache_write_1h_tokens, excluded.cache_write_1h_tokens),
    cache_read_tokens = greatest(m.cache_read_tokens, excluded.cache_read_tokens)
where excluded.session_id < m.session_id
    or excluded.model < m.model
    or excluded.replied_at < m.replied_at
    or (m.replied_at is null and excluded.replied_at is not null)
    or excluded.input_tokens > m.input_tokens
    or excluded.output_tokens > m.output_tokens
    or excluded.cache_write_tokens > m.cache_write_tokens
    or excluded.cache_write_1h_tokens > m.cache_write_1h_tokens
    or excluded.cache_read_tokens > m.cache_read_tokens;

-- name: settle_shared_events
-- Two records of one tool call by its id: what a transcript says counts before hooks, and of copies in two sessions
-- the one of the lower session id; what that leaves open comes from the other.
with shared as materialized (
    select s.* from staged_records as s where s.shared and s.phase is not null
),
known as materialized (
    select e.id, e.session_id, e.metadata, (select o.session_id from chronicle.sessions as o where o.id = e.session_id) as name
    from chronicle.events as e
    where e.id = any(array(select s.event_id from shared as s))
),
contested as materialized (
    select distinct on (s.event_id)
        s.*,
        e.session_id as known_session,
        e.metadata as known_metadata,
        case
            when s.source_kind <> e.metadata ->> 'source' then s.source_kind = 'transcript'
            else s.session_name < e.name collate "C"
        end as wins
    from (
        select h.*, (select o.session_id from chronicle.sessions as o where o.id = h.session_key) as session_name
        from shared as h
    ) as s
    inner join known as e on e.id = s.event_id
    where s.source_kind <> e.metadata ->> 'source' or s.session_key <> e.session_id
    order by s.event_id, s.source_kind desc, s.session_name collate "C"
),
settled as (
    update chronicle.events as e
    set session_id = case when c.wins then c.session_key else e.session_id end,
        timestamp = case when c.wins then coalesce(c.happened_at, e.timestamp) else coalesce(e.timestamp, c.happened_at) end,
        data = case when c.wins then c.data else e.data end,
        metadata = case when c.wins then e.metadata || c.metadata else c.metadata || e.metadata end
    from contested as c
    where e.id = any(array(select k.event_id from contested as k)) and e.id = c.event_id
)
update chronicle.tool_events as t
set session_id = case when c.wins then c.session_key else t.session_id end,
    created_at = case when c.wins then coalesce(c.happened_at, t.created_at) else coalesce(t.created_at, c.happened_at) end,
    parameters = case when c.wins then coalesce(c.parameters, t.parameters) else coalesce(t.parameters, c.parameters) end,
    result = case when c.wins then coalesce(c.result, t.result) else coalesce(t.result, c.result) end,
    success = case when c.wins then coalesce(c.success, t.success) else coalesce(t.success, c.success) end,
    error_message = case when c.wins then coalesce(c.error_message, t.error_message)
        else coalesce(t.error_message, c.error_message) end,
    tool_name = case when c.wins and c.tool_name <> 'unknown' or t.tool_name = 'unknown' then c.tool_name else t.tool_name end,
    tool_type = case when c.wins and c.tool_name <> 'unknown' or t.tool_name = 'unknown' then c.tool_type else t.tool_type end,
    -- What a hook measured leaves out the time spent waiting for a person.
    execution_time_ms = coalesce(
        (c.metadata ->> 'duration_ms')::integer,
        (c.known_metadata ->> 'duration_ms')::integer,
        case when c.wins then c.execution_time_ms else t.execution_time_ms end,
        case when c.wins then t.execution_time_ms else c.execution_time_ms end
    )
from contested as c
where t.id = any(array(select k.event_id from contested as k)) and t.id = c.event_id;

-- name: complete_results
-- Gives results whose calls came from another file the tool, the duration and the key that only the call knows.
with calls as materialized (
    select distinct s.call_id from staged_records as s where s.phase is not null
),
loose as materialized (
    select
        post.id,
        post.created_at,
        post.execution_time_ms,
        (select (e.metadata ->> 'duration_ms')::integer from chronicle.events as e where e.id = post.event_id) as measured_ms,
        pre.event_id as call_event_id,
        pre.tool_name,
        pre.tool_type,
        pre.created_at as called_at
    from calls as c
    cross join lateral (
        select t.* from chronicle.tool_events as t
        where t.call_id = c.call_id and t.phase = 'post' and t.tool_name = 'unknown'
        offset 0
    ) as post
    cross join lateral (
        select t.* from chronicle.tool_events as t
        where t.call_id = c.call_id and t.phase = 'pre' and t.tool_name <> 'unknown'
        offset 0
    ) as pre
),
completed as materialized (
    select
        l.id,
        l.tool_name,
        l.tool_type,
        (
            select k.pair_key from signalbox.import_records as k
            where k.event_id = l.call_event_id and k.pair_key is not null
            order by k.record_key
            limit 1
        ) as pair_key,
        coalesce(
            l.measured_ms,
            case when l.created_at >= l.called_at and l.created_at < l.called_at + interval '24 days'
                then round(extract(epoch from l.created_at - l.called_at) * 1000)::integer end,
            l.execution_time_ms
        ) as execution_time_ms
    from loose as l
),
named as (
    update chronicle.tool_events as t
    set tool_name = c.tool_name, tool_type = c.tool_type, execution_time_ms = c.execution_time_ms
    from completed as c
    where t.id = any(array(select k.id from completed as k)) and t.id = c.id
),
described as (
    update chronicle.events as e
    set data = e.data || jsonb_build_object('tool_name', c.tool_name)
    from completed as c
    where e.id = any(array(select k.id from completed as k)) and e.id = c.id
)
update signalbox.import_records as r
set pair_key = (left(c.pair_key::text, 35) || '1')::uuid
from completed as c
where r.event_id = any(array(select k.id from completed as k))
    and r.event_id = c.id
    and r.source_kind = 'transcript'
    and r.pair_key is null;

-- name: link_pairs
-- Points hook records to the event by which a transcript tells the same: alike, and in the same place of their order.
with touched as materialized (
    select s.pair_key from staged_records as s where s.pair_key is not null
    union
    select (left(s.pair_key::text, 35) || '0')::uuid from staged_records as s where s.phase is not null and s.pair_key is not null
    union
    select (left(s.pair_key::text, 35) || '1')::uuid from staged_records as s where s.phase is not null and s.pair_key is not null
),
told as materialized (
    select
        k.pair_key,
        r.event_id,
        row_number() over (partition by k.pair_key order by r.happened_at nulls last, r.event_id) as place
    from touched as k
    cross join lateral (
        select i.event_id, (select e.timestamp from chronicle.events as e where e.id = i.event_id) as happened_at
        from signalbox.import_records as i
        where i.pair_key = k.pair_key and i.source_kind = 'transcript'
        offset 0
    ) as r
),
hooked as materialized (
    select k.pair_key, r.record_key, r.event_id, r.pair_order
    from touched as k
    cross join lateral (
        select i.record_key, i.event_id, i.pair_order
        from signalbox.import_records as i
        where i.pair_key = k.pair_key and i.source_kind = 'hooks'
        offset 0
    ) as r
),
matched as materialized (
    select h.record_key, t.event_id
    from hooked as h
    inner join told as t on t.pair_key = h.pair_key and t.place = h.pair_order
    where h.event_id <> t.event_id
),
linked as (
    update signalbox.import_records as r
    set event_id = m.event_id
    from matched as m
    where r.record_key = any(array(select m.record_key from matched as m)) and r.record_key = m.record_key
    returning r.record_key
)
select l.record_key from linked as l;

-- name: remove_absorbed
-- Removes the events of hook records that point to a transcript's by now, with the jobs that were made of them.
with absorbed as materialized (
    select unnest(%(records)s::uuid[]) as record_key
),
jobs as (
    delete from agents.jobs as j
    where j.id = any(array(
        select md5('call:' || t.call_id)::uuid
        from chronicle.tool_events as t
        where t.id = any(%(records)s::uuid[]) and t.tool_type = 'subagent' and t.phase = 'pre'
    ))
)
delete from chronicle.events as e
where e.id = any(array(select a.record_key from absorbed as a));

-- name: attach_outcomes
-- Results that only hooks tell belong to the calls of a transcript that have none, in order; the others to their own.
with touched as materialized (
    select distinct left(s.pair_key::text, 35) as base
    from staged_records as s
    where s.pair_key is not null
        and (s.source_kind = 'transcript' and s.phase is not null or s.phase = 'post' and not s.absorbed)
),
left_over as materialized (
    select t.base, r.event_id, r.pair_order, r.results
    from touched as t
    cross join lateral (
        select i.event_id, i.pair_order, count(*) filter (where i.source_kind = 'transcript') over () as results,
            i.source_kind = 'hooks' and i.event_id = i.record_key as is_left_over
        from signalbox.import_records as i
        where i.pair_key = (t.base || '1')::uuid
        offset 0
    ) as r
    where r.is_left_over
),
unanswered as materialized (
    select
        b.base,
        c.call_id,
        row_number() over (partition by b.base order by c.called_at nulls last, c.call_id) as place
    from (select distinct l.base from left_over as l) as b
    cross join lateral (
        select
            (select t.call_id from chronicle.tool_events as t where t.id = i.event_id) as call_id,
            (select t.created_at from chronicle.tool_events as t where t.id = i.event_id) as called_at
        from signalbox.import_records as i
        where i.pair_key = (b.base || '0')::uuid and i.source_kind = 'transcript'
        offset 0
    ) as c
    where not exists (
        select
        from chronicle.tool_events as p
        where p.call_id = c.call_id
            and p.phase = 'post'
            and (select e.metadata ->> 'source' from chronicle.events as e where e.id = p.event_id) = 'transcript'
        offset 0
    )
),
wanted as materialized (
    select l.event_id, coalesce(u.call_id, md5(l.base || ':' || l.pair_order)::uuid) as call_id
    from left_over as l
    left join unanswered as u on u.base = l.base and u.place = l.pair_order - l.results
)
update chronicle.tool_events as t
set call_id = w.call_id
from wanted as w
where t.id = any(array(select w.event_id from wanted as w)) and t.id = w.event_id and t.call_id <> w.call_id;

-- name: settle_session_status
-- A session ended in an error when the last stop of a log of it is a failure and no log tells its end.
update chronicle.sessions as s
set status = j.status
from (
    select
        l.session_id,
        case when bool_or(l.lifecycle_type = 'SessionEnd') or not bool_or(l.is_last and l.lifecycle_type = 'StopFailure')
            then 'completed' else 'error' end as status
    from (
        select
            e.session_id,
            e.lifecycle_type,
            row_number() over (partition by e.session_id, r.file_id order by r.line desc, r.record_key) = 1 as is_last
        from chronicle.lifecycle_events as e
        cross join lateral (
            select i.file_id, i.line, i.record_key from signalbox.import_records as i where i.event_id = e.event_id offset 0
        ) as r
        where e.session_id = any(%(sessions)s::uuid[])
            and e.lifecycle_type in ('Stop', 'StopFailure', 'SessionEnd')
    ) as l
    group by l.session_id
) as j
where s.id = any(%(sessions)s::uuid[])
    and s.id = j.session_id
    and s.status in ('completed', 'error')
    and s.status <> j.status;

-- name: stage_session_jobs
-- Every session that a transcript tells is a job of the coding agent.
insert into staged_records (
    source_kind, session_key, record_key, agent_identifier, job_status,
    happened_at, started_at, completed_at, error_message, job_data, job_result
)
select
    'job',
    s.id,
    md5('session:' || s.id)::uuid,
    'claude-code',
    case s.status when 'error' then 'failed' else 'completed' end,
    s.started_at,
    s.started_at,
    s.ended_at,
    null,
    jsonb_strip_nulls(jsonb_build_object(
        'kind', 'session',
        'session_id', s.session_id,
        'project', s.project_name,
        'branch', s.git_branch,
        'prompt', (
            select left(p.prompt_text, 500)
            from chronicle.prompt_events as p
            where p.session_id = s.id
            order by p.created_at nulls last, p.id
            limit 1
        ),
        'imported', jsonb_build_object('status', s.status, 'ended_at', s.ended_at)
    )),
    null
from chronicle.sessions as s
where s.id = any(%(sessions)s::uuid[]) and s.metadata -> 'told_by' ? 'transcript';

-- name: stage_subagent_jobs
-- Every call that starts a subagent is a job. Without a result it runs as long as nothing later happened beside it.
insert into staged_records (
    source_kind, session_key, record_key, agent_identifier, job_status,
    happened_at, started_at, completed_at, error_message, job_data, job_result
)
select
    'job',
    j.session_id,
    md5('call:' || j.call_id)::uuid,
    coalesce(nullif(j.parameters ->> 'subagent_type', ''), 'unknown'),
    j.status,
    j.called_at,
    j.called_at,
    case when j.status in ('completed', 'failed') then j.ended_at end,
    case j.status
        when 'failed' then coalesce(j.error_message, 'The subagent ended with the status “' || j.outcome || '”.')
        when 'cancelled' then 'The log holds no result of this call.'
    end,
    jsonb_build_object(
        'kind', 'subagent',
        'session_id', j.session_name,
        'call_id', j.call_id,
        'input', j.parameters,
        'imported', jsonb_build_object('status', j.status, 'ended_at', j.ended_at)
    ),
    case when jsonb_typeof(j.result) = 'object' then j.result - 'prompt' else j.result end
from (
    select
        c.*,
        case
            when c.success is false or c.outcome in ('failed', 'killed', 'error') then 'failed'
            when c.is_answered and (not c.is_background or c.outcome is not null or c.agent_ended_at is not null) then 'completed'
            when c.called_at is null or exists (
                select from chronicle.events as later
                where later.session_id = c.session_id
                    and later.timestamp > greatest(c.called_at, c.answered_at)
                    and not later.metadata ?| array['agent_id', 'sidechain']
            ) then 'cancelled'
            else 'running'
        end as status,
        case when c.is_background then c.agent_ended_at else c.answered_at end as ended_at
    from (
        select
            pre.call_id,
            pre.session_id,
            s.session_id as session_name,
            pre.parameters,
            pre.created_at as called_at,
            post.id is not null as is_answered,
            post.created_at as answered_at,
            post.success,
            post.error_message,
            post.result,
            coalesce(post.result ->> 'status' = 'async_launched', false) as is_background,
            s.metadata -> 'tasks' -> (post.result ->> 'agentId') ->> 'outcome' as outcome,
            coalesce(
                s.metadata -> 'tasks' -> (post.result ->> 'agentId') ->> 'ended_at',
                s.metadata -> 'agents' -> (post.result ->> 'agentId') ->> 'last_at'
            )::timestamptz as agent_ended_at
        from chronicle.tool_events as pre
        inner join chronicle.sessions as s on s.id = any(%(sessions)s::uuid[]) and s.id = pre.session_id
        left join lateral (
            select p.id, p.created_at, p.success, p.error_message, p.result
            from chronicle.tool_events as p
            where p.call_id = pre.call_id and p.phase = 'post'
            order by p.id
            limit 1
        ) as post on true
        where pre.session_id = any(%(sessions)s::uuid[]) and pre.phase = 'pre' and pre.tool_type = 'subagent'
    ) as c
) as j;

-- name: drop_outdated_jobs
-- Takes out the jobs of which the staged ones tell something newer; what a person changed since stays.
delete from agents.jobs as j
using staged_records as s
where s.source_kind = 'job'
    and j.id = any(array(select k.record_key from staged_records as k where k.source_kind = 'job'))
    and j.id = s.record_key
    and (j.job_data, j.result) is distinct from (s.job_data, s.job_result)
    and (s.updated_at is null or j.updated_at <= s.updated_at);

-- name: own_jobs
-- Gives the staged jobs that are there already, and are nobody's, to the owner.
update agents.jobs as j
set user_id = %(owner)s::uuid
where j.id = any(array(select k.record_key from staged_records as k where k.source_kind = 'job')) and j.user_id is null;

-- name: add_jobs
-- Adds the staged jobs; of several versions of a work item the latest.
insert into agents.jobs (
    id, user_id, agent_identifier, status, job_data, result, error_message, created_at, updated_at, started_at, completed_at
)
select distinct on (s.record_key)
    s.record_key,
    case when s.session_key is null then %(owner)s::uuid
        else (
            select u.id from auth.users as u
            where u.id::text = (select o.metadata ->> 'user_id' from chronicle.sessions as o where o.id = s.session_key)
        ) end,
    s.agent_identifier,
    s.job_status::agents.job_status,
    s.job_data,
    s.job_result,
    s.error_message,
    s.happened_at,
    coalesce(s.updated_at, now()),
    s.started_at,
    s.completed_at
from staged_records as s
where s.source_kind = 'job'
order by s.record_key, s.updated_at desc nulls last, s.seq desc
on conflict (id) do nothing;

-- name: derive_approvals
-- What people were asked in these sessions and what they answered, from calls that ask, calls that were refused, and
-- requests for permission; made anew, so that it does not matter which log came first.
with sessions as materialized (
    select s.id, s.session_id, s.metadata from chronicle.sessions as s where s.id = any(%(sessions)s::uuid[])
),
calls as materialized (
    select
        pre.call_id,
        pre.session_id,
        pre.tool_name,
        pre.parameters,
        pre.created_at as asked_at,
        post.id is not null as is_answered,
        post.success,
        post.error_message,
        post.result,
        post.created_at as answered_at,
        coalesce(post.error_message like 'The user doesn''t want to proceed with this tool use%%', false) as is_rejected,
        (select e.metadata ->> 'agent_id' from chronicle.events as e where e.id = pre.event_id) as agent_id,
        (select e.metadata ->> 'source' from chronicle.events as e where e.id = pre.event_id) as source
    from chronicle.tool_events as pre
    left join lateral (
        select p.id, p.success, p.error_message, p.result, p.created_at
        from chronicle.tool_events as p
        where p.call_id = pre.call_id and p.phase = 'post'
        order by p.id
        limit 1
    ) as post on true
    where pre.session_id = any(%(sessions)s::uuid[]) and pre.phase = 'pre'
),
asked as materialized (
    select
        c.*,
        md5('approval:' || c.call_id)::uuid as id,
        case
            when not c.is_answered then 'expired'
            when c.is_rejected then 'rejected'
            when c.success is false then 'expired'
            else 'approved'
        end as status,
        case
            when not c.is_answered then 'unanswered'
            when c.is_rejected then 'rejected'
            when c.success is false then 'failed'
            else 'approved'
        end as outcome
    from calls as c
    where c.tool_name in ('ExitPlanMode', 'AskUserQuestion') or c.is_rejected
),
requests as materialized (
    select
        e.id,
        e.session_id,
        e.timestamp as asked_at,
        coalesce(e.data ->> 'tool_name', 'unknown') as tool_name,
        coalesce(e.data -> 'tool_input', '{}') as parameters,
        e.metadata ->> 'agent_id' as agent_id,
        row_number() over (
            partition by e.session_id, e.data ->> 'tool_name', coalesce(e.data -> 'tool_input', '{}')
            order by e.timestamp nulls last, e.id
        ) as place
    from chronicle.events as e
    where e.session_id = any(%(sessions)s::uuid[])
        and e.event_type = 'notification'
        and e.metadata ->> 'hook_event_name' = 'PermissionRequest'
),
-- Whoever refused was asked, so requests belong to refused calls before they belong to others.
alike as materialized (
    select
        c.*,
        row_number() over (
            partition by c.session_id, c.tool_name, c.parameters
            order by c.is_rejected desc, c.asked_at nulls last, c.call_id
        ) as place
    from calls as c
    where exists (select from requests as r where r.session_id = c.session_id and r.tool_name = c.tool_name)
),
questions as (
    select
        a.id,
        a.session_id,
        a.agent_id,
        case a.tool_name when 'ExitPlanMode' then 'plan' when 'AskUserQuestion' then 'question' else 'tool_use' end as approval_type,
        case a.tool_name
            when 'ExitPlanMode' then 'Approve a plan'
            when 'AskUserQuestion' then left(coalesce(a.parameters #>> '{questions,0,question}', 'Answer a question'), 200)
            else 'Allow the use of ' || a.tool_name
        end as title,
        coalesce(a.parameters, '{}') as request_payload,
        a.tool_name,
        a.call_id,
        a.status,
        a.outcome,
        a.asked_at,
        case when a.status <> 'expired' then a.answered_at end as decided_at,
        left(case
            when a.is_rejected then nullif(btrim(split_part(a.error_message, 'the user said:', 2), E' \n'), '')
            when a.outcome = 'failed' then a.error_message
            when a.tool_name = 'AskUserQuestion' then a.result ->> 'answers'
        end, 2000) as decision_note,
        a.source
    from asked as a
    union all
    select
        md5('approval:' || r.id)::uuid,
        r.session_id,
        r.agent_id,
        'tool_use',
        'Allow the use of ' || r.tool_name,
        r.parameters,
        r.tool_name,
        c.call_id,
        case when c.is_answered then 'approved' else 'expired' end,
        case when c.is_answered then 'approved' else 'unanswered' end,
        coalesce(r.asked_at, c.asked_at),
        case when c.is_answered then c.answered_at end,
        null,
        'hooks'
    from requests as r
    left join alike as c
        on c.session_id = r.session_id and c.tool_name = r.tool_name and c.parameters = r.parameters and c.place = r.place
    where c.call_id is null or c.call_id not in (select a.call_id from asked as a)
),
derived as (
    select
        q.id,
        q.session_id,
        (select u.id from auth.users as u where u.id::text = s.metadata ->> 'user_id') as user_id,
        coalesce(q.agent_id, 'claude-code') as agent_id,
        q.approval_type,
        q.title,
        q.request_payload,
        jsonb_strip_nulls(jsonb_build_object(
            'tool', q.tool_name, 'call_id', q.call_id, 'session_id', s.session_id
        )) as context,
        q.status,
        q.asked_at,
        q.decided_at,
        case when q.status in ('approved', 'rejected') then 'the person at the terminal' end as decided_by_name,
        q.decision_note,
        jsonb_build_object('imported', true, 'outcome', q.outcome, 'source', q.source) as metadata
    from questions as q
    inner join sessions as s on s.id = q.session_id
),
gone as (
    delete from engine.human_approvals as h
    where h.session_id = any(%(sessions)s::uuid[])
        and h.metadata -> 'imported' = 'true'
        and h.id not in (select d.id from derived as d)
)
insert into engine.human_approvals as h (
    id, session_id, user_id, agent_id, approval_type, title, request_payload, context,
    status, created_at, decided_at, decided_by_name, decision_note, metadata
)
select
    d.id, d.session_id, d.user_id, d.agent_id, d.approval_type, d.title, d.request_payload, d.context,
    d.status, d.asked_at, d.decided_at, d.decided_by_name, d.decision_note, d.metadata
from derived as d
on conflict (id) do update
set session_id = excluded.session_id,
    user_id = excluded.user_id,
    agent_id = excluded.agent_id,
    title = excluded.title,
    context = excluded.context,
    status = excluded.status,
    created_at = excluded.created_at,
    decided_at = excluded.decided_at,
    decided_by_name = excluded.decided_by_name,
    decision_note = excluded.decision_note,
    metadata = excluded.metadata
where (h.session_id, h.user_id, h.agent_id, h.title, h.context, h.status, h.created_at, h.decided_at, h.decision_note, h.metadata)
    is distinct from (
        excluded.session_id, excluded.user_id, excluded.agent_id, excluded.title, excluded.context, excluded.status,
        excluded.created_at, excluded.decided_at, excluded.decision_note, excluded.metadata
    );

-- name: sync_prices
-- Makes the price table equal to the one that is read, touching only what differs.
with told as (
    select * from jsonb_to_recordset(%(prices)s::jsonb) as t (
        model text, valid_from date, input numeric, output numeric,
        cache_write numeric, cache_write_1h numeric, cache_read numeric
    )
),
gone as (
    delete from signalbox.model_prices as p
    where not exists (select from told as t where t.model = p.model and t.valid_from = p.valid_from)
)
insert into signalbox.model_prices as p (
    model, valid_from, input_usd_per_million, output_usd_per_million,
    cache_write_usd_per_million, cache_write_1h_usd_per_million, cache_read_usd_per_million
)
select t.model, t.valid_from, t.input, t.output, t.cache_write, t.cache_write_1h, t.cache_read
from told as t
on conflict (model, valid_from) do update
set input_usd_per_million = excluded.input_usd_per_million,
    output_usd_per_million = excluded.output_usd_per_million,
    cache_write_usd_per_million = excluded.cache_write_usd_per_million,
    cache_write_1h_usd_per_million = excluded.cache_write_1h_usd_per_million,
    cache_read_usd_per_million = excluded.cache_read_usd_per_million
where (
    p.input_usd_per_million, p.output_usd_per_million, p.cache_write_usd_per_million,
    p.cache_write_1h_usd_per_million, p.cache_read_usd_per_million
) is distinct from (
    excluded.input_usd_per_million, excluded.output_usd_per_million, excluded.cache_write_usd_per_million,
    excluded.cache_write_1h_usd_per_million, excluded.cache_read_usd_per_million
);
