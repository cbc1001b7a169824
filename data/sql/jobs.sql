-- name: summarise
-- One row: jobs of a period and of the one before it by what became of them, how long the completed ones ran
-- (milliseconds; percentiles are at most 1 per cent off), and how many are open now. A job counts when it ended; while
-- it is open, when it was created.
with job_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows(
        'jobs', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false), with_changes => true
    ) as w
    union all
    select false, w.*
    from analytics.rollup_windows('jobs', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.job_parts,
counted as (
    select
        coalesce(sum(jobs) filter (where is_current), 0)::bigint as jobs,
        coalesce(sum(jobs) filter (where is_current and status = 'pending'), 0)::bigint as pending,
        coalesce(sum(jobs) filter (where is_current and status = 'running'), 0)::bigint as running,
        coalesce(sum(jobs) filter (where is_current and status = 'completed'), 0)::bigint as completed,
        coalesce(sum(jobs) filter (where is_current and status = 'failed'), 0)::bigint as failed,
        coalesce(sum(jobs) filter (where is_current and status = 'cancelled'), 0)::bigint as cancelled,
        coalesce(sum(timed) filter (where is_current), 0)::bigint as timed,
        min(least_run_us) filter (where is_current and sign > 0) as least_run_us,
        max(most_run_us) filter (where is_current and sign > 0) as most_run_us,
        min(least_wait_us) filter (where is_current and sign > 0) as least_wait_us,
        max(most_wait_us) filter (where is_current and sign > 0) as most_wait_us,
        coalesce(sum(jobs) filter (where not is_current), 0)::bigint as previous_jobs,
        coalesce(sum(jobs) filter (where not is_current and status = 'completed'), 0)::bigint as previous_completed,
        coalesce(sum(jobs) filter (where not is_current and status = 'failed'), 0)::bigint as previous_failed,
        coalesce(sum(timed) filter (where not is_current), 0)::bigint as previous_timed,
        min(least_run_us) filter (where not is_current and sign > 0) as previous_least_run_us,
        max(most_run_us) filter (where not is_current and sign > 0) as previous_most_run_us
    from job_parts
),
classes as (
    select is_current, is_run, key, sum(counted)::bigint as counted
    from (
        select is_current, true as is_run, unnest(run_keys) as key, sign * unnest(run_counts) as counted from job_parts
        union all
        select is_current, false, unnest(wait_keys), sign * unnest(wait_counts) from job_parts where is_current
    ) as e
    where key is not null
    group by is_current, is_run, key
    having sum(counted) <> 0
),
histograms as (
    select
        array_agg(key order by key) filter (where is_current and is_run) as run_keys,
        array_agg(counted order by key) filter (where is_current and is_run) as run_counts,
        array_agg(key order by key) filter (where not is_run) as wait_keys,
        array_agg(counted order by key) filter (where not is_run) as wait_counts,
        array_agg(key order by key) filter (where not is_current and is_run) as previous_run_keys,
        array_agg(counted order by key) filter (where not is_current and is_run) as previous_run_counts
    from classes
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
)

select
    c.jobs,
    c.pending,
    c.running,
    c.completed,
    c.failed,
    c.cancelled,
    c.timed,
    analytics.histogram_percentile(h.run_keys, h.run_counts, 0.5, c.least_run_us, c.most_run_us) / 1000 as p50_ms,
    analytics.histogram_percentile(h.run_keys, h.run_counts, 0.95, c.least_run_us, c.most_run_us) / 1000 as p95_ms,
    analytics.histogram_percentile(h.wait_keys, h.wait_counts, 0.5, c.least_wait_us, c.most_wait_us) / 1000
        as wait_p50_ms,
    c.previous_jobs,
    c.previous_completed,
    c.previous_failed,
    c.previous_timed,
    analytics.histogram_percentile(
        h.previous_run_keys, h.previous_run_counts, 0.95, c.previous_least_run_us, c.previous_most_run_us
    ) / 1000 as previous_p95_ms,
    o.pending_now,
    o.running_now,
    o.long_running_now,
    o.running_untimed_now,
    o.oldest_pending_at
from counted as c
cross join histograms as h
cross join open as o;

-- name: list_buckets
-- Jobs per hour, day, week or month of the viewer's zone, by what became of them; they count as in summarise.
-- `coarsest` is the widest stored row that fits into a bucket.
with job_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('jobs', %(start)s, %(end)s, false, %(coarsest)s, with_changes => true) as w
    where not coalesce(%(untimed)s::boolean, false)
),
-- uses: rollups.job_parts

select
    date_trunc(%(unit)s::text, occurred_at, %(zone)s::text) as bucket,
    sum(jobs)::bigint as jobs,
    coalesce(sum(jobs) filter (where status = 'completed'), 0)::bigint as completed,
    coalesce(sum(jobs) filter (where status = 'failed'), 0)::bigint as failed,
    coalesce(sum(jobs) filter (where status = 'cancelled'), 0)::bigint as cancelled,
    coalesce(sum(jobs) filter (where status = 'running'), 0)::bigint as running,
    coalesce(sum(jobs) filter (where status = 'pending'), 0)::bigint as pending,
    coalesce(sum(jobs) filter (where status is null or status not in ('pending', 'running', 'completed', 'failed', 'cancelled')), 0)::bigint
        as stateless
from job_parts
where occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'
group by bucket
having sum(jobs) <> 0
order by bucket;

-- part: title
-- What a job `j` says of itself, at most 300 characters; a subagent's is what its call said in short.
left(
    coalesce(
        j.job_data ->> 'title', j.job_data ->> 'description', j.job_data ->> 'prompt',
        j.job_data #>> '{input,description}'
    ),
    300
)

