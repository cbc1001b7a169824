-- Which sessions hold work of subagents.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_events_subagents on chronicle.events (session_id) where metadata ? 'agent_id';
