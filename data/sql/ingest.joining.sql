-- name: settle_shared_events
-- Two records of one tool call by its id: what a transcript says counts before hooks, what was told first before its
-- copies, and what that leaves open comes from the other. Whose the call is settles ingest.copies.settle_copies.
with shared as materialized (
    select s.* from staged_records as s where s.shared and s.phase is not null
),
known as materialized (
    select e.id, e.session_id, e.metadata from chronicle.events as e
    where e.id = any(array(select s.event_id from shared as s))
),
contested as materialized (
    select distinct on (s.event_id)
        s.*,
        e.metadata as known_metadata,
        s.source_kind <> e.metadata ->> 'source' and s.source_kind = 'transcript' as wins
    from shared as s
    inner join known as e on e.id = s.event_id
    where s.source_kind <> e.metadata ->> 'source' or s.session_key <> e.session_id
    order by s.event_id, s.source_kind desc, s.seq
),
settled as (
    update chronicle.events as e
    set timestamp = case when c.wins then coalesce(c.happened_at, e.timestamp) else coalesce(e.timestamp, c.happened_at) end,
        data = case when c.wins then c.data else e.data end,
        metadata = case when c.wins then e.metadata || c.metadata else c.metadata || e.metadata end
    from contested as c
    where e.id = any(array(select k.event_id from contested as k)) and e.id = c.event_id
)
update chronicle.tool_events as t
set created_at = case when c.wins then coalesce(c.happened_at, t.created_at) else coalesce(t.created_at, c.happened_at) end,
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
