-- The change log names every quarter of an hour whose figures may have changed, also where another row decides them.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Times that are missing, infinite or beyond the year 60,000 share the lowest slot, which no real time has.
create or replace function signalbox.log_rows() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    if tg_argv[1] = 'created_at' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint,
            case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end
        from touched_rows as r;
    elsif tg_argv[1] = 'timestamp' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint,
            case when r.timestamp > '-infinity' and r.timestamp < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.timestamp) / 900)::int else -2147483648 end
        from touched_rows as r;
    elsif tg_argv[1] = 'started_at' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint,
            case when r.started_at > '-infinity' and r.started_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.started_at) / 900)::int else -2147483648 end
        from touched_rows as r;
    elsif tg_argv[1] = 'replied_at' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint,
            case when r.replied_at > '-infinity' and r.replied_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.replied_at) / 900)::int else -2147483648 end
        from touched_rows as r;
    elsif tg_argv[1] = 'window_end' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint,
            case when r.window_end > '-infinity' and r.window_end < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.window_end) / 900)::int else -2147483648 end
        from touched_rows as r;
    elsif tg_argv[1] = 'computed_at' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint,
            case when r.computed_at > '-infinity' and r.computed_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.computed_at) / 900)::int else -2147483648 end
        from touched_rows as r;
    else
        insert into signalbox.change_log (source, slot)
        select tg_argv[0]::smallint, -2147483648 from touched_rows as r limit 1;
    end if;
    return null;
end
$$;

-- Nothing says which rows were there: the highest slot, which no time has, stands for every slot.
create or replace function signalbox.log_truncate() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_log (source, slot)
    select source, 2147483647 from unnest(tg_argv::smallint[]) as t (source);
    return null;
end
$$;

-- A job counts when it ended, while it is open when it was created.
create function signalbox.log_jobs() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_log (source, slot)
    select distinct 8,
        case when c.counted_at > '-infinity' and c.counted_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', c.counted_at) / 900)::int else -2147483648 end
    from touched_rows as r
    cross join lateral (
        select case when r.completed_at is null then r.created_at else r.completed_at end as counted_at
    ) as c;
    return null;
end
$$;

-- A call is unanswered as long as no second row carries its id, so the second row also changes the slot of the first.
create function signalbox.log_tool_events() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_log (source, slot)
    select distinct 3,
        case when c.created_at > '-infinity' and c.created_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', c.created_at) / 900)::int else -2147483648 end
    from (
        select r.created_at from touched_rows as r
        union all
        select asked.created_at
        from touched_rows as r
        inner join chronicle.tool_events as asked on asked.call_id = r.call_id and asked.phase = 'pre'
        where r.phase = 'post'
    ) as c;
    return null;
end
$$;

-- Calls of tools are counted by the project of their session.
create function signalbox.log_projects() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    if exists (
        select from former_rows as f inner join touched_rows as r on r.id = f.id
        where r.project_name is distinct from f.project_name
    ) then
        insert into signalbox.change_log (source, slot)
        select distinct 3,
            case when e.created_at > '-infinity' and e.created_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', e.created_at) / 900)::int else -2147483648 end
        from former_rows as f
        inner join touched_rows as r on r.id = f.id
        inner join chronicle.tool_events as e on e.session_id = r.id
        where r.project_name is distinct from f.project_name;
    end if;
    return null;
end
$$;

-- What a session cost rests on the replies of its models: they change the slot in which the session began.
create function signalbox.log_replies() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_log (source, slot)
    select distinct 1,
        case when s.started_at > '-infinity' and s.started_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', s.started_at) / 900)::int else -2147483648 end
    from touched_rows as r
    inner join chronicle.sessions as s on s.id = r.session_id;
    return null;
end
$$;

-- A price changes what every session cost.
create function signalbox.log_prices() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_log (source, slot) values (1, 2147483647);
    return null;
end
$$;

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
        execute format('drop trigger %I on agents.jobs', event.name);
        execute format('create trigger %I after %s on agents.jobs referencing %s table as touched_rows '
            'for each statement execute function signalbox.log_jobs()', event.name, event.statement, event.rows);
        execute format('drop trigger %I on chronicle.tool_events', event.name);
        execute format('create trigger %I after %s on chronicle.tool_events referencing %s table as touched_rows '
            'for each statement execute function signalbox.log_tool_events()', event.name, event.statement, event.rows);
        execute format('create trigger %I after %s on signalbox.model_replies referencing %s table as touched_rows '
            'for each statement execute function signalbox.log_replies()',
            replace(event.name, 'change_log', 'session_costs'), event.statement, event.rows);
    end loop;
end
$$;
create trigger change_log_projects after update on chronicle.sessions
referencing old table as former_rows new table as touched_rows
for each statement execute function signalbox.log_projects();
create trigger session_costs_truncate after truncate on signalbox.model_replies
for each statement execute function signalbox.log_prices();
create trigger session_costs_change after insert or update or delete or truncate on signalbox.model_prices
for each statement execute function signalbox.log_prices();

update signalbox.change_sources set time_column = 'counted_at' where source = 8;

revoke execute on function signalbox.log_jobs() from public;
revoke execute on function signalbox.log_tool_events() from public;
revoke execute on function signalbox.log_projects() from public;
revoke execute on function signalbox.log_replies() from public;
revoke execute on function signalbox.log_prices() from public;
