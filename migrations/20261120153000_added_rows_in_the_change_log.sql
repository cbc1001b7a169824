-- A quarter of an hour that rows were only added to is not counted anew: the log names these rows, and what is stored
-- stands together with them.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.change_log add column added uuid [];
comment on table signalbox.change_log is
'slot is the quarter of an hour (UTC) of the rows touched, the lowest for rows without a time. Where a statement did nothing but add some rows, added names them; without it the slot is counted anew. A row may be named twice. One row per statement and slot, or per row of a statement that adds one or two.';

-- Logs rows that were added, by the number of their table and their column of time. Most statements add one row, or a
-- call and its answer: these are logged as they come, which costs a writer less than putting them together. Where there are
-- more, all are logged by slot; of many the slot says enough.
create function signalbox.log_added() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
    rows integer;
begin
    if tg_argv[1] = 'created_at' then
        insert into signalbox.change_log (source, slot, added)
        select tg_argv[0]::smallint, case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end, array[r.id]
        from touched_rows as r
        limit 3;
        get diagnostics rows = row_count;
        if rows = 3 then
            insert into signalbox.change_log (source, slot, added)
            select tg_argv[0]::smallint, case when r.created_at > '-infinity' and r.created_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.created_at) / 900)::int else -2147483648 end, case when count(*) <= 100 then array_agg(r.id) end
            from touched_rows as r
            group by 2;
        end if;
    elsif tg_argv[1] = 'started_at' then
        insert into signalbox.change_log (source, slot, added)
        select tg_argv[0]::smallint, case when r.started_at > '-infinity' and r.started_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.started_at) / 900)::int else -2147483648 end, array[r.id]
        from touched_rows as r
        limit 3;
        get diagnostics rows = row_count;
        if rows = 3 then
            insert into signalbox.change_log (source, slot, added)
            select tg_argv[0]::smallint, case when r.started_at > '-infinity' and r.started_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.started_at) / 900)::int else -2147483648 end, case when count(*) <= 100 then array_agg(r.id) end
            from touched_rows as r
            group by 2;
        end if;
    else -- of jobs, which count when they ended, and while they are open when they were created
        insert into signalbox.change_log (source, slot, added)
        select tg_argv[0]::smallint, case when r.counted_at > '-infinity' and r.counted_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.counted_at) / 900)::int else -2147483648 end, array[r.id]
        from (
            select t.id, case when t.completed_at is null then t.created_at else t.completed_at end as counted_at
            from touched_rows as t
        ) as r
        limit 3;
        get diagnostics rows = row_count;
        if rows = 3 then
            insert into signalbox.change_log (source, slot, added)
            select tg_argv[0]::smallint, case when r.counted_at > '-infinity' and r.counted_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', r.counted_at) / 900)::int else -2147483648 end, case when count(*) <= 100 then array_agg(r.id) end
            from (
            select t.id, case when t.completed_at is null then t.created_at else t.completed_at end as counted_at
            from touched_rows as t
        ) as r
            group by 2;
        end if;
    end if;
    return null;
end
$$;
revoke execute on function signalbox.log_added() from public;

-- Tables that another system made may have ids of another type, or times that say nothing: these log as before.
do $$
declare
    logged record;
begin
    for logged in
        select l.* from (values
            ('chronicle.sessions', '1', 'started_at'), ('chronicle.tool_events', '3', 'created_at'),
            ('chronicle.prompt_events', '4', 'created_at'), ('agents.jobs', '8', 'counted_at')
        ) as l (name, source, time_column)
        inner join pg_trigger as t on t.tgrelid = l.name::regclass and t.tgname = 'change_log_insert'
        inner join pg_attribute as a on a.attrelid = t.tgrelid and a.attname = 'id' and a.atttypid = 'uuid'::regtype
        where pg_get_triggerdef(t.oid) not like '%''-''%'
    loop
        execute format('drop trigger change_log_insert on %s', logged.name);
        execute format('create trigger change_log_insert after insert on %s referencing new table as touched_rows '
            'for each statement execute function signalbox.log_added(%L, %L)',
            logged.name, logged.source, logged.time_column);
    end loop;
end
$$;
