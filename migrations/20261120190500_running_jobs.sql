-- What runs for long is asked by every look at Overview, and is few among all that ever ran.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_jobs_running on agents.jobs (started_at) where status = 'running';
