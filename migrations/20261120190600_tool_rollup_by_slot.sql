-- Stored calls of a few slots, over all projects and in each: the key begins with the project, so that what refreshing
-- takes away or adds up was found by reading a whole level.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_tool_rollup_slot on analytics.tool_rollup (level, slot);
