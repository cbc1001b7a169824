-- name: read_coverage
-- From when to when agents are on record, how many windows, with what actions and escalations, and how many jobs have
-- no time, and whether there is anything; a window counts when it ended, a job when it ended or, while it is open, when
-- it was created. Before raw_from there are sums alone of what happened in sessions.
select
    least(m.first_at, j.first_at) as first_at,
    greatest(m.last_at, j.last_at) as last_at,
    u.windows as untimed_windows,
    u.actions as untimed_actions,
    u.escalations as untimed_escalations,
    j.untimed as untimed_jobs,
    m.last_at is not null or u.windows > 0 or j.holds_rows as holds_rows,
    (select r.raw_from from signalbox.retention as r where r.dropped_from is not null) as raw_from
from (
    select
        (select min(w.window_end) from analytics.stg_engine__agent_metrics as w
            where w.window_end >= '1970-01-02 00:00+00' and w.window_end < '2200-12-31 00:00+00') as first_at,
        (select max(w.window_end) from analytics.stg_engine__agent_metrics as w
            where w.window_end >= '1970-01-02 00:00+00' and w.window_end < '2200-12-31 00:00+00') as last_at
) as m
cross join (
    select
        count(*) as windows,
        coalesce(sum(w.actions_total), 0)::bigint as actions,
        coalesce(sum(w.human_escalations), 0)::bigint as escalations
    from analytics.stg_engine__agent_metrics as w
    where (w.window_end is null or w.window_end < '1970-01-02 00:00+00' or w.window_end >= '2200-12-31 00:00+00')
) as u
cross join (
    select
        (select min(k.counted_at) from analytics.stg_agents__jobs as k
            where k.counted_at >= '1970-01-02 00:00+00' and k.counted_at < '2200-12-31 00:00+00') as first_at,
        (select max(k.counted_at) from analytics.stg_agents__jobs as k
            where k.counted_at >= '1970-01-02 00:00+00' and k.counted_at < '2200-12-31 00:00+00') as last_at,
        (select count(*) from analytics.stg_agents__jobs as k
            where (k.counted_at is null
                or k.counted_at < '1970-01-02 00:00+00' or k.counted_at >= '2200-12-31 00:00+00')) as untimed,
        exists (select from analytics.stg_agents__jobs) as holds_rows
) as j;

