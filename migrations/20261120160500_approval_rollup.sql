-- Questions to people, rolled up.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table analytics.approval_rollup (
    level smallint not null,
    slot integer not null,
    stored_status text not null,
    risk_level text,
    agent text,
    is_imported boolean not null,
    approvals bigint not null
);
comment on table analytics.approval_rollup is
'Questions asked in level times 15 minutes from slot on, by the status as it is stored: whether the time of a pending one ran out is a matter of the moment. One row per level, slot, status, risk, agent and whether a log told of it.';
create index idx_approval_rollup_slot on analytics.approval_rollup (level, slot);
alter table analytics.approval_rollup enable row level security;
grant select on analytics.approval_rollup to authenticated;
grant all on analytics.approval_rollup to service_role;
create policy approval_rollup_select on analytics.approval_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- Stores what lies in lo <= slot < hi anew, from the table.
create function signalbox.roll_approvals(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.approval_rollup where level = 1 and slot >= lo and slot < hi;
    insert into analytics.approval_rollup
    select
        1, floor(date_part('epoch', a.created_at) / 900)::integer, a.stored_status, a.risk_level, a.agent, a.is_imported,
        count(*)
    from analytics.stg_engine__human_approvals as a
    where a.created_at >= analytics.slot_start(lo) and a.created_at < analytics.slot_start(hi)
    group by 2, 3, 4, 5, 6
    union all
    select 1, lo, a.stored_status, a.risk_level, a.agent, a.is_imported, count(*)
    from analytics.stg_engine__human_approvals as a
    where lo = -2147483648
    and (a.created_at is null or a.created_at = '-infinity' or a.created_at >= '60000-01-01 00:00+00')
    group by 3, 4, 5, 6
$$;

-- Adds up the rows of the next finer level to those of this width with lo <= slot < hi.
create function signalbox.sum_approvals(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.approval_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.approval_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.stored_status, r.risk_level, r.agent, r.is_imported,
        sum(r.approvals)
    from analytics.approval_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5, 6
$$;
revoke execute on function signalbox.roll_approvals(integer, integer) from public;
revoke execute on function signalbox.sum_approvals(integer, integer, integer) from public;
