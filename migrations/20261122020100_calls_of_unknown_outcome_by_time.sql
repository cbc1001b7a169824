-- Calls that were answered without saying how they went are few among all of a period.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_unknown_at on chronicle.tool_events (created_at desc) where phase = 'post' and success is null;
