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

-- What changed in one subject: slots to be counted anew, and rows added to others, each with its slot.
create type analytics.changes as (slots integer [], added_slots integer [], added uuid []);
comment on type analytics.changes is
'Quarters of an hour whose rows changed, and rows that were added to others: added_slots has the slot of each of added.';

-- The slots of calls that are stored as unanswered and whose answers are among these rows.
create function analytics.slots_answered_by(added uuid []) returns setof integer
language sql stable rows 10
set search_path = ''
as $$
    select distinct asked.slot
    from (
        select t.call_id from analytics.stg_chronicle__tool_events as t
        where t.tool_event_id = any(added) and t.phase = 'post' and t.call_id is not null
    ) as answer
    cross join lateral (
        select t.session_pk, t.tool_name, case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', t.occurred_at) / 900)::integer else -2147483648 end as slot
        from analytics.stg_chronicle__tool_events as t
        where t.call_id = answer.call_id and t.phase = 'pre' and t.tool_event_id <> all(added)
        offset 0
    ) as asked
    left join analytics.stg_chronicle__sessions as s on s.session_pk = asked.session_pk
    cross join lateral (
        select r.unanswered from analytics.tool_rollup as r
        where r.level = 1 and r.is_by_project = (s.project_name is not null)
        and r.project_name = coalesce(s.project_name, '') and r.slot = asked.slot and r.tool_name = asked.tool_name
        offset 0
    ) as stored
    where stored.unanswered > 0
$$;
revoke execute on function analytics.slots_answered_by(uuid []) from public;
grant execute on function analytics.slots_answered_by(uuid []) to authenticated, service_role;

-- Of what the log says of a source (`slots` without named rows, `links`, and rows by their slots) what changed: rows
-- count as added where nothing else happened in their slot.
create function analytics.resolve_changes(
    source smallint, slots integer [], links uuid [], added_slots integer [], added uuid [], is_answering boolean
) returns analytics.changes
language plpgsql stable
set search_path = ''
as $$
declare
    found analytics.changes;
begin
    found.slots := slots || array(
        select analytics.linked_slots(source, links, case when is_answering then slots end)
    );
    if added is null then
        return found;
    end if;
    -- Many rows in one slot are counted with their slot at once, and so are those without a time.
    found.slots := found.slots || array(
        select u.slot from unnest(added_slots, added) as u (slot, id)
        group by u.slot
        having count(distinct u.id) > 100 or u.slot = -2147483648
    );
    if source = 3 and is_answering then
        found.slots := found.slots || array(select analytics.slots_answered_by(added));
    end if;
    select array_agg(u.slot), array_agg(u.id) into found.added_slots, found.added
    from (
        select distinct a.slot, a.id from unnest(resolve_changes.added_slots, resolve_changes.added) as a (slot, id)
    ) as u
    where u.slot <> all(found.slots);
    return found;
end
$$;
revoke execute on function analytics.resolve_changes(
    smallint, integer [], uuid [], integer [], uuid [], boolean
) from public;
grant execute on function analytics.resolve_changes(
    smallint, integer [], uuid [], integer [], uuid [], boolean
) to authenticated, service_role;

-- What the log says of a subject now. Where only rows without a time are asked for, no answers are looked up while no
-- such call is stored as unanswered.
create function analytics.changes_of(subject text, is_untimed boolean default false) returns analytics.changes
language plpgsql stable
set search_path = ''
as $$
declare
    logged smallint;
    slots integer[];
    links uuid[];
    added_slots integer[];
    added uuid[];
