-- A writer of one row paid for a query that asked whether there were more: a condition with a query in it is run as one,
-- even where its first half decides. The functions log what they logged.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function signalbox.log_sessions() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    rows integer;
begin
    insert into signalbox.change_log (source, slot, counted, sessions)
    select 1, case when r.started_at > '-infinity' and r.started_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.started_at) / 900)::int else -2147483648 end,
        tg_argv[0]::integer, array[
            row(r.id, r.project_name, r.status, r.metadata -> 'cost' -> 'total_cost_usd')::signalbox.session_image
        ]
    from touched_rows as r
    limit 2;
    get diagnostics rows = row_count;
    if rows < 2 then
        return null;
    end if;
    if not exists (select from touched_rows as r offset 2) then
        return null;
    end if;
    insert into signalbox.change_log (source, slot, counted, sessions)
    select 1, case when r.started_at > '-infinity' and r.started_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.started_at) / 900)::int else -2147483648 end,
        case when count(*) <= 100 then tg_argv[0]::integer * count(*) else 0 end,
        case when count(*) <= 100 then array_agg(
            row(r.id, r.project_name, r.status, r.metadata -> 'cost' -> 'total_cost_usd')::signalbox.session_image
        ) end
    from (select t.* from touched_rows as t offset 2) as r
    group by 2;
    return null;
end
$$;

create or replace function signalbox.log_prompts() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    rows integer;
begin
    insert into signalbox.change_log (source, slot, counted)
    select 4, case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end,
        tg_argv[0]::integer
    from touched_rows as r
    limit 2;
    get diagnostics rows = row_count;
    if rows < 2 then
        return null;
    end if;
    if not exists (select from touched_rows as r offset 2) then
        return null;
    end if;
    insert into signalbox.change_log (source, slot, counted)
    select 4, case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end,
        tg_argv[0]::integer * count(*)
    from (select t.* from touched_rows as t offset 2) as r
    group by 2;
    return null;
end
$$;

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
                when r.status::text = 'completed' and r.completed_at > '-infinity'
                and r.completed_at < '60000-01-01 00:00+00' and r.started_at > '-infinity'
                and r.started_at < '60000-01-01 00:00+00'
                    then r.completed_at - r.started_at
            end,
            case
                when r.started_at > '-infinity' and r.started_at < '60000-01-01 00:00+00'
                and r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
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
                when r.status::text = 'completed' and r.completed_at > '-infinity'
                and r.completed_at < '60000-01-01 00:00+00' and r.started_at > '-infinity'
                and r.started_at < '60000-01-01 00:00+00'
                    then r.completed_at - r.started_at
            end,
            case
                when r.started_at > '-infinity' and r.started_at < '60000-01-01 00:00+00'
                and r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
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

create or replace function signalbox.log_windows() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    rows integer;
begin
    insert into signalbox.change_log (source, slot, counted, windows)
    select 17, case when r.window_end > '-infinity' and r.window_end < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.window_end) / 900)::int else -2147483648 end,
        tg_argv[0]::integer, array[row(
            r.agent_id, r.source, r.actions_total, r.actions_automated, r.human_escalations, r.avg_confidence,
            r.confidence_count, r.automation_rate, r.total_cost
        )::signalbox.window_image]
    from touched_rows as r
    limit 2;
    get diagnostics rows = row_count;
    if rows < 2 then
        return null;
    end if;
    if not exists (select from touched_rows as r offset 2) then
        return null;
    end if;
    insert into signalbox.change_log (source, slot, counted, windows)
    select 17, case when r.window_end > '-infinity' and r.window_end < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.window_end) / 900)::int else -2147483648 end,
        case when count(*) <= 100 then tg_argv[0]::integer * count(*) else 0 end,
        case when count(*) <= 100 then array_agg(row(
            r.agent_id, r.source, r.actions_total, r.actions_automated, r.human_escalations, r.avg_confidence,
            r.confidence_count, r.automation_rate, r.total_cost
        )::signalbox.window_image) end
    from (select t.* from touched_rows as t offset 2) as r
    group by 2;
    return null;
end
$$;

