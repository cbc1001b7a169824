-- For readers by client_id claim: their policy asks for this expression.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_events_client on engine.events ((payload ->> 'client_id'), timestamp desc);