begin
    select s.source into logged from signalbox.rollup_state as s where s.subject = changes_of.subject;
    select
        coalesce(array_agg(distinct l.slot) filter (where l.added is null), '{}')
    into slots
    from signalbox.change_log as l where l.source = logged and l.slot < 2147483647;
    select array_agg(l.slot), array_agg(a.id) into added_slots, added
    from signalbox.change_log as l
    cross join lateral unnest(l.added) as a (id)
    where l.source = logged and l.added is not null;
    select array_agg(distinct k.link) into links from signalbox.change_links as k where k.source = logged;
    return analytics.resolve_changes(
        logged, slots, links, added_slots, added,
        not is_untimed or exists (
            select from analytics.tool_rollup as t
            where t.level = 1 and not t.is_by_project and t.project_name = '' and t.slot = -2147483648 and t.unanswered > 0
        )
    );
end
$$;
revoke execute on function analytics.changes_of(text, boolean) from public;
grant execute on function analytics.changes_of(text, boolean) to authenticated, service_role;

-- As before, and with_added has whoever asks count rows that were added in a window of their own kind, `added`; without
-- it their slots are read live. `known` is what changed where whoever asks knows it.
-- squawk-ignore ban-drop-function
drop function analytics.rollup_windows(text, timestamptz, timestamptz, boolean, integer, integer, integer []);
-- squawk-ignore ban-drop-function
drop function analytics.changed_slots(text, boolean);
create function analytics.rollup_windows(
    subject text,
    start_at timestamptz,
    end_at timestamptz,
    is_untimed boolean default false,
    coarsest integer default 768,
    finest integer default 1,
    known analytics.changes default null,
    with_added boolean default false
) returns table (
    kind text, level smallint, lo integer, hi integer, from_at timestamptz, until_at timestamptz, added uuid []
)
language plpgsql stable rows 8
set search_path = ''
as $$
declare
    lowest constant integer := -2147483648; -- the slot of rows without a time
    first_at constant timestamptz := '4714-11-24 00:00+00 BC'; -- the first that PostgreSQL knows
    last_at constant timestamptz := '60000-01-01 00:00+00'; -- later ones, and infinite ones, count as no time
    raw_at timestamptz;
    state signalbox.rollup_state;
    a bigint; -- whole slots of the window
    b bigint;
    changed integer[];
