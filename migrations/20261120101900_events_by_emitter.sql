-- One agent in depth: the events it emitted.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_events_emitted_by on engine.events (emitted_by, timestamp desc);
