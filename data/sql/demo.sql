-- name: add_person
-- Adds a person of the demo to the users of its database, unless they are there, with the client they speak for.
insert into auth.users (id, email, raw_app_meta_data)
values (
    %(user_id)s, %(email)s,
    case when %(client_id)s::text is not null then jsonb_build_object('client_id', %(client_id)s::text) end
)
on conflict (id) do nothing;

-- name: add_role
-- Gives a person of the demo their role.
insert into signalbox.members (user_id, role)
values (%(user_id)s, %(role)s)
on conflict (user_id) do update set role = excluded.role;

-- name: find_database
-- Whether the server has a database of this name.
select exists (select from pg_catalog.pg_database where datname = %(database)s);

-- name: rename_finished
-- Gives the filled database the name under which the console looks for it.
alter database signalbox_demo_unfinished rename to signalbox_demo;

-- name: take_turn
-- Waits for nobody: whether this session may make or remove the demo now. The number is the demo's own.
select pg_catalog.pg_try_advisory_lock(2026112009);

-- name: end_turn
-- Lets the next one make or remove the demo.
select pg_catalog.pg_advisory_unlock(2026112009);

-- name: copy_sessions
-- Takes sessions of agents in.
copy chronicle.sessions (
    id, session_id, project_name, git_branch, git_commit, working_directory, started_at, ended_at, status, metadata,
    created_at, updated_at
) from stdin;

-- name: copy_events
-- Takes events of Chronicle in.
copy chronicle.events (id, session_id, event_type, source_app, timestamp, data, metadata, created_at) from stdin;

-- name: copy_tool_events
-- Takes phases of tool calls in.
copy chronicle.tool_events (
    id, session_id, event_id, tool_name, tool_type, phase, parameters, result, execution_time_ms, success,
    error_message, created_at, call_id
) from stdin;

-- name: copy_prompt_events
-- Takes prompts in.
copy chronicle.prompt_events (id, session_id, event_id, prompt_text, prompt_length, created_at) from stdin;

-- name: copy_notification_events
-- Takes notifications in.
copy chronicle.notification_events (
    id, session_id, event_id, notification_type, message, severity, acknowledged, created_at
) from stdin;

-- name: copy_lifecycle_events
-- Takes changes of the state of sessions in.
copy chronicle.lifecycle_events (
    id, session_id, event_id, lifecycle_type, previous_state, new_state, trigger_reason, created_at
) from stdin;

-- name: copy_project_context
-- Takes files that tools touched in.
copy chronicle.project_context (
    id, session_id, file_path, file_type, file_size, git_status, content_hash, created_at
) from stdin;

-- name: copy_model_replies
-- Takes the tokens of replies in.
copy signalbox.model_replies (
    message_id, session_id, model, replied_at, input_tokens, output_tokens, cache_write_tokens, cache_write_1h_tokens,
    cache_read_tokens
) from stdin;

-- name: copy_human_approvals
-- Takes questions to people in.
copy engine.human_approvals (
    id, event_id, correlation_id, session_id, user_id, agent_id, approval_type, title, reason, risk_level,
    request_payload, context, status, created_at, expires_at, decided_at, decided_by, decided_by_name, decision_note,
    metadata
) from stdin;

-- name: copy_jobs
-- Takes jobs of agents in.
copy agents.jobs (
    id, user_id, agent_identifier, status, job_data, result, error_message, created_at, updated_at, started_at,
    completed_at
) from stdin;

-- name: copy_engine_events
-- Takes events of the engine in; their sequence numbers have been given without a gap.
copy engine.events (
    event_id, event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number, payload,
    metadata, emitted_by, confidence, timestamp, created_at
) from stdin;

-- name: describe
-- What the demo database holds, up to when, and how large it is.
select
    (select count(*) from chronicle.events) as events,
    (select count(*) from chronicle.sessions) as sessions,
    (select max(timestamp) from chronicle.events) as newest_at,
    pg_catalog.pg_database_size(pg_catalog.current_database()) as size_bytes;

