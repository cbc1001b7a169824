-- One agent in depth: what it asked.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_human_approvals_agent on engine.human_approvals (agent_id, created_at desc);