-- name: list_agents
-- What each agent did in a period and in the one before it. Everything is a sum: rates are taken over the sums, so that
-- a window with many actions counts for more than one with few. `rated_actions` are those of windows that say how many
-- of them ran without a person; `countless_windows` say how much did, but not out of how many actions, so they weigh
-- nothing. Windows of one source are asked for by `source`, or by `of_source`, so that `windows_by_source` has them all.
-- `counted_windows` say how many actions there were; `contradicted_windows` store an automation rate that is
-- not the one of their own counts, which are what is taken. `estimated_windows` are those of the `priced_windows` whose
-- cost is estimated at list prices. `jobs_stateless`, of adopted tables, do not say what became of them.
with metric_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('agent_windows', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
    union all
    select false, w.*
    from analytics.rollup_windows('agent_windows', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.agents.agent_window_parts,
job_windows as materialized (
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
by_source as (
    select
        p.agent,
        p.source,
        coalesce(sum(p.windows) filter (where p.is_current), 0) as windows,
        coalesce(sum(p.counted) filter (where p.is_current), 0) as counted_windows,
        coalesce(sum(p.actions) filter (where p.is_current), 0) as actions,
        coalesce(sum(p.rated_actions) filter (where p.is_current), 0) as rated_actions,
        coalesce(sum(p.automated) filter (where p.is_current), 0) as automated,
        coalesce(sum(p.escalations) filter (where p.is_current), 0) as escalations,
        coalesce(sum(p.counted_escalations) filter (where p.is_current), 0) as counted_escalations,
        coalesce(sum(p.decisions) filter (where p.is_current), 0) as decisions,
        coalesce(sum(p.confidence_sum) filter (where p.is_current), 0) as confidence_sum,
        coalesce(sum(p.cost_usd) filter (where p.is_current), 0) as cost_usd,
        coalesce(sum(p.countless) filter (where p.is_current), 0) as countless_windows,
        coalesce(sum(p.confidence_countless) filter (where p.is_current), 0) as confidence_countless,
        coalesce(sum(p.priced) filter (where p.is_current), 0) as priced_windows,
        coalesce(sum(p.windows) filter (where not p.is_current), 0) as previous_windows,
        coalesce(sum(p.counted) filter (where not p.is_current), 0) as previous_counted_windows,
        coalesce(sum(p.actions) filter (where not p.is_current), 0) as previous_actions,
        coalesce(sum(p.rated_actions) filter (where not p.is_current), 0) as previous_rated_actions,
        coalesce(sum(p.automated) filter (where not p.is_current), 0) as previous_automated,
        coalesce(sum(p.escalations) filter (where not p.is_current), 0) as previous_escalations,
        coalesce(sum(p.counted_escalations) filter (where not p.is_current), 0) as previous_counted_escalations,
        coalesce(sum(p.decisions) filter (where not p.is_current), 0) as previous_decisions,
        coalesce(sum(p.confidence_sum) filter (where not p.is_current), 0) as previous_confidence_sum,
        coalesce(sum(p.cost_usd) filter (where not p.is_current), 0) as previous_cost_usd,
        coalesce(sum(p.priced) filter (where not p.is_current), 0) as previous_priced_windows
    from agent_window_parts as p
    group by p.agent, p.source
    having sum(p.windows) filter (where p.is_current) <> 0 or sum(p.windows) filter (where not p.is_current) <> 0
),

metrics as (
    select
        agent,
        string_agg(distinct source, ', ') as sources,
        sum(windows)::bigint as windows,
        sum(counted_windows)::bigint as counted_windows,
        case when sum(counted_windows) > 0 then sum(actions)::bigint end as actions,
        sum(rated_actions)::bigint as rated_actions,
        sum(automated)::float8 as automated,
        sum(escalations)::bigint as escalations,
        sum(counted_escalations)::bigint as counted_escalations,
        sum(decisions)::bigint as decisions,
        sum(confidence_sum)::float8 as confidence_sum,
        case when sum(priced_windows) > 0 then sum(cost_usd)::float8 end as cost_usd,
        sum(countless_windows)::bigint as countless_windows,
        sum(confidence_countless)::bigint as confidence_countless,
        sum(priced_windows)::bigint as priced_windows,
        sum(previous_windows)::bigint as previous_windows,
        sum(previous_counted_windows)::bigint as previous_counted_windows,
        case when sum(previous_counted_windows) > 0 then sum(previous_actions)::bigint end as previous_actions,
        sum(previous_rated_actions)::bigint as previous_rated_actions,
        sum(previous_automated)::float8 as previous_automated,
        sum(previous_escalations)::bigint as previous_escalations,
        sum(previous_counted_escalations)::bigint as previous_counted_escalations,
        sum(previous_decisions)::bigint as previous_decisions,
        sum(previous_confidence_sum)::float8 as previous_confidence_sum,
        case when sum(previous_priced_windows) > 0 then sum(previous_cost_usd)::float8 end as previous_cost_usd,
        sum(previous_priced_windows)::bigint as previous_priced_windows
    from by_source
    where %(of_source)s::text is null or source = %(of_source)s
    group by agent
),

sources as (
    select agent, jsonb_object_agg(source, windows) as windows
    from by_source
    where source is not null and windows > 0
    group by agent
),

-- Windows of one agent, source and owner that add up to more time than they span overlap somewhere, as far as both of
-- their times are known. That hangs on where the period begins and ends, so it is computed from the windows themselves,
-- which are few.
by_owner as (
    select
        m.agent,
        count(*) filter (where k.is_timed) as timed,
        count(*) filter (where k.is_timed and m.window_start < %(start)s::timestamptz) as began_before,
        count(*) filter (where m.human_escalations is null) as silent,
        count(*) filter (
            where abs(m.automation_rate - m.stored_automation_rate) > 0.005
        ) as contradicted,
        count(*) filter (
            where m.cost_usd is not null and m.metadata ->> 'cost_basis' in ('estimate', 'partial estimate')
        ) as estimated,
        count(*) filter (
            where m.cost_usd is not null and m.metadata ->> 'cost_basis' = 'partial estimate'
        ) as partly_estimated,
        date_part(
            'epoch', max(m.window_end) filter (where k.is_timed) - min(m.window_start) filter (where k.is_timed)
        ) as spanned_s,
        sum(date_part('epoch', m.window_end - m.window_start)) filter (where k.is_timed) as summed_s
    from analytics.stg_engine__agent_metrics as m
    cross join lateral (
        select
            m.window_start >= '1970-01-02 00:00+00' and m.window_start < '2200-12-31 00:00+00'
            and m.window_end >= '1970-01-02 00:00+00' and m.window_end < '2200-12-31 00:00+00' as is_timed
    ) as k
    where
        (%(start)s::timestamptz is null or m.window_end >= %(start)s)
        and (%(end)s::timestamptz is null or m.window_end < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or m.window_end is null
            or m.window_end < '1970-01-02 00:00+00' or m.window_end >= '2200-12-31 00:00+00')
        and (%(agent)s::text is null or m.agent = %(agent)s)
        and (%(source)s::text is null or m.source = %(source)s)
        and (%(of_source)s::text is null or m.source = %(of_source)s)
    group by m.agent, m.source, m.owner_id
),

spans as (
    select
        agent,
        sum(began_before)::bigint as began_before,
        sum(silent)::bigint as silent_windows,
        sum(contradicted)::bigint as contradicted_windows,
        sum(estimated)::bigint as estimated_windows,
        sum(partly_estimated)::bigint as partly_estimated_windows,
        coalesce(sum(timed) filter (where summed_s > spanned_s + 1), 0)::bigint as overlapping
    from by_owner
    group by agent
),

jobs as (
    select
        agent,
        coalesce(sum(jobs) filter (where is_current), 0)::bigint as jobs,
        coalesce(sum(jobs) filter (where is_current and status = 'completed'), 0)::bigint as jobs_completed,
        coalesce(sum(jobs) filter (where is_current and status = 'failed'), 0)::bigint as jobs_failed,
        coalesce(sum(jobs) filter (
            where is_current
            and (status is null or status not in ('pending', 'running', 'completed', 'failed', 'cancelled'))
        ), 0)::bigint as jobs_stateless,
        coalesce(sum(jobs) filter (where not is_current and status = 'completed'), 0)::bigint as previous_jobs_completed,
        coalesce(sum(jobs) filter (where not is_current and status = 'failed'), 0)::bigint as previous_jobs_failed
    from job_parts
    group by agent
    having sum(jobs) filter (where is_current) <> 0 or sum(jobs) filter (where not is_current) <> 0
),

names as (
    select agent from metrics
    union
    select agent from jobs where %(source)s::text is null and %(of_source)s::text is null
)

select
    n.agent,
    m.sources,
    coalesce(o.windows, '{}') as windows_by_source,
    coalesce(m.windows, 0) as windows,
    coalesce(m.counted_windows, 0) as counted_windows,
    m.actions,
    coalesce(m.rated_actions, 0) as rated_actions,
    coalesce(m.automated, 0) as automated,
    coalesce(m.countless_windows, 0) as countless_windows,
    m.automated / nullif(m.rated_actions, 0) as automation_rate,
    case when m.windows > coalesce(s.silent_windows, 0) then m.escalations end as escalations,
    coalesce(m.counted_escalations, 0) as counted_escalations,
    coalesce(m.decisions, 0) as decisions,
    coalesce(m.confidence_sum, 0) as confidence_sum,
    m.confidence_sum / nullif(m.decisions, 0) as confidence,
    coalesce(m.confidence_countless, 0) as confidence_countless,
    m.cost_usd,
    coalesce(m.priced_windows, 0) as priced_windows,
    coalesce(s.estimated_windows, 0) as estimated_windows,
    coalesce(s.partly_estimated_windows, 0) as partly_estimated_windows,
    coalesce(s.began_before, 0) as began_before,
    coalesce(s.silent_windows, 0) as silent_windows,
    coalesce(s.contradicted_windows, 0) as contradicted_windows,
    coalesce(s.overlapping, 0) as overlapping,
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
left join sources as o on o.agent = n.agent
left join spans as s on s.agent = n.agent
left join jobs as j on j.agent = n.agent
order by escalations desc nulls last, jobs_failed desc, actions desc nulls last, n.agent;

-- name: list_sources
-- Where the windows of a period come from, each source with how many.
with metric_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('agent_windows', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
),
-- uses: rollups.agents.agent_window_parts

select source as value, sum(windows)::bigint as windows
from agent_window_parts
group by source
having sum(windows) <> 0
order by windows desc, source;

-- name: list_buckets
-- What agents did per hour, day, week or month of the viewer's zone; a window counts where it ended, a job likewise.
-- `coarsest` is the widest stored row that fits into a bucket.
with metric_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('agent_windows', %(start)s, %(end)s, false, %(coarsest)s) as w
    where not coalesce(%(untimed)s::boolean, false)
),
-- uses: rollups.agents.agent_window_parts,
job_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('jobs', %(start)s, %(end)s, false, %(coarsest)s, with_changes => true) as w
    where not coalesce(%(untimed)s::boolean, false) and %(source)s::text is null
),
-- uses: rollups.job_parts,
metrics as (
    select
        date_trunc(%(unit)s::text, occurred_at, %(zone)s::text) as bucket,
        sum(windows)::bigint as windows,
        sum(actions)::bigint as actions,
        sum(rated_actions)::bigint as rated_actions,
        sum(automated)::float8 as automated,
        sum(escalations)::bigint as escalations,
        sum(decisions)::bigint as decisions,
        sum(confidence_sum)::float8 as confidence_sum,
        case when sum(priced) > 0 then sum(cost_usd)::float8 end as cost_usd
    from agent_window_parts
    where occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'
    group by bucket
    having sum(windows) <> 0
),

jobs as (
    select
        date_trunc(%(unit)s::text, occurred_at, %(zone)s::text) as bucket,
        coalesce(sum(jobs) filter (where status = 'completed'), 0)::bigint as completed,
        coalesce(sum(jobs) filter (where status = 'failed'), 0)::bigint as failed
    from job_parts
    where occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'
    group by bucket
    having sum(jobs) <> 0
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