begin
    select s.* into state from signalbox.rollup_state as s where s.subject = rollup_windows.subject
    and not exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        where not t.is_logged and c.source = s.source
    );
    if state.built_from is null then
        state.built_from := 2147483647;
        state.raw_from := lowest;
    elsif coarsest < finest or exists (
        select from signalbox.change_log as l where l.source = state.source and l.slot = 2147483647
    ) then
        state.built_from := 2147483647;
    end if;

    if known is null and state.built_from < 2147483647 then
        known := analytics.changes_of(state.subject, coalesce(is_untimed, false));
    end if;
    changed := (known).slots;
    if not with_added then
        changed := changed || (known).added_slots;
    end if;
    if is_untimed or start_at is null and end_at is null then
        if state.built_from > lowest or lowest = any(changed) then
            return query select 'untimed', null::smallint, null::integer, null::integer, null::timestamptz,
                null::timestamptz, null::uuid[];
        else
            return query select 'stored', finest::smallint, lowest, lowest + 1, null::timestamptz, null::timestamptz,
                null::uuid[];
        end if;
    end if;
    if is_untimed or start_at >= end_at then
        return;
    end if;

    start_at := greatest(start_at, first_at);
    if state.raw_from > lowest then
        raw_at := to_timestamp(state.raw_from * 900.0);
        if start_at < raw_at then
            a := case when start_at > first_at
                then floor(date_part('epoch', start_at) / (900 * finest)) * finest else -240000000 end;
            b := case when end_at < raw_at
                then ceil(date_part('epoch', greatest(end_at, first_at)) / (900 * finest)) * finest else state.raw_from end;
            if a < b then
                return query select 'stored', r.level, r.from_slot, r.until_slot, null::timestamptz, null::timestamptz,
                    null::uuid[]
                from analytics.rollup_levels(a, b, finest, coarsest) as r;
                return query select 'live', null::smallint, null::integer, null::integer,
                    case when start_at > first_at then to_timestamp(a * 900.0) else first_at end, to_timestamp(b * 900.0),
                    null::uuid[];
            end if;
            if end_at <= raw_at then
                return;
            end if;
            start_at := raw_at;
        end if;
    end if;

    a := case when start_at > first_at
        then ceil(date_part('epoch', least(start_at, last_at)) / (900 * finest)) * finest else -240000000 end;
    b := case when end_at < last_at
        then floor(date_part('epoch', greatest(end_at, first_at)) / (900 * finest)) * finest else 2147483646 end;
    a := greatest(a, state.built_from);
    if a >= b then
        return query select 'live', null::smallint, null::integer, null::integer, start_at, least(end_at, last_at),
            null::uuid[];
        return;
    end if;

    select array_agg(distinct c.slot - (c.slot % finest + finest) % finest) into changed
    from unnest(changed) as c (slot)
    where c.slot >= a and c.slot < b;
    -- Where more than a third changed, the tables are read faster.
    if cardinality(changed) * finest > (b - a) / 3 then
        return query select 'live', null::smallint, null::integer, null::integer, start_at, least(end_at, last_at),
            null::uuid[];
        return;
    end if;

    -- The two ends that are no whole slots, and what is not stored yet.
    if a > -240000000 and start_at < to_timestamp(a * 900.0) then
        return query select 'live', null::smallint, null::integer, null::integer, start_at, to_timestamp(a * 900.0),
            null::uuid[];
    end if;
    if end_at > to_timestamp(b * 900.0) then
        return query select 'live', null::smallint, null::integer, null::integer,
            to_timestamp(b * 900.0), least(end_at, last_at), null::uuid[];
    end if;

    -- Slots that follow each other are read at once.
    return query
    select 'live', null::smallint, null::integer, null::integer,
        to_timestamp(min(c.slot) * 900.0), to_timestamp((max(c.slot) + finest) * 900.0), null::uuid[]
    from (select u.slot, u.slot - finest * row_number() over (order by u.slot) as island from unnest(changed) as u (slot)) as c
    group by c.island;
    return query
    select 'removed', finest::smallint, min(c.slot), max(c.slot) + finest, null::timestamptz, null::timestamptz, null::uuid[]
    from (select u.slot, u.slot - finest * row_number() over (order by u.slot) as island from unnest(changed) as u (slot)) as c
    group by c.island;
    return query
    select 'stored', r.level, r.from_slot, r.until_slot, null::timestamptz, null::timestamptz, null::uuid[]
    from analytics.rollup_levels(a, b, finest, coarsest) as r;
    if with_added then
        return query
        select 'added', null::smallint, null::integer, null::integer, null::timestamptz, null::timestamptz, array_agg(u.id)
        from unnest((known).added_slots, (known).added) as u (slot, id)
        where u.slot >= a and u.slot < b
        and (changed is null or u.slot - (u.slot % finest + finest) % finest <> all(changed))
        having count(*) > 0;
    end if;
end
$$;
revoke execute on function analytics.rollup_windows(
    text, timestamptz, timestamptz, boolean, integer, integer, analytics.changes, boolean
) from public;
grant execute on function analytics.rollup_windows(
    text, timestamptz, timestamptz, boolean, integer, integer, analytics.changes, boolean
) to authenticated, service_role;

