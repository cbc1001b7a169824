-- name: read_stream
-- One aggregate's events in numbers; nothing where there are none.
select
    count(*) as events,
    min(e.sequence_number) as first_number,
    max(e.sequence_number) as last_number,
    min(e.occurred_at) as first_at,
    max(e.occurred_at) as last_at
from analytics.stg_engine__events as e
where e.aggregate_type = %(aggregate_type)s::text and e.aggregate_id = %(aggregate_id)s::text
having count(*) > 0;

-- name: find_snapshot
-- The newest snapshot of one aggregate at or before a number that one version of its reducer made.
select s.sequence_number, s.state
from analytics.stg_engine__event_snapshots as s
where s.aggregate_type = %(aggregate_type)s::text and s.aggregate_id = %(aggregate_id)s::text
    and s.reducer = %(reducer)s::text and s.sequence_number <= %(at)s::bigint
order by s.sequence_number desc
limit 1;

-- name: list_events
-- The events of one aggregate in order, from one number to another, both included.
select
    e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id, e.sequence_number,
    e.payload, e.metadata, e.emitted_by, e.confidence, e.occurred_at as timestamp, e.recorded_at as created_at
from analytics.stg_engine__events as e
where e.aggregate_type = %(aggregate_type)s::text and e.aggregate_id = %(aggregate_id)s::text
    and (%(first)s::bigint is null or e.sequence_number >= %(first)s)
    and (%(last)s::bigint is null or e.sequence_number <= %(last)s)
order by e.sequence_number;
