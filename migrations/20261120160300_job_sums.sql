-- Jobs by owner, rolled up with the other sums of jobs, which do without joins.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table analytics.job_owner_rollup (
    level smallint not null,
    slot integer not null,
    owner_id uuid,
    status text not null,
    jobs bigint not null,
    last_at timestamptz
);
comment on table analytics.job_owner_rollup is
'Jobs that count in level times 15 minutes from slot on; an hour (level 4) is the finest. One row per level, slot, owner and status.';
create index idx_job_owner_rollup_slot on analytics.job_owner_rollup (level, slot);
alter table analytics.job_owner_rollup enable row level security;
grant select on analytics.job_owner_rollup to authenticated;
grant all on analytics.job_owner_rollup to service_role;
create policy job_owner_rollup_select on analytics.job_owner_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- An hour is the finest: in a quarter of one there may be nearly as many owners as jobs.
create function signalbox.roll_job_owners(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.job_owner_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.job_owner_rollup
    select
        width, (floor(date_part('epoch', j.counted_at) / (900 * width)) * width)::integer, j.owner_id, j.status, count(*),
        max(j.counted_at)
    from analytics.stg_agents__jobs as j
    where width = 4 and j.counted_at >= analytics.slot_start(lo) and j.counted_at < analytics.slot_start(hi)
    group by 2, 3, 4
    union all
    select width, lo, j.owner_id, j.status, count(*), null
    from analytics.stg_agents__jobs as j
    where width = 4 and lo = -2147483648
    and (j.counted_at is null or j.counted_at = '-infinity' or j.counted_at >= '60000-01-01 00:00+00')
    group by 3, 4
    union all
    select
        width, r.slot - (r.slot % width + width) % width, r.owner_id, r.status, sum(r.jobs), max(r.last_at)
    from analytics.job_owner_rollup as r
    where width > 4 and r.level = case width when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4
$$;
revoke execute on function signalbox.roll_job_owners(integer, integer, integer) from public;

-- Sums and classes are put into one list and grouped again: joined, they are so badly guessed that each group of one
-- may be compared with each of the other.
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

-- The same of wider rows.
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
