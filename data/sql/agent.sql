-- name: list_windows
-- The spans of time that an agent reported on, the latest first unless sorted otherwise; a rate is over what the
-- window counts, as reported where it does not; `cost_basis` says whether the cost is recorded, or estimated at list prices.
select
    m.metric_id,
    m.agent,
    m.source,
    m.window_start,
    m.window_end,
    m.actions_total,
    m.actions_automated,
    m.automation_rate,
    m.stored_automation_rate,
    m.human_escalations,
    m.avg_confidence,
    m.confidence_count,
    m.cost_usd::float8 as cost_usd,
    coalesce(m.metadata ->> 'cost_basis', case when m.cost_usd is null then 'none recorded' else 'recorded' end) as cost_basis
from analytics.stg_engine__agent_metrics as m
where
    (%(start)s::timestamptz is null or m.window_end >= %(start)s)
    and (%(end)s::timestamptz is null or m.window_end < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or m.window_end is null
        or m.window_end < '1970-01-02 00:00+00' or m.window_end >= '2200-12-31 00:00+00')
    and (%(agent)s::text is null or m.agent = %(agent)s)
    and (%(source)s::text is null or m.source = %(source)s)
order by
    case when coalesce(%(downwards)s::boolean, true) then case %(sort)s::text
        when 'escalations' then m.human_escalations when 'actions' then m.actions_total when 'cost' then m.cost_usd
        when 'automated' then m.automation_rate::numeric
        when 'confidence' then m.avg_confidence::numeric end end desc nulls last,
    case when not coalesce(%(downwards)s::boolean, true) then case %(sort)s::text
        when 'escalations' then m.human_escalations when 'actions' then m.actions_total when 'cost' then m.cost_usd
        when 'automated' then m.automation_rate::numeric
        when 'confidence' then m.avg_confidence::numeric end end nulls last,
    case when %(sort)s::text = 'when' and not coalesce(%(downwards)s::boolean, true) then m.window_end end nulls last,
    m.window_end desc nulls last,
    m.metric_id
limit %(limit)s::bigint offset %(offset)s::bigint;

-- name: list_activity
-- What one agent did in a period: how many runs of procedures, questions to people and events there are by state, and
-- the newest of each beside its newest jobs and errors. A question whose time ran out before `now` counts as expired.
with questions as (
    select
        a.approval_id, a.title, a.reason, a.created_at, a.correlation_id,
        case
            when a.stored_status = 'pending' and a.expires_at <= %(now)s::timestamptz then 'expired'
            else a.stored_status
        end as state
    from analytics.stg_engine__human_approvals as a
    where
        a.agent = %(agent)s::text
        and (%(start)s::timestamptz is null or a.created_at >= %(start)s)
        and (%(end)s::timestamptz is null or a.created_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or a.created_at is null
            or a.created_at < '1970-01-02 00:00+00' or a.created_at >= '2200-12-31 00:00+00')
),

executions as (
    select
        e.execution_id, e.sop_id, e.status, e.current_step, e.error_message, e.correlation_id,
        case when e.completed_at is null then e.started_at else e.completed_at end as counted_at
    from analytics.stg_engine__sop_executions as e
    where
        e.agent = %(agent)s::text
        and (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
        and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
        and (
            not coalesce(%(untimed)s::boolean, false)
            or case when e.completed_at is null then e.started_at else e.completed_at end is null
            or case when e.completed_at is null then e.started_at else e.completed_at end < '1970-01-02 00:00+00'
            or case when e.completed_at is null then e.started_at else e.completed_at end >= '2200-12-31 00:00+00'
        )
),

activity as (
    select
        'question' as kind, true as is_count, q.state, count(*) as number, null::uuid as item_id,
        max(q.created_at) as occurred_at, null::text as title, null::text as detail, null::uuid as correlation_id
    from questions as q
    group by q.state
    union all
    select 'execution', true, x.status, count(*), null, max(x.counted_at), null, null, null
    from executions as x
    group by x.status
    union all
    (
        select 'event', true, e.event_type, count(*), null, max(e.occurred_at), null, null, null
        from analytics.stg_engine__events as e
        where
            e.emitted_by = %(agent)s::text
            and (%(start)s::timestamptz is null or e.occurred_at >= %(start)s)
            and (%(end)s::timestamptz is null or e.occurred_at < %(end)s)
            and not coalesce(%(untimed)s::boolean, false)
        group by e.event_type
        order by count(*) desc, e.event_type
        limit %(most_types)s::bigint
    )
    union all
    (
        select 'question', false, q.state, null, q.approval_id, q.created_at, left(q.title, 300), left(q.reason, 300),
            q.correlation_id
        from questions as q
        order by q.created_at desc nulls last, q.approval_id
        limit %(most)s::bigint
    )
    union all
    (
        select 'execution', false, x.status, null, x.execution_id, x.counted_at, x.sop_id,
            left(coalesce(x.error_message, case when x.status <> 'completed' then 'at ' || x.current_step end), 300), x.correlation_id
        from executions as x
        order by x.counted_at desc nulls last, x.execution_id
        limit %(most)s::bigint
    )
    union all
    (
        select 'event', false, e.event_type, null, e.event_id, e.occurred_at, e.aggregate_type || ' ' || e.aggregate_id,
            left(nullif(e.payload, '{}')::text, 300), e.correlation_id
        from analytics.stg_engine__events as e
        where
            e.emitted_by = %(agent)s::text
            and (%(start)s::timestamptz is null or e.occurred_at >= %(start)s)
            and (%(end)s::timestamptz is null or e.occurred_at < %(end)s)
            and not coalesce(%(untimed)s::boolean, false)
        order by e.occurred_at desc, e.event_id
        limit %(most)s::bigint
    )
    union all
    (
        select 'job', false, j.status, null, j.job_id, j.counted_at,
-- uses: jobs.title,
            left(j.error_message, 500), null
        from analytics.stg_agents__jobs as j
        where
            j.agent = %(agent)s::text
            and (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
            and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null
                or j.counted_at < '1970-01-02 00:00+00' or j.counted_at >= '2200-12-31 00:00+00')
        order by j.stored_status = 'failed' desc, j.counted_at desc nulls last, j.job_id
        limit %(most)s::bigint
    )
)

select * from activity
order by
    kind, is_count desc, number desc nulls last, kind = 'job' and state = 'failed' desc, occurred_at desc nulls last;
