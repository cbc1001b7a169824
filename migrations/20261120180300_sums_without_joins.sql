-- Sums and classes are put into one list and grouped again: joined, they are so badly guessed that each group of one may
-- be compared with each of the other. As before, otherwise.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function signalbox.roll_jobs(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.job_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as materialized (
        select floor(date_part('epoch', f.occurred_at) / 900)::integer as slot, f.*
        from analytics.job_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.job_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    ),
    counts as (
        select
            f.slot, f.agent, f.status, count(*) as jobs, count(f.run_us) as timed, sum(f.run_us) as run_us,
            min(f.run_us) as least_run_us, max(f.run_us) as most_run_us, f.run_key,
            null::bigint as least_wait_us, null::bigint as most_wait_us, null::integer as wait_key, null::bigint as waited
        from facts as f
        group by f.slot, f.agent, f.status, f.run_key
        union all
        select
            f.slot, f.agent, f.status, 0, 0, 0, null, null, null, min(f.wait_us), max(f.wait_us), f.wait_key, count(*)
        from facts as f
        where f.wait_key is not null
        group by f.slot, f.agent, f.status, f.wait_key
    )
    insert into analytics.job_rollup
    select
        1, c.slot, c.agent, c.status, sum(c.jobs), sum(c.timed), coalesce(sum(c.run_us), 0),
        min(c.least_run_us), max(c.most_run_us),
        coalesce(array_agg(c.run_key order by c.run_key) filter (where c.run_key is not null), '{}'),
        coalesce(array_agg(c.timed order by c.run_key) filter (where c.run_key is not null), '{}'),
        min(c.least_wait_us), max(c.most_wait_us),
        coalesce(array_agg(c.wait_key order by c.wait_key) filter (where c.wait_key is not null), '{}'),
        coalesce(array_agg(c.waited order by c.wait_key) filter (where c.wait_key is not null), '{}')
    from counts as c
    group by c.slot, c.agent, c.status
$$;

create or replace function signalbox.sum_jobs(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.job_rollup where level = width and slot >= lo and slot < hi;
    with finer as materialized (
        select r.slot - (r.slot % width + width) % width as parent, r.*
        from analytics.job_rollup as r
        where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
        and r.slot > -2147483648
    ),
    counts as (
        select
            f.parent, f.agent, f.status, f.jobs, f.timed, f.run_us, f.least_run_us, f.most_run_us,
            f.least_wait_us, f.most_wait_us, null::integer as run_key, null::integer as wait_key, null::bigint as counted
        from finer as f
        union all
        select
            k.parent, k.agent, k.status, 0, 0, 0, null, null, null, null, k.run_key, k.wait_key, sum(k.counted)::bigint
        from (
            select f.parent, f.agent, f.status, unnest(f.run_keys) as run_key, null::integer as wait_key,
                unnest(f.run_counts) as counted
            from finer as f
            union all
            select f.parent, f.agent, f.status, null, unnest(f.wait_keys), unnest(f.wait_counts)
            from finer as f
        ) as k
        group by k.parent, k.agent, k.status, k.run_key, k.wait_key
    )
    insert into analytics.job_rollup
    select
        width, c.parent, c.agent, c.status, sum(c.jobs), sum(c.timed), sum(c.run_us),
        min(c.least_run_us), max(c.most_run_us),
        coalesce(array_agg(c.run_key order by c.run_key) filter (where c.run_key is not null), '{}'),
        coalesce(array_agg(c.counted order by c.run_key) filter (where c.run_key is not null), '{}'),
        min(c.least_wait_us), max(c.most_wait_us),
        coalesce(array_agg(c.wait_key order by c.wait_key) filter (where c.wait_key is not null), '{}'),
        coalesce(array_agg(c.counted order by c.wait_key) filter (where c.wait_key is not null), '{}')
    from counts as c
    group by c.parent, c.agent, c.status
$$;

create or replace function signalbox.sum_tools(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.tool_rollup
    where level = width and (width > 4 or not is_by_project) and slot >= lo and slot < hi;
    with finer as materialized (
        select t.slot - (t.slot % width + width) % width as parent, t.*
        from analytics.tool_rollup as t
        where t.level = case width when 4 then 1 when 96 then 4 else 96 end and t.slot >= lo and t.slot < hi
        and t.slot > -2147483648
    ),
    counts as (
        select
            f.is_by_project, f.project_name, f.parent, f.tool_name, f.tool_type, f.calls, f.succeeded, f.failed, f.refused,
            f.unanswered, f.timed, f.total_ms, f.least_ms, f.most_ms, null::integer as key, null::bigint as counted
        from finer as f
        union all
        select
            k.is_by_project, k.project_name, k.parent, k.tool_name, null, 0, 0, 0, 0, 0, 0, 0, null, null,
            k.key, sum(k.counted)::bigint
        from (
            select f.is_by_project, f.project_name, f.parent, f.tool_name,
                unnest(f.duration_keys) as key, unnest(f.duration_counts) as counted
            from finer as f
        ) as k
        group by k.is_by_project, k.project_name, k.parent, k.tool_name, k.key
    )
    insert into analytics.tool_rollup
    select
        width, c.is_by_project, c.project_name, c.parent, c.tool_name, min(c.tool_type),
        sum(c.calls), sum(c.succeeded), sum(c.failed), sum(c.refused), sum(c.unanswered), sum(c.timed), sum(c.total_ms),
        min(c.least_ms), max(c.most_ms),
        coalesce(array_agg(c.key order by c.key) filter (where c.key is not null), '{}'),
        coalesce(array_agg(c.counted order by c.key) filter (where c.key is not null), '{}')
    from counts as c
    group by c.is_by_project, c.project_name, c.parent, c.tool_name
$$;
