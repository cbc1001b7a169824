-- name: list_agents
-- What each agent did in a period and in the one before it. Everything is a sum: rates are taken over the sums, so that
-- a window with many actions counts for more than one with few. `rated_actions` are those of windows that say how many
-- of them ran without a person; `countless_windows` say how much did, but not out of how many actions, so they weigh
-- nothing.
with windows as (
    select
        m.agent,
        m.source,
        m.owner_id,
        m.window_start,
        m.window_end,
        m.window_start >= '1970-01-02 00:00+00' and m.window_start < '2200-12-31 00:00+00'
        and m.window_end >= '1970-01-02 00:00+00' and m.window_end < '2200-12-31 00:00+00' as is_timed,
        m.actions_total,
        m.human_escalations,
        m.automation_rate,
        m.stored_automation_rate,
        m.avg_confidence,
        m.confidence_count,
        m.cost_usd,
        m.metadata,
        m.actions_automated,
        case when m.actions_total is not null then coalesce(m.actions_automated, m.automation_rate * m.actions_total) end
            as automated,
        (%(start)s::timestamptz is null or m.window_end >= %(start)s)
        and (%(end)s::timestamptz is null or m.window_end < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or (m.window_end >= '1970-01-02 00:00+00' and m.window_end < '2200-12-31 00:00+00') is not true) as is_current
    from analytics.stg_engine__agent_metrics as m
    where
        (
            (%(start)s::timestamptz is null or m.window_end >= %(start)s)
            and (%(end)s::timestamptz is null or m.window_end < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or (m.window_end >= '1970-01-02 00:00+00' and m.window_end < '2200-12-31 00:00+00') is not true)
            or m.window_end >= %(previous_start)s::timestamptz and m.window_end < %(previous_end)s::timestamptz
        )
        and (%(agent)s::text is null or m.agent = %(agent)s)
        and (%(source)s::text is null or m.source = %(source)s)
),

-- Windows of one agent, source and owner that add up to more time than they span overlap somewhere.
by_owner as (
    select
        agent,
        source,
        count(*) filter (where is_current) as windows,
        count(actions_total) filter (where is_current) as counted_windows,
        sum(actions_total) filter (where is_current) as actions,
        sum(actions_total) filter (where is_current and automated is not null) as rated_actions,
        sum(automated) filter (where is_current) as automated,
        sum(human_escalations) filter (where is_current) as escalations,
        sum(human_escalations) filter (where is_current and actions_total is not null) as counted_escalations,
        sum(confidence_count) filter (where is_current and avg_confidence is not null) as decisions,
        sum(avg_confidence * confidence_count) filter (where is_current) as confidence_sum,
        sum(cost_usd) filter (where is_current) as cost_usd,
        count(*) filter (
            where is_current and automated is null and coalesce(automation_rate, actions_automated) is not null
        ) as countless_windows,
        count(*) filter (where is_current and avg_confidence is not null and confidence_count is null)
            as confidence_countless,
        count(cost_usd) filter (where is_current) as priced_windows,
        count(cost_usd) filter (where is_current and metadata ->> 'cost_basis' like '%%estimate') as estimated_windows,
        count(cost_usd) filter (where is_current and metadata ->> 'cost_basis' = 'partial estimate')
            as partly_estimated_windows,
        count(*) filter (where is_current and is_timed) as timed,
        count(*) filter (where is_current and is_timed and window_start < %(start)s::timestamptz) as began_before,
        count(*) filter (where is_current and human_escalations is null) as silent_windows,
        count(*) filter (where is_current and abs(stored_automation_rate - actions_automated / nullif(actions_total, 0.0)) > 0.005)
            as contradicted_windows,
        date_part(
            'epoch',
            max(window_end) filter (where is_current and is_timed) - min(window_start) filter (where is_current and is_timed)
        ) as spanned_s,
        sum(date_part('epoch', window_end - window_start)) filter (where is_current and is_timed) as summed_s,
        count(*) filter (where not is_current) as previous_windows,
        count(actions_total) filter (where not is_current) as previous_counted_windows,
        sum(actions_total) filter (where not is_current) as previous_actions,
        sum(actions_total) filter (where not is_current and automated is not null) as previous_rated_actions,
        sum(automated) filter (where not is_current) as previous_automated,
        sum(human_escalations) filter (where not is_current) as previous_escalations,
        sum(human_escalations) filter (where not is_current and actions_total is not null) as previous_counted_escalations,
        sum(confidence_count) filter (where not is_current and avg_confidence is not null) as previous_decisions,
        sum(avg_confidence * confidence_count) filter (where not is_current) as previous_confidence_sum,
        sum(cost_usd) filter (where not is_current) as previous_cost_usd,
        count(cost_usd) filter (where not is_current) as previous_priced_windows
    from windows
    group by agent, source, owner_id
),

