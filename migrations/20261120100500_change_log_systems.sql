-- The change log hears of the systems' other tables, too.
set lock_timeout = '4s';
set statement_timeout = '60s';

insert into signalbox.change_sources (source, name, time_column) values
(14, 'engine.event_snapshots', 'created_at'),
(15, 'engine.sop_definitions', '-'),
(16, 'engine.sop_executions', 'started_at'),
(17, 'engine.agent_metrics', 'window_end'),
(18, 'engine.client_health', 'computed_at'),
(19, 'engine.chaos_experiments', 'created_at'),
(20, 'lift.sessions', 'created_at'),
(21, 'lift.session_revisions', 'created_at'),
(22, 'lift.session_drafts', 'created_at'),
(23, 'lift.hole_resolutions', 'created_at'),
(24, 'toolbox.users', '-'),
(25, 'toolbox.workspaces', '-'),
(26, 'toolbox.workspace_members', '-'),
(27, 'toolbox.projects', '-'),
(28, 'toolbox.project_members', '-'),
(29, 'signalbox.backup_runs', '-'),
(30, 'signalbox.adopted_tables', '-');
insert into signalbox.change_totals (source) select source from signalbox.change_sources where source > 13;

-- As before, with the two time columns that are new.
create or replace function signalbox.log_rows() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    if tg_argv[1] = 'created_at' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint, case when isfinite(r.created_at)
            then least(greatest(floor(date_part('epoch', r.created_at) / 900), -2147483648), 2147483647)::int
            else -1 end
        from touched_rows as r;
    elsif tg_argv[1] = 'timestamp' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint, case when isfinite(r.timestamp)
            then least(greatest(floor(date_part('epoch', r.timestamp) / 900), -2147483648), 2147483647)::int
            else -1 end
        from touched_rows as r;
    elsif tg_argv[1] = 'started_at' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint, case when isfinite(r.started_at)
            then least(greatest(floor(date_part('epoch', r.started_at) / 900), -2147483648), 2147483647)::int
            else -1 end
        from touched_rows as r;
    elsif tg_argv[1] = 'replied_at' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint, case when isfinite(r.replied_at)
            then least(greatest(floor(date_part('epoch', r.replied_at) / 900), -2147483648), 2147483647)::int
            else -1 end
        from touched_rows as r;
    elsif tg_argv[1] = 'window_end' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint, case when isfinite(r.window_end)
            then least(greatest(floor(date_part('epoch', r.window_end) / 900), -2147483648), 2147483647)::int
            else -1 end
        from touched_rows as r;
    elsif tg_argv[1] = 'computed_at' then
        insert into signalbox.change_log (source, slot)
        select distinct tg_argv[0]::smallint, case when isfinite(r.computed_at)
            then least(greatest(floor(date_part('epoch', r.computed_at) / 900), -2147483648), 2147483647)::int
            else -1 end
        from touched_rows as r;
    else
        insert into signalbox.change_log (source, slot)
        select tg_argv[0]::smallint, -1 from touched_rows as r limit 1;
    end if;
    return null;
end
$$;

do $$
declare
    logged record;
begin
    for logged in select source, name, time_column from signalbox.change_sources where source > 13 order by source loop
        execute format('create trigger change_log_insert after insert on %s referencing new table as touched_rows '
            'for each statement execute function signalbox.log_rows(%L, %L)', logged.name, logged.source, logged.time_column);
        execute format('create trigger change_log_delete after delete on %s referencing old table as touched_rows '
            'for each statement execute function signalbox.log_rows(%L, %L)', logged.name, logged.source, logged.time_column);
        execute format('create trigger change_log_update_old after update on %s referencing old table as touched_rows '
            'for each statement execute function signalbox.log_rows(%L, %L)', logged.name, logged.source, logged.time_column);
        execute format('create trigger change_log_update_new after update on %s referencing new table as touched_rows '
            'for each statement execute function signalbox.log_rows(%L, %L)', logged.name, logged.source, logged.time_column);
        execute format('create trigger change_log_truncate after truncate on %s '
            'for each statement execute function signalbox.log_truncate(%L)', logged.name, logged.source);
    end loop;
end
$$;
