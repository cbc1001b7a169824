-- A publication of all tables makes PostgreSQL refuse to change or delete rows that have nothing by which they are known,
-- and no sum was kept up to date on such a database. These tables have no key, on purpose: an index holds no three long
-- texts. So their rows are known by all that they hold. Where nothing listens, that costs a few bytes of log per row
-- that is deleted.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.change_links replica identity full;
alter table signalbox.change_log replica identity full;
alter table analytics.agent_call_rollup replica identity full;
alter table analytics.agent_run_call_rollup replica identity full;
alter table analytics.agent_window_rollup replica identity full;
alter table analytics.approval_rollup replica identity full;
alter table analytics.engine_event_rollup replica identity full;
alter table analytics.engine_event_type_rollup replica identity full;
alter table analytics.job_owner_rollup replica identity full;
alter table analytics.job_rollup replica identity full;
alter table analytics.lift_draft_rollup replica identity full;
alter table analytics.lift_session_rollup replica identity full;
alter table analytics.session_model_rollup replica identity full;
alter table analytics.session_owner_rollup replica identity full;
alter table analytics.session_rollup replica identity full;
alter table analytics.sop_run_rollup replica identity full;
