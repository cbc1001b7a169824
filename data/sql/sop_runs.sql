-- name: list_executions
-- Runs one by one: what hurts first (failed, running, cancelled, completed), or by when, duration, cost, interventions.
select
    e.execution_id,
    e.sop_id,
    e.sop_version,
    e.status,
    e.agent,
    e.client_id,
    e.current_step,
    e.started_at,
    e.completed_at,
    k.cycle_ms,
    e.actions_total,
    e.actions_automated,
    e.automation_rate,
    e.stored_automation_rate,
    e.human_interventions,
    e.estimated_cost_usd::float8 as estimated_cost_usd,
    left(e.error_message, 1000) as error_message,
    e.correlation_id,
    e.is_imported,
    left(e.metadata ->> 'title', 300) as title
from analytics.stg_engine__sop_executions as e
cross join lateral (
    select
        coalesce(
            e.cycle_time_hours * 3600000,
            case when e.completed_at >= e.started_at and e.started_at >= '1970-01-02 00:00+00' and e.started_at < '2200-12-31 00:00+00'
                and e.completed_at >= '1970-01-02 00:00+00' and e.completed_at < '2200-12-31 00:00+00'
                then extract(epoch from e.completed_at - e.started_at) * 1000 end
        )::float8 as cycle_ms
) as k
where
-- uses: sop_runs.fits
order by
    case when %(sort)s::text is null or %(sort)s::text = 'hurt'
        then array_position(array['failed', 'running', 'cancelled', 'completed'], e.status) end,
    case when coalesce(%(downwards)s::boolean, true) then case %(sort)s::text
        when 'took' then k.cycle_ms
        when 'cost' then e.estimated_cost_usd::float8
        when 'people' then e.human_interventions::float8 end end desc nulls last,
    case when not coalesce(%(downwards)s::boolean, true) then case %(sort)s::text
        when 'took' then k.cycle_ms
        when 'cost' then e.estimated_cost_usd::float8
        when 'people' then e.human_interventions::float8 end end nulls last,
    case when %(sort)s::text = 'when' and not coalesce(%(downwards)s::boolean, true)
        then case when e.completed_at is null then e.started_at else e.completed_at end end nulls last,
    case when e.completed_at is null then e.started_at else e.completed_at end desc nulls last,
    e.execution_id
limit %(limit)s::bigint offset %(offset)s::bigint;

-- name: list_buckets
-- What sops.list_buckets gives of filters by which no sums are kept, by procedure and agent, read from the table: the
-- very runs that list_executions lists, those without a time of this world under no bucket.
select
    e.sop_id,
    e.agent,
    case when k.occurred_at >= '1970-01-02 00:00+00' and k.occurred_at < '2200-12-31 00:00+00'
        then date_trunc(%(unit)s::text, k.occurred_at, %(zone)s::text) end as bucket,
    count(*) as executions,
    count(*) filter (where e.status = 'completed') as completed,
    count(*) filter (where e.status = 'failed') as failed,
    count(*) filter (where e.status = 'cancelled') as cancelled,
    count(*) filter (where e.status = 'running') as running,
    count(*) filter (where e.status is null or e.status not in ('running', 'completed', 'failed', 'cancelled'))
        as stateless
from analytics.stg_engine__sop_executions as e
cross join lateral (
    select case when e.completed_at is null then e.started_at else e.completed_at end as occurred_at
) as k
where
-- uses: sop_runs.fits
group by e.sop_id, e.agent, bucket
order by bucket, e.sop_id, e.agent;

-- name: find_execution
-- One run with all it says, the definition of its version, and the session it ran in; `is_event_sourced`: events tell
-- of the run; `escalations` are those of them that say that a person helped with a step of an agent's.
select
    e.execution_id,
    e.sop_id,
    e.sop_version,
    e.correlation_id,
    e.client_id,
    e.session_pk,
    e.agent,
    e.status,
    e.current_step,
    e.steps,
    e.actions_total,
    e.actions_automated,
    e.automation_rate,
    e.stored_automation_rate,
    e.human_interventions,
    coalesce(
        e.cycle_time_hours * 3600000,
        case when e.completed_at >= e.started_at and e.started_at >= '1970-01-02 00:00+00' and e.started_at < '2200-12-31 00:00+00'
                and e.completed_at >= '1970-01-02 00:00+00' and e.completed_at < '2200-12-31 00:00+00'
                then extract(epoch from e.completed_at - e.started_at) * 1000 end
    )::float8 as cycle_ms,
    e.estimated_cost_usd::float8 as estimated_cost_usd,
    e.error_message,
    e.started_at,
    e.completed_at,
    e.is_imported,
    e.metadata,
    coalesce(left(e.metadata ->> 'title', 300), d.title) as title,
    d.version as defined_version,
    d.steps as defined_steps,
    s.session_key,
    s.project_name,
    exists (
        select from analytics.stg_engine__events as t
        where t.aggregate_type = 'SopExecution' and t.aggregate_id = e.execution_id::text
    ) as is_event_sourced,
    (
        select
            jsonb_agg(
                jsonb_build_object('step', t.payload ->> 'step', 'reason', left(t.payload ->> 'reason', 1000), 'at', t.occurred_at)
                order by t.sequence_number
            )
        from analytics.stg_engine__events as t
        where
            t.aggregate_type = 'SopExecution' and t.aggregate_id = e.execution_id::text
            and t.event_type = 'SOP_STEP_ESCALATED'
    ) as escalations
