-- name: count_aggregates
-- Whether the event log is whole: aggregates, those whose numbers have gaps, and of the types given, those whose newest
-- usable snapshot lies more than `behind` events back. Numbers of events may lie so far apart that no bigint holds it.
with aggregates as (
    select e.aggregate_type, e.aggregate_id, count(*) as events, max(e.sequence_number)::numeric as newest
    from analytics.stg_engine__events as e
    group by e.aggregate_type, e.aggregate_id
),

newest_snapshots as (
    select s.aggregate_type, s.aggregate_id, max(s.sequence_number) as sequence_number
    from analytics.stg_engine__event_snapshots as s
    inner join unnest(%(aggregate_types)s::text[], %(reducers)s::text[]) as t (aggregate_type, reducer)
        on t.aggregate_type = s.aggregate_type and t.reducer = s.reducer
    group by s.aggregate_type, s.aggregate_id
)

select
    count(*) as aggregates,
    coalesce(sum(a.events), 0)::bigint as events,
    count(*) filter (where a.newest <> a.events) as with_gaps,
    coalesce(sum(a.newest - a.events), 0) as numbers_missing,
    count(*) filter (where a.aggregate_type = any(%(aggregate_types)s::text[])) as with_reducer,
    count(*) filter (
        where a.aggregate_type = any(%(aggregate_types)s::text[])
        and a.newest - coalesce(s.sequence_number, 0) > %(behind)s::bigint
    ) as behind,
    max(a.newest - coalesce(s.sequence_number, 0)) filter (
        where a.aggregate_type = any(%(aggregate_types)s::text[])
    ) as most_behind
from aggregates as a
left join newest_snapshots as s using (aggregate_type, aggregate_id);

-- name: list_gaps
-- Numbers that are missing in streams, as ranges with how many each has, the streams that miss most first.
with broken as (
    select e.aggregate_type, e.aggregate_id, max(e.sequence_number)::numeric - count(*) as numbers_missing
    from analytics.stg_engine__events as e
    group by e.aggregate_type, e.aggregate_id
    having max(e.sequence_number) <> count(*)
    order by numbers_missing desc, e.aggregate_type, e.aggregate_id
    limit %(limit)s::bigint
)

select
    b.aggregate_type,
    b.aggregate_id,
    n.sequence_number - n.before::numeric - 1 as numbers_missing,
    n.before + 1 as first_missing,
    n.sequence_number - 1 as last_missing
from broken as b
cross join lateral (
    select e.sequence_number, lag(e.sequence_number, 1, 0::bigint) over (order by e.sequence_number) as before
    from analytics.stg_engine__events as e
    where e.aggregate_type = b.aggregate_type and e.aggregate_id = b.aggregate_id
) as n
where n.sequence_number > n.before::numeric + 1
order by b.numbers_missing desc, b.aggregate_type, b.aggregate_id, n.sequence_number
limit %(limit)s::bigint;

-- name: list_snapshot_lags
-- Aggregates of the types given whose newest usable snapshot lies more than `behind` events back, the furthest first.
with told as (
    select t.aggregate_type, t.reducer
    from unnest(%(aggregate_types)s::text[], %(reducers)s::text[]) as t (aggregate_type, reducer)
),

newest as (
    select e.aggregate_type, e.aggregate_id, max(e.sequence_number) as sequence_number
    from analytics.stg_engine__events as e
    where e.aggregate_type = any(%(aggregate_types)s::text[])
    group by e.aggregate_type, e.aggregate_id
    having max(e.sequence_number) > %(behind)s::bigint
)

select
    n.aggregate_type,
    n.aggregate_id,
    n.sequence_number,
    coalesce(max(s.sequence_number) filter (where s.reducer = t.reducer), 0) as snapshot_sequence,
    count(s.sequence_number) filter (where s.reducer is distinct from t.reducer) as snapshots_by_other_versions,
    n.sequence_number::numeric - coalesce(max(s.sequence_number) filter (where s.reducer = t.reducer), 0)
        as events_behind
