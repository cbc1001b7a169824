-- Which sessions hold calls that were refused, as those that failed.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_refused on chronicle.tool_events (session_id) where phase = 'post' and not success and analytics.is_refusal(error_message);