-- Calls that these rows alone make up: answers, and calls without one, as calls_between has them.
create function analytics.calls_added(added uuid []) returns table (
    occurred_at timestamptz, session_pk uuid, tool_name text, tool_type text, outcome text, is_answered boolean,
    duration_ms integer, duration_key integer
) language sql stable rows 100
set search_path = ''
as $$
    select
        t.occurred_at, t.session_pk, t.tool_name, t.tool_type,
        case when t.phase <> 'post' or t.success is null then null when t.success then 'succeeded'
            when analytics.is_refusal(t.error_message) then 'refused' else 'failed' end,
        t.phase = 'post',
        case when t.phase = 'post' then t.duration_ms end,
        case
            when t.phase <> 'post' then null
            when t.duration_ms > 0 then ceil(ln(t.duration_ms::float8) / 0.019802627296179713)::integer
            when t.duration_ms = 0 then -5000
            when t.duration_ms < 0 then -10000 - ceil(ln(-t.duration_ms::float8) / 0.019802627296179713)::integer
        end
    from analytics.stg_chronicle__tool_events as t
    where t.tool_event_id = any(added)
    and (
        t.phase = 'post'
        or t.phase = 'pre' and not exists (
            select from analytics.stg_chronicle__tool_events as answer
            where answer.call_id = t.call_id and answer.phase = 'post'
            offset 0
        )
    )
$$;
comment on function analytics.calls_added(uuid []) is
'Calls that rows of tool_events are of themselves and that the viewer may see: answers, and calls that have none. One row per call.';
revoke execute on function analytics.calls_added(uuid []) from public;
grant execute on function analytics.calls_added(uuid []) to authenticated, service_role;

-- The classes of two histograms together.
create function signalbox.merge_classes(
    keys integer [], counts bigint [], more_keys integer [], more_counts bigint [],
    out merged_keys integer [], out merged_counts bigint []
) language sql immutable
set search_path = ''
as $$
    select coalesce(array_agg(c.key order by c.key), '{}'), coalesce(array_agg(c.counted order by c.key), '{}')
    from (
        select b.key, sum(b.counted)::bigint as counted
        from (
            select unnest(keys) as key, unnest(counts) as counted
            union all
            select unnest(more_keys), unnest(more_counts)
        ) as b
        group by b.key
    ) as c
$$;
revoke execute on function signalbox.merge_classes(integer [], bigint [], integer [], bigint []) from public;

-- Adds the calls of some rows to what is stored of their slots, at all levels.
create function signalbox.add_tools(added uuid []) returns void
language sql
set search_path = ''
as $$
    with facts as materialized (
        select floor(date_part('epoch', c.occurred_at) / 900)::integer as slot, s.project_name, c.*
        from analytics.calls_added(added) as c
        left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
    ),
    classes as (
        select
            w.width, p.is_by_project, case when p.is_by_project then f.project_name else '' end as project_name,
            f.slot - (f.slot % w.width + w.width) % w.width as parent, f.tool_name, f.duration_key,
            min(f.tool_type) as tool_type,
            count(*) as calls,
            count(*) filter (where f.outcome = 'succeeded') as succeeded,
            count(*) filter (where f.outcome = 'failed') as failed,
            count(*) filter (where f.outcome = 'refused') as refused,
            count(*) filter (where not f.is_answered) as unanswered,
            count(f.duration_ms) as timed,
            sum(f.duration_ms) as total_ms,
            min(f.duration_ms) as least_ms,
            max(f.duration_ms) as most_ms
        from facts as f
        cross join unnest(array[1, 4, 96, 768]) as w (width)
        cross join (values (true), (false)) as p (is_by_project)
        where not p.is_by_project or f.project_name is not null
        group by 1, 2, 3, 4, 5, 6
    )
    insert into analytics.tool_rollup as t
    select
        c.width, c.is_by_project, c.project_name, c.parent, c.tool_name, min(c.tool_type),
        sum(c.calls)::bigint, sum(c.succeeded)::bigint, sum(c.failed)::bigint, sum(c.refused)::bigint,
        sum(c.unanswered)::bigint, sum(c.timed)::bigint, coalesce(sum(c.total_ms), 0)::bigint,
        min(c.least_ms), max(c.most_ms),
        coalesce(array_agg(c.duration_key order by c.duration_key) filter (where c.duration_key is not null), '{}'),
        coalesce(array_agg(c.timed order by c.duration_key) filter (where c.duration_key is not null), '{}')
    from classes as c
    group by c.width, c.is_by_project, c.project_name, c.parent, c.tool_name
    on conflict (level, is_by_project, project_name, slot, tool_name) do update set
        tool_type = least(t.tool_type, excluded.tool_type), calls = t.calls + excluded.calls,
        succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed,
        refused = t.refused + excluded.refused, unanswered = t.unanswered + excluded.unanswered,
        timed = t.timed + excluded.timed, total_ms = t.total_ms + excluded.total_ms,
        least_ms = least(t.least_ms, excluded.least_ms), most_ms = greatest(t.most_ms, excluded.most_ms),
        (duration_keys, duration_counts) = (
            select m.merged_keys, m.merged_counts from signalbox.merge_classes(
                t.duration_keys, t.duration_counts, excluded.duration_keys, excluded.duration_counts
            ) as m
        )