from newest as n
inner join told as t using (aggregate_type)
left join analytics.stg_engine__event_snapshots as s
    on s.aggregate_type = n.aggregate_type and s.aggregate_id = n.aggregate_id
group by n.aggregate_type, n.aggregate_id, n.sequence_number
having n.sequence_number::numeric - coalesce(max(s.sequence_number) filter (where s.reducer = t.reducer), 0)
    > %(behind)s::bigint
order by events_behind desc, n.aggregate_type, n.aggregate_id
limit %(limit)s::bigint;

-- name: read_events
-- The next events of one aggregate type that a projection takes, aggregate by aggregate, each in its order.
select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
    e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.occurred_at as timestamp,
    e.recorded_at as created_at
from analytics.stg_engine__events as e
where e.aggregate_type = %(aggregate_type)s::text and e.event_type = any(%(event_types)s::text[])
and (e.aggregate_id, e.sequence_number) > (%(after_id)s::text, %(after_sequence)s::bigint)
order by e.aggregate_id, e.sequence_number
limit %(limit)s::bigint;

-- name: read_human_approvals
-- Questions by their ids, as far as events tell of them.
select h.approval_id::text as key, h.event_id, h.correlation_id, h.session_pk as session_id, h.owner_id as user_id,
    h.agent as agent_id, h.approval_type, h.title, h.reason, h.risk_level, h.request_payload, h.context,
    h.stored_status as status, h.created_at, h.expires_at, h.decided_at, h.decided_by, h.decided_by_name,
    h.decision_note
from analytics.stg_engine__human_approvals as h
where h.approval_id = any(%(keys)s::uuid[]);

-- name: read_sop_executions
-- Executions by their ids, as far as events tell of them.
select x.execution_id::text as key, x.sop_id, x.sop_version, x.correlation_id, x.client_id,
    x.session_pk as session_id, x.owner_id as user_id, x.agent as agent_id, x.status, x.current_step, x.steps, x.actions_total, x.actions_automated, x.human_interventions, x.cycle_time_hours,
    x.stored_automation_rate as automation_rate, x.estimated_cost_usd as estimated_cost, x.error_message, x.started_at, x.completed_at
from analytics.stg_engine__sop_executions as x
where x.execution_id = any(%(keys)s::uuid[]);

-- name: read_client_health
-- Assessments by the events they were projected from.
select c.event_id::text as key, c.client_id, c.health_score, c.status, c.signals, c.risk_factors, c.computed_at
from analytics.stg_engine__client_health as c
where c.event_id = any(%(keys)s::uuid[]);

-- name: count_unsourced_human_approvals
-- How many questions no event tells of.
select count(*) as unsourced
from analytics.stg_engine__human_approvals as h
where not exists (
    select from analytics.stg_engine__events as e
    where e.aggregate_type = %(aggregate_type)s::text and e.aggregate_id = h.approval_id::text
    and e.event_type = any(%(event_types)s::text[])
);

-- name: count_unsourced_sop_executions
-- How many executions no event tells of.
select count(*) as unsourced
from analytics.stg_engine__sop_executions as x
where not exists (
    select from analytics.stg_engine__events as e
    where e.aggregate_type = %(aggregate_type)s::text and e.aggregate_id = x.execution_id::text
    and e.event_type = any(%(event_types)s::text[])
);

-- name: count_unsourced_client_health
-- How many assessments were not projected from an event that this projection takes.
select count(*) as unsourced
from analytics.stg_engine__client_health as c
where not exists (
    select from analytics.stg_engine__events as e
    where e.event_id = c.event_id and e.aggregate_type = %(aggregate_type)s::text
    and e.event_type = any(%(event_types)s::text[])
);

-- name: list_gone
-- Of ids in columns of a projection, those that name nothing, and whether the row stays then, without it.
select g.column_name, g.id, g.becomes_null
from signalbox.gone_references(%(projection)s::text, %(named_in)s::text[], %(ids)s::text[]) as g;
