-- Which run of a subagent is of which type stands in the calls that began them: few among the many of a session.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_subagents on chronicle.tool_events (session_id) where tool_type = 'subagent';
