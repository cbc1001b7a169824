-- How long jobs ran and waited and runs took is known between two times that a period can name alone: an average with one
-- of the year 1 in it says nothing.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function signalbox.log_jobs() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    rows integer;
begin
    insert into signalbox.change_log (source, slot, counted, jobs)
    select 8, case when c.counted_at > '-infinity' and c.counted_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', c.counted_at) / 900)::int else -2147483648 end,
        tg_argv[0]::integer, array[row(
            r.agent_identifier, r.status,
            case
                when r.status::text = 'completed' and r.completed_at >= '1970-01-02 00:00+00'
                and r.completed_at < '2200-12-31 00:00+00' and r.started_at >= '1970-01-02 00:00+00'
                and r.started_at < '2200-12-31 00:00+00'
                    then r.completed_at - r.started_at
            end,
            case
                when r.started_at >= '1970-01-02 00:00+00' and r.started_at < '2200-12-31 00:00+00'
                and r.created_at >= '1970-01-02 00:00+00' and r.created_at < '2200-12-31 00:00+00'
                    then r.started_at - r.created_at
            end
        )::signalbox.job_image]
    from touched_rows as r
    cross join lateral (
        select case when r.completed_at is null then r.created_at else r.completed_at end as counted_at
    ) as c
    limit 2;
    get diagnostics rows = row_count;
    if rows < 2 then
        return null;
    end if;
    if not exists (select from touched_rows as r offset 2) then
        return null;
    end if;
    insert into signalbox.change_log (source, slot, counted, jobs)
    select 8, case when c.counted_at > '-infinity' and c.counted_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', c.counted_at) / 900)::int else -2147483648 end,
        case when count(*) <= 100 then tg_argv[0]::integer * count(*) else 0 end,
        case when count(*) <= 100 then array_agg(row(
            r.agent_identifier, r.status,
            case
                when r.status::text = 'completed' and r.completed_at >= '1970-01-02 00:00+00'
                and r.completed_at < '2200-12-31 00:00+00' and r.started_at >= '1970-01-02 00:00+00'
                and r.started_at < '2200-12-31 00:00+00'
                    then r.completed_at - r.started_at
            end,
            case
                when r.started_at >= '1970-01-02 00:00+00' and r.started_at < '2200-12-31 00:00+00'
                and r.created_at >= '1970-01-02 00:00+00' and r.created_at < '2200-12-31 00:00+00'
                    then r.started_at - r.created_at
            end
        )::signalbox.job_image) end
    from (select t.* from touched_rows as t offset 2) as r
    cross join lateral (
        select case when r.completed_at is null then r.created_at else r.completed_at end as counted_at
    ) as c
    group by 2;
    return null;
end
$$;

create or replace view analytics.job_facts with (security_invoker = true) as
select
    j.counted_at as occurred_at, j.agent, j.status, r.run_us, w.wait_us,
    case
        when r.run_us > 0 then ceil(ln(r.run_us::float8) / 0.019802627296179713)::integer
        when r.run_us = 0 then -5000
        when r.run_us < 0 then -10000 - ceil(ln(-r.run_us::float8) / 0.019802627296179713)::integer
    end as run_key,
    case
        when w.wait_us > 0 then ceil(ln(w.wait_us::float8) / 0.019802627296179713)::integer
        when w.wait_us = 0 then -5000
        when w.wait_us < 0 then -10000 - ceil(ln(-w.wait_us::float8) / 0.019802627296179713)::integer
    end as wait_key,
    j.job_id
from analytics.stg_agents__jobs as j
cross join lateral (
    select case when j.status = 'completed'
        and j.completed_at >= '1970-01-02 00:00+00' and j.completed_at < '2200-12-31 00:00+00'
        and j.started_at >= '1970-01-02 00:00+00' and j.started_at < '2200-12-31 00:00+00'
        then (extract(epoch from j.completed_at - j.started_at) * 1000000)::bigint end as run_us
) as r
cross join lateral (
    select case when j.started_at >= '1970-01-02 00:00+00' and j.started_at < '2200-12-31 00:00+00'
        and j.created_at >= '1970-01-02 00:00+00' and j.created_at < '2200-12-31 00:00+00'
        then (extract(epoch from j.started_at - j.created_at) * 1000000)::bigint end as wait_us
) as w;

create or replace view analytics.sop_run_facts with (security_invoker = true) as
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
            when e.completed_at >= e.started_at and e.started_at >= '1970-01-02 00:00+00' and e.completed_at < '2200-12-31 00:00+00'
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

-- What is stored of such jobs and runs is counted anew.
insert into signalbox.change_log (source, slot)
select distinct 8, case when j.counted_at > '-infinity' and j.counted_at < '60000-01-01 00:00+00'
    then floor(date_part('epoch', j.counted_at) / 900)::integer else -2147483648 end
from analytics.stg_agents__jobs as j
where
    j.created_at < '1970-01-02 00:00+00' or j.created_at >= '2200-12-31 00:00+00'
    or j.started_at < '1970-01-02 00:00+00' or j.started_at >= '2200-12-31 00:00+00'
    or j.completed_at < '1970-01-02 00:00+00' or j.completed_at >= '2200-12-31 00:00+00';

insert into signalbox.change_log (source, slot)
select distinct 16, case when k.counted_at > '-infinity' and k.counted_at < '60000-01-01 00:00+00'
    then floor(date_part('epoch', k.counted_at) / 900)::integer else -2147483648 end
from analytics.stg_engine__sop_executions as e
cross join lateral (
    select case when e.completed_at is null then e.started_at else e.completed_at end as counted_at
) as k
where
    e.started_at < '1970-01-02 00:00+00' or e.started_at >= '2200-12-31 00:00+00'
    or e.completed_at < '1970-01-02 00:00+00' or e.completed_at >= '2200-12-31 00:00+00';
