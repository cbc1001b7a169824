-- name: list_usage
-- Calls of each tool in a period and in the one before it, what came of them and how long they took (milliseconds);
-- the row with is_total, asked for by with_total, is the sum over all tools and there always.
-- A refused call never ran, so it is neither a success nor a failure. Percentiles are at most 1 per cent off.
with windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows(
        'tools', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false), with_changes => true
    ) as w
    union all
    select false, w.*
    from analytics.rollup_windows('tools', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.tool_parts,
classes as (
    select is_current, tool_name, grouping(tool_name) = 1 as is_total, key, sum(counted)::bigint as counted
    from (
        select is_current, tool_name, unnest(duration_keys) as key, sign * unnest(duration_counts) as counted
        from tool_parts
    ) as c
    where key is not null
    group by grouping sets ((is_current, tool_name, key), (is_current, key))
    having sum(counted) <> 0
),
histograms as (
    select is_total, tool_name,
        array_agg(key order by key) filter (where is_current) as keys,
        array_agg(counted order by key) filter (where is_current) as counts,
        array_agg(key order by key) filter (where not is_current) as previous_keys,
        array_agg(counted order by key) filter (where not is_current) as previous_counts
    from classes
    group by is_total, tool_name
),
summed as (
    select
        tool_name,
        grouping(tool_name) = 1 as is_total,
        min(tool_type) as tool_type,
        coalesce(sum(calls) filter (where is_current), 0)::bigint as calls,
        coalesce(sum(succeeded) filter (where is_current), 0)::bigint as succeeded,
        coalesce(sum(failed) filter (where is_current), 0)::bigint as failed,
        coalesce(sum(refused) filter (where is_current), 0)::bigint as refused,
        coalesce(sum(unanswered) filter (where is_current), 0)::bigint as unanswered,
        coalesce(sum(timed) filter (where is_current), 0)::bigint as timed,
        sum(total_ms) filter (where is_current) as total_ms,
        min(least_ms) filter (where is_current and sign > 0) as least_ms,
        max(most_ms) filter (where is_current and sign > 0) as most_ms,
        coalesce(sum(calls) filter (where not is_current), 0)::bigint as previous_calls,
        coalesce(sum(succeeded) filter (where not is_current), 0)::bigint as previous_succeeded,
        coalesce(sum(failed) filter (where not is_current), 0)::bigint as previous_failed,
        coalesce(sum(timed) filter (where not is_current), 0)::bigint as previous_timed,
        min(least_ms) filter (where not is_current and sign > 0) as previous_least_ms,
        max(most_ms) filter (where not is_current and sign > 0) as previous_most_ms
    from tool_parts
    group by grouping sets ((tool_name), ())
)

select
    s.tool_name,
    s.is_total,
    s.tool_type,
    s.calls,
    s.succeeded,
    s.failed,
    s.refused,
    s.failed::float8 / nullif(s.succeeded + s.failed, 0) as failure_rate,
    s.calls - s.succeeded - s.failed - s.refused as unknown,
    s.unanswered,
    s.timed,
    case when s.timed > 0 then s.total_ms::float8 end as total_ms,
    (s.total_ms / nullif(s.timed, 0))::float8 as average_ms,
    analytics.histogram_percentile(h.keys, h.counts, 0.5, s.least_ms, s.most_ms) as p50_ms,
    analytics.histogram_percentile(h.keys, h.counts, 0.95, s.least_ms, s.most_ms) as p95_ms,
    s.previous_calls,
    s.previous_succeeded,
    s.previous_failed,
    s.previous_timed,
    analytics.histogram_percentile(h.previous_keys, h.previous_counts, 0.95, s.previous_least_ms, s.previous_most_ms)
        as previous_p95_ms
from summed as s
left join histograms as h on h.is_total = s.is_total and h.tool_name is not distinct from s.tool_name
where s.is_total and coalesce(%(with_total)s::boolean, false) or not s.is_total and s.calls + s.previous_calls > 0
order by s.is_total desc, s.failed desc, s.total_ms desc nulls last, s.calls desc, s.tool_name;

-- name: list_buckets
-- Calls per hour, day, week or month of the viewer's zone, by what came of them; calls without a time are in no bucket.
-- `coarsest` is the widest stored row that fits into a bucket.
with windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('tools', %(start)s, %(end)s, false, %(coarsest)s, with_changes => true) as w
    where not coalesce(%(untimed)s::boolean, false)
),
-- uses: rollups.tool_parts,
bucketed as (
    select p.*, date_trunc(%(unit)s::text, p.occurred_at, %(zone)s::text) as bucket
    from tool_parts as p
    where p.occurred_at >= '1970-01-02 00:00+00' and p.occurred_at < '2200-12-31 00:00+00'
),
histograms as (
    select bucket, array_agg(key order by key) as keys, array_agg(counted order by key) as counts
    from (
        select bucket, key, sum(counted)::bigint as counted
        from (
            select bucket, unnest(duration_keys) as key, sign * unnest(duration_counts) as counted from bucketed
        ) as e
        where key is not null
        group by bucket, key
        having sum(counted) <> 0
    ) as c
    group by bucket
),
summed as (
    select
        bucket, sum(calls)::bigint as calls, sum(succeeded)::bigint as succeeded, sum(failed)::bigint as failed,
        sum(refused)::bigint as refused, sum(timed)::bigint as timed,
        min(least_ms) filter (where sign > 0) as least_ms, max(most_ms) filter (where sign > 0) as most_ms
    from bucketed
    group by bucket
    having sum(calls) <> 0
)

