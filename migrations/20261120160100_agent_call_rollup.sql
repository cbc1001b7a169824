-- Answered calls of tools by the agent that events tie them to, rolled up with the other sums of calls.
set lock_timeout = '4s';
set statement_timeout = '60s';

create view analytics.agent_call_facts with (security_invoker = true) as
select
    c.occurred_at,
    c.session_pk,
    e.metadata ->> 'agent_id' as agent_id,
    e.metadata ->> 'agent_type' as agent_type,
    case
        when e.metadata ->> 'agent_type' is not null then e.metadata ->> 'agent_type'
        when e.metadata ->> 'agent_id' is not null then null
        when e.metadata ?| array['agent_id', 'sidechain'] then 'unknown'
        else e.source_app
    end as name,
    coalesce(c.success, false) as is_success,
    coalesce(not c.success and not analytics.is_refusal(c.error_message), false) as is_failure,
    c.tool_event_id
from analytics.stg_chronicle__tool_events as c
inner join analytics.stg_chronicle__events as e on e.event_id = c.event_id
where c.phase = 'post';
comment on view analytics.agent_call_facts is
'Answered calls of tools with what their event names as their agent: a run of a subagent by agent_id, and the name that is known without asking for the type of that run. One row per call.';

create table analytics.agent_call_rollup (
    level smallint not null,
    slot integer not null,
    name text not null,
    calls bigint not null,
    succeeded bigint not null,
    failed bigint not null
);
comment on table analytics.agent_call_rollup is
'Answered calls of tools in level times 15 minutes from slot on by the agent that their event names. One row per level, slot and name.';
create index idx_agent_call_rollup_slot on analytics.agent_call_rollup (level, slot);
-- Which run is of which type may be told long after its calls, so runs are stored under their own ids.
create table analytics.agent_run_call_rollup (
    level smallint not null,
    slot integer not null,
    session_pk uuid,
    agent_id text not null,
    agent_type text,
    calls bigint not null,
    succeeded bigint not null,
    failed bigint not null
);
comment on table analytics.agent_run_call_rollup is
'Answered calls of tools of runs of subagents in level times 15 minutes from slot on. One row per level, slot, session, run and type that its events name.';
create index idx_agent_run_call_rollup_slot on analytics.agent_run_call_rollup (level, slot);

