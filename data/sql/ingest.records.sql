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

-- name: forget_known_records
-- Takes the records out that an earlier import brought in.
delete from staged_records as s
where s.event_type is not null
    and exists (select from signalbox.import_records as r where r.record_key = s.record_key offset 0);

-- name: set_aside_shared
-- Marks staged records whose event is there already, told by another source, in another session or by an earlier line,
-- or was there and has been dropped; says how many. Of records that are there twice the first one counts.
with told as materialized (
    select
        s.seq,
        row_number() over (partition by s.record_key order by s.seq) as occurrence,
        row_number() over (partition by s.event_id order by s.seq) as telling,
        exists (select from chronicle.events as e where e.id = s.event_id)
        or exists (select from signalbox.import_records as r where r.dropped_event_id = s.event_id) as is_known
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
    insert into signalbox.import_records (
        record_key, event_id, dropped_event_id, file_id, line, place, part, source_kind, pair_key, pair_order
    )
    select
        s.record_key,
        case when g.is_gone then null else s.event_id end,
        case when g.is_gone then s.event_id end,
        %(file_id)s::bigint, s.line, s.place, s.part, s.source_kind, s.pair_key, s.pair_order
    from staged_records as s
    -- Only what was told before can have been dropped since.
    cross join lateral (
        select (s.absorbed or s.shared)
            and not exists (select from chronicle.events as e where e.id = s.event_id)
            and exists (select from signalbox.import_records as r where r.dropped_event_id = s.event_id) as is_gone
    ) as g
    where s.event_type is not null
)
select a.event_type, count(*) as events from added as a group by a.event_type;

-- name: add_files_touched
-- Files that the staged calls read or wrote: one row per session and file, at the first time known. Says how many
-- are new, and of how many the time is another one.
with saved as (
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
    where excluded.created_at < p.created_at or (p.created_at is null and excluded.created_at is not null)
    returning p.xmax = 0 as is_new
)
select count(*) filter (where v.is_new) as added, count(*) filter (where not v.is_new) as renewed
from saved as v;

-- name: add_replies
-- Tokens of replies: each count is the highest that any line of the reply names. A reply stays whose it is and notes
-- which other sessions hold it, too. Says how many are new, how many are other than they were, and how many of them
-- several sessions hold.
with saved as (
    insert into signalbox.model_replies as m (
        message_id, session_id, model, replied_at, input_tokens, output_tokens,
        cache_write_tokens, cache_write_1h_tokens, cache_read_tokens, also_in
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
        max(s.cache_read_tokens),
        nullif((array_agg(distinct s.session_key order by s.session_key))[2:], '{}')
    from staged_records as s
    where s.message_id is not null
    group by s.message_id
    on conflict (message_id) do update
    set also_in = nullif(
            array(
                select distinct h.id
                from unnest(m.also_in || excluded.session_id || excluded.also_in) as h (id)
                where h.id <> m.session_id
                order by h.id
            ),
            '{}'
        ),
        model = least(m.model, excluded.model),
        replied_at = least(m.replied_at, excluded.replied_at),
        input_tokens = greatest(m.input_tokens, excluded.input_tokens),
        output_tokens = greatest(m.output_tokens, excluded.output_tokens),
        cache_write_tokens = greatest(m.cache_write_tokens, excluded.cache_write_tokens),
        cache_write_1h_tokens = greatest(m.cache_write_1h_tokens, excluded.cache_write_1h_tokens),
        cache_read_tokens = greatest(m.cache_read_tokens, excluded.cache_read_tokens)
    where not (m.session_id || m.also_in) @> (excluded.session_id || excluded.also_in)
        or excluded.model < m.model
        or excluded.replied_at < m.replied_at
        or (m.replied_at is null and excluded.replied_at is not null)
        or excluded.input_tokens > m.input_tokens
        or excluded.output_tokens > m.output_tokens
        or excluded.cache_write_tokens > m.cache_write_tokens
        or excluded.cache_write_1h_tokens > m.cache_write_1h_tokens
        or excluded.cache_read_tokens > m.cache_read_tokens
    returning m.xmax = 0 as is_new, m.also_in is not null as is_shared
)
select
    count(*) filter (where v.is_new) as added,
    count(*) filter (where not v.is_new) as renewed,
    count(*) filter (where v.is_shared) as shared
from saved as v;
