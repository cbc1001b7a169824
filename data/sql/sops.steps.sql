-- name: list_human_steps
-- Steps at which a person stepped in, the most frequent first: how often, in how many runs of the procedure, and how it
-- came out; `interventions` are those of all steps. A person took the step, which one with neither outcome nor end still
-- waits for, or helped with one of an agent's, which an event tells. A step without a name is counted under none.
with runs as not materialized (
    select e.execution_id, e.sop_id, e.steps
    from analytics.stg_engine__sop_executions as e
    where
        (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
        and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
        and (
            not coalesce(%(untimed)s::boolean, false)
            or case when e.completed_at is null then e.started_at else e.completed_at end is null
            or case when e.completed_at is null then e.started_at else e.completed_at end < '1970-01-02 00:00+00'
            or case when e.completed_at is null then e.started_at else e.completed_at end >= '2200-12-31 00:00+00'
        )
        and (%(sop)s::text is null or e.sop_id = %(sop)s)
        and (%(agent)s::text is null or e.agent = %(agent)s)
),

human as (
    select
        r.execution_id,
        r.sop_id,
        coalesce(s.step ->> 'step', s.step ->> 'name', s.step ->> 'title', s.step ->> 'step_id', s.step ->> 'id')
            as step_name,
        s.step ->> 'outcome' as outcome
    from runs as r
    cross join lateral jsonb_array_elements(r.steps) as s (step)
    where
        lower(coalesce(s.step ->> 'kind', s.step ->> 'type', s.step ->> 'actor')) = 'human'
        and coalesce(nullif(s.step ->> 'outcome', ''), nullif(s.step ->> 'completed_at', '')) is not null
    union all
    select r.execution_id, r.sop_id, t.payload ->> 'step', 'escalated'
    from analytics.stg_engine__events as t
    join runs as r on r.execution_id::text = t.aggregate_id
    where t.event_type = 'SOP_STEP_ESCALATED' -- by which alone an index finds these few
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
    count(*) over () as steps,
    (sum(max(o.times)) over ())::bigint as interventions
from outcomes as o
group by o.sop_id, o.step_name
order by times desc, o.sop_id, o.step_name
limit %(limit)s::bigint;
