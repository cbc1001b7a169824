-- name: read_events
-- The next events of one aggregate type that a projection takes, aggregate by aggregate, each in its order.
select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
    e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.timestamp, e.created_at
from engine.events as e
where e.aggregate_type = %(aggregate_type)s::text and e.event_type = any(%(event_types)s::text[])
and (e.aggregate_id, e.sequence_number) > (%(after_id)s::text, %(after_sequence)s::bigint)
order by e.aggregate_id, e.sequence_number
limit %(limit)s::bigint;

-- name: read_human_approvals
-- Questions by their ids, as far as events tell of them.
select h.id::text as key, h.event_id, h.correlation_id, h.session_id, h.user_id, h.agent_id, h.approval_type, h.title,
    h.reason, h.risk_level, h.request_payload, h.context, h.status, h.created_at, h.expires_at, h.decided_at,
    h.decided_by, h.decided_by_name, h.decision_note
from engine.human_approvals as h
where h.id = any(%(keys)s::uuid[]);

-- name: read_sop_executions
-- Executions by their ids, as far as events tell of them.
select x.id::text as key, x.sop_id, x.sop_version, x.correlation_id, x.client_id, x.session_id, x.user_id, x.agent_id,
    x.status, x.current_step, x.steps, x.actions_total, x.actions_automated, x.human_interventions, x.cycle_time_hours,
    x.automation_rate, x.estimated_cost, x.error_message, x.started_at, x.completed_at
from engine.sop_executions as x
where x.id = any(%(keys)s::uuid[]);

-- name: read_client_health
-- Assessments by the events they were projected from.
select c.event_id::text as key, c.client_id, c.health_score, c.status, c.signals, c.risk_factors, c.computed_at
from engine.client_health as c
where c.event_id = any(%(keys)s::uuid[]);

-- name: count_unsourced_human_approvals
-- How many questions no event tells of.
select count(*) as unsourced
from engine.human_approvals as h
where not exists (
    select from engine.events as e
    where e.aggregate_type = %(aggregate_type)s::text and e.aggregate_id = h.id::text
    and e.event_type = any(%(event_types)s::text[])
);

-- name: count_unsourced_sop_executions
-- How many executions no event tells of.
select count(*) as unsourced
from engine.sop_executions as x
where not exists (
    select from engine.events as e
    where e.aggregate_type = %(aggregate_type)s::text and e.aggregate_id = x.id::text
    and e.event_type = any(%(event_types)s::text[])
);

-- name: count_unsourced_client_health
-- How many assessments were not projected from an event that this projection takes.
select count(*) as unsourced
from engine.client_health as c
where not exists (
    select from engine.events as e
    where e.event_id = c.event_id and e.aggregate_type = %(aggregate_type)s::text
    and e.event_type = any(%(event_types)s::text[])
);

-- name: list_gone
-- Of ids in columns of a projection, those that name nothing, and whether the row stays then, without it.
select g.column_name, g.id, g.becomes_null
from signalbox.gone_references(%(projection)s::text, %(named_in)s::text[], %(ids)s::text[]) as g;

-- name: lock_human_approvals
-- Keeps others from writing questions until the transaction ends: what they would write in the meantime would be lost.
lock table engine.human_approvals in exclusive mode;

-- name: lock_sop_executions
-- Keeps others from writing executions until the transaction ends: what they would write in the meantime would be lost.
lock table engine.sop_executions in exclusive mode;

-- name: lock_client_health
-- Keeps others from writing assessments until the transaction ends: what they would write in the meantime would be lost.
lock table engine.client_health in exclusive mode;