create or replace function signalbox.log_runs() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    rows integer;
begin
    insert into signalbox.change_log (source, slot, counted, runs)
    select 16, case when a.at > '-infinity' and a.at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', a.at) / 900)::int else -2147483648 end,
        tg_argv[0]::integer, array[row(r.status, a.is_counted_here)::signalbox.run_image]
    from (select t.* from touched_rows as t limit 2) as r
    cross join lateral (
        select case when r.completed_at is null then r.started_at else r.completed_at end as at, true as is_counted_here
        union all
        select r.started_at, false where r.started_at is not null
    ) as a;
    get diagnostics rows = row_count;
    if rows < 2 then
        return null;
    end if;
    if not exists (select from touched_rows as r offset 2) then
        return null;
    end if;
    insert into signalbox.change_log (source, slot, counted, runs)
    select 16, case when a.at > '-infinity' and a.at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', a.at) / 900)::int else -2147483648 end,
        case when count(*) <= 100 then tg_argv[0]::integer * count(*) else 0 end,
        case when count(*) <= 100 then array_agg(row(r.status, a.is_counted_here)::signalbox.run_image) end
    from (select t.* from touched_rows as t offset 2) as r
    cross join lateral (
        select case when r.completed_at is null then r.started_at else r.completed_at end as at, true as is_counted_here
        union all
        select r.started_at, false where r.started_at is not null
    ) as a
    group by 2;
    return null;
end
$$;

-- Of calls, rows that came and rows that went have a function each, made from one text: what a trigger gives its function
-- has to be looked up by each statement that uses it.
do $make$
declare
    body constant text := $body$
declare
    rows integer;
    others integer;
    full_slots integer[];
begin
    insert into signalbox.change_log (source, slot, counted, calls)
    select 3, case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end,
        <sign>, array[row(
            r.session_id, r.event_id, r.call_id, r.tool_name, r.tool_type, r.phase = 'post', r.success,
            case when not r.success then analytics.is_refusal(r.error_message) end, r.execution_time_ms
        )::signalbox.call_image]
    from touched_rows as r
    limit 2;
    get diagnostics rows = row_count;
    if rows < 2 then
        return null;
    end if;
    select count(*) into others from (select from touched_rows as t offset 2 limit 101) as r;
    if others = 0 then
        return null;
    end if;
    if others > 100 then
        full_slots := array(
            select case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end
            from touched_rows as r
            group by 1
            having count(*) > 100
        );
        insert into signalbox.change_log (source, slot) select 3, f.slot from unnest(full_slots) as f (slot);
        if tg_op <> 'INSERT' then
            insert into signalbox.change_links (source, link)
            select distinct 3, r.call_id
            from touched_rows as r
            where r.phase = 'post' and r.call_id is not null
            and case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end = any(full_slots);
        end if;
    end if;
    insert into signalbox.change_log (source, slot, counted, calls)
    select 3, r.slot, <sign> * count(*), array_agg(row(
            r.session_id, r.event_id, r.call_id, r.tool_name, r.tool_type, r.phase = 'post', r.success,
            case when not r.success then analytics.is_refusal(r.error_message) end, r.execution_time_ms
        )::signalbox.call_image)
    from (
        select case when t.created_at > '-infinity' and t.created_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', t.created_at) / 900)::int else -2147483648 end as slot,
            t.session_id, t.event_id, t.call_id, t.tool_name, t.tool_type, t.phase, t.success, t.error_message,
            t.execution_time_ms
        from touched_rows as t
        offset 2
    ) as r
    where full_slots is null or r.slot <> all(full_slots)
    group by r.slot;
    return null;
end
$body$;
    made record;
    carrier record;
begin
    for made in select * from (values ('log_added_calls', '1'), ('log_removed_calls', '-1')) as v (name, sign) loop
        execute format(
            'create function signalbox.%I() returns trigger language plpgsql security definer '
            'set search_path = pg_catalog, pg_temp as %L',
            made.name, replace(body, '<sign>', made.sign)
        );
        execute format('revoke execute on function signalbox.%I() from public', made.name);
        -- Our own table, and tables that were moved to its place.
        for carrier in
            select t.tgrelid::regclass as name, t.tgname as trigger, pg_get_triggerdef(t.oid) as definition
            from pg_trigger as t
            where
                t.tgfoid = 'signalbox.log_calls()'::regprocedure
                and (string_to_array(encode(t.tgargs, 'escape'), '\000'))[1] = made.sign
        loop
            execute format('drop trigger %I on %s', carrier.trigger, carrier.name);
            execute regexp_replace(
                carrier.definition, 'signalbox\.log_calls\(.*\)$', format('signalbox.%I()', made.name)
            );
        end loop;
    end loop;
end
$make$;
-- squawk-ignore ban-drop-function
drop function signalbox.log_calls();