metrics as (
    select
        agent,
        string_agg(distinct source, ', ') as sources,
        sum(windows)::bigint as windows,
        sum(counted_windows)::bigint as counted_windows,
        sum(actions)::bigint as actions,
        sum(rated_actions)::bigint as rated_actions,
        sum(automated)::float8 as automated,
        sum(escalations)::bigint as escalations,
        sum(counted_escalations)::bigint as counted_escalations,
        sum(decisions)::bigint as decisions,
        sum(confidence_sum)::float8 as confidence_sum,
        sum(cost_usd)::float8 as cost_usd,
        sum(countless_windows)::bigint as countless_windows,
        sum(confidence_countless)::bigint as confidence_countless,
        sum(priced_windows)::bigint as priced_windows,
        sum(estimated_windows)::bigint as estimated_windows,
        sum(partly_estimated_windows)::bigint as partly_estimated_windows,
        sum(began_before)::bigint as began_before,
        sum(silent_windows)::bigint as silent_windows,
        sum(contradicted_windows)::bigint as contradicted_windows,
        coalesce(sum(timed) filter (where summed_s > spanned_s + 1), 0)::bigint as overlapping,
        sum(previous_windows)::bigint as previous_windows,
        sum(previous_counted_windows)::bigint as previous_counted_windows,
        sum(previous_actions)::bigint as previous_actions,
        sum(previous_rated_actions)::bigint as previous_rated_actions,
        sum(previous_automated)::float8 as previous_automated,
        sum(previous_escalations)::bigint as previous_escalations,
        sum(previous_counted_escalations)::bigint as previous_counted_escalations,
        sum(previous_decisions)::bigint as previous_decisions,
        sum(previous_confidence_sum)::float8 as previous_confidence_sum,
        sum(previous_cost_usd)::float8 as previous_cost_usd,
        sum(previous_priced_windows)::bigint as previous_priced_windows
    from by_owner
    group by agent
),

counted_jobs as (
    select
        j.agent,
        j.stored_status as status,
        (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
        and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or (j.counted_at >= '1970-01-02 00:00+00' and j.counted_at < '2200-12-31 00:00+00') is not true) as is_current
    from analytics.stg_agents__jobs as j
    where
        (
            (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
            and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or (j.counted_at >= '1970-01-02 00:00+00' and j.counted_at < '2200-12-31 00:00+00') is not true)
            or j.counted_at >= %(previous_start)s::timestamptz
            and j.counted_at < %(previous_end)s::timestamptz
        )
        and (%(agent)s::text is null or j.agent = %(agent)s)
),

jobs as (
    select
        agent,
        count(*) filter (where is_current) as jobs,
        count(*) filter (where is_current and status = 'completed') as jobs_completed,
        count(*) filter (where is_current and status = 'failed') as jobs_failed,
        count(*) filter (where is_current and status is null) as jobs_stateless,
        count(*) filter (where not is_current and status = 'completed') as previous_jobs_completed,
        count(*) filter (where not is_current and status = 'failed') as previous_jobs_failed
    from counted_jobs
    group by agent
),

names as (
    select agent from metrics
    union
    select agent from jobs where %(source)s::text is null
)

select
    n.agent,
    m.sources,
    coalesce(
        (
            select jsonb_object_agg(o.source, o.windows)
            from (select b.source, sum(b.windows) as windows from by_owner as b where b.agent = n.agent group by b.source) as o
            where o.source is not null and o.windows > 0
        ),
        '{}'
    ) as windows_by_source,
    coalesce(m.windows, 0) as windows,
    coalesce(m.counted_windows, 0) as counted_windows,
    m.actions,
    coalesce(m.rated_actions, 0) as rated_actions,
    coalesce(m.automated, 0) as automated,
    coalesce(m.countless_windows, 0) as countless_windows,
    m.automated / nullif(m.rated_actions, 0) as automation_rate,
    m.escalations,
    coalesce(m.counted_escalations, 0) as counted_escalations,
    coalesce(m.decisions, 0) as decisions,
    coalesce(m.confidence_sum, 0) as confidence_sum,
    m.confidence_sum / nullif(m.decisions, 0) as confidence,
    coalesce(m.confidence_countless, 0) as confidence_countless,
    m.cost_usd,
    coalesce(m.priced_windows, 0) as priced_windows,
    coalesce(m.estimated_windows, 0) as estimated_windows,
    coalesce(m.partly_estimated_windows, 0) as partly_estimated_windows,
    coalesce(m.began_before, 0) as began_before,
    coalesce(m.silent_windows, 0) as silent_windows,
    coalesce(m.contradicted_windows, 0) as contradicted_windows,
    coalesce(m.overlapping, 0) as overlapping,
    coalesce(j.jobs, 0) as jobs,
    coalesce(j.jobs_completed, 0) as jobs_completed,
    coalesce(j.jobs_failed, 0) as jobs_failed,
    coalesce(j.jobs_stateless, 0) as jobs_stateless,
    coalesce(m.previous_windows, 0) as previous_windows,
    coalesce(m.previous_counted_windows, 0) as previous_counted_windows,
    m.previous_actions,
    coalesce(m.previous_rated_actions, 0) as previous_rated_actions,
    coalesce(m.previous_automated, 0) as previous_automated,
    coalesce(m.previous_escalations, 0) as previous_escalations,
    coalesce(m.previous_counted_escalations, 0) as previous_counted_escalations,
    coalesce(m.previous_decisions, 0) as previous_decisions,
    coalesce(m.previous_confidence_sum, 0) as previous_confidence_sum,
    m.previous_cost_usd,
    coalesce(m.previous_priced_windows, 0) as previous_priced_windows,
    coalesce(j.previous_jobs_completed, 0) as previous_jobs_completed,
    coalesce(j.previous_jobs_failed, 0) as previous_jobs_failed
