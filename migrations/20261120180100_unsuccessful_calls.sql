-- The newest calls that failed.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_unsuccessful on chronicle.tool_events (created_at desc)
where phase = 'post' and not success;
