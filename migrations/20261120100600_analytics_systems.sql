-- Staging views of the engine, lift-sys and ToolboxAI, and the views that lift-sys had for its dashboards.
set lock_timeout = '4s';
set statement_timeout = '60s';

create view analytics.stg_engine__event_snapshots with (security_invoker = true) as
select
    id as snapshot_id, aggregate_type, aggregate_id, sequence_number, state, reducer, created_at as taken_at
from engine.event_snapshots;
comment on view analytics.stg_engine__event_snapshots is 'Stored states of aggregates. One row per aggregate and snapshot.';

create view analytics.stg_engine__sop_definitions with (security_invoker = true) as
select id as definition_id, sop_id, version, title, description, steps, definition, status, created_at, updated_at
from engine.sop_definitions;
comment on view analytics.stg_engine__sop_definitions is 'Standard operating procedures. One row per procedure and version.';

create view analytics.stg_engine__sop_executions with (security_invoker = true) as
select
    id as execution_id, sop_id, sop_version, correlation_id, client_id, session_id as session_pk, user_id as owner_id,
    agent_id as agent, status, current_step, steps, actions_total, actions_automated, human_interventions,
    cycle_time_hours, automation_rate, estimated_cost as estimated_cost_usd, error_message, started_at, completed_at,
    coalesce((metadata ->> 'imported')::boolean, false) as is_imported, metadata, created_at as recorded_at
from engine.sop_executions;
comment on view analytics.stg_engine__sop_executions is
'Runs of procedures; automation_rate is actions_automated over actions_total where both are known. One row per execution.';

create view analytics.stg_engine__agent_metrics with (security_invoker = true) as
select
    id as metric_id, agent_id as agent, user_id as owner_id, source, window_start, window_end, actions_total,
    actions_automated, human_escalations, avg_confidence, confidence_count, automation_rate,
    total_cost as cost_usd, metadata
from engine.agent_metrics;
comment on view analytics.stg_engine__agent_metrics is
'What agents did in spans of time; averages come with what they were taken over. One row per agent, source, owner and window.';

create view analytics.stg_engine__client_health with (security_invoker = true) as
select
    id as assessment_id, client_id, event_id, health_score, status, signals, risk_factors, computed_at
from engine.client_health;
comment on view analytics.stg_engine__client_health is
'How clients fared at each assessment; event_id is null where a row was not projected from an event. One row per client and assessment.';

create view analytics.stg_engine__chaos_experiments with (security_invoker = true) as
select
    id as experiment_id, name, hypothesis, target, blast_radius, blast_radius_percent, status, outcome, findings,
    correlation_id, started_at, ended_at, created_at, metadata
from engine.chaos_experiments;
comment on view analytics.stg_engine__chaos_experiments is 'Chaos experiments. One row per experiment.';

create view analytics.stg_lift__sessions with (security_invoker = true) as
select
    id as session_id, user_id as owner_id, prompt, status, current_ir, metadata, revision_count, draft_count,
    hole_count, created_at, updated_at
from lift.sessions;
comment on view analytics.stg_lift__sessions is 'Sessions of lift-sys. One row per session.';

create view analytics.stg_lift__session_revisions with (security_invoker = true) as
select
    id as revision_id, session_id, user_id as owner_id, revision_number, ir_content, change_summary, changed_by,
    changes, created_at
from lift.session_revisions;
comment on view analytics.stg_lift__session_revisions is 'The IR after each change. One row per session and revision.';

-- What a model reported is text in jsonb: what is no number counts as unknown, not as an error of the report.
create view analytics.stg_lift__session_drafts with (security_invoker = true) as
select
    id as draft_id, session_id, user_id as owner_id, draft_number, code, syntax_valid, ast_valid,
    llm_metrics ->> 'model' as model,
    case when jsonb_typeof(llm_metrics -> 'input_tokens') = 'number'
        then (llm_metrics ->> 'input_tokens')::numeric end as input_tokens,
    case when jsonb_typeof(llm_metrics -> 'output_tokens') = 'number'
        then (llm_metrics ->> 'output_tokens')::numeric end as output_tokens,
    case when jsonb_typeof(llm_metrics -> 'cost_usd') = 'number'
        then (llm_metrics ->> 'cost_usd')::numeric end as cost_usd,
    case when jsonb_typeof(llm_metrics -> 'latency_ms') = 'number'
        then (llm_metrics ->> 'latency_ms')::numeric end as latency_ms,
    llm_metrics, created_at
from lift.session_drafts;
comment on view analytics.stg_lift__session_drafts is 'Generated code and what it cost. One row per session and draft.';

