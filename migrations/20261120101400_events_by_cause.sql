-- For following what an event caused.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_events_causation on engine.events (causation_id) where causation_id is not null;