$$;
revoke execute on function signalbox.add_tools(uuid []) from public;

-- As before, with the ids of their rows.
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
        and j.completed_at > '-infinity' and j.completed_at < '60000-01-01 00:00+00'
        and j.started_at > '-infinity' and j.started_at < '60000-01-01 00:00+00'
        then (extract(epoch from j.completed_at - j.started_at) * 1000000)::bigint end as run_us
) as r
cross join lateral (
    select case when j.started_at > '-infinity' and j.started_at < '60000-01-01 00:00+00'
        and j.created_at > '-infinity' and j.created_at < '60000-01-01 00:00+00'
        then (extract(epoch from j.started_at - j.created_at) * 1000000)::bigint end as wait_us
) as w;

create or replace view analytics.agent_call_facts with (security_invoker = true) as
select
    c.occurred_at,
    c.session_pk,
    e.metadata ->> 'agent_id' as agent_id,
    e.metadata ->> 'agent_type' as agent_type,
    case
        when e.metadata ->> 'agent_type' is not null then e.metadata ->> 'agent_type'
        when e.metadata ->> 'agent_id' is not null then null
        when e.metadata ?| array['agent_id', 'sidechain'] then 'unknown'
        else e.source_app
    end as name,
    coalesce(c.success, false) as is_success,
    coalesce(not c.success and not analytics.is_refusal(c.error_message), false) as is_failure,
    c.tool_event_id
from analytics.stg_chronicle__tool_events as c
inner join analytics.stg_chronicle__events as e on e.event_id = c.event_id
where c.phase = 'post';

-- The same of calls by agent and by run.
create function signalbox.add_agent_calls(added uuid []) returns void
language sql
set search_path = ''
as $$
    with facts as materialized (
        select
            w.width, f.slot - (f.slot % w.width + w.width) % w.width as parent, f.session_pk, f.agent_id, f.agent_type,
            f.name, count(*) as calls, count(*) filter (where f.is_success) as succeeded,
            count(*) filter (where f.is_failure) as failed
        from (
            select floor(date_part('epoch', a.occurred_at) / 900)::integer as slot, a.*
            from analytics.agent_call_facts as a
            where a.tool_event_id = any(added)
        ) as f
        cross join unnest(array[1, 4, 96, 768]) as w (width)
        group by 1, 2, 3, 4, 5, 6
    ),
    runs as materialized (
        select f.width, f.parent, f.session_pk, f.agent_id, f.agent_type, sum(f.calls)::bigint as calls,
            sum(f.succeeded)::bigint as succeeded, sum(f.failed)::bigint as failed
        from facts as f
        where f.agent_id is not null
        group by 1, 2, 3, 4, 5
    ),
    names as materialized (
        select f.width, f.parent, f.name, sum(f.calls)::bigint as calls, sum(f.succeeded)::bigint as succeeded,
            sum(f.failed)::bigint as failed
        from facts as f
        where f.name is not null
        group by 1, 2, 3
    ),
    known_runs as (
        update analytics.agent_run_call_rollup as r
        set calls = r.calls + n.calls, succeeded = r.succeeded + n.succeeded, failed = r.failed + n.failed
        from runs as n
        where r.level = n.width and r.slot = n.parent and r.session_pk is not distinct from n.session_pk
        and r.agent_id = n.agent_id and r.agent_type is not distinct from n.agent_type
        returning n.width, n.parent, n.session_pk, n.agent_id, n.agent_type
    ),
    known_names as (
        update analytics.agent_call_rollup as r
        set calls = r.calls + n.calls, succeeded = r.succeeded + n.succeeded, failed = r.failed + n.failed
        from names as n
        where r.level = n.width and r.slot = n.parent and r.name = n.name
        returning n.width, n.parent, n.name
    ),
    new_runs as (
        insert into analytics.agent_run_call_rollup
        select n.* from runs as n
        where not exists (
            select from known_runs as k
            where k.width = n.width and k.parent = n.parent and k.session_pk is not distinct from n.session_pk
            and k.agent_id = n.agent_id and k.agent_type is not distinct from n.agent_type
        )
    )
    insert into analytics.agent_call_rollup
    select n.* from names as n
    where not exists (
        select from known_names as k where k.width = n.width and k.parent = n.parent and k.name = n.name
    )
