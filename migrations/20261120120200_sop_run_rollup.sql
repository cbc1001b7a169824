-- Runs of procedures, rolled up.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- What is stored of a run. Times that are no cycle time, and amounts that are no number, are not known: what is added up
-- must be able to be taken off again.
create view analytics.sop_run_facts with (security_invoker = true) as
select
    e.sop_id,
    e.agent,
    e.status,
    -- A case and not coalesce, so that under row security the index on it serves.
    case when e.completed_at is null then e.started_at else e.completed_at end as occurred_at,
    e.started_at,
    c.cycle_us,
    case
        when c.cycle_us > 0 then ceil(ln(c.cycle_us::float8) / 0.019802627296179713)::integer
        when c.cycle_us = 0 then -5000
        when c.cycle_us < 0 then -10000 - ceil(ln(-c.cycle_us::float8) / 0.019802627296179713)::integer
    end as cycle_key,
    e.actions_total,
    case when a.automated is not null then e.actions_total end as rated_actions,
    a.automated,
    a.automated is null and (e.automation_rate is not null or e.actions_automated is not null) as is_countless,
    e.human_interventions,
    case when e.estimated_cost_usd < 'Infinity' then e.estimated_cost_usd end as cost_usd
from analytics.stg_engine__sop_executions as e
cross join lateral (
    select case when e.status = 'completed' then
        case
            when e.cycle_time_hours < 1e9 then (e.cycle_time_hours::numeric * 3600000000)::bigint
            when e.completed_at >= e.started_at and e.started_at > '-infinity' and e.completed_at < '60000-01-01 00:00+00'
                then (extract(epoch from e.completed_at - e.started_at) * 1000000)::bigint
        end
    end as cycle_us
) as c
cross join lateral (
    select case
        when e.actions_total is null then null
        when e.actions_automated is not null then e.actions_automated::numeric
        else e.automation_rate::numeric * e.actions_total
    end as automated
) as a;
comment on view analytics.sop_run_facts is
'What the rollup of runs is made of: it counts at occurred_at, its end or, while it is open, its beginning; cycle_us are microseconds. One row per run.';

-- A run is logged where it counts and where it began.
create function signalbox.log_sop_executions() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_log (source, slot)
    select distinct tg_argv[0]::smallint,
        case when t.at > '-infinity' and t.at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', t.at) / 900)::int else -2147483648 end
    from touched_rows as r
    cross join lateral (
        select case when r.completed_at is null then r.started_at else r.completed_at end as at
        union all
        select r.started_at where r.started_at is not null
    ) as t;
    return null;
end
$$;
revoke execute on function signalbox.log_sop_executions() from public;

do $$
declare
    event record;
begin
    for event in
        select * from (values
            ('change_log_insert', 'insert', 'new'), ('change_log_delete', 'delete', 'old'),
            ('change_log_update_old', 'update', 'old'), ('change_log_update_new', 'update', 'new')
        ) as e (name, statement, rows)
    loop
        execute format('drop trigger %I on engine.sop_executions', event.name);
        execute format('create trigger %I after %s on engine.sop_executions referencing %s table as touched_rows '
            'for each statement execute function signalbox.log_sop_executions(%L)', event.name, event.statement, event.rows, 16);
    end loop;
end
$$;
update signalbox.change_sources set time_column = 'counted_at' where source = 16;

-- No primary key: two texts without a limit may be longer together than an index takes.
create table analytics.sop_run_rollup (
    level smallint not null,
    slot integer not null,
    sop_id text not null,
    agent text,
    status text not null,
    executions bigint not null,
    started bigint not null,
    timed bigint not null,
    cycle_us numeric not null,
    least_cycle_us bigint,
    most_cycle_us bigint,
    cycle_keys integer[] not null,
    cycle_counts bigint[] not null,
    actions numeric not null,
    rated_actions numeric not null,
    automated numeric not null,
    countless bigint not null,
    interventions numeric not null,
    stepped_in bigint not null,
    cost_usd numeric not null,
    priced bigint not null
);
comment on table analytics.sop_run_rollup is
'Runs of procedures that count in level times 15 minutes from slot on, and how many began there, whenever they ended. One row per level, slot, procedure, agent and status.';
create index idx_sop_run_rollup_slot on analytics.sop_run_rollup (level, slot);
alter table analytics.sop_run_rollup enable row level security;
grant select on analytics.sop_run_facts, analytics.sop_run_rollup to authenticated;
grant select on analytics.sop_run_facts to service_role;
grant all on analytics.sop_run_rollup to service_role;
create policy sop_run_rollup_select on analytics.sop_run_rollup for select to authenticated
using ((select signalbox.sees_all()));
insert into signalbox.rollup_state (subject, source) values ('sop_runs', 16);

