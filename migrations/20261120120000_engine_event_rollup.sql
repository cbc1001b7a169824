-- Events of the engine, rolled up.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- No primary key: three texts without a limit may be longer together than an index takes, and then nothing could be
-- stored any more. One refresher at a time, which clears a slot before it fills it, keeps rows apart.
create table analytics.engine_event_rollup (
    level smallint not null,
    slot integer not null,
    event_type text not null,
    aggregate_type text not null,
    emitted_by text not null,
    events bigint not null,
    decisions bigint not null,
    confidence_sum numeric not null,
    last_at timestamptz
);
comment on table analytics.engine_event_rollup is
'Events of the engine in level times 15 minutes from slot on; decisions are those with a confidence. One row per level, slot, type, type of aggregate and emitter.';
create index idx_engine_event_rollup_slot on analytics.engine_event_rollup (level, slot);
alter table analytics.engine_event_rollup enable row level security;
grant select on analytics.engine_event_rollup to authenticated;
grant all on analytics.engine_event_rollup to service_role;
create policy engine_event_rollup_select on analytics.engine_event_rollup for select to authenticated
using ((select signalbox.sees_all()));
insert into signalbox.rollup_state (subject, source) values ('engine_events', 9);

-- Confidences are added up as numeric: what is taken off again then leaves nothing behind.
create function signalbox.roll_engine_events(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.engine_event_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as (
        select floor(date_part('epoch', e.occurred_at) / 900)::integer as slot,
            e.event_type, e.aggregate_type, e.emitted_by, e.confidence, e.occurred_at
        from analytics.stg_engine__events as e
        where e.occurred_at >= analytics.slot_start(lo) and e.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, e.event_type, e.aggregate_type, e.emitted_by, e.confidence, e.occurred_at
        from analytics.stg_engine__events as e
        where lo = -2147483648
        and (e.occurred_at is null or e.occurred_at = '-infinity' or e.occurred_at >= '60000-01-01 00:00+00')
    )
    insert into analytics.engine_event_rollup
    select
        1, f.slot, f.event_type, f.aggregate_type, f.emitted_by,
        count(*), count(f.confidence), coalesce(sum(f.confidence::numeric), 0), max(f.occurred_at)
    from facts as f
    group by f.slot, f.event_type, f.aggregate_type, f.emitted_by
$$;

create function signalbox.sum_engine_events(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.engine_event_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.engine_event_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.event_type, r.aggregate_type, r.emitted_by,
        sum(r.events), sum(r.decisions), sum(r.confidence_sum), max(r.last_at)
    from analytics.engine_event_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5
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
    end case;
end
$$;

create or replace function signalbox.newest_slot(subject text, below integer) returns integer
language plpgsql stable
set search_path = ''
as $$
declare
    first_at constant timestamptz := '4714-11-24 00:00+00 BC';
    until_at constant timestamptz := analytics.slot_start(below);
    newest timestamptz;
begin
    case subject
        when 'tools' then
            select max(t.occurred_at) into newest from analytics.stg_chronicle__tool_events as t
            where t.occurred_at >= first_at and t.occurred_at < until_at;
        when 'sessions' then
            select max(s.started_at) into newest from analytics.stg_chronicle__sessions as s
            where s.started_at >= first_at and s.started_at < until_at;
        when 'prompts' then
            select max(p.occurred_at) into newest from analytics.stg_chronicle__prompt_events as p
            where p.occurred_at >= first_at and p.occurred_at < until_at;
        when 'jobs' then
            select max(j.counted_at) into newest from analytics.stg_agents__jobs as j
            where j.counted_at >= first_at and j.counted_at < until_at;
        when 'engine_events' then
            select max(e.occurred_at) into newest from analytics.stg_engine__events as e
            where e.occurred_at >= first_at and e.occurred_at < until_at;
    end case;
    return floor(date_part('epoch', newest) / 900);
end
$$;

revoke execute on function signalbox.roll_engine_events(integer, integer) from public;
revoke execute on function signalbox.sum_engine_events(integer, integer, integer) from public;