-- name: write_human_approvals
-- Makes questions what their events tell; what these do not tell stays as it is.
insert into engine.human_approvals (
    id, event_id, correlation_id, session_id, user_id, agent_id, approval_type, title, reason, risk_level,
    request_payload, context, status, created_at, expires_at, decided_at, decided_by, decided_by_name, decision_note,
    metadata
)
select p.id, p.event_id, p.correlation_id, p.session_id, p.user_id, p.agent_id, p.approval_type, p.title, p.reason,
    p.risk_level, p.request_payload, p.context, p.status, p.created_at, p.expires_at, p.decided_at, p.decided_by,
    p.decided_by_name, p.decision_note, p.metadata
from jsonb_array_elements(%(rows)s::jsonb) as r (told)
left join engine.human_approvals as h on h.id = (r.told ->> 'id')::uuid
cross join lateral jsonb_populate_record(
    h,
    case
        when h.id is null then jsonb_build_object(
            'agent_id', 'unknown', 'risk_level', 'unknown', 'request_payload', '{}'::jsonb, 'context', '{}'::jsonb,
            'metadata', '{}'::jsonb
        )
        else '{}'
    end || r.told
) as p
on conflict (id) do update set
event_id = excluded.event_id, correlation_id = excluded.correlation_id, session_id = excluded.session_id,
user_id = excluded.user_id, agent_id = excluded.agent_id, approval_type = excluded.approval_type,
title = excluded.title, reason = excluded.reason, risk_level = excluded.risk_level,
request_payload = excluded.request_payload, context = excluded.context, status = excluded.status,
created_at = excluded.created_at, expires_at = excluded.expires_at, decided_at = excluded.decided_at,
decided_by = excluded.decided_by, decided_by_name = excluded.decided_by_name, decision_note = excluded.decision_note;

-- name: write_sop_executions
-- Makes executions what their events tell; what these do not tell stays as it is.
insert into engine.sop_executions (
    id, sop_id, sop_version, correlation_id, client_id, session_id, user_id, agent_id, status, current_step, steps,
    actions_total, actions_automated, human_interventions, cycle_time_hours, automation_rate, estimated_cost,
    error_message, started_at, completed_at, metadata, created_at
)
select p.id, p.sop_id, p.sop_version, p.correlation_id, p.client_id, p.session_id, p.user_id, p.agent_id, p.status,
    p.current_step, p.steps, p.actions_total, p.actions_automated, p.human_interventions, p.cycle_time_hours,
    p.automation_rate, p.estimated_cost, p.error_message, p.started_at, p.completed_at, p.metadata, p.created_at
from jsonb_array_elements(%(rows)s::jsonb) as r (told)
left join engine.sop_executions as x on x.id = (r.told ->> 'id')::uuid
cross join lateral jsonb_populate_record(
    x, case when x.id is null then jsonb_build_object('metadata', '{}'::jsonb, 'created_at', now()) else '{}' end || r.told
) as p
on conflict (id) do update set
sop_id = excluded.sop_id, sop_version = excluded.sop_version, correlation_id = excluded.correlation_id,
client_id = excluded.client_id, session_id = excluded.session_id, user_id = excluded.user_id,
agent_id = excluded.agent_id, status = excluded.status, current_step = excluded.current_step, steps = excluded.steps,
actions_total = excluded.actions_total, actions_automated = excluded.actions_automated,
human_interventions = excluded.human_interventions, cycle_time_hours = excluded.cycle_time_hours,
automation_rate = excluded.automation_rate, estimated_cost = excluded.estimated_cost,
error_message = excluded.error_message, started_at = excluded.started_at, completed_at = excluded.completed_at;

-- name: write_client_health
-- Makes assessments what their events tell.
insert into engine.client_health (event_id, client_id, health_score, status, signals, risk_factors, computed_at)
select p.event_id, p.client_id, p.health_score, p.status, p.signals, p.risk_factors, p.computed_at
from jsonb_populate_recordset(null::engine.client_health, %(rows)s::jsonb) as p
on conflict (event_id) do update set
client_id = excluded.client_id, health_score = excluded.health_score, status = excluded.status,
signals = excluded.signals, risk_factors = excluded.risk_factors, computed_at = excluded.computed_at;
