-- The longest and the shortest calls, whatever else is asked of them, without sorting all there are.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_duration on chronicle.tool_events (execution_time_ms) where phase = 'post';