create view analytics.stg_lift__hole_resolutions with (security_invoker = true) as
select
    id as resolution_id, session_id, user_id as owner_id, hole_id, hole_type, resolution, resolution_method,
    confidence, created_at
from lift.hole_resolutions;
comment on view analytics.stg_lift__hole_resolutions is 'What holes were filled with. One row per resolution.';

create view analytics.stg_toolbox__users with (security_invoker = true) as
select id as user_id, clerk_id, email, full_name, created_at, updated_at from toolbox.users;
comment on view analytics.stg_toolbox__users is 'People of ToolboxAI. One row per person.';
create view analytics.stg_toolbox__workspaces with (security_invoker = true) as
select id as workspace_id, owner_id, name, created_at, updated_at from toolbox.workspaces;
comment on view analytics.stg_toolbox__workspaces is 'Workspaces of ToolboxAI. One row per workspace.';
create view analytics.stg_toolbox__workspace_members with (security_invoker = true) as
select workspace_id, user_id, role, created_at as joined_at from toolbox.workspace_members;
comment on view analytics.stg_toolbox__workspace_members is 'Who belongs to which workspace. One row per workspace and person.';
create view analytics.stg_toolbox__projects with (security_invoker = true) as
select id as project_id, owner_id, workspace_id, name, description, status, created_at, updated_at from toolbox.projects;
comment on view analytics.stg_toolbox__projects is 'Projects of ToolboxAI. One row per project.';
create view analytics.stg_toolbox__project_members with (security_invoker = true) as
select project_id, user_id, role, created_at as joined_at from toolbox.project_members;
comment on view analytics.stg_toolbox__project_members is 'Who belongs to which project. One row per project and person.';

-- The document's session_summary under a name of its own: analytics.session_summary is about Chronicle's sessions.
create view analytics.lift_session_summary with (security_invoker = true) as
select
    s.session_id, s.owner_id, s.prompt, s.status, s.created_at, s.updated_at,
    round(extract(epoch from s.updated_at - s.created_at) * 1000)::bigint as duration_ms,
    s.revision_count, s.draft_count, s.hole_count,
    d.valid_drafts, d.checked_drafts, d.priced_drafts, d.cost_usd, d.input_tokens, d.output_tokens
from analytics.stg_lift__sessions as s
left join lateral (
    select
        count(*) filter (where r.syntax_valid and r.ast_valid) as valid_drafts,
        count(*) filter (where r.syntax_valid is not null and r.ast_valid is not null) as checked_drafts,
        count(r.cost_usd) as priced_drafts,
        sum(r.cost_usd) as cost_usd, sum(r.input_tokens) as input_tokens, sum(r.output_tokens) as output_tokens
    from analytics.stg_lift__session_drafts as r
    where r.session_id = s.session_id
) as d on true;
comment on view analytics.lift_session_summary is
'Sessions of lift-sys with their drafts and cost; cost_usd is over priced_drafts of draft_count. One row per session.';

create view analytics.user_analytics with (security_invoker = true) as
select
    s.owner_id as user_id,
    count(*) as sessions,
    count(*) filter (where s.status = 'finalized') as finalized_sessions,
    count(*) filter (where s.status in ('abandoned', 'error')) as lost_sessions,
    sum(s.draft_count) as drafts, sum(s.priced_drafts) as priced_drafts, sum(s.cost_usd) as cost_usd,
    min(s.created_at) as first_session_at, max(s.updated_at) as last_active_at
from analytics.lift_session_summary as s
group by s.owner_id;
comment on view analytics.user_analytics is
'What people did with lift-sys; a rate of success is finalized_sessions over those and lost_sessions. One row per person.';

create view analytics.recent_activity with (security_invoker = true) as
select * from analytics.lift_session_summary order by updated_at desc, session_id limit 100;
comment on view analytics.recent_activity is 'The hundred sessions of lift-sys that changed last. One row per session.';

create view analytics.draft_validation_stats with (security_invoker = true) as
select
    date_trunc('day', d.created_at, 'UTC') as day_utc,
    coalesce(d.model, '(unknown model)') as model,
    count(*) as drafts,
    count(d.syntax_valid) as syntax_checked, count(*) filter (where d.syntax_valid) as syntax_valid,
    count(d.ast_valid) as ast_checked, count(*) filter (where d.ast_valid) as ast_valid
from analytics.stg_lift__session_drafts as d
group by 1, 2;
comment on view analytics.draft_validation_stats is
'How many drafts parse; rates are over the checked ones. One row per day (UTC) and model.';

grant select on all tables in schema analytics to authenticated, service_role;
