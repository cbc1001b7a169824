-- What charts ask for without a filter, in narrow rows: within an hour there may be nearly as many rows of every
-- procedure, agent and status, or of every type, aggregate and emitter, as there are runs or events.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table analytics.engine_event_type_rollup (
    level smallint not null,
    slot integer not null,
    event_type text not null,
    events bigint not null
);
comment on table analytics.engine_event_type_rollup is
'Events of the engine in level times 15 minutes from slot on, over all aggregates and emitters. One row per level, slot and type.';
create index idx_engine_event_type_rollup_slot on analytics.engine_event_type_rollup (level, slot);
create table analytics.sop_status_rollup (
    level smallint not null,
    slot integer not null,
    status text not null,
    executions bigint not null,
    primary key (level, slot, status)
);
comment on table analytics.sop_status_rollup is
'Runs of procedures that count in level times 15 minutes from slot on, over all procedures and agents. One row per level, slot and status.';

alter table analytics.engine_event_type_rollup enable row level security;
alter table analytics.sop_status_rollup enable row level security;
grant select on analytics.engine_event_type_rollup, analytics.sop_status_rollup to authenticated;
grant all on analytics.engine_event_type_rollup, analytics.sop_status_rollup to service_role;
create policy engine_event_type_rollup_select on analytics.engine_event_type_rollup for select to authenticated
using ((select signalbox.sees_all()));
create policy sop_status_rollup_select on analytics.sop_status_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- Both are added up from the wide rows of the same width, after these were stored.
create function signalbox.slice_engine_events(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.engine_event_type_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.engine_event_type_rollup
    select width, r.slot, r.event_type, sum(r.events)
    from analytics.engine_event_rollup as r
    where r.level = width and r.slot >= lo and r.slot < hi
    group by r.slot, r.event_type
$$;
create function signalbox.slice_sop_runs(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.sop_status_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.sop_status_rollup
    select width, r.slot, r.status, sum(r.executions)
    from analytics.sop_run_rollup as r
    where r.level = width and r.slot >= lo and r.slot < hi
    group by r.slot, r.status
    having sum(r.executions) > 0
$$;

create or replace function signalbox.roll(subject text, width integer, lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    case subject
        when 'tools' then
            if width <= 4 then perform signalbox.roll_tools(width, lo, hi); end if;
            if width > 1 then perform signalbox.sum_tools(width, lo, hi); end if;
        when 'sessions' then
            if width = 1 then perform signalbox.roll_sessions(lo, hi);
            else perform signalbox.sum_sessions(width, lo, hi); end if;
        when 'prompts' then
            if width = 1 then perform signalbox.roll_prompts(lo, hi);
            else perform signalbox.sum_prompts(width, lo, hi); end if;
        when 'jobs' then
            if width = 1 then perform signalbox.roll_jobs(lo, hi);
            else perform signalbox.sum_jobs(width, lo, hi); end if;
        when 'engine_events' then
            if width = 1 then perform signalbox.roll_engine_events(lo, hi);
            else perform signalbox.sum_engine_events(width, lo, hi); end if;
            perform signalbox.slice_engine_events(width, lo, hi);
        when 'sop_runs' then
            if width = 1 then perform signalbox.roll_sop_runs(lo, hi);
            else perform signalbox.sum_sop_runs(width, lo, hi); end if;
            perform signalbox.slice_sop_runs(width, lo, hi);
    end case;
end
$$;

revoke execute on function signalbox.slice_engine_events(integer, integer, integer) from public;
revoke execute on function signalbox.slice_sop_runs(integer, integer, integer) from public;
-- Where the wide rows were stored before this, they are built anew, with the slices.
update signalbox.rollup_state set built_from = 2147483647 where subject in ('engine_events', 'sop_runs');
