-- A run of a procedure counts when it ended, while it is open when it started. A case and not coalesce: the planner takes
-- coalesce for leaky, so under row security a condition on it never reaches an index.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_sop_executions_counted_at on engine.sop_executions ((case when completed_at is null then started_at else completed_at end));
