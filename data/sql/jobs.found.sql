-- name: summarise
-- What jobs.summarise gives of all jobs, of those that a search finds, read from the table: jobs of a period and of the
-- one before it by what became of them, how long the completed ones ran
-- (milliseconds), and how many are open now.
with counted as (
    select
        j.status,
        case when j.completed_at >= j.started_at and j.started_at >= '1970-01-02 00:00+00' and j.completed_at < '2200-12-31 00:00+00'
            then extract(epoch from j.completed_at - j.started_at) * 1000 end as run_ms,
        case when j.started_at >= j.created_at and j.created_at >= '1970-01-02 00:00+00' and j.started_at < '2200-12-31 00:00+00'
            then extract(epoch from j.started_at - j.created_at) * 1000 end as wait_ms,
        (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
        and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null
            or j.counted_at < '1970-01-02 00:00+00' or j.counted_at >= '2200-12-31 00:00+00') as is_current
    from analytics.stg_agents__jobs as j
    where
        (
            (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
            and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null
                or j.counted_at < '1970-01-02 00:00+00' or j.counted_at >= '2200-12-31 00:00+00')
            or j.counted_at >= %(previous_start)s::timestamptz
            and j.counted_at < %(previous_end)s::timestamptz
        )
        and (%(agent)s::text is null or j.agent = %(agent)s)
        and (
            strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
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
            where j.status = 'running' and j.started_at >= '1970-01-02 00:00+00'
            and j.started_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(long_s)s::float8, 3600))
        ) as long_running_now,
        count(*) filter (
            where j.status = 'running'
            and (j.started_at is null or j.started_at < '1970-01-02 00:00+00' or j.started_at >= '2200-12-31 00:00+00')
        ) as running_untimed_now,
        min(j.created_at) filter (
            where j.status = 'pending' and j.created_at >= '1970-01-02 00:00+00' and j.created_at < '2200-12-31 00:00+00'
        ) as oldest_pending_at
    from analytics.stg_agents__jobs as j
    where
        j.stored_status in ('pending', 'running')
        and (%(agent)s::text is null or j.agent = %(agent)s)
        and (
            strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
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
-- The jobs that a search finds, per hour, day, week or month of the viewer's zone, by what became of them; they count as in summarise.
select
    date_trunc(%(unit)s::text, j.counted_at, %(zone)s::text) as bucket,
    count(*) as jobs,
    count(*) filter (where j.status = 'completed') as completed,
    count(*) filter (where j.status = 'failed') as failed,
    count(*) filter (where j.status = 'cancelled') as cancelled,
    count(*) filter (where j.status = 'running') as running,
    count(*) filter (where j.status = 'pending') as pending,
    count(*) filter (where j.status is null or j.status not in ('pending', 'running', 'completed', 'failed', 'cancelled')) as stateless
from analytics.stg_agents__jobs as j
where
    j.counted_at >= '1970-01-02 00:00+00' and j.counted_at < '2200-12-31 00:00+00'
    and (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
    and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
    and not coalesce(%(untimed)s::boolean, false)
    and (%(agent)s::text is null or j.agent = %(agent)s)
    and (
        strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
    )
group by bucket
order by bucket;

-- name: count_facets
-- What jobs.count_facets gives of all jobs, of those that a search, a kind of failure or how long they run finds, read from
-- the table.
with found as materialized (
    select j.agent, j.status
    from analytics.stg_agents__jobs as j
    where
        (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
        and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null
            or j.counted_at < '1970-01-02 00:00+00' or j.counted_at >= '2200-12-31 00:00+00')
        and (
            not coalesce(%(long_running)s::boolean, false)
            or j.stored_status = 'running'
            and j.started_at >= '1970-01-02 00:00+00'
            and j.started_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(long_s)s::float8, 3600))
        )
        and (
            not coalesce(%(startless)s::boolean, false)
            or j.stored_status = 'running'
            and (j.started_at is null or j.started_at < '1970-01-02 00:00+00' or j.started_at >= '2200-12-31 00:00+00')
        )
        and (
            %(error_group)s::text is null
            or j.stored_status = 'failed' and analytics.error_group(left(j.error_message, 500)) = %(error_group)s
        )
        and (
            %(search)s::text is null
            or strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
        )
)

select 'agent' as filter, agent as value, count(*) as jobs
from found
where
    %(status)s::text is null or status = %(status)s
    or %(status)s = 'ended' and status in ('completed', 'failed')
    or %(status)s = 'stateless' and (status is null or status not in ('pending', 'running', 'completed', 'failed', 'cancelled'))
group by agent
union all
select 'status', status, count(*)
from found
where %(agent)s::text is null or agent = %(agent)s
group by status
order by filter, jobs desc, value;
