-- A table that another system made and that was moved here may hold rows without a state, a type or an owner: they are
-- summed under none, as they are read. The refresher stopped at the first of them.
-- squawk-ignore-file ban-drop-not-null
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table analytics.agent_window_rollup alter column agent drop not null, alter column source drop not null;
alter table analytics.approval_rollup alter column stored_status drop not null;
alter table analytics.engine_event_rollup
alter column event_type drop not null, alter column aggregate_type drop not null, alter column emitted_by drop not null;
alter table analytics.engine_event_type_rollup alter column event_type drop not null;
alter table analytics.job_owner_rollup alter column status drop not null;
alter table analytics.job_rollup alter column agent drop not null, alter column status drop not null;
alter table analytics.lift_draft_rollup alter column model drop not null;
alter table analytics.lift_session_rollup alter column owner_id drop not null, alter column status drop not null;
alter table analytics.sop_run_rollup alter column sop_id drop not null, alter column status drop not null;

-- squawk-ignore ban-drop-constraint
alter table analytics.sop_status_rollup drop constraint sop_status_rollup_pkey;
alter table analytics.sop_status_rollup alter column status drop not null;
-- It has a row per day and state.
-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
alter table analytics.sop_status_rollup add constraint sop_status_rollup_level_slot_status_key
unique nulls not distinct (level, slot, status);
alter table analytics.sop_status_rollup replica identity full;
