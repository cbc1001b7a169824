-- One odd row must not close a page to everybody: what is no boolean counts as false.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace view analytics.stg_engine__human_approvals with (security_invoker = true) as
select
    id as approval_id, event_id, correlation_id, session_id as session_pk, user_id as owner_id, agent_id as agent,
    approval_type, title, reason, risk_level, request_payload, context,
    case when status = 'pending' and expires_at <= now() then 'expired' else status end as status,
    created_at, expires_at, decided_at, decided_by, decided_by_name, decision_note,
    coalesce(metadata ->> 'imported' = 'true', false) as is_imported, metadata,
    status as stored_status
from engine.human_approvals;

create or replace view analytics.stg_engine__sop_executions with (security_invoker = true) as
select
    id as execution_id, sop_id, sop_version, correlation_id, client_id, session_id as session_pk, user_id as owner_id,
    agent_id as agent, status, current_step, steps, actions_total, actions_automated, human_interventions,
    cycle_time_hours, automation_rate, estimated_cost as estimated_cost_usd, error_message, started_at, completed_at,
    coalesce(metadata ->> 'imported' = 'true', false) as is_imported, metadata, created_at as recorded_at
from engine.sop_executions;

-- Who writes an audit row writes their own address into it, as their token has it.
alter policy audit_log_insert on signalbox.audit_log
with check (actor_id = (select auth.uid()) and actor_email = (select auth.jwt()) ->> 'email');

-- A project goes into a workspace that its owner belongs to, or into none.
alter policy projects_insert on toolbox.projects
with check (
    owner_id = (select auth.uid())
    and (workspace_id is null or workspace_id in (select toolbox.viewer_workspaces()))
);
alter policy projects_update on toolbox.projects
with check (
    owner_id = (select auth.uid())
    and (workspace_id is null or workspace_id in (select toolbox.viewer_workspaces()))
);
