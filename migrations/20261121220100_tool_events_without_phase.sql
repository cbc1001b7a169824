-- Rows that say of a call neither that it began nor that it ended are few, and asked for wherever calls are counted.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_events_without_phase on chronicle.tool_events (session_id) where phase is distinct from 'pre' and phase is distinct from 'post';
