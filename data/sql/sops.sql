-- name: read_coverage
-- From when to when runs of procedures are on record, how many have no time, and whether there is any run or definition;
-- a run counts when it ended, while it is open when it started. That is written as a case and not as coalesce, which
-- PostgreSQL takes for leaky, so that no index on it would serve under row-level security.
select
    (
        select min(case when e.completed_at is null then e.started_at else e.completed_at end) from analytics.stg_engine__sop_executions as e
        where
            case when e.completed_at is null then e.started_at else e.completed_at end >= '1970-01-02 00:00+00'
            and case when e.completed_at is null then e.started_at else e.completed_at end < '2200-12-31 00:00+00'
    ) as first_at,
    (
        select max(case when e.completed_at is null then e.started_at else e.completed_at end) from analytics.stg_engine__sop_executions as e
        where
            case when e.completed_at is null then e.started_at else e.completed_at end >= '1970-01-02 00:00+00'
            and case when e.completed_at is null then e.started_at else e.completed_at end < '2200-12-31 00:00+00'
    ) as last_at,
    (
        select count(*) from analytics.stg_engine__sop_executions as e
        where
            case when e.completed_at is null then e.started_at else e.completed_at end is null
            or case when e.completed_at is null then e.started_at else e.completed_at end < '1970-01-02 00:00+00'
            or case when e.completed_at is null then e.started_at else e.completed_at end >= '2200-12-31 00:00+00'
    ) as untimed,
    exists (select from analytics.stg_engine__sop_executions)
    or exists (select from analytics.stg_engine__sop_definitions) as holds_rows;