select
    s.bucket,
    s.calls,
    s.succeeded,
    s.failed,
    s.refused,
    s.calls - s.succeeded - s.failed - s.refused as unknown,
    s.timed,
    analytics.histogram_percentile(h.keys, h.counts, 0.95, s.least_ms, s.most_ms) as p95_ms
from summed as s
left join histograms as h on h.bucket = s.bucket
order by s.bucket;

-- name: list_buckets_of_errors
-- Failed calls of one kind per hour, day, week or month of the viewer's zone, read from the tables.
select
    date_trunc(%(unit)s::text, c.occurred_at, %(zone)s::text) as bucket,
    count(*) as calls,
    0::bigint as succeeded,
    count(*) as failed,
    0::bigint as refused,
    0::bigint as unknown,
    count(c.duration_ms) as timed,
    percentile_cont(0.95) within group (order by c.duration_ms) as p95_ms
from analytics.stg_chronicle__tool_events as c
where
    -- As tool_calls has it, in the words of the index.
    c.phase = 'post' and not c.success and not analytics.is_refusal(c.error_message)
    and c.occurred_at >= '1970-01-02 00:00+00' and c.occurred_at < '2200-12-31 00:00+00'
    and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
    and not coalesce(%(untimed)s::boolean, false)
    and (%(tool)s::text is null or c.tool_name = %(tool)s)
    and (
        %(project)s::text is null or c.session_pk in (
            select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
        )
    )
    and analytics.error_group(left(c.error_message, 500)) = %(error_group)s
group by bucket
order by bucket;

-- name: list_errors
-- Kinds of failures of tools, the most frequent first, each with its newest case. What a person refused never ran
-- and is none of them. Quarters of an hour in which a failure changed are read live, and no stored row that holds one:
-- the newest case of the rest cannot be told from it.
with windows as materialized (
    select w.*
    from analytics.rollup_windows(
        'tools', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false), known => analytics.error_slots()
    ) as w
),

failed as (
    select
        f.tool_name,
        -- Beginnings that are equal are grouped first: what follows costs more than counting.
        left(f.error_message, 500) as beginning,
        count(*) as cases,
        max(d.named_at) as last_at,
        (array_agg(f.tool_event_id order by d.named_at desc nulls last, f.tool_event_id desc))[1] as newest_id
    from (
        select l.*
        from windows as w
        cross join lateral (
            select c.tool_event_id, c.session_pk, c.tool_name, c.error_message, c.occurred_at
            from analytics.stg_chronicle__tool_events as c
            where
                -- As tool_calls has it, in the words of the index.
                c.phase = 'post' and not c.success and not analytics.is_refusal(c.error_message)
                and c.occurred_at >= w.from_at and c.occurred_at < w.until_at
            offset 0
        ) as l
        where w.kind = 'live'
        union all
        select c.tool_event_id, c.session_pk, c.tool_name, c.error_message, c.occurred_at
        from windows as w
        cross join analytics.stg_chronicle__tool_events as c
        where
            w.kind = 'untimed'
            and c.phase = 'post' and not c.success and not analytics.is_refusal(c.error_message)
            and (c.occurred_at is null or c.occurred_at = '-infinity' or c.occurred_at >= '60000-01-01 00:00+00')
    ) as f
    cross join lateral (
        select case when f.occurred_at >= '1970-01-02 00:00+00' and f.occurred_at < '2200-12-31 00:00+00'
            then f.occurred_at end as named_at
    ) as d
    where
        (%(tool)s::text is null or f.tool_name = %(tool)s)
        and (
            %(project)s::text is null or f.session_pk in (
                select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
            )
        )
    group by f.tool_name, beginning
),

errors as (
    select r.tool_name, r.error_group, r.cases, r.last_at, r.newest_id
    from windows as w
    cross join lateral analytics.levels_without(
        w.level, w.lo, w.hi,
        coalesce((select range_agg(int4range(m.lo, m.hi)) from windows as m where m.kind = 'removed'), '{}')
    ) as p
    cross join lateral (
        select e.* from analytics.error_rollup as e
        where
            e.level = p.level and e.slot >= p.from_slot and e.slot < p.until_slot
            and e.is_by_project = (%(project)s::text is not null)
            and e.project_name = coalesce(%(project)s::text, '')
        offset 0
    ) as r
    where w.kind = 'stored' and (%(tool)s::text is null or r.tool_name = %(tool)s)
    union all
    select f.tool_name, analytics.error_group(f.beginning), f.cases, f.last_at, f.newest_id
    from failed as f
),

groups as (
    select
        e.tool_name,
        e.error_group,
        sum(e.cases)::bigint as cases,
        max(e.last_at) as last_at,
        (array_agg(e.newest_id order by e.last_at desc nulls last, e.newest_id desc))[1] as newest_id,
        count(*) over () as groups
    from errors as e
    where %(error_group)s::text is null or e.error_group = %(error_group)s
    group by e.tool_name, e.error_group
    order by cases desc, last_at desc nulls last, tool_name, error_group
    limit %(limit)s::bigint
)

select
    g.tool_name,
    g.error_group,
    g.cases,
    g.last_at,
    g.groups,
    left(newest.error_message, 4000) as example,
    newest.session_pk,
    newest.tool_event_id,
    coalesce(asked.event_id, newest.event_id)::text as item_id
from groups as g
left join analytics.stg_chronicle__tool_events as newest on newest.tool_event_id = g.newest_id
-- A call stands in its session under the event that asked for it, where there is one.
left join lateral (
    select a.event_id
    from analytics.stg_chronicle__tool_events as a
    where a.call_id = newest.call_id and a.phase = 'pre' and a.session_pk = newest.session_pk
    limit 1
) as asked on true
order by g.cases desc, g.last_at desc nulls last, g.tool_name, g.error_group;
