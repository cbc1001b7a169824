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
    coalesce(not c.success and not analytics.is_refusal(c.error_message), false) as is_failure
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
