-- The change log: every statement that touches a source table leaves a mark; caches are keyed by the marks.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table signalbox.change_sources (
    source smallint primary key,
    name text not null unique,
    time_column text not null
);
comment on table signalbox.change_sources is 'One row per table whose changes are logged.';
insert into signalbox.change_sources (source, name, time_column) values
(1, 'chronicle.sessions', 'started_at'),
(2, 'chronicle.events', 'timestamp'),
(3, 'chronicle.tool_events', 'created_at'),
(4, 'chronicle.prompt_events', 'created_at'),
(5, 'chronicle.notification_events', 'created_at'),
(6, 'chronicle.lifecycle_events', 'created_at'),
(7, 'chronicle.project_context', 'created_at'),
(8, 'agents.jobs', 'created_at'),
(9, 'engine.events', 'timestamp'),
(10, 'engine.human_approvals', 'created_at'),
(11, 'signalbox.model_replies', 'replied_at'),
(12, 'signalbox.model_prices', '-'),
(13, 'signalbox.import_files', 'first_imported_at');

-- No key and no index: an identity key alone would cost every writer 3 to 5 per cent more.
create table signalbox.change_log (
    source smallint not null,
    slot integer not null,
    mark bigint not null default (random() * 9e18)::bigint
);
comment on table signalbox.change_log is
'slot is the quarter of an hour (UTC) of the rows touched, -1 for rows without a time. One row per statement and slot.';
alter table signalbox.change_log set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create table signalbox.change_totals (
    source smallint primary key references signalbox.change_sources (source),
    marks bigint not null default 0,
    mark bigint not null default 0
);
comment on table signalbox.change_totals is 'Marks already taken out of the change log. One row per source.';
insert into signalbox.change_totals (source) select source from signalbox.change_sources;

alter table signalbox.change_sources enable row level security;
alter table signalbox.change_log enable row level security;
alter table signalbox.change_totals enable row level security;
grant select on signalbox.change_sources, signalbox.change_log, signalbox.change_totals to authenticated;
grant all on signalbox.change_sources, signalbox.change_log, signalbox.change_totals to service_role;
create policy change_sources_select on signalbox.change_sources for select to authenticated using (true);
create policy change_log_select on signalbox.change_log for select to authenticated
using ((select signalbox.sees_all()));
create policy change_totals_select on signalbox.change_totals for select to authenticated
using ((select signalbox.sees_all()));

-- Trigger arguments: number of the source, its time column. A mark must never make the writer's statement fail:
-- times that are missing, infinite or beyond an integer get a slot all the same.
create function signalbox.log_rows() returns trigger
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
    else
        insert into signalbox.change_log (source, slot)
        select tg_argv[0]::smallint, -1 from touched_rows as r limit 1;
    end if;
    return null;
end
$$;

create function signalbox.log_truncate() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into signalbox.change_log (source, slot) values (tg_argv[0]::smallint, -1);
    return null;
end
$$;

-- An update leaves two sets of rows, before and after: two triggers, one for each, through the same function.
do $$
declare
    logged record;
begin
    for logged in select source, name, time_column from signalbox.change_sources order by source loop
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

-- One version per source: how many marks there ever were, and their exclusive or. It changes with every committed
-- statement, also when an older transaction commits after a newer one, and not when marks are folded.
create function signalbox.change_versions() returns table (name text, version text)
language sql stable security definer
set search_path = ''
as $$
    select s.name, (t.marks + coalesce(l.marks, 0))::text || '-' || (t.mark # coalesce(l.mark, 0))::text
    from signalbox.change_sources as s
    inner join signalbox.change_totals as t using (source)
    left join (
        select source, count(*) as marks, bit_xor(mark) as mark from signalbox.change_log group by source
    ) as l using (source)
$$;
revoke execute on function signalbox.change_versions() from public;
grant execute on function signalbox.change_versions() to authenticated, service_role;
revoke execute on function signalbox.log_rows() from public;
revoke execute on function signalbox.log_truncate() from public;
revoke execute on function signalbox.refuse_rewriting() from public;
revoke execute on function signalbox.touch_updated_at() from public;
revoke execute on function agents.stamp_job() from public;

-- Takes the visible marks out of the log and adds them to the totals, in the caller's one snapshot.
create function signalbox.fold_change_log() returns bigint
language sql
set search_path = ''
as $$
    with folded as (
        delete from signalbox.change_log returning source, mark
    ),
    summed as (
        select source, count(*) as marks, bit_xor(mark) as mark from folded group by source
    ),
    added as (
        update signalbox.change_totals as t
        set marks = t.marks + s.marks, mark = t.mark # s.mark
        from summed as s
        where t.source = s.source
        returning s.marks
    )
    select coalesce(sum(marks), 0)::bigint from added
$$;
revoke execute on function signalbox.fold_change_log() from public;
grant execute on function signalbox.fold_change_log() to service_role;