$$;
revoke execute on function signalbox.add_agent_calls(uuid []) from public;

-- Slots that were stored from the tables a moment ago may hold rows that were logged since: those are counted with their
-- slot, not beside it. Versions stay as they are.
create function signalbox.forget_added(
    source smallint, slots integer [] default null, lo integer default null, hi integer default null
) returns void
language sql
set search_path = ''
as $$
    update signalbox.change_log as l set added = null
    where l.source = forget_added.source and l.added is not null
    and (forget_added.slots is null or l.slot = any(forget_added.slots))
    and (forget_added.lo is null or l.slot >= forget_added.lo) and (forget_added.hi is null or l.slot < forget_added.hi)
$$;
revoke execute on function signalbox.forget_added(smallint, integer [], integer, integer) from public;

-- As before, and tells what the marks were of.
-- squawk-ignore ban-drop-function
drop function signalbox.take_marks(smallint, integer [], integer, integer);
create function signalbox.take_marks(
    source smallint, slots integer [] default null, lo integer default null, hi integer default null
) returns analytics.changes
language sql
set search_path = ''
as $$
    with taken as (
        delete from signalbox.change_log as l
        where l.source = take_marks.source and (take_marks.slots is null or l.slot = any(take_marks.slots))
        and (take_marks.lo is null or l.slot >= take_marks.lo) and (take_marks.hi is null or l.slot < take_marks.hi)
        returning l.slot, l.mark, l.added
    ),
    summed as (
        select count(*) as marks, bit_xor(t.mark) as mark from taken as t having count(*) > 0
    ),
    counted as (
        update signalbox.change_totals as t
        set marks = t.marks + s.marks, mark = t.mark # s.mark
        from summed as s
        where t.source = take_marks.source
    ),
    rows_added as (
        select array_agg(t.slot) as slots, array_agg(a.id) as ids
        from taken as t
        cross join lateral unnest(t.added) as a (id)
    )
    select array(select distinct t.slot from taken as t where t.added is null), r.slots, r.ids from rows_added as r
$$;
revoke execute on function signalbox.take_marks(smallint, integer [], integer, integer) from public;

