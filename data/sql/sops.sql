-- name: read_coverage
-- From when to when runs of procedures are on record, how many have no time, and whether there is any run or definition;
-- a run counts when it ended, while it is open when it started. That is written as a case and not as coalesce, which
-- PostgreSQL takes for leaky, so that no index on it would serve under row-level security.
select
    (select min(case when e.completed_at is null then e.started_at else e.completed_at end) from analytics.stg_engine__sop_executions as e) as first_at,
    (select max(case when e.completed_at is null then e.started_at else e.completed_at end) from analytics.stg_engine__sop_executions as e) as last_at,
    (
        select count(*) from analytics.stg_engine__sop_executions as e
        where case when e.completed_at is null then e.started_at else e.completed_at end is null
    ) as untimed,
    exists (select from analytics.stg_engine__sop_executions)
    or exists (select from analytics.stg_engine__sop_definitions) as holds_rows;

-- name: list_procedures
-- Runs of each procedure in a period and in the one before it: what became of them, how long the completed ones took
-- (milliseconds), how much of them ran without a person, what they cost (US dollars); the row with is_total, asked for
-- by with_total, is all procedures together. A procedure that is defined and never ran is there with zeros.
with runs as (
    select
        e.sop_id,
        e.status,
        e.actions_total,
        e.automation_rate,
        e.human_interventions,
        e.estimated_cost_usd,
        e.actions_automated,
        case when e.actions_total is not null then coalesce(e.actions_automated, e.automation_rate * e.actions_total) end
            as automated,
        case when e.status = 'completed' then coalesce(
            e.cycle_time_hours * 3600000,
            case when e.completed_at >= e.started_at then extract(epoch from e.completed_at - e.started_at) * 1000 end
        ) end as cycle_ms,
        (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
        and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
        and (
            not coalesce(%(untimed)s::boolean, false) or case when e.completed_at is null then e.started_at else e.completed_at end is null
        ) as is_current,
        case when e.completed_at is null then e.started_at else e.completed_at end >= %(previous_start)s::timestamptz
        and case when e.completed_at is null then e.started_at else e.completed_at end < %(previous_end)s::timestamptz as is_previous,
        (%(start)s::timestamptz is null or e.started_at >= %(start)s)
        and (%(end)s::timestamptz is null or e.started_at < %(end)s)
        and e.started_at is not null
        and not coalesce(%(untimed)s::boolean, false) as is_started
    from analytics.stg_engine__sop_executions as e
    where
        (
            (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
            and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
            and (
                not coalesce(%(untimed)s::boolean, false) or case when e.completed_at is null then e.started_at else e.completed_at end is null
            )
            or case when e.completed_at is null then e.started_at else e.completed_at end >= %(previous_start)s::timestamptz
            and case when e.completed_at is null then e.started_at else e.completed_at end < %(previous_end)s::timestamptz
            or not coalesce(%(untimed)s::boolean, false)
            and e.started_at >= %(start)s::timestamptz and e.started_at < %(end)s::timestamptz
        )
        and (%(sop)s::text is null or e.sop_id = %(sop)s)
        and (%(agent)s::text is null or e.agent = %(agent)s)
),

summed as (
    select
        sop_id,
        grouping(sop_id) = 1 as is_total,
        count(*) filter (where is_current) as executions,
        count(*) filter (where is_started) as started,
        count(*) filter (where is_current and status = 'completed') as completed,
        count(*) filter (where is_current and status = 'failed') as failed,
        count(*) filter (where is_current and status = 'cancelled') as cancelled,
        count(*) filter (where is_current and status = 'running') as running,
        count(cycle_ms) filter (where is_current) as timed,
        avg(cycle_ms) filter (where is_current)::float8 as average_ms,
        percentile_cont(array[0.5, 0.95]) within group (order by cycle_ms) filter (where is_current) as cycle_ms,
        coalesce(sum(actions_total) filter (where is_current), 0)::bigint as actions,
        coalesce(sum(actions_total) filter (where is_current and automated is not null), 0)::bigint as rated_actions,
        coalesce(sum(automated) filter (where is_current), 0)::float8 as automated,
        count(*) filter (
            where is_current and automated is null and coalesce(automation_rate, actions_automated) is not null
        ) as countless,
        coalesce(sum(human_interventions) filter (where is_current), 0)::bigint as interventions,
        count(*) filter (where is_current and human_interventions > 0) as stepped_in,
        sum(estimated_cost_usd) filter (where is_current)::float8 as cost_usd,
        count(estimated_cost_usd) filter (where is_current) as priced,
        count(*) filter (where is_previous) as previous_executions,
        count(*) filter (where is_previous and status = 'completed') as previous_completed,
        count(*) filter (where is_previous and status = 'failed') as previous_failed,
        count(cycle_ms) filter (where is_previous) as previous_timed,
        percentile_cont(array[0.5, 0.95]) within group (order by cycle_ms) filter (where is_previous)
            as previous_cycle_ms,
        coalesce(sum(actions_total) filter (where is_previous and automated is not null), 0)::bigint
            as previous_rated_actions,
        coalesce(sum(automated) filter (where is_previous), 0)::float8 as previous_automated,
        coalesce(sum(human_interventions) filter (where is_previous), 0)::bigint as previous_interventions,
        sum(estimated_cost_usd) filter (where is_previous)::float8 as previous_cost_usd,
        count(estimated_cost_usd) filter (where is_previous) as previous_priced
    from runs
    group by grouping sets ((sop_id), ())
),

definitions as (
    select
        d.sop_id,
        count(*) as versions,
        max(d.version) as newest_version,
        (array_agg(d.title order by d.version desc))[1] as title,
        (array_agg(d.status order by d.version desc))[1] as definition_status,
        (array_agg(jsonb_array_length(d.steps) order by d.version desc))[1] as steps
    from analytics.stg_engine__sop_definitions as d
    where %(sop)s::text is null or d.sop_id = %(sop)s
    group by d.sop_id
),

named as (
    select s.sop_id, false as is_total from summed as s where not s.is_total
    union
    select d.sop_id, false from definitions as d
    union
    select null, true where coalesce(%(with_total)s::boolean, false)
)

select
    n.sop_id,
    n.is_total,
    d.title,
    d.newest_version,
    coalesce(d.versions, 0) as versions,
    d.definition_status,
    d.steps,
    coalesce(s.executions, 0) as executions,
    coalesce(s.started, 0) as started,
    coalesce(s.completed, 0) as completed,
    coalesce(s.failed, 0) as failed,
    coalesce(s.cancelled, 0) as cancelled,
    coalesce(s.running, 0) as running,
    coalesce(s.timed, 0) as timed,
    s.average_ms,
    s.cycle_ms[1] as p50_ms,
    s.cycle_ms[2] as p95_ms,
    coalesce(s.actions, 0) as actions,
    coalesce(s.rated_actions, 0) as rated_actions,
    coalesce(s.automated, 0) as automated,
    s.automated / nullif(s.rated_actions, 0) as automation_rate,
    coalesce(s.countless, 0) as countless,
    coalesce(s.interventions, 0) as interventions,
    coalesce(s.stepped_in, 0) as stepped_in,
    s.cost_usd,
    coalesce(s.priced, 0) as priced,
    coalesce(s.previous_executions, 0) as previous_executions,
    coalesce(s.previous_completed, 0) as previous_completed,
    coalesce(s.previous_failed, 0) as previous_failed,
    coalesce(s.previous_timed, 0) as previous_timed,
    s.previous_cycle_ms[1] as previous_p50_ms,
    s.previous_cycle_ms[2] as previous_p95_ms,
    coalesce(s.previous_rated_actions, 0) as previous_rated_actions,
    coalesce(s.previous_automated, 0) as previous_automated,
    coalesce(s.previous_interventions, 0) as previous_interventions,
    s.previous_cost_usd,
    coalesce(s.previous_priced, 0) as previous_priced
from named as n
left join summed as s on s.is_total = n.is_total and coalesce(s.sop_id, '') = coalesce(n.sop_id, '')
left join definitions as d on d.sop_id = n.sop_id
order by n.is_total desc, failed desc, executions desc, n.sop_id;

-- name: list_agents
-- The agents that ran procedures in a period, each with how many runs.
select e.agent as value, count(*) as executions
from analytics.stg_engine__sop_executions as e
where
    e.agent is not null
    and (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
    and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
    and (
        not coalesce(%(untimed)s::boolean, false) or case when e.completed_at is null then e.started_at else e.completed_at end is null
    )
group by e.agent
order by executions desc, e.agent;

-- name: list_buckets
-- Runs per hour, day, week or month of the viewer's zone by what became of them; they count as in list_procedures.
select
    date_trunc(%(unit)s::text, case when e.completed_at is null then e.started_at else e.completed_at end, %(zone)s::text) as bucket,
    count(*) as executions,
    count(*) filter (where e.status = 'completed') as completed,
    count(*) filter (where e.status = 'failed') as failed,
    count(*) filter (where e.status = 'cancelled') as cancelled,
    count(*) filter (where e.status = 'running') as running
from analytics.stg_engine__sop_executions as e
where
    case when e.completed_at is null then e.started_at else e.completed_at end is not null
    and (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
    and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
    and not coalesce(%(untimed)s::boolean, false)
    and (%(sop)s::text is null or e.sop_id = %(sop)s)
    and (%(agent)s::text is null or e.agent = %(agent)s)
group by bucket
order by bucket;

-- name: list_human_steps
-- Steps at which a person stepped in, the most frequent first: how often, in how many runs of the procedure, and how it
-- came out. A step without a name is counted under none.
with human as (
    select
        e.execution_id,
        e.sop_id,
        coalesce(s.step ->> 'step', s.step ->> 'name', s.step ->> 'title', s.step ->> 'step_id', s.step ->> 'id')
            as step_name,
        s.step ->> 'outcome' as outcome
    from analytics.stg_engine__sop_executions as e
    cross join lateral jsonb_array_elements(e.steps) as s (step)
    where
        (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
        and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
        and (
            not coalesce(%(untimed)s::boolean, false) or case when e.completed_at is null then e.started_at else e.completed_at end is null
        )
        and (%(sop)s::text is null or e.sop_id = %(sop)s)
        and (%(agent)s::text is null or e.agent = %(agent)s)
        and lower(coalesce(s.step ->> 'kind', s.step ->> 'type', s.step ->> 'actor')) = 'human'
),

outcomes as (
    select
        sop_id, step_name, outcome, count(*) as times, count(distinct execution_id) as executions
    from human
    group by grouping sets ((sop_id, step_name), (sop_id, step_name, outcome))
    having grouping(outcome) = 1 or outcome is not null
)

select
    o.sop_id,
    o.step_name,
    max(o.times) as times,
    max(o.executions) as executions,
    string_agg(o.outcome || ' ' || o.times, ', ' order by o.times desc, o.outcome) filter (where o.outcome is not null)
        as outcomes,
    count(*) over () as steps
from outcomes as o
group by o.sop_id, o.step_name
order by times desc, o.sop_id, o.step_name
limit %(limit)s::bigint;

-- name: list_definitions
-- The versions of one procedure, the newest first, with their steps.
select
    d.definition_id, d.sop_id, d.version, d.title, d.description, d.steps, d.status, d.created_at, d.updated_at
from analytics.stg_engine__sop_definitions as d
where d.sop_id = %(sop)s::text
order by d.version desc
limit %(limit)s::bigint;
