-- The one before it, which conditions under row security never reached.
-- squawk-ignore require-lock-timeout, require-statement-timeout
drop index concurrently if exists agents.idx_jobs_counted_at;
