-- name: append
-- Appends events in the order given, all or none: the locks of their aggregates are taken in one order by every writer,
-- so that two writers of the same aggregates never wait for each other.
with given as (
    select g.*
    from unnest(
        %(event_types)s::text[], %(aggregate_types)s::text[], %(aggregate_ids)s::text[], %(payloads)s::text[],
        %(emitters)s::text[], %(correlation_ids)s::uuid[], %(causation_ids)s::uuid[], %(metadata)s::text[],
        %(confidences)s::float8[], %(expected)s::bigint[], %(timestamps)s::timestamptz[]
    ) with ordinality as g (
        event_type, aggregate_type, aggregate_id, payload, emitted_by, correlation_id, causation_id, metadata,
        confidence, expected, occurred_at, place
    )
),

locked as materialized (
    select count(pg_advisory_xact_lock(k.key)) as locks
    from (
        select distinct hashtextextended(g.aggregate_type || chr(31) || g.aggregate_id, 20261120) as key
        from given as g
        order by key
    ) as k
),

-- Sorting ends before the first event is appended, and so do the locks.
ready as (
    select g.* from given as g cross join locked as l where l.locks > 0 order by g.place offset 0
)

select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
    e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.timestamp, e.created_at
from ready as r
cross join lateral engine.append_event(
    p_event_type => r.event_type,
    p_aggregate_type => r.aggregate_type,
    p_aggregate_id => r.aggregate_id,
    p_payload => r.payload::jsonb,
    p_emitted_by => r.emitted_by,
    p_correlation_id => r.correlation_id,
    p_causation_id => r.causation_id,
    p_metadata => r.metadata::jsonb,
    p_confidence => r.confidence,
    p_expected_sequence => r.expected,
    p_timestamp => r.occurred_at
) as e
order by r.place;

-- name: read_stream
-- The next events of one aggregate in order, from one sequence number to another, both included.
select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
    e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.timestamp, e.created_at
from engine.events as e
where e.aggregate_type = %(aggregate_type)s::text and e.aggregate_id = %(aggregate_id)s::text
and e.sequence_number >= %(from_sequence)s::bigint
and (%(to_sequence)s::bigint is null or e.sequence_number <= %(to_sequence)s::bigint)
order by e.sequence_number
limit %(limit)s::bigint;

-- name: find_sequence
-- The newest sequence number of one aggregate, 0 where it has no events.
select coalesce(max(e.sequence_number), 0) as newest
from engine.events as e
where e.aggregate_type = %(aggregate_type)s::text and e.aggregate_id = %(aggregate_id)s::text;

-- name: find_event
-- One event by its id.
select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
    e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.timestamp, e.created_at
from engine.events as e
where e.event_id = %(event_id)s::uuid;

-- name: read_correlation
-- The events of one correlation in the order of time, those of one aggregate in that of their numbers.
select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
    e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.timestamp, e.created_at
from engine.events as e
where e.correlation_id = %(correlation_id)s::uuid
order by e.timestamp, e.aggregate_type, e.aggregate_id, e.sequence_number
limit %(limit)s::bigint;

-- name: read_effects
-- The events that one event caused directly, in the order of time.
select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
    e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.timestamp, e.created_at
from engine.events as e
where e.causation_id = %(event_id)s::uuid
order by e.timestamp, e.aggregate_type, e.aggregate_id, e.sequence_number
limit %(limit)s::bigint;
