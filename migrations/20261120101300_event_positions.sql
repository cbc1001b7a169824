-- A place for every event in the order in which events were appended; subscribers go on from it.
set lock_timeout = '4s';
set statement_timeout = '60s';

create sequence engine.event_position as bigint;
grant usage on sequence engine.event_position to authenticated, service_role;

-- The transaction has its number before the event has its position. So whoever sees a later position and a gap before
-- it knows that the gap's transaction has a lower number than any that is given out from then on: once all of those
-- below have ended, the gap is empty for good. That is how a subscriber tells late events from ones that never come.
-- Events of one aggregate wait for each other, so their positions go up with their sequence numbers.
-- The table is rewritten once, in the order in which it lies there; it refuses every update, so it cannot be filled later.
alter table engine.events add column position bigint not null
-- squawk-ignore adding-field-with-default
default case when pg_current_xact_id() is not null then nextval('engine.event_position') end;
alter sequence engine.event_position owned by engine.events.position;
-- The table is locked in this transaction anyway.
-- squawk-ignore require-concurrent-index-creation
create unique index idx_events_position on engine.events (position);
comment on column engine.events.position is
'The order in which events were appended, over all aggregates; with gaps, where transactions were rolled back.';

-- With the position at its end.
create or replace view analytics.stg_engine__events with (security_invoker = true) as
select
    event_id, event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number,
    payload, metadata, emitted_by, confidence, timestamp as occurred_at, created_at as recorded_at, position
from engine.events;
