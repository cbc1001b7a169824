-- Events of sessions, rolled up: how many there are at a time, and how many have none.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table analytics.event_rollup (
    level smallint not null,
    slot integer not null,
    events bigint not null,
    primary key (level, slot)
);
comment on table analytics.event_rollup is
'Events of sessions in level times 15 minutes from slot on. One row per level and slot.';
alter table analytics.event_rollup enable row level security;
grant select on analytics.event_rollup to authenticated;
grant all on analytics.event_rollup to service_role;
create policy event_rollup_select on analytics.event_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- Stores what lies in lo <= slot < hi anew, from the table.
create function signalbox.roll_events(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.event_rollup where level = 1 and slot >= lo and slot < hi;
    insert into analytics.event_rollup
    select 1, floor(date_part('epoch', e.occurred_at) / 900)::integer, count(*)
    from analytics.stg_chronicle__events as e
    where e.occurred_at >= analytics.slot_start(lo) and e.occurred_at < analytics.slot_start(hi)
    group by 2
    union all
    select 1, lo, count(*)
    from analytics.stg_chronicle__events as e
    where lo = -2147483648
    and (e.occurred_at is null or e.occurred_at = '-infinity' or e.occurred_at >= '60000-01-01 00:00+00')
    having count(*) > 0
$$;

-- Adds up the rows of the next finer level to those of this width with lo <= slot < hi.
create function signalbox.sum_events(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.event_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.event_rollup
    select width, r.slot - (r.slot % width + width) % width, sum(r.events)
    from analytics.event_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2
$$;

revoke execute on function signalbox.roll_events(integer, integer) from public;
revoke execute on function signalbox.sum_events(integer, integer, integer) from public;
