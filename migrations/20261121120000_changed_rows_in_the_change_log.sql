-- A quarter of an hour is not counted anew where a few of its rows changed: the log says what each was and what it is now,
-- so that the one is taken off what is stored and the other added.
set lock_timeout = '4s';
set statement_timeout = '60s';

create type signalbox.call_image as (
    session_pk uuid,
    event_id uuid,
    call_id uuid,
    tool_name text,
    tool_type text,
    is_answer boolean,
    success boolean,
    is_refused boolean,
    duration_ms integer
);
comment on type signalbox.call_image is 'What figures need of a row of chronicle.tool_events.';

create type signalbox.session_image as (session_pk uuid, project_name text, status text, recorded_cost jsonb);
comment on type signalbox.session_image is 'What figures need of a row of chronicle.sessions.';
create type signalbox.job_image as (agent text, status text, ran interval, waited interval);
comment on type signalbox.job_image is 'What figures need of a row of agents.jobs.';
create type signalbox.window_image as (
    agent text,
    source text,
    actions_total bigint,
    actions_automated bigint,
    human_escalations bigint,
    avg_confidence double precision,
    confidence_count bigint,
    automation_rate double precision,
    cost_usd numeric
);
comment on type signalbox.window_image is 'What figures need of a row of engine.agent_metrics.';
create type signalbox.run_image as (status text, is_counted_here boolean);
comment on type signalbox.run_image is
'What figures need of a row of engine.sop_executions, which is logged where it began and where it counts.';

-- Rows that were logged as added have their slots counted anew.
-- squawk-ignore ban-drop-column
alter table signalbox.change_log drop column added;
alter table signalbox.change_log
add column counted integer not null default 0,
add column calls signalbox.call_image [],
add column sessions signalbox.session_image [],
add column jobs signalbox.job_image [],
add column windows signalbox.window_image [],
add column runs signalbox.run_image [];
-- Arrays of ids cannot be made smaller; trying would cost the writer.
alter table signalbox.change_log alter column calls set storage external;
alter table signalbox.change_log set (
    toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 1000
);
comment on table signalbox.change_log is
'slot is the quarter of an hour (UTC) of the rows touched, the lowest for rows without a time. counted says how many rows came to be there as they are in the images, or, below 0, are there no more; an updated row is logged as it was and as it is now. Where counted is 0 the slot is counted anew, and images say no more than which rows that concerns. In no order: all rows of a slot add up to what changed there. One row for each of the first two rows of a statement, and one per slot of the others.';

-- Logs rows of tool_events that came (argument 1) or went (argument -1). Most statements touch one row, or a call and its
-- answer: the first two are logged as they come, which costs a writer less than putting them together. The others are
-- logged by slot; of many in one slot that says enough, with the ids of calls whose answers went, or changed.
create function signalbox.log_calls() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    rows integer;
    full_slots integer[];