-- As before, but for slots of calls that rows were only added to: these are added to what is stored.
create or replace function signalbox.refresh_rollup(subject text, most_slots integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
    state signalbox.rollup_state;
    changed integer[];
    links uuid[];
    changes analytics.changes;
    width integer;
begin
    select s.* into strict state from signalbox.rollup_state as s where s.subject = refresh_rollup.subject;
    if exists (
        select from signalbox.change_log as l where l.source = state.source and l.slot = 2147483647
    ) or exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        where not t.is_logged and c.source = state.source
    ) then
        update signalbox.rollup_state as s set built_from = 2147483647
        where s.subject = state.subject and s.built_from < 2147483647;
        perform signalbox.take_marks(state.source);
        perform signalbox.take_links(state.source);
        return 0;
    end if;

    links := signalbox.take_links(state.source);
    select array_agg(l.slot) into changed from (
        select distinct m.slot from signalbox.change_log as m where m.source = state.source order by m.slot desc limit most_slots
    ) as l;
    if links is null and changed is null then
        return 0;
    end if;
    changes := signalbox.take_marks(state.source, coalesce(changed, '{}'));
    if subject <> 'tools' then
        changes := (changes.slots || changes.added_slots, null, null)::analytics.changes;
    end if;
    changes := analytics.resolve_changes(
        state.source, changes.slots, links, changes.added_slots, changes.added, is_answering => true
    );
    -- Below built_from nothing is stored yet, and below raw_from there is nothing to store it from.
    select array_agg(distinct u.slot) into changed from unnest(changes.slots) as u (slot)
    where u.slot >= state.built_from and (u.slot >= state.raw_from or u.slot = -2147483648);
    select array_agg(u.slot), array_agg(u.id) into changes.added_slots, changes.added
    from unnest(changes.added_slots, changes.added) as u (slot, id)
    where u.slot >= state.built_from and u.slot >= state.raw_from;

    if changed is not null and subject = 'tools' then
        perform signalbox.refresh_tools(changed);
        perform signalbox.refresh_agent_calls(changed);
    elsif changed is not null then
        foreach width in array array[1, 4, 96, 768] loop
            perform signalbox.roll(subject, width, p.lo, p.hi) from signalbox.pieces_of(changed, width) as p;
        end loop;
    end if;
    perform signalbox.forget_added(state.source, coalesce(changed, '{}'));
    if changes.added is not null then
        perform signalbox.add_tools(changes.added);
        perform signalbox.add_agent_calls(changes.added);
    end if;
    if changed is null and changes.added is null then
        return 0;
    end if;
    update signalbox.rollup_state as s set refreshed_at = clock_timestamp() where s.subject = state.subject;
    return (select count(distinct u.slot) from unnest(changed || changes.added_slots) as u (slot));
end
$$;

-- As before, and rows that were logged while their slots were stored are not counted beside them.
create or replace function signalbox.build_rollup(subject text) returns boolean
language plpgsql
set search_path = ''
as $$
declare
    lowest constant integer := -2147483648;
    state signalbox.rollup_state;
    newest integer;
    lo integer;
    width integer;
begin
    select s.* into strict state from signalbox.rollup_state as s where s.subject = build_rollup.subject;
    if state.built_from = lowest or exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        where not t.is_logged and c.source = state.source
    ) then
        return false;
    end if;
    newest := signalbox.newest_slot(subject, state.built_from);
    lo := coalesce(newest - (newest % 768 + 768) % 768, lowest);
    if state.raw_from > lowest and lo <= state.raw_from then
        lo := lowest;
        perform signalbox.take_marks(state.source, lo => lowest, hi => state.built_from);
        perform signalbox.roll(subject, 1, lowest, lowest + 1);
        perform signalbox.roll(subject, 4, lowest, lowest + 1);
        foreach width in array array[1, 4, 96, 768] loop
            perform signalbox.roll(
                subject, width, state.raw_from - (state.raw_from % width + width) % width, state.built_from
            );
        end loop;
    else
        perform signalbox.take_marks(state.source, lo => lo, hi => state.built_from);
        foreach width in array array[1, 4, 96, 768] loop
            perform signalbox.roll(subject, width, lo, state.built_from);
        end loop;
    end if;
    perform signalbox.forget_added(state.source, lo => lo, hi => state.built_from);
    update signalbox.rollup_state as s set built_from = lo, refreshed_at = clock_timestamp() where s.subject = state.subject;
    return lo > lowest;
end
$$;