-- name: list_jobs
-- Jobs one by one: what hurts first (running for longer than long_s seconds, failed, waiting, running), or the newest.
-- The status "ended" stands for what ran to an end: completed or failed, "stateless" for none that reports know.
select
    j.job_id,
    j.agent,
    j.status,
-- uses: jobs.title
    as title,
    left(j.error_message, 1000) as error_message,
    j.created_at,
    j.started_at,
    j.completed_at,
    case when k.until_at >= j.started_at and j.started_at >= '1970-01-02 00:00+00' and k.until_at < '2200-12-31 00:00+00'
        then (extract(epoch from k.until_at - j.started_at) * 1000)::float8 end as run_ms,
    j.status = 'running' and j.started_at >= '1970-01-02 00:00+00'
            and j.started_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(long_s)s::float8, 3600))
        as is_long_running
from analytics.stg_agents__jobs as j
cross join lateral (
    -- The clock of a worker may be ahead.
    select case when j.status = 'running' then greatest(coalesce(%(now)s::timestamptz, now()), j.started_at)
        else j.completed_at end as until_at
) as k
where
    (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
    and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null
        or j.counted_at < '1970-01-02 00:00+00' or j.counted_at >= '2200-12-31 00:00+00')
    and (%(agent)s::text is null or j.agent = %(agent)s)
    and (
        %(status)s::text is null
        or j.stored_status = any(
            case %(status)s
                when 'ended' then array['completed', 'failed']
                when 'stateless' then '{}' else array[%(status)s::text]
            end::agents.job_status[]
        )
        or %(status)s = 'stateless' and (j.status is null or j.status not in ('pending', 'running', 'completed', 'failed', 'cancelled'))
    )
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
order by
    case
        when coalesce(%(newest)s::boolean, false) then 0
        when j.status = 'running' and j.started_at >= '1970-01-02 00:00+00'
            and j.started_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(long_s)s::float8, 3600))
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
    j.counted_at desc nulls last,
    j.job_id
limit %(limit)s::bigint offset %(offset)s::bigint;

-- name: list_failures
-- Kinds of failures of the jobs of a period, the most frequent first, each with its newest case.
with groups as (
    select
        j.agent,
        analytics.error_group(left(j.error_message, 500)) as error_group,
        count(*) as cases,
        max(j.counted_at) filter (where j.counted_at >= '1970-01-02 00:00+00' and j.counted_at < '2200-12-31 00:00+00') as last_at,
        (array_agg(j.job_id order by j.counted_at desc nulls last))[1] as newest_id,
        count(*) over () as groups
    from analytics.stg_agents__jobs as j
    where
        j.stored_status = 'failed'
        and (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
        and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or j.counted_at is null
            or j.counted_at < '1970-01-02 00:00+00' or j.counted_at >= '2200-12-31 00:00+00')
        and (%(agent)s::text is null or j.agent = %(agent)s)
        and (
            %(search)s::text is null
            or strpos(lower(concat_ws(' ', j.job_id, j.agent, j.error_message, j.job_data)), lower(%(search)s)) > 0
        )
        and (
            %(error_group)s::text is null
            or analytics.error_group(left(j.error_message, 500)) = %(error_group)s
        )
    group by j.agent, error_group
    order by cases desc, last_at desc nulls last, j.agent, error_group
    limit %(limit)s::bigint
)

select g.agent, g.error_group, g.cases, g.last_at, g.groups, g.newest_id, left(newest.error_message, 4000) as example
from groups as g
left join analytics.stg_agents__jobs as newest on newest.job_id = g.newest_id
order by g.cases desc, g.last_at desc nulls last, g.agent, g.error_group;

-- name: count_facets
-- How many jobs of the period each agent and each state has, with the filter on the other applied. The states of one agent
-- are asked for by `of_agent`, so that the agents are all counted.
with job_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows(
        'jobs', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false), with_changes => true
    ) as w
),
-- uses: rollups.job_parts,
summed as (
    select agent, status, sum(jobs)::bigint as jobs from job_parts group by agent, status
)

select 'agent' as filter, agent as value, sum(jobs)::bigint as jobs
from summed
where
    %(status)s::text is null or status = %(status)s
    or %(status)s = 'ended' and status in ('completed', 'failed')
    or %(status)s = 'stateless' and (status is null or status not in ('pending', 'running', 'completed', 'failed', 'cancelled'))
group by agent
having sum(jobs) <> 0
union all
select 'status', status, sum(jobs)::bigint
from summed
where %(of_agent)s::text is null or agent = %(of_agent)s
group by status
having sum(jobs) <> 0
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
select h.occurred_at, h.actor, h.happening, h.detail
from (
    select
        a.occurred_at, coalesce(a.actor_email, 'somebody') as actor, a.action as happening, a.detail, a.id::text as id
    from signalbox.audit_log as a
    where a.target = 'job:' || %(job_id)s::uuid::text
    union all
    select e.occurred_at, e.emitted_by, e.event_type, e.payload, e.event_id::text
    from analytics.stg_engine__events as e
    where e.aggregate_type = 'Job' and e.aggregate_id = %(job_id)s::uuid::text
) as h
order by h.occurred_at desc, h.id
limit %(limit)s::bigint;

-- name: find_state
-- How a job stands now, whether whoever asks may change it, and who last did something to it through the console.
with changeable as (
    select from analytics.stg_agents__jobs where job_id = %(job_id)s::uuid for update
)

select
    j.status,
    exists (select from changeable) as is_changeable,
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
