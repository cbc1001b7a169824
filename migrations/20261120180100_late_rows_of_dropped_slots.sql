-- Rows that come in after their slots were dropped are added to what is stored of these.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Adds calls to quarters of an hour, and these to hours; the levels above are stored anew by whoever drops.
create function signalbox.fold_tools(lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
declare
    kept analytics.tool_rollup[];
begin
    kept := array(
        select t from analytics.tool_rollup as t
        where t.level = 1 and t.slot >= lo and t.slot < hi
    );
    perform signalbox.roll_tools(lo, hi);
    with late as (
        delete from analytics.tool_rollup as t
        where t.level = 1 and t.slot >= lo and t.slot < hi
        returning t.*
    ),
    both_parts as (
        select l.* from late as l
        union all
        select k.* from unnest(kept) as k
    ),
    classes as (
        select c.level, c.is_by_project, c.project_name, c.slot, c.tool_name, c.key, sum(c.counted)::bigint as counted
        from (
            select b.level, b.is_by_project, b.project_name, b.slot, b.tool_name,
                unnest(b.duration_keys) as key, unnest(b.duration_counts) as counted
            from both_parts as b
        ) as c
        group by 1, 2, 3, 4, 5, 6
    ),
    histograms as (
        select c.level, c.is_by_project, c.project_name, c.slot, c.tool_name,
            array_agg(c.key order by c.key) as keys, array_agg(c.counted order by c.key) as counts
        from classes as c
        group by 1, 2, 3, 4, 5
    )
    insert into analytics.tool_rollup
    select
        b.level, b.is_by_project, b.project_name, b.slot, b.tool_name, min(b.tool_type),
        sum(b.calls), sum(b.succeeded), sum(b.failed), sum(b.refused), sum(b.unanswered), sum(b.timed), sum(b.total_ms),
        min(b.least_ms), max(b.most_ms), coalesce(min(h.keys), '{}'), coalesce(min(h.counts), '{}')
    from both_parts as b
    left join histograms as h
        on h.level = b.level and h.is_by_project = b.is_by_project and h.project_name = b.project_name
        and h.slot = b.slot and h.tool_name = b.tool_name
    group by b.level, b.is_by_project, b.project_name, b.slot, b.tool_name;
    perform signalbox.sum_tools(4, lo, hi);
end
$$;

-- The same of calls by agent and by run.
create function signalbox.fold_agent_calls(lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
declare
    kept analytics.agent_call_rollup[];
    kept_of_runs analytics.agent_run_call_rollup[];
begin
    kept := array(
        select c from analytics.agent_call_rollup as c where c.level = 1 and c.slot >= lo and c.slot < hi
    );
    kept_of_runs := array(
        select c from analytics.agent_run_call_rollup as c where c.level = 1 and c.slot >= lo and c.slot < hi
    );
    perform signalbox.roll_agent_calls(lo, hi);
    with late as (
        delete from analytics.agent_call_rollup as c where c.level = 1 and c.slot >= lo and c.slot < hi returning c.*
    )
    insert into analytics.agent_call_rollup
    select b.level, b.slot, b.name, sum(b.calls), sum(b.succeeded), sum(b.failed)
    from (select l.* from late as l union all select k.* from unnest(kept) as k) as b
    group by b.level, b.slot, b.name;
    with late as (
        delete from analytics.agent_run_call_rollup as c where c.level = 1 and c.slot >= lo and c.slot < hi returning c.*
    )
    insert into analytics.agent_run_call_rollup
    select
        b.level, b.slot, b.session_pk, b.agent_id, b.agent_type, sum(b.calls), sum(b.succeeded), sum(b.failed)
    from (select l.* from late as l union all select k.* from unnest(kept_of_runs) as k) as b
    group by b.level, b.slot, b.session_pk, b.agent_id, b.agent_type;
    perform signalbox.sum_agent_calls(4, lo, hi);
end
$$;

-- Of prompts.
create function signalbox.fold_prompts(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    insert into analytics.prompt_rollup as r (level, slot, prompts)
    select 1, floor(date_part('epoch', p.occurred_at) / 900)::integer, count(*)
    from analytics.stg_chronicle__prompt_events as p
    where p.occurred_at >= analytics.slot_start(lo) and p.occurred_at < analytics.slot_start(hi)
    group by 2
    on conflict (level, slot) do update set prompts = r.prompts + excluded.prompts;
    select signalbox.sum_prompts(4, lo, hi)
$$;

-- And of events.
create function signalbox.fold_events(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    insert into analytics.event_rollup as r (level, slot, events)
    select 1, floor(date_part('epoch', e.occurred_at) / 900)::integer, count(*)
    from analytics.stg_chronicle__events as e
    where e.occurred_at >= analytics.slot_start(lo) and e.occurred_at < analytics.slot_start(hi)
    group by 2
    on conflict (level, slot) do update set events = r.events + excluded.events;
    select signalbox.sum_events(4, lo, hi)
$$;

-- Which subjects know how to add late rows: those whose rows are dropped.
create function signalbox.fold(subject text, lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    case subject
        when 'tools' then
            perform signalbox.fold_tools(lo, hi);
            perform signalbox.fold_agent_calls(lo, hi);
        when 'prompts' then perform signalbox.fold_prompts(lo, hi);
        when 'events' then perform signalbox.fold_events(lo, hi);
    end case;
end
$$;

revoke execute on function signalbox.fold_tools(integer, integer) from public;
revoke execute on function signalbox.fold_agent_calls(integer, integer) from public;
revoke execute on function signalbox.fold_prompts(integer, integer) from public;
revoke execute on function signalbox.fold_events(integer, integer) from public;
revoke execute on function signalbox.fold(text, integer, integer) from public;
