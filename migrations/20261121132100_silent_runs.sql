-- Runs that do not say whether a person stepped in are counted by themselves, among ever so many that do.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_sop_executions_silent on engine.sop_executions (sop_id) where (case when metadata @> '{"imported": true, "kind": "epic"}' then null else human_interventions end) is null;
