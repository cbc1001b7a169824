-- When a job counts, said in one place, in the words of its index.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace view analytics.stg_agents__jobs with (security_invoker = true) as
select
    id as job_id,
    user_id as owner_id,
    agent_identifier as agent,
    status::text as status,
    job_data,
    result,
    error_message,
    created_at,
    updated_at,
    started_at,
    completed_at,
    status as stored_status,
    case when completed_at is null then created_at else completed_at end as counted_at
from agents.jobs;

grant update (stored_status, error_message, result) on analytics.stg_agents__jobs to service_role;