-- name: list_procedures
-- Runs of each procedure in a period and in the one before it: what became of them, how long the completed ones took
-- (milliseconds), how much of them ran without a person, what they cost (US dollars); the row with is_total, asked for
-- by with_total, is all procedures together. A procedure that is defined and never ran is there with zeros. Percentiles
-- are at most 1 per cent off. `agents` of all procedures together are the runs of every agent by procedure and state,
-- whichever agent is asked for. Runs of adopted tables and of imported logs may not say whether a person stepped in.
with run_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sop_runs', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
    union all
    select false, w.*
    from analytics.rollup_windows('sop_runs', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.engine.sop_run_parts,
parts as (
    select * from sop_run_parts where %(agent)s::text is null or agent = %(agent)s
),
by_agent as (
    select jsonb_agg(jsonb_build_array(p.sop_id, p.agent, p.status, p.executions) order by p.agent, p.sop_id, p.status) as agents
    from (
        select sop_id, agent, status, sum(executions)::bigint as executions
        from sop_run_parts
        where is_current and agent is not null and coalesce(%(with_total)s::boolean, false)
        group by sop_id, agent, status
        having sum(executions) <> 0
    ) as p
),
classes as (
    select is_current, sop_id, grouping(sop_id) = 1 as is_total, key, sum(counted)::bigint as counted
    from (
        select is_current, sop_id, unnest(cycle_keys) as key, sign * unnest(cycle_counts) as counted from parts
    ) as e
    where key is not null
    group by grouping sets ((is_current, sop_id, key), (is_current, key))
    having sum(counted) <> 0
),
histograms as (
    select is_total, sop_id,
        array_agg(key order by key) filter (where is_current) as keys,
        array_agg(counted order by key) filter (where is_current) as counts,
        array_agg(key order by key) filter (where not is_current) as previous_keys,
        array_agg(counted order by key) filter (where not is_current) as previous_counts
    from classes
    group by is_total, sop_id
),
counted as (
    select
        sop_id,
        grouping(sop_id) = 1 as is_total,
        coalesce(sum(executions) filter (where is_current), 0)::bigint as executions,
        case when coalesce(%(untimed)s::boolean, false) then 0
            else coalesce(sum(started) filter (where is_current), 0)::bigint end as started,
        coalesce(sum(executions) filter (where is_current and status = 'completed'), 0)::bigint as completed,
        coalesce(sum(executions) filter (where is_current and status = 'failed'), 0)::bigint as failed,
        coalesce(sum(executions) filter (where is_current and status = 'cancelled'), 0)::bigint as cancelled,
        coalesce(sum(executions) filter (where is_current and status = 'running'), 0)::bigint as running,
        coalesce(sum(timed) filter (where is_current), 0)::bigint as timed,
        sum(cycle_us) filter (where is_current) as cycle_us,
        min(least_cycle_us) filter (where is_current and sign > 0) as least_us,
        max(most_cycle_us) filter (where is_current and sign > 0) as most_us,
        coalesce(sum(actions) filter (where is_current), 0)::bigint as actions,
        coalesce(sum(rated_actions) filter (where is_current), 0)::bigint as rated_actions,
        coalesce(sum(automated) filter (where is_current), 0)::float8 as automated,
        coalesce(sum(countless) filter (where is_current), 0)::bigint as countless,
        coalesce(sum(interventions) filter (where is_current), 0)::bigint as interventions,
        coalesce(sum(stepped_in) filter (where is_current), 0)::bigint as stepped_in,
        sum(cost_usd) filter (where is_current)::float8 as cost_usd,
        coalesce(sum(priced) filter (where is_current), 0)::bigint as priced,
        coalesce(sum(executions) filter (where not is_current), 0)::bigint as previous_executions,
        coalesce(sum(executions) filter (where not is_current and status = 'completed'), 0)::bigint
            as previous_completed,
        coalesce(sum(executions) filter (where not is_current and status = 'failed'), 0)::bigint as previous_failed,
        coalesce(sum(timed) filter (where not is_current), 0)::bigint as previous_timed,
        min(least_cycle_us) filter (where not is_current and sign > 0) as previous_least_us,
        max(most_cycle_us) filter (where not is_current and sign > 0) as previous_most_us,
        coalesce(sum(rated_actions) filter (where not is_current), 0)::bigint as previous_rated_actions,
        coalesce(sum(automated) filter (where not is_current), 0)::float8 as previous_automated,
        coalesce(sum(interventions) filter (where not is_current), 0)::bigint as previous_interventions,
        sum(cost_usd) filter (where not is_current)::float8 as previous_cost_usd,
        coalesce(sum(priced) filter (where not is_current), 0)::bigint as previous_priced
    from parts
    group by grouping sets ((sop_id), ())
),
summed as (
    select
        c.*,
        (c.cycle_us / nullif(c.timed, 0) / 1000)::float8 as average_ms,
        analytics.histogram_percentile(h.keys, h.counts, 0.5, c.least_us, c.most_us) / 1000 as p50_ms,
        analytics.histogram_percentile(h.keys, h.counts, 0.95, c.least_us, c.most_us) / 1000 as p95_ms,
        analytics.histogram_percentile(
            h.previous_keys, h.previous_counts, 0.5, c.previous_least_us, c.previous_most_us
        ) / 1000 as previous_p50_ms,
        analytics.histogram_percentile(
            h.previous_keys, h.previous_counts, 0.95, c.previous_least_us, c.previous_most_us
        ) / 1000 as previous_p95_ms
    from counted as c
    left join histograms as h on h.is_total = c.is_total and h.sop_id is not distinct from c.sop_id
    where c.is_total or c.executions + c.started + c.previous_executions > 0
),

silent as (
    select e.sop_id, grouping(e.sop_id) = 1 as is_total, count(*) as runs
    from analytics.stg_engine__sop_executions as e
    where
        e.human_interventions is null
        and (%(start)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end >= %(start)s)
        and (%(end)s::timestamptz is null or case when e.completed_at is null then e.started_at else e.completed_at end < %(end)s)
        and (
            not coalesce(%(untimed)s::boolean, false)
            or case when e.completed_at is null then e.started_at else e.completed_at end is null
            or case when e.completed_at is null then e.started_at else e.completed_at end < '1970-01-02 00:00+00'
            or case when e.completed_at is null then e.started_at else e.completed_at end >= '2200-12-31 00:00+00'
        )
        and (%(sop)s::text is null or e.sop_id = %(sop)s)
        and (%(agent)s::text is null or e.agent = %(agent)s)
    group by grouping sets ((e.sop_id), ())
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
    s.p50_ms,
    s.p95_ms,
    coalesce(s.actions, 0) as actions,
    coalesce(s.rated_actions, 0) as rated_actions,
    coalesce(s.automated, 0) as automated,
    s.automated / nullif(s.rated_actions, 0) as automation_rate,
    coalesce(s.countless, 0) as countless,
    case when coalesce(q.runs, 0) < s.executions then coalesce(s.interventions, 0) end as interventions,
    coalesce(s.stepped_in, 0) as stepped_in,
    coalesce(q.runs, 0) as silent,
    case when s.priced > 0 then s.cost_usd end as cost_usd,
    coalesce(s.priced, 0) as priced,
    coalesce(s.previous_executions, 0) as previous_executions,
    coalesce(s.previous_completed, 0) as previous_completed,
    coalesce(s.previous_failed, 0) as previous_failed,
    coalesce(s.previous_timed, 0) as previous_timed,
    s.previous_p50_ms,
    s.previous_p95_ms,
    coalesce(s.previous_rated_actions, 0) as previous_rated_actions,
    coalesce(s.previous_automated, 0) as previous_automated,
    coalesce(s.previous_interventions, 0) as previous_interventions,
    case when s.previous_priced > 0 then s.previous_cost_usd end as previous_cost_usd,
    coalesce(s.previous_priced, 0) as previous_priced,
    case when n.is_total then (select b.agents from by_agent as b) end as agents
from named as n
left join summed as s on s.is_total = n.is_total and coalesce(s.sop_id, '') = coalesce(n.sop_id, '')
left join silent as q on q.is_total = n.is_total and coalesce(q.sop_id, '') = coalesce(n.sop_id, '')
left join definitions as d on d.sop_id = n.sop_id
order by n.is_total desc, failed desc, executions desc, n.sop_id;

-- name: list_buckets
-- Runs per hour, day, week or month of the viewer's zone by what became of them; they count as in list_procedures.
-- `coarsest` is the widest stored row that fits into a bucket.
with run_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sop_runs', %(start)s, %(end)s, false, %(coarsest)s) as w
    where not coalesce(%(untimed)s::boolean, false)
),
-- Over all procedures and agents there are narrower rows.
parts as (
    select to_timestamp(r.slot * 900::float8) as occurred_at, r.status,
        case w.kind when 'removed' then -1 else 1 end * r.executions as executions
    from run_windows as w
    cross join lateral (
        select l.slot, l.status, l.executions from analytics.sop_status_rollup as l
        where
            %(sop)s::text is null and %(agent)s::text is null
            and l.level = w.level and l.slot >= w.lo and l.slot < w.hi and l.slot > -2147483648
        union all
        select l.slot, l.status, l.executions from analytics.sop_run_rollup as l
        where
            (%(sop)s::text is not null or %(agent)s::text is not null)
            and l.level = w.level and l.slot >= w.lo and l.slot < w.hi and l.slot > -2147483648
            and (%(sop)s::text is null or l.sop_id = %(sop)s)
            and (%(agent)s::text is null or l.agent = %(agent)s)
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select f.occurred_at, f.status, 1
    from run_windows as w
    cross join lateral (
        select l.occurred_at, l.status from analytics.sop_run_facts as l
        where
            l.occurred_at >= w.from_at and l.occurred_at < w.until_at
            and (%(sop)s::text is null or l.sop_id = %(sop)s)
            and (%(agent)s::text is null or l.agent = %(agent)s)
        offset 0
    ) as f
    where w.kind = 'live'
)

select
    date_trunc(%(unit)s::text, occurred_at, %(zone)s::text) as bucket,
    sum(executions)::bigint as executions,
    coalesce(sum(executions) filter (where status = 'completed'), 0)::bigint as completed,
    coalesce(sum(executions) filter (where status = 'failed'), 0)::bigint as failed,
    coalesce(sum(executions) filter (where status = 'cancelled'), 0)::bigint as cancelled,
    coalesce(sum(executions) filter (where status = 'running'), 0)::bigint as running,
    coalesce(sum(executions) filter (
        where status is null or status not in ('running', 'completed', 'failed', 'cancelled')
    ), 0)::bigint as stateless
from parts
where occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'
group by bucket
having sum(executions) <> 0
order by bucket;

-- name: list_definitions
-- The versions of one procedure, the newest first, with their steps.
select
    d.definition_id, d.sop_id, d.version, d.title, d.description, d.steps, d.status, d.created_at, d.updated_at
from analytics.stg_engine__sop_definitions as d
where d.sop_id = %(sop)s::text
order by d.version desc
limit %(limit)s::bigint;