-- name: copy_audit_log
-- Takes the audit rows of decisions in.
copy signalbox.audit_log (occurred_at, actor_id, actor_email, action, target, detail) from stdin;

-- name: copy_sop_definitions
-- Takes procedures in.
copy engine.sop_definitions (
    id, sop_id, version, title, description, steps, definition, status, created_at, updated_at
) from stdin;

-- name: copy_sop_executions
-- Takes runs of procedures in, as their events project them.
copy engine.sop_executions (
    id, sop_id, sop_version, correlation_id, client_id, user_id, agent_id, status, current_step, steps, actions_total,
    actions_automated, human_interventions, cycle_time_hours, automation_rate, estimated_cost, error_message,
    started_at, completed_at, metadata, created_at
) from stdin;

-- name: copy_event_snapshots
-- Takes states of aggregates in.
copy engine.event_snapshots (
    id, aggregate_type, aggregate_id, sequence_number, state, reducer, created_at
) from stdin;

-- name: copy_client_health
-- Takes assessments of clients in, as their events project them.
copy engine.client_health (
    id, client_id, event_id, health_score, status, signals, risk_factors, computed_at, created_at
) from stdin;

-- name: copy_agent_metrics
-- Takes in what agents did on each day.
copy engine.agent_metrics (
    id, agent_id, user_id, source, window_start, window_end, actions_total, actions_automated, human_escalations,
    avg_confidence, confidence_count, automation_rate, total_cost, metadata, created_at, updated_at
) from stdin;

-- name: copy_chaos_experiments
-- Takes chaos experiments in.
copy engine.chaos_experiments (
    id, name, hypothesis, target, blast_radius, blast_radius_percent, status, outcome, findings, correlation_id,
    metadata, started_at, ended_at, created_at, updated_at
) from stdin;

-- name: copy_lift_sessions
-- Takes sessions of lift-sys in, with their counters.
copy lift.sessions (
    id, user_id, prompt, status, current_ir, metadata, revision_count, draft_count, hole_count, created_at, updated_at
) from stdin;

-- name: copy_session_revisions
-- Takes revisions of sessions in.
copy lift.session_revisions (
    id, session_id, user_id, revision_number, ir_content, change_summary, changed_by, changes, metadata, created_at
) from stdin;

-- name: copy_session_drafts
-- Takes drafts of code in.
copy lift.session_drafts (
    id, session_id, user_id, draft_number, code, syntax_valid, ast_valid, llm_metrics, metadata, created_at
) from stdin;

-- name: copy_hole_resolutions
-- Takes in what holes were filled with.
copy lift.hole_resolutions (
    id, session_id, user_id, hole_id, hole_type, resolution, resolution_method, confidence, created_at
) from stdin;

-- name: copy_toolbox_users
-- Takes people of ToolboxAI in; they are the people of the demo.
copy toolbox.users (id, clerk_id, email, full_name, created_at, updated_at) from stdin;

-- name: copy_workspaces
-- Takes workspaces in.
copy toolbox.workspaces (id, owner_id, name, created_at, updated_at) from stdin;

-- name: copy_projects
-- Takes projects in.
copy toolbox.projects (id, owner_id, workspace_id, name, description, status, created_at, updated_at) from stdin;

-- name: copy_workspace_members
-- Takes in who belongs to which workspace.
copy toolbox.workspace_members (workspace_id, user_id, role, created_at) from stdin;

-- name: copy_project_members
-- Takes in who belongs to which project.
copy toolbox.project_members (project_id, user_id, role, created_at) from stdin;

-- name: pause_counting
-- Lets children of lift's sessions come in without being counted: the sessions come with their counters and their times.
alter table lift.session_revisions disable trigger session_revisions_count;
alter table lift.session_drafts disable trigger session_drafts_count;
alter table lift.hole_resolutions disable trigger hole_resolutions_count;

-- name: resume_counting
-- From now on children of lift's sessions are counted again.
alter table lift.session_revisions enable trigger session_revisions_count;
alter table lift.session_drafts enable trigger session_drafts_count;
alter table lift.hole_resolutions enable trigger hole_resolutions_count;