from analytics.stg_engine__sop_executions as e
left join lateral (
    select v.title, v.version, v.steps
    from analytics.stg_engine__sop_definitions as v
    where v.sop_id = e.sop_id
    order by v.version = e.sop_version desc nulls last, v.version desc
    limit 1
) as d on true
left join analytics.stg_chronicle__sessions as s on s.session_pk = e.session_pk
where e.execution_id = %(execution_id)s::uuid;

-- name: list_happenings
-- What the engine's events and people's questions say of one run, by its correlation, in the order of time; a question
-- that carries none has that of the event it came of. `happened`
-- says how many events there are in all, `appended` how those of one time came after each other. A question stands where
-- it was asked, and once more where it was over.
with events as (
    select
        'event' as kind, e.event_id as item_id, e.occurred_at, e.event_type as what, e.emitted_by as who,
        e.aggregate_type || ' ' || e.aggregate_id || ' #' || e.sequence_number as subject,
        left(nullif(e.payload, '{}')::text, 500) as detail, count(*) over () as happened,
        coalesce(e."position", e.sequence_number, 0) as appended
    from analytics.stg_engine__events as e
    where e.correlation_id = %(correlation_id)s::uuid
    order by e.occurred_at, appended, e.event_id
    limit %(most)s::bigint
),

questions as (
    select
        a.approval_id, a.title, a.agent, a.created_at, a.expires_at, a.decided_at, a.decided_by_name, a.decision_note,
        case
            when a.stored_status = 'pending' and a.expires_at <= %(now)s::timestamptz then 'expired'
            else a.stored_status
        end as outcome
    from analytics.stg_engine__human_approvals as a
    where
        a.correlation_id = %(correlation_id)s::uuid
        or a.correlation_id is null and a.event_id = any(array(
            select e.event_id from analytics.stg_engine__events as e where e.correlation_id = %(correlation_id)s::uuid
        ))
)

select * from events
union all
select
    'question', q.approval_id, q.created_at, case when q.outcome = 'pending' then 'pending' else 'asked' end,
    q.agent, q.title, null, 0, 0
from questions as q
union all
select
    'question over', q.approval_id, case when q.outcome = 'expired' then q.expires_at else q.decided_at end, q.outcome,
    q.decided_by_name, q.title, q.decision_note, 0, 0
from questions as q
where q.outcome <> 'pending'
order by occurred_at nulls last, kind, appended, item_id;

-- part: fits
-- Which runs are asked for; the status "stateless" takes those whose own is none that reports know, `step` takes those in which a person stepped in there, which an open step still waits for
-- and an event may tell of a step of an agent's, `open_before` those that began before it and are still open.
    (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
    and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
    and (
        not coalesce(%(untimed)s::boolean, false)
        or case when e.completed_at is null then e.started_at else e.completed_at end is null
        or case when e.completed_at is null then e.started_at else e.completed_at end < '1970-01-02 00:00+00'
        or case when e.completed_at is null then e.started_at else e.completed_at end >= '2200-12-31 00:00+00'
    )
    and (%(sop)s::text is null or e.sop_id = %(sop)s)
    and (
        %(status)s::text is null or e.status = %(status)s
        or %(status)s = 'ended' and e.status in ('completed', 'failed')
        or %(status)s = 'stateless'
            and (e.status is null or e.status not in ('running', 'completed', 'failed', 'cancelled'))
    )
    and (%(agent)s::text is null or e.agent = %(agent)s)
    and (%(open_before)s::timestamptz is null or e.status = 'running' and e.started_at >= '1970-01-02 00:00+00' and e.started_at < %(open_before)s)
    and (
        %(step)s::text is null
        or exists (
            select from jsonb_array_elements(e.steps) as s (step)
            where lower(coalesce(s.step ->> 'kind', s.step ->> 'type', s.step ->> 'actor')) = 'human'
            and coalesce(nullif(s.step ->> 'outcome', ''), nullif(s.step ->> 'completed_at', '')) is not null
            and coalesce(
                s.step ->> 'step', s.step ->> 'name', s.step ->> 'title', s.step ->> 'step_id', s.step ->> 'id'
            ) = %(step)s
        )
        or exists (
            select from analytics.stg_engine__events as t
            where t.aggregate_type = 'SopExecution' and t.aggregate_id = e.execution_id::text
            and t.event_type = 'SOP_STEP_ESCALATED' and t.payload ->> 'step' = %(step)s
        )
    )
