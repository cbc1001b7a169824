-- Questions whose status no report knows: Overview says how many there are. In tables of our own there are none.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_human_approvals_status_not_known on engine.human_approvals (id) where status is null or status not in ('pending', 'approved', 'rejected', 'expired');
