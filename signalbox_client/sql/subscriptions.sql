-- name: read_next
-- What is new since a position, in one snapshot: the next `window` positions and late ones out of its gaps, of them the
-- events that the filters let pass, and where positions are missing now. The first row, without an event, says how far
-- it was looked and which transactions were over; a transaction number is taken only where there are gaps to remember.
with late as materialized (
    select l.*
    from unnest(%(firsts)s::bigint[], %(lasts)s::bigint[]) as k (first, last)
    cross join lateral (
        select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id, e.sequence_number,
            e.payload, e.metadata, e.emitted_by, e.confidence, e.timestamp, e.created_at, e.position
        from engine.events as e
        where e.position between k.first and k.last
        order by e.position
        limit %(window)s::bigint
    ) as l
    order by l.position
    limit %(window)s::bigint
),

-- Nothing newer while there are more late ones than fit: an aggregate's events come in their order.
fresh as materialized (
    select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id, e.sequence_number,
        e.payload, e.metadata, e.emitted_by, e.confidence, e.timestamp, e.created_at, e.position
    from engine.events as e
    where e.position > %(through)s::bigint and (select count(*) from late) < %(window)s::bigint
    order by e.position
    limit %(window)s::bigint
),

steps as (
    select f.position, lag(f.position, 1, %(through)s::bigint) over (order by f.position) as before from fresh as f
),

holes as (
    select s.before + 1 as first, s.position - 1 as last from steps as s where s.position > s.before + 1
),

edge as (
    select
        coalesce(max(f.position), %(through)s::bigint) as through,
        count(*) as looked_at,
        pg_snapshot_xmin(pg_current_snapshot())::text::numeric as oldest_running,
        (select array_agg(h.first order by h.first) from holes as h) as hole_firsts,
        (select array_agg(h.last order by h.first) from holes as h) as hole_lasts,
        (select array_agg(l.position order by l.position) from late as l) as late_positions,
        case when exists (select from holes) then pg_current_xact_id()::text::numeric end as next_transaction,
        %(through)s::bigint = 0
        or exists (select from engine.events as e where e.position = %(through)s::bigint) as is_known
    from fresh as f
),

taken as (
    select s.*
    from (select l.* from late as l union all select f.* from fresh as f) as s
    where (%(event_types)s::text[] is null or s.event_type = any(%(event_types)s::text[]))
    and (%(aggregate_types)s::text[] is null or s.aggregate_type = any(%(aggregate_types)s::text[]))
    and (%(correlation_ids)s::uuid[] is null or s.correlation_id = any(%(correlation_ids)s::uuid[]))
    and (
        %(session_ids)s::text[] is null
        or s.payload ->> 'session_id' = any(%(session_ids)s::text[])
        or s.metadata ->> 'session_id' = any(%(session_ids)s::text[])
    )
)

select g.through, g.looked_at, g.oldest_running, g.hole_firsts, g.hole_lasts, g.late_positions, g.next_transaction,
    g.is_known, null::uuid as event_id, null as event_type, null::uuid as correlation_id, null::uuid as causation_id,
    null as aggregate_type, null as aggregate_id, null::bigint as sequence_number, null::jsonb as payload,
    null::jsonb as metadata, null as emitted_by, null::float8 as confidence, null::timestamptz as timestamp,
    null::timestamptz as created_at, null::bigint as position
from edge as g
union all
select null, null, null, null, null, null, null, null, t.*
from taken as t
order by position nulls first;

-- name: find_present
-- The newest position, and every gap below it: one of them may belong to a transaction that has not ended yet.
with steps as (
    select e.position, lag(e.position, 1, 0::bigint) over (order by e.position) as before from engine.events as e
)

select
    coalesce((select max(e.position) from engine.events as e), 0) as through,
    pg_current_xact_id()::text::numeric as next_transaction,
    (select array_agg(s.before + 1 order by s.position) from steps as s where s.position > s.before + 1) as hole_firsts,
    (select array_agg(s.position - 1 order by s.position) from steps as s where s.position > s.before + 1) as hole_lasts;
