-- A job counts when it ended, while it is open when it was created. A case and not coalesce: the planner takes coalesce
-- for leaky, so under row security a condition on it never reaches an index.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_jobs_counted_by on agents.jobs
((case when completed_at is null then created_at else completed_at end));
