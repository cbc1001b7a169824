-- name: summarise
-- One row: jobs of a period and of the one before it by what became of them, how long the completed ones ran
-- (milliseconds), and how many are open now. A job counts when it ended; while it is open, when it was created.
with counted as (
    select
        j.status,
        extract(epoch from j.completed_at - j.started_at) * 1000 as run_ms,
        extract(epoch from j.started_at - j.created_at) * 1000 as wait_ms,
        (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
        and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null) as is_current
    from analytics.stg_agents__jobs as j
    where
        (
            (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
            and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null)
            or j.counted_at >= %(previous_start)s::timestamptz
            and j.counted_at < %(previous_end)s::timestamptz
        )
        and (%(agent)s::text is null or j.agent = %(agent)s)
        and (
            %(search)s::text is null
            or strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
        )
),

in_period as (
    select
        count(*) filter (where is_current) as jobs,
        count(*) filter (where is_current and status = 'pending') as pending,
        count(*) filter (where is_current and status = 'running') as running,
        count(*) filter (where is_current and status = 'completed') as completed,
        count(*) filter (where is_current and status = 'failed') as failed,
        count(*) filter (where is_current and status = 'cancelled') as cancelled,
        count(run_ms) filter (where is_current and status = 'completed') as timed,
        percentile_cont(array[0.5, 0.95]) within group (order by run_ms)
        filter (where is_current and status = 'completed') as run_ms,
        percentile_cont(0.5) within group (order by wait_ms) filter (where is_current) as wait_ms,
        count(*) filter (where not is_current) as previous_jobs,
        count(*) filter (where not is_current and status = 'completed') as previous_completed,
        count(*) filter (where not is_current and status = 'failed') as previous_failed,
        count(run_ms) filter (where not is_current and status = 'completed') as previous_timed,
        percentile_cont(0.95) within group (order by run_ms)
        filter (where not is_current and status = 'completed') as previous_p95_ms
    from counted
),

open as (
    select
        count(*) filter (where j.status = 'pending') as pending_now,
        count(*) filter (where j.status = 'running') as running_now,
        count(*) filter (
            where j.status = 'running' and j.started_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(long_s)s::float8, 3600))
        ) as long_running_now,
        count(*) filter (where j.status = 'running' and j.started_at is null) as running_untimed_now,
        min(j.created_at) filter (where j.status = 'pending') as oldest_pending_at
    from analytics.stg_agents__jobs as j
    where
        j.stored_status in ('pending', 'running')
        and (%(agent)s::text is null or j.agent = %(agent)s)
        and (
            %(search)s::text is null
            or strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
        )
)

select
    p.jobs,
    p.pending,
    p.running,
    p.completed,
    p.failed,
    p.cancelled,
    p.timed,
    p.run_ms[1]::float8 as p50_ms,
    p.run_ms[2]::float8 as p95_ms,
    p.wait_ms::float8 as wait_p50_ms,
    p.previous_jobs,
    p.previous_completed,
    p.previous_failed,
    p.previous_timed,
    p.previous_p95_ms::float8 as previous_p95_ms,
    o.pending_now,
    o.running_now,
    o.long_running_now,
    o.running_untimed_now,
    o.oldest_pending_at
from in_period as p
cross join open as o;

-- name: list_buckets
-- Jobs per hour, day, week or month of the viewer's zone, by what became of them; they count as in summarise.
select
    date_trunc(%(unit)s::text, j.counted_at, %(zone)s::text) as bucket,
    count(*) as jobs,
    count(*) filter (where j.status = 'completed') as completed,
    count(*) filter (where j.status = 'failed') as failed,
    count(*) filter (where j.status = 'cancelled') as cancelled,
    count(*) filter (where j.status = 'running') as running,
    count(*) filter (where j.status = 'pending') as pending
from analytics.stg_agents__jobs as j
where
    j.counted_at is not null
    and (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
    and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
    and not coalesce(%(untimed)s::boolean, false)
    and (%(agent)s::text is null or j.agent = %(agent)s)
    and (
        %(search)s::text is null
        or strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
    )
group by bucket
order by bucket;

-- name: list_jobs
-- Jobs one by one: what hurts first (running for longer than long_s seconds, failed, waiting, running), or the newest.
select
    j.job_id,
    j.agent,
    j.status,
    left(coalesce(j.job_data ->> 'title', j.job_data ->> 'description', j.job_data ->> 'prompt'), 300) as title,
    left(j.error_message, 1000) as error_message,
    j.created_at,
    j.started_at,
    j.completed_at,
    (extract(epoch from case
        when j.status = 'running' then coalesce(%(now)s::timestamptz, now()) else j.completed_at
    end - j.started_at) * 1000)::float8 as run_ms,
    j.status = 'running' and j.started_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(long_s)s::float8, 3600))
        as is_long_running
