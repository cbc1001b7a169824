-- Which sessions hold calls that failed or were refused.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_without_success on chronicle.tool_events (session_id) where phase = 'post' and not success;
