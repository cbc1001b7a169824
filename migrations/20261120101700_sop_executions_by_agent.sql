-- One agent in depth: its runs.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_sop_executions_agent on engine.sop_executions (agent_id, (case when completed_at is null then started_at else completed_at end));
