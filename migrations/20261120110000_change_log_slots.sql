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

-- Some figures hang on another row: calls on the project of their session, what a session cost on the replies of its
-- models, an unanswered call on the row of its answer, also one that is gone. Which slots that concerns may depend on work that is not
-- committed yet, so such a row is logged by its id, and whoever reads the log looks its slots up.
create table signalbox.change_links (
    source smallint not null,
    link uuid not null,
    mark bigint not null default (random() * 9e18)::bigint
);
comment on table signalbox.change_links is
'link is the id of a session, or of a call, whose rows in the source count differently now. One row per statement and link.';
alter table signalbox.change_links set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table signalbox.change_links enable row level security;
grant select on signalbox.change_links to authenticated;
grant all on signalbox.change_links to service_role;
create policy change_links_select on signalbox.change_links for select to authenticated
using ((select signalbox.sees_all()));

-- A call is unanswered as long as no second row carries its id, so the second row also decides on the slot of the first.
-- As long as it is there, whoever reads the log looks for it in the slots that changed; where one goes, its id is logged.
create function signalbox.log_answers() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_log (source, slot)
    select distinct 3,
        case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end
    from touched_rows as r;
    insert into signalbox.change_links (source, link)
    select distinct 3, r.call_id from touched_rows as r where r.phase = 'post' and r.call_id is not null;
    return null;
end
$$;

-- Calls of tools are counted by the project of their session.
create function signalbox.log_projects() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_links (source, link)
    select 3, r.id
    from former_rows as f
    inner join touched_rows as r on r.id = f.id
    where r.project_name is distinct from f.project_name;
    return null;
end
$$;

-- What a session cost rests on the replies of its models.
create function signalbox.log_replies() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_links (source, link)
    select distinct 1, r.session_id from touched_rows as r where r.session_id is not null;
    return null;
end
$$;

-- A price changes what every session cost.
create function signalbox.log_prices() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    if tg_op = 'TRUNCATE' then
        insert into signalbox.change_log (source, slot) values (1, 2147483647);
    else
        insert into signalbox.change_log (source, slot) select 1, 2147483647 from touched_rows as r limit 1;
    end if;
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
        if event.rows = 'old' then
            execute format('drop trigger %I on chronicle.tool_events', event.name);
            execute format('create trigger %I after %s on chronicle.tool_events referencing old table as touched_rows '
                'for each statement execute function signalbox.log_answers()', event.name, event.statement);
        end if;
        execute format('create trigger %I after %s on signalbox.model_replies referencing %s table as touched_rows '
            'for each statement execute function signalbox.log_replies()',
            replace(event.name, 'change_log', 'change_log_costs'), event.statement, event.rows);
        execute format('create trigger %I after %s on signalbox.model_prices referencing %s table as touched_rows '
            'for each statement execute function signalbox.log_prices()',
            replace(event.name, 'change_log', 'change_log_costs'), event.statement, event.rows);
    end loop;
end
$$;
create trigger change_log_projects after update on chronicle.sessions
referencing old table as former_rows new table as touched_rows
for each statement execute function signalbox.log_projects();
create trigger change_log_costs_truncate after truncate on signalbox.model_replies
for each statement execute function signalbox.log_prices();
create trigger change_log_costs_truncate after truncate on signalbox.model_prices
for each statement execute function signalbox.log_prices();

update signalbox.change_sources set time_column = 'counted_at' where source = 8;

-- As before, with the links.
create or replace function signalbox.change_versions() returns table (name text, version text)
language sql stable security definer
set search_path = ''
as $$
    select s.name, (t.marks + coalesce(l.marks, 0))::text || '-' || (t.mark # coalesce(l.mark, 0))::text
    from signalbox.change_sources as s
    inner join signalbox.change_totals as t using (source)
    left join (
        select m.source, count(*) as marks, bit_xor(m.mark) as mark
        from (
            select c.source, c.mark from signalbox.change_log as c
            union all
            select k.source, k.mark from signalbox.change_links as k
        ) as m
        group by m.source
    ) as l using (source)
$$;

revoke execute on function signalbox.log_jobs() from public;
revoke execute on function signalbox.log_answers() from public;
revoke execute on function signalbox.log_projects() from public;
revoke execute on function signalbox.log_replies() from public;
revoke execute on function signalbox.log_prices() from public;
