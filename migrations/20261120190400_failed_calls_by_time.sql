-- Kinds of failures are told from the calls themselves, which are few among all of a period.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_failed_at on chronicle.tool_events (created_at desc) where phase = 'post' and not success;
