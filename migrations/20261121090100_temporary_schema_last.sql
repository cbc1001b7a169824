set lock_timeout = '4s';
set statement_timeout = '60s';

-- A function with the rights of its owner looks for the types it names in the caller's temporary schema first, whatever
-- else its search_path leaves out: whoever may make temporary objects could so have a check of a domain called "text"
-- run as the owner. Named last, the temporary schema is never asked for what PostgreSQL has itself.
alter function lift.count_children() set search_path = pg_catalog, pg_temp;
alter function lift.count_nothing() set search_path = pg_catalog, pg_temp;
alter function signalbox.addresses() set search_path = pg_catalog, pg_temp;
alter function signalbox.change_versions() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_added() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_answers() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_drafts() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_event_agents() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_jobs() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_prices() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_projects() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_replies() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_rows() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_sop_executions() set search_path = pg_catalog, pg_temp;
alter function signalbox.log_truncate() set search_path = pg_catalog, pg_temp;
alter function signalbox.viewer_role() set search_path = pg_catalog, pg_temp;
alter function toolbox.viewer_projects() set search_path = pg_catalog, pg_temp;
alter function toolbox.viewer_workspaces() set search_path = pg_catalog, pg_temp;
