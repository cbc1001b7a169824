-- Which sessions hold calls that failed, read from the index alone: whether a text says that a person refused is asked when it is written.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_failed on chronicle.tool_events (session_id) where phase = 'post' and not success and not analytics.is_refusal(error_message);