begin
    insert into signalbox.change_log (source, slot, counted, calls)
    select 3, case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end,
        tg_argv[0]::integer, array[row(
            r.session_id, r.event_id, r.call_id, r.tool_name, r.tool_type, r.phase = 'post', r.success,
            case when not r.success then analytics.is_refusal(r.error_message) end, r.execution_time_ms
        )::signalbox.call_image]
    from touched_rows as r
    limit 2;
    get diagnostics rows = row_count;
    if rows < 2 or not exists (select from touched_rows as r offset 2) then
        return null;
    end if;
    if exists (select from touched_rows as r offset 102) then
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
    select 3, r.slot, tg_argv[0]::integer * count(*), array_agg(row(
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
$$;
revoke execute on function signalbox.log_calls() from public;

-- The same of other tables.
create function signalbox.log_sessions() returns trigger
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
    if rows < 2 or not exists (select from touched_rows as r offset 2) then
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
revoke execute on function signalbox.log_sessions() from public;

-- That a prompt was there is all that is counted.
create function signalbox.log_prompts() returns trigger
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
    if rows < 2 or not exists (select from touched_rows as r offset 2) then
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
revoke execute on function signalbox.log_prompts() from public;

-- A job counts when it ended, while it is open when it was created. Differences of infinite times are none.
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
    if rows < 2 or not exists (select from touched_rows as r offset 2) then
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

create function signalbox.log_windows() returns trigger
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
    if rows < 2 or not exists (select from touched_rows as r offset 2) then
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
revoke execute on function signalbox.log_windows() from public;

-- A run counts when it ended, while it is open when it began, and as one that began when it did.
create function signalbox.log_runs() returns trigger
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
    if rows < 2 or not exists (select from touched_rows as r offset 2) then
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
revoke execute on function signalbox.log_runs() from public;

-- Tables that another system made may have columns of other types, which would make the writer's own statement fail:
-- these say that they changed and no more, and are read live.
do $$
declare
    logged record;
begin
    for logged in
        with told as (
            select t.tgrelid, (string_to_array(encode(t.tgargs, 'escape'), '\000'))[1] as source
            from pg_trigger as t
            where t.tgfoid = 'signalbox.log_truncate()'::regprocedure
        ),
        tellers (source, function, needed) as (values
            ('1', 'log_sessions', '{id uuid,metadata jsonb}'::text[]),
            (
                '3', 'log_calls',
                '{session_id uuid,event_id uuid,call_id uuid,success boolean,execution_time_ms integer}'
            ),
            ('4', 'log_prompts', '{}'),
            ('8', 'log_jobs', '{}'),
            ('16', 'log_runs', '{}'),
            (
                '17', 'log_windows',
                '{actions_total bigint,actions_automated bigint,human_escalations bigint,confidence_count bigint,'
                'avg_confidence double precision,automation_rate double precision,total_cost numeric}'
            )
        )
        select
            t.tgrelid::regclass as name, t.tgname as trigger, o.source, f.function, e.event, e.rows, e.sign,
            n.nspname as system,
            f.needed <@ array(
                select a.attname || ' ' || format_type(a.atttypid, null) from pg_attribute as a
                where a.attrelid = t.tgrelid and not a.attisdropped
            )
            and (o.source <> '8' or 1 = (
                select count(distinct a.atttypid) from pg_attribute as a
                where a.attrelid = t.tgrelid and a.attname in ('created_at', 'started_at', 'completed_at')
            )) as is_fit
        from pg_trigger as t
        inner join pg_proc as p on p.oid = t.tgfoid
        inner join pg_class as c on c.oid = t.tgrelid
        inner join pg_namespace as n on n.oid = c.relnamespace
        inner join told as o on o.tgrelid = t.tgrelid
        inner join tellers as f on f.source = o.source
        inner join (values
            ('change_log_insert', 'insert', 'new', 1), ('change_log_delete', 'delete', 'old', -1),
            ('change_log_update_old', 'update', 'old', -1), ('change_log_update_new', 'update', 'new', 1)
        ) as e (name, event, rows, sign) on e.name = t.tgname
        -- Those that say no more already stay.
        where p.proname <> 'log_rows' or (string_to_array(encode(t.tgargs, 'escape'), '\000'))[2] <> '-'
    loop
        execute format('drop trigger %I on %s', logged.trigger, logged.name);
        if logged.is_fit then
            execute format(
                'create trigger %I after %s on %s referencing %s table as touched_rows for each statement '
                'execute function signalbox.%I(%L)',
                logged.trigger, logged.event, logged.name, logged.rows, logged.function, logged.sign
            );
        else
            execute format(
                'create trigger %I after %s on %s referencing %s table as touched_rows for each statement '
                'execute function signalbox.log_rows(%L, %L)',
                logged.trigger, logged.event, logged.name, logged.rows, logged.source, '-'
            );
            update signalbox.adopted_tables as a set is_logged = false
            where a.system = logged.system and a.mode = 'moved' and a.is_logged;
        end if;
    end loop;
end
$$;
-- squawk-ignore ban-drop-function
drop function signalbox.log_added();
-- squawk-ignore ban-drop-function
drop function signalbox.log_answers();
-- squawk-ignore ban-drop-function
drop function signalbox.log_sop_executions();