alter table analytics.agent_call_rollup enable row level security;
alter table analytics.agent_run_call_rollup enable row level security;
grant select on analytics.agent_call_facts, analytics.agent_call_rollup, analytics.agent_run_call_rollup to authenticated;
grant select on analytics.agent_call_facts to service_role;
grant all on analytics.agent_call_rollup, analytics.agent_run_call_rollup to service_role;
create policy agent_call_rollup_select on analytics.agent_call_rollup for select to authenticated
using ((select signalbox.sees_all()));
create policy agent_run_call_rollup_select on analytics.agent_run_call_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- Stores what lies in lo <= slot < hi anew, from the tables: runs, and names that are known without them.
create function signalbox.roll_agent_calls(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.agent_call_rollup where level = 1 and slot >= lo and slot < hi;
    delete from analytics.agent_run_call_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as materialized (
        select
            s.slot, f.session_pk, f.agent_id, f.agent_type, f.name, count(*) as calls,
            count(*) filter (where f.is_success) as succeeded, count(*) filter (where f.is_failure) as failed
        from analytics.agent_call_facts as f
        cross join lateral (select floor(date_part('epoch', f.occurred_at) / 900)::integer as slot) as s
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        group by s.slot, f.session_pk, f.agent_id, f.agent_type, f.name
        union all
        select
            -2147483648, f.session_pk, f.agent_id, f.agent_type, f.name, count(*),
            count(*) filter (where f.is_success), count(*) filter (where f.is_failure)
        from analytics.agent_call_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
        group by f.session_pk, f.agent_id, f.agent_type, f.name
    ),
    runs as (
        insert into analytics.agent_run_call_rollup
        select 1, f.slot, f.session_pk, f.agent_id, f.agent_type, sum(f.calls), sum(f.succeeded), sum(f.failed)
        from facts as f
        where f.agent_id is not null
        group by f.slot, f.session_pk, f.agent_id, f.agent_type
    )
    insert into analytics.agent_call_rollup
    select 1, f.slot, f.name, sum(f.calls), sum(f.succeeded), sum(f.failed)
    from facts as f
    where f.name is not null
    group by f.slot, f.name
$$;

-- Adds up the rows of the next finer level, of both tables.
create function signalbox.sum_agent_calls(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.agent_call_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.agent_call_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.name, sum(r.calls), sum(r.succeeded), sum(r.failed)
    from analytics.agent_call_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3;
    delete from analytics.agent_run_call_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.agent_run_call_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.session_pk, r.agent_id, r.agent_type,
        sum(r.calls), sum(r.succeeded), sum(r.failed)
    from analytics.agent_run_call_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5
$$;
revoke execute on function signalbox.roll_agent_calls(integer, integer) from public;
revoke execute on function signalbox.sum_agent_calls(integer, integer, integer) from public;

-- Stores calls by agent of some slots anew, at all levels; where one row of a slot differs, all of them are written.
create function signalbox.refresh_agent_calls(slots integer []) returns void
language plpgsql
set search_path = ''
set work_mem = '64MB'
as $$
declare
    differing integer[];
    width integer;
begin
    with facts as materialized (
        select
            u.slot, f.session_pk, f.agent_id, f.agent_type, f.name, count(*) as calls,
            count(*) filter (where f.is_success) as succeeded, count(*) filter (where f.is_failure) as failed
        from (select distinct s.slot from unnest(slots) as s (slot)) as u
        cross join lateral (
            select a.* from analytics.agent_call_facts as a
            where a.occurred_at >= analytics.slot_start(u.slot) and a.occurred_at < analytics.slot_start(u.slot + 1)
            offset 0
        ) as f
        where u.slot > -2147483648
        group by u.slot, f.session_pk, f.agent_id, f.agent_type, f.name
        union all
        select
            -2147483648, f.session_pk, f.agent_id, f.agent_type, f.name, count(*),
            count(*) filter (where f.is_success), count(*) filter (where f.is_failure)
        from analytics.agent_call_facts as f
        where -2147483648 = any(slots)
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
        group by f.session_pk, f.agent_id, f.agent_type, f.name
    ),
    runs as materialized (
        select 1::smallint as level, f.slot, f.session_pk, f.agent_id, f.agent_type, sum(f.calls)::bigint as calls,
            sum(f.succeeded)::bigint as succeeded, sum(f.failed)::bigint as failed
        from facts as f
        where f.agent_id is not null
        group by f.slot, f.session_pk, f.agent_id, f.agent_type
    ),
    names as materialized (
        select 1::smallint as level, f.slot, f.name, sum(f.calls)::bigint as calls,
            sum(f.succeeded)::bigint as succeeded, sum(f.failed)::bigint as failed
        from facts as f
        where f.name is not null
        group by f.slot, f.name
    ),
    stored_runs as materialized (
        select r.* from analytics.agent_run_call_rollup as r where r.level = 1 and r.slot = any(slots)
    ),
    stored_names as materialized (
        select r.* from analytics.agent_call_rollup as r where r.level = 1 and r.slot = any(slots)
    ),
    touched as materialized (
        select d.slot from ((table runs except all table stored_runs) union all (table stored_runs except all table runs)) as d
        union
        select d.slot
        from ((table names except all table stored_names) union all (table stored_names except all table names)) as d
    ),
    gone_runs as (
        delete from analytics.agent_run_call_rollup where level = 1 and slot in (select t.slot from touched as t)
    ),
    gone_names as (
        delete from analytics.agent_call_rollup where level = 1 and slot in (select t.slot from touched as t)
    ),
    new_runs as (
        insert into analytics.agent_run_call_rollup
        select r.* from runs as r where r.slot in (select t.slot from touched as t)
    ),
    new_names as (
        insert into analytics.agent_call_rollup
        select r.* from names as r where r.slot in (select t.slot from touched as t)
    )
    select array_agg(t.slot) into differing from touched as t;
    foreach width in array array[4, 96, 768] loop
        perform signalbox.sum_agent_calls(width, p.lo, p.hi) from signalbox.pieces_of(differing, width) as p;
    end loop;
end
$$;
revoke execute on function signalbox.refresh_agent_calls(integer []) from public;

-- Adds the calls of rows that were added in some slots to what is stored by agent and by run, at all levels; not of one
-- that was moved meanwhile.
create function signalbox.add_agent_calls(slots integer [], added uuid []) returns void
language sql
set search_path = ''
as $$
    with facts as materialized (
        select
            w.width, f.slot - (f.slot % w.width + w.width) % w.width as parent, f.session_pk, f.agent_id, f.agent_type,
            f.name, count(*) as calls, count(*) filter (where f.is_success) as succeeded,
            count(*) filter (where f.is_failure) as failed
        from (
            select case when a.occurred_at > '-infinity' and a.occurred_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', a.occurred_at) / 900)::integer end as slot, a.*
            from analytics.agent_call_facts as a
            where a.tool_event_id = any(added)
        ) as f
        cross join unnest(array[1, 4, 96, 768]) as w (width)
        where f.slot = any(slots)
        group by 1, 2, 3, 4, 5, 6
    ),
    runs as materialized (
        select f.width, f.parent, f.session_pk, f.agent_id, f.agent_type, sum(f.calls)::bigint as calls,
            sum(f.succeeded)::bigint as succeeded, sum(f.failed)::bigint as failed
        from facts as f
        where f.agent_id is not null
        group by 1, 2, 3, 4, 5
    ),
    names as materialized (
        select f.width, f.parent, f.name, sum(f.calls)::bigint as calls, sum(f.succeeded)::bigint as succeeded,
            sum(f.failed)::bigint as failed
        from facts as f
        where f.name is not null
        group by 1, 2, 3
    ),
    known_runs as (
        update analytics.agent_run_call_rollup as r
        set calls = r.calls + n.calls, succeeded = r.succeeded + n.succeeded, failed = r.failed + n.failed
        from runs as n
        where r.level = n.width and r.slot = n.parent and r.session_pk is not distinct from n.session_pk
        and r.agent_id = n.agent_id and r.agent_type is not distinct from n.agent_type
        returning n.width, n.parent, n.session_pk, n.agent_id, n.agent_type
    ),
    known_names as (
        update analytics.agent_call_rollup as r
        set calls = r.calls + n.calls, succeeded = r.succeeded + n.succeeded, failed = r.failed + n.failed
        from names as n
        where r.level = n.width and r.slot = n.parent and r.name = n.name
        returning n.width, n.parent, n.name
    ),
    new_runs as (
        insert into analytics.agent_run_call_rollup
        select n.* from runs as n
        where not exists (
            select from known_runs as k
            where k.width = n.width and k.parent = n.parent and k.session_pk is not distinct from n.session_pk
            and k.agent_id = n.agent_id and k.agent_type is not distinct from n.agent_type
        )
    )
    insert into analytics.agent_call_rollup
    select n.* from names as n
    where not exists (
        select from known_names as k where k.width = n.width and k.parent = n.parent and k.name = n.name
    )
$$;
revoke execute on function signalbox.add_agent_calls(integer [], uuid []) from public;

-- Events are written once; where one is changed after all, the calls that it names are counted anew. No statement that
-- only adds events comes by here.
create function signalbox.log_event_agents() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_links (source, link)
    select 3, r.id
    from former_rows as f
    inner join touched_rows as r on r.id = f.id
    where r.source_app is distinct from f.source_app or r.metadata is distinct from f.metadata;
    return null;
end
$$;
revoke execute on function signalbox.log_event_agents() from public;
create trigger change_log_agents after update on chronicle.events
referencing old table as former_rows new table as touched_rows
for each statement execute function signalbox.log_event_agents();