from names as n
left join metrics as m on m.agent = n.agent
left join jobs as j on j.agent = n.agent
order by escalations desc nulls last, jobs_failed desc, actions desc nulls last, n.agent;

-- name: list_sources
-- Where the windows of a period come from, each source with how many.
select m.source as value, count(*) as windows
from analytics.stg_engine__agent_metrics as m
where
    (%(start)s::timestamptz is null or m.window_end >= %(start)s)
    and (%(end)s::timestamptz is null or m.window_end < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or (m.window_end >= '1970-01-02 00:00+00' and m.window_end < '2200-12-31 00:00+00') is not true)
    and (%(agent)s::text is null or m.agent = %(agent)s)
group by m.source
order by windows desc, m.source;

-- name: list_buckets
-- What agents did per hour, day, week or month of the viewer's zone; a window counts where it ended, a job likewise.
with metrics as (
    select
        date_trunc(%(unit)s::text, m.window_end, %(zone)s::text) as bucket,
        count(*) as windows,
        sum(m.actions_total)::bigint as actions,
        sum(m.actions_total) filter (where coalesce(m.actions_automated, m.automation_rate) is not null)::bigint
            as rated_actions,
        sum(coalesce(m.actions_automated, m.automation_rate * m.actions_total))
            filter (where m.actions_total is not null)::float8 as automated,
        sum(m.human_escalations)::bigint as escalations,
        sum(m.confidence_count) filter (where m.avg_confidence is not null)::bigint as decisions,
        sum(m.avg_confidence * m.confidence_count)::float8 as confidence_sum,
        sum(m.cost_usd)::float8 as cost_usd
    from analytics.stg_engine__agent_metrics as m
    where
        m.window_end >= '1970-01-02 00:00+00' and m.window_end < '2200-12-31 00:00+00'
        and (%(start)s::timestamptz is null or m.window_end >= %(start)s)
        and (%(end)s::timestamptz is null or m.window_end < %(end)s)
        and not coalesce(%(untimed)s::boolean, false)
        and (%(agent)s::text is null or m.agent = %(agent)s)
        and (%(source)s::text is null or m.source = %(source)s)
    group by bucket
),

jobs as (
    select
        date_trunc(%(unit)s::text, j.counted_at, %(zone)s::text) as bucket,
        count(*) filter (where j.stored_status = 'completed') as completed,
        count(*) filter (where j.stored_status = 'failed') as failed
    from analytics.stg_agents__jobs as j
    where
        j.counted_at >= '1970-01-02 00:00+00' and j.counted_at < '2200-12-31 00:00+00'
        and (%(start)s::timestamptz is null or j.counted_at >= %(start)s)
        and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
        and not coalesce(%(untimed)s::boolean, false)
        and (%(agent)s::text is null or j.agent = %(agent)s)
        and %(source)s::text is null
    group by bucket
)

select
    coalesce(m.bucket, j.bucket) as bucket,
    coalesce(m.windows, 0) as windows,
    coalesce(m.actions, 0) as actions,
    coalesce(m.rated_actions, 0) as rated_actions,
    coalesce(m.automated, 0) as automated,
    coalesce(m.escalations, 0) as escalations,
    coalesce(m.decisions, 0) as decisions,
    coalesce(m.confidence_sum, 0) as confidence_sum,
    m.cost_usd,
    coalesce(j.completed, 0) as completed,
    coalesce(j.failed, 0) as failed
from metrics as m
full join jobs as j on j.bucket = m.bucket
order by bucket;
