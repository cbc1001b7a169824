-- Jobs by owner, rolled up with the other sums of jobs.
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