from analytics.stg_agents__jobs as j
where
    (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
    and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null)
    and (%(agent)s::text is null or j.agent = %(agent)s)
    and (%(status)s::text is null or j.stored_status = %(status)s::agents.job_status)
    and (
        not coalesce(%(long_running)s::boolean, false)
        or j.stored_status = 'running'
        and j.started_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(long_s)s::float8, 3600))
    )
    and (
        %(error_group)s::text is null
        or j.stored_status = 'failed' and analytics.error_group(left(j.error_message, 500)) = %(error_group)s
    )
    and (
        %(search)s::text is null
        or strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
    )
order by
    case
        when coalesce(%(newest)s::boolean, false) then 0
        when j.status = 'running' and j.started_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(long_s)s::float8, 3600))
            then 1
        when j.status = 'failed' then 2
        when j.status = 'pending' then 3
        when j.status = 'running' then 4
        else 5
    end,
    case
        when not coalesce(%(newest)s::boolean, false) and j.status in ('pending', 'running')
            then coalesce(j.started_at, j.created_at)
    end nulls last,
    j.counted_at desc nulls last
limit %(limit)s::bigint offset %(offset)s::bigint;

-- name: list_failures
-- Kinds of failures of the jobs of a period, the most frequent first, each with its newest case.
with groups as (
    select
        j.agent,
        analytics.error_group(left(j.error_message, 500)) as error_group,
        count(*) as cases,
        max(j.counted_at) as last_at,
        (array_agg(j.job_id order by j.counted_at desc nulls last))[1] as newest_id,
        count(*) over () as groups
    from analytics.stg_agents__jobs as j
    where
        j.stored_status = 'failed'
        and (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
        and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null)
        and (%(agent)s::text is null or j.agent = %(agent)s)
        and (
            %(search)s::text is null
            or strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
        )
    group by j.agent, error_group
    order by cases desc, last_at desc nulls last, j.agent
    limit %(limit)s::bigint
)

select g.agent, g.error_group, g.cases, g.last_at, g.groups, g.newest_id, left(newest.error_message, 4000) as example
from groups as g
left join analytics.stg_agents__jobs as newest on newest.job_id = g.newest_id
order by g.cases desc, g.last_at desc nulls last, g.agent;

-- name: list_filter_values
-- Agents and states of the jobs of a period, each with how many.
select
    case when grouping(j.agent) = 0 then 'agent' else 'status' end as filter,
    case when grouping(j.agent) = 0 then j.agent else j.status end as value,
    count(*) as jobs
from analytics.stg_agents__jobs as j
where
    (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
    and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null)
group by grouping sets ((j.agent), (j.status))
order by filter, jobs desc, value;

-- name: find_job
-- One job with everything that is known about it.
select
    j.job_id,
    j.owner_id,
    j.agent,
    j.status,
    j.job_data,
    j.result,
    j.error_message,
    j.created_at,
    j.updated_at,
    j.started_at,
    j.completed_at
from analytics.stg_agents__jobs as j
where j.job_id = %(job_id)s::uuid;

-- name: list_acts
-- What people did to one job through the console and what the engine's stream says about it, the newest first.
select
    a.occurred_at,
    coalesce(a.actor_email, 'somebody') as actor,
    a.action as happening,
    a.detail
from signalbox.audit_log as a
where a.target = 'job:' || %(job_id)s::uuid::text
union all
select e.occurred_at, e.emitted_by, e.event_type, e.payload
from analytics.stg_engine__events as e
where e.aggregate_type = 'Job' and e.aggregate_id = %(job_id)s::uuid::text
order by occurred_at desc
limit %(limit)s::bigint;

-- name: find_state
-- How a job stands now and who last did something to it through the console.
select
    j.status,
    j.updated_at,
    act.actor_email,
    act.action,
    act.occurred_at
from analytics.stg_agents__jobs as j
left join lateral (
    select a.actor_email, a.action, a.occurred_at
    from signalbox.audit_log as a
    where a.target = 'job:' || j.job_id::text
    order by a.occurred_at desc, a.id desc
    limit 1
) as act on true
where j.job_id = %(job_id)s::uuid;