create function signalbox.roll_sop_runs(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.sop_run_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as (
        select floor(date_part('epoch', f.occurred_at) / 900)::integer as at_slot, f.*
        from analytics.sop_run_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.sop_run_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    ),
    classes as (
        select
            f.at_slot, f.sop_id, f.agent, f.status, f.cycle_key,
            count(*) as executions, count(f.cycle_us) as timed, sum(f.cycle_us) as cycle_us,
            min(f.cycle_us) as least_cycle_us, max(f.cycle_us) as most_cycle_us,
            sum(f.actions_total) as actions, sum(f.rated_actions) as rated_actions, sum(f.automated) as automated,
            count(*) filter (where f.is_countless) as countless,
            sum(f.human_interventions) as interventions,
            count(*) filter (where f.human_interventions > 0) as stepped_in,
            sum(f.cost_usd) as cost_usd, count(f.cost_usd) as priced
        from facts as f
        group by f.at_slot, f.sop_id, f.agent, f.status, f.cycle_key
    ),
    beginnings as (
        select floor(date_part('epoch', f.started_at) / 900)::integer as at_slot, f.sop_id, f.agent, f.status
        from analytics.sop_run_facts as f
        where f.started_at >= analytics.slot_start(lo) and f.started_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.sop_id, f.agent, f.status
        from analytics.sop_run_facts as f
        where lo = -2147483648 and (f.started_at = '-infinity' or f.started_at >= '60000-01-01 00:00+00')
    ),
    counts as (
        select
            c.at_slot, c.sop_id, c.agent, c.status, c.executions, 0::bigint as started, c.timed, c.cycle_us,
            c.least_cycle_us, c.most_cycle_us, c.cycle_key, c.actions, c.rated_actions, c.automated, c.countless,
            c.interventions, c.stepped_in, c.cost_usd, c.priced
        from classes as c
        union all
        select
            b.at_slot, b.sop_id, b.agent, b.status, 0, count(*), 0, 0, null, null, null, 0, 0, 0, 0, 0, 0, 0, 0
        from beginnings as b
        group by b.at_slot, b.sop_id, b.agent, b.status
    )
    insert into analytics.sop_run_rollup
    select
        1, c.at_slot, c.sop_id, c.agent, c.status,
        sum(c.executions), sum(c.started), sum(c.timed), coalesce(sum(c.cycle_us), 0),
        min(c.least_cycle_us), max(c.most_cycle_us),
        coalesce(array_agg(c.cycle_key order by c.cycle_key) filter (where c.cycle_key is not null), '{}'),
        coalesce(array_agg(c.timed order by c.cycle_key) filter (where c.cycle_key is not null), '{}'),
        coalesce(sum(c.actions), 0), coalesce(sum(c.rated_actions), 0), coalesce(sum(c.automated), 0), sum(c.countless),
        coalesce(sum(c.interventions), 0), sum(c.stepped_in), coalesce(sum(c.cost_usd), 0), sum(c.priced)
    from counts as c
    group by c.at_slot, c.sop_id, c.agent, c.status
$$;

-- Counts and classes are put into one list and grouped again: joined, they are so badly guessed that each group of one
-- was compared with each of the other, which took minutes.
create function signalbox.sum_sop_runs(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.sop_run_rollup where level = width and slot >= lo and slot < hi;
    with finer as materialized (
        select r.slot - (r.slot % width + width) % width as parent, r.*
        from analytics.sop_run_rollup as r
        where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
        and r.slot > -2147483648
    ),
    counts as (
        select
            f.parent, f.sop_id, f.agent, f.status, f.executions, f.started, f.timed, f.cycle_us, f.least_cycle_us,
            f.most_cycle_us, null::integer as key, null::bigint as counted, f.actions, f.rated_actions, f.automated,
            f.countless, f.interventions, f.stepped_in, f.cost_usd, f.priced
        from finer as f
        union all
        select
            k.parent, k.sop_id, k.agent, k.status, 0, 0, 0, 0, null, null, k.key, sum(k.counted)::bigint, 0, 0, 0, 0, 0, 0, 0, 0
        from (
            select f.parent, f.sop_id, f.agent, f.status, unnest(f.cycle_keys) as key, unnest(f.cycle_counts) as counted
            from finer as f
        ) as k
        group by k.parent, k.sop_id, k.agent, k.status, k.key
    )
    insert into analytics.sop_run_rollup
    select
        width, c.parent, c.sop_id, c.agent, c.status, sum(c.executions), sum(c.started), sum(c.timed), sum(c.cycle_us),
        min(c.least_cycle_us), max(c.most_cycle_us),
        coalesce(array_agg(c.key order by c.key) filter (where c.key is not null), '{}'),
        coalesce(array_agg(c.counted order by c.key) filter (where c.key is not null), '{}'),
        sum(c.actions), sum(c.rated_actions), sum(c.automated), sum(c.countless), sum(c.interventions), sum(c.stepped_in),
        sum(c.cost_usd), sum(c.priced)
    from counts as c
    group by c.parent, c.sop_id, c.agent, c.status
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
        when 'sop_runs' then
            if width = 1 then perform signalbox.roll_sop_runs(lo, hi);
            else perform signalbox.sum_sop_runs(width, lo, hi); end if;
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
        when 'sop_runs' then
            select greatest(
                (
                    select max(f.occurred_at) from analytics.sop_run_facts as f
                    where f.occurred_at >= first_at and f.occurred_at < until_at
                ),
                (
                    select max(f.started_at) from analytics.sop_run_facts as f
                    where f.started_at >= first_at and f.started_at < until_at
                )
            ) into newest;
    end case;
    return floor(date_part('epoch', newest) / 900);
end
$$;

revoke execute on function signalbox.roll_sop_runs(integer, integer) from public;
revoke execute on function signalbox.sum_sop_runs(integer, integer, integer) from public;
