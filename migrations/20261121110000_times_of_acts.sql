-- Cancelling and retrying write the times of a job, which no trigger does in a table that another system made.
set lock_timeout = '4s';
set statement_timeout = '60s';

grant update (started_at, completed_at, updated_at) on analytics.stg_agents__jobs to authenticated, service_role;
