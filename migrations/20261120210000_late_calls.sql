-- Calls by project are stored at quarters of an hour, too, from the same pass over the tables as those over all projects;
-- and where slots are stored anew, only what really changed is written and added up to the wider rows.
set lock_timeout = '4s';
set statement_timeout = '60s';

create type signalbox.tool_group as (is_by_project boolean, project_name text, slot integer, tool_name text);
comment on type signalbox.tool_group is 'What one row of the rollup of calls is of, at any level.';

-- What `tool_facts` says of the calls in some slots, as quarters of an hour of the rollup; the lowest slot holds what has
-- no time. Answers are looked for in the same slots first, by one hash, and only for calls without one there in the whole
-- table.
create function signalbox.calls_in(slots int4multirange) returns setof analytics.tool_rollup
language sql stable
set search_path = ''
as $$
    with phases as materialized (
        select floor(date_part('epoch', t.occurred_at) / 900)::integer as slot,
            t.session_pk, t.call_id, t.tool_name, t.tool_type, t.phase, t.success, t.error_message, t.duration_ms
        from unnest(slots) as r (slots)
        cross join lateral (
            select e.* from analytics.stg_chronicle__tool_events as e
            where e.occurred_at >= analytics.slot_start(lower(r.slots))
            and e.occurred_at < analytics.slot_start(upper(r.slots))
            offset 0
        ) as t
        union all
        select -2147483648,
            t.session_pk, t.call_id, t.tool_name, t.tool_type, t.phase, t.success, t.error_message, t.duration_ms
        from analytics.stg_chronicle__tool_events as t
        where slots @> -2147483648
        and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= '60000-01-01 00:00+00')
    ),
    unmatched as materialized (
        select p.slot, p.session_pk, p.call_id, p.tool_name, p.tool_type
        from phases as p
        where p.phase = 'pre'
        and not exists (select from phases as answer where answer.phase = 'post' and answer.call_id = p.call_id)
    ),
    facts as (
        select p.slot, p.session_pk, p.tool_name, p.tool_type, true as is_answered, p.duration_ms,
            case when p.success is null then null when p.success then 'succeeded'
                when analytics.is_refusal(p.error_message) then 'refused' else 'failed' end as outcome,
            case
                when p.duration_ms > 0 then ceil(ln(p.duration_ms::float8) / 0.019802627296179713)::integer
                when p.duration_ms = 0 then -5000
                when p.duration_ms < 0 then -10000 - ceil(ln(-p.duration_ms::float8) / 0.019802627296179713)::integer
            end as duration_key
        from phases as p
        where p.phase = 'post'
        union all
        select u.slot, u.session_pk, u.tool_name, u.tool_type, false, null, null, null
        from unmatched as u
        where not exists (
            select from analytics.stg_chronicle__tool_events as answer
            where answer.call_id = u.call_id and answer.phase = 'post'
            offset 0
        )
    ),
    classes as materialized (
        select
            f.slot, s.project_name, f.tool_name, f.duration_key,
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
        left join analytics.stg_chronicle__sessions as s on s.session_pk = f.session_pk
        group by 1, 2, 3, 4
    ),
    slices as (
        select true as is_by_project, c.* from classes as c where c.project_name is not null
        union all
        select
            false, c.slot, '', c.tool_name, c.duration_key, min(c.tool_type), sum(c.calls)::bigint,
            sum(c.succeeded)::bigint, sum(c.failed)::bigint, sum(c.refused)::bigint, sum(c.unanswered)::bigint,
            sum(c.timed)::bigint, sum(c.total_ms)::bigint, min(c.least_ms), max(c.most_ms)
        from classes as c
        group by c.slot, c.tool_name, c.duration_key
    )
    select
        1::smallint, c.is_by_project, c.project_name, c.slot, c.tool_name, min(c.tool_type),
        sum(c.calls)::bigint, sum(c.succeeded)::bigint, sum(c.failed)::bigint, sum(c.refused)::bigint,
        sum(c.unanswered)::bigint, sum(c.timed)::bigint, coalesce(sum(c.total_ms), 0)::bigint,
        min(c.least_ms), max(c.most_ms),
        coalesce(array_agg(c.duration_key order by c.duration_key) filter (where c.duration_key is not null), '{}'),
        coalesce(array_agg(c.timed order by c.duration_key) filter (where c.duration_key is not null), '{}')
    from slices as c
    group by c.slot, c.project_name, c.tool_name, c.is_by_project
$$;
revoke execute on function signalbox.calls_in(int4multirange) from public;

-- The rows of a width that some slots lie in, those that follow each other as one piece.
create function signalbox.pieces_of(slots integer [], width integer) returns table (lo integer, hi integer)
language sql immutable rows 100
set search_path = ''
as $$
    select lower(p.piece), upper(p.piece)
    from unnest((
        select range_agg(int4range(s.lo, s.lo + width))
        from unnest(slots) as u (slot)
        cross join lateral (select u.slot - (u.slot % width + width) % width as lo) as s
        where width <= 4 or u.slot > -2147483648
    )) as p (piece)
$$;
revoke execute on function signalbox.pieces_of(integer [], integer) from public;

-- Stores what lies in lo <= slot < hi anew, from the tables.
-- squawk-ignore ban-drop-function
drop function signalbox.roll_tools(integer, integer, integer);
create function signalbox.roll_tools(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.tool_rollup where level = 1 and slot >= lo and slot < hi;
    insert into analytics.tool_rollup select c.* from signalbox.calls_in(int4multirange(int4range(lo, hi))) as c
$$;
revoke execute on function signalbox.roll_tools(integer, integer) from public;

-- Adds up the rows of the next finer level to those of this width: all with lo <= slot < hi, and those above groups that
-- were touched.
-- squawk-ignore ban-drop-function
drop function signalbox.sum_tools(integer, integer, integer);
create function signalbox.sum_tools(
    width integer, lo integer, hi integer, touched signalbox.tool_group [] default null
) returns void
language sql
set search_path = ''
set work_mem = '64MB'
as $$
    delete from analytics.tool_rollup where level = width and slot >= lo and slot < hi;
    delete from analytics.tool_rollup as t
    using (
        select distinct g.is_by_project, g.project_name, g.slot - (g.slot % width + width) % width as parent, g.tool_name
        from unnest(touched) as g
    ) as g
    where t.level = width and t.is_by_project = g.is_by_project and t.project_name = g.project_name
    and t.slot = g.parent and t.tool_name = g.tool_name;
    with finer as materialized (
        select t.slot - (t.slot % width + width) % width as parent, t.*
        from analytics.tool_rollup as t
        where t.level = case width when 4 then 1 when 96 then 4 else 96 end and t.slot >= lo and t.slot < hi
        and t.slot > -2147483648
        union all
        select g.parent, r.*
        from (
            select distinct
                g.is_by_project, g.project_name, g.slot - (g.slot % width + width) % width as parent, g.tool_name
            from unnest(touched) as g
            where g.slot > -2147483648
        ) as g
        cross join lateral (
            select t.* from analytics.tool_rollup as t
            where t.level = case width when 4 then 1 when 96 then 4 else 96 end and t.is_by_project = g.is_by_project
            and t.project_name = g.project_name and t.slot >= g.parent and t.slot < g.parent + width
            and t.tool_name = g.tool_name
            offset 0
        ) as r
    ),
    counts as (
        select
            f.is_by_project, f.project_name, f.parent, f.tool_name, f.tool_type, f.calls, f.succeeded, f.failed, f.refused,
            f.unanswered, f.timed, f.total_ms, f.least_ms, f.most_ms, null::integer as key, null::bigint as counted
        from finer as f
        union all
        select
            k.is_by_project, k.project_name, k.parent, k.tool_name, null, 0, 0, 0, 0, 0, 0, 0, null, null,
            k.key, sum(k.counted)::bigint
        from (
            select f.is_by_project, f.project_name, f.parent, f.tool_name,
                unnest(f.duration_keys) as key, unnest(f.duration_counts) as counted
            from finer as f
        ) as k
        group by k.is_by_project, k.project_name, k.parent, k.tool_name, k.key
    )
    insert into analytics.tool_rollup
    select
        width, c.is_by_project, c.project_name, c.parent, c.tool_name, min(c.tool_type),
        sum(c.calls), sum(c.succeeded), sum(c.failed), sum(c.refused), sum(c.unanswered), sum(c.timed), sum(c.total_ms),
        min(c.least_ms), max(c.most_ms),
        coalesce(array_agg(c.key order by c.key) filter (where c.key is not null), '{}'),
        coalesce(array_agg(c.counted order by c.key) filter (where c.key is not null), '{}')
    from counts as c
    group by c.is_by_project, c.project_name, c.parent, c.tool_name
$$;
revoke execute on function signalbox.sum_tools(integer, integer, integer, signalbox.tool_group []) from public;

-- Stores calls of some slots anew, at all levels; rows that come out as they were are left alone.
create function signalbox.refresh_tools(slots integer []) returns void
language plpgsql
set search_path = ''
set work_mem = '64MB'
as $$
declare
    touched signalbox.tool_group[];
    width integer;
begin
    with fresh as materialized (
        select c.*
        from signalbox.calls_in((select range_agg(int4range(u.slot, u.slot + 1)) from unnest(slots) as u (slot))) as c
    ),
    stored as materialized (
        select t.* from analytics.tool_rollup as t where t.level = 1 and t.slot = any(slots)
    ),
    differing as materialized (
        select f.* from fresh as f
        except
        select t.* from stored as t
    ),
    gone as materialized (
        select t.is_by_project, t.project_name, t.slot, t.tool_name from stored as t
        except
        select f.is_by_project, f.project_name, f.slot, f.tool_name from fresh as f
    ),
    removed as (
        delete from analytics.tool_rollup as t
        using gone as g
        where t.level = 1 and t.is_by_project = g.is_by_project and t.project_name = g.project_name
        and t.slot = g.slot and t.tool_name = g.tool_name
    ),
    written as (
        insert into analytics.tool_rollup as t
        select d.* from differing as d
        on conflict (level, is_by_project, project_name, slot, tool_name) do update set
            tool_type = excluded.tool_type, calls = excluded.calls, succeeded = excluded.succeeded,
            failed = excluded.failed, refused = excluded.refused, unanswered = excluded.unanswered,
            timed = excluded.timed, total_ms = excluded.total_ms, least_ms = excluded.least_ms,
            most_ms = excluded.most_ms, duration_keys = excluded.duration_keys,
            duration_counts = excluded.duration_counts
    )
    select array_agg((c.is_by_project, c.project_name, c.slot, c.tool_name)::signalbox.tool_group) into touched
    from (
        select g.is_by_project, g.project_name, g.slot, g.tool_name from gone as g
        union all
        select d.is_by_project, d.project_name, d.slot, d.tool_name from differing as d
    ) as c
    where c.slot > -2147483648;
    foreach width in array array[4, 96, 768] loop
        perform signalbox.sum_tools(width, null, null, touched);
    end loop;
end
$$;
revoke execute on function signalbox.refresh_tools(integer []) from public;

-- The same of calls by agent, where all rows of a slot are written if one of them differs.
create function signalbox.refresh_agent_calls(slots integer []) returns void
language plpgsql
set search_path = ''
set work_mem = '64MB'
as $$
declare
    differing integer[];
    width integer;
begin
    with facts as materialized (
        select
            u.slot, f.session_pk, f.agent_id, f.agent_type, f.name, count(*) as calls,
            count(*) filter (where f.is_success) as succeeded, count(*) filter (where f.is_failure) as failed
        from (select distinct s.slot from unnest(slots) as s (slot)) as u
        cross join lateral (
            select a.* from analytics.agent_call_facts as a
            where a.occurred_at >= analytics.slot_start(u.slot) and a.occurred_at < analytics.slot_start(u.slot + 1)
            offset 0
        ) as f
        where u.slot > -2147483648
        group by u.slot, f.session_pk, f.agent_id, f.agent_type, f.name
        union all
        select
            -2147483648, f.session_pk, f.agent_id, f.agent_type, f.name, count(*),
            count(*) filter (where f.is_success), count(*) filter (where f.is_failure)
        from analytics.agent_call_facts as f
        where -2147483648 = any(slots)
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
        group by f.session_pk, f.agent_id, f.agent_type, f.name
    ),
    runs as materialized (
        select 1::smallint as level, f.slot, f.session_pk, f.agent_id, f.agent_type, sum(f.calls)::bigint as calls,
            sum(f.succeeded)::bigint as succeeded, sum(f.failed)::bigint as failed
        from facts as f
        where f.agent_id is not null
        group by f.slot, f.session_pk, f.agent_id, f.agent_type
    ),
    names as materialized (
        select 1::smallint as level, f.slot, f.name, sum(f.calls)::bigint as calls,
            sum(f.succeeded)::bigint as succeeded, sum(f.failed)::bigint as failed
        from facts as f
        where f.name is not null
        group by f.slot, f.name
    ),
    stored_runs as materialized (
        select r.* from analytics.agent_run_call_rollup as r where r.level = 1 and r.slot = any(slots)
    ),
    stored_names as materialized (
        select r.* from analytics.agent_call_rollup as r where r.level = 1 and r.slot = any(slots)
    ),
    touched as materialized (
        select d.slot from ((table runs except all table stored_runs) union all (table stored_runs except all table runs)) as d
        union
        select d.slot
        from ((table names except all table stored_names) union all (table stored_names except all table names)) as d
    ),
    gone_runs as (
        delete from analytics.agent_run_call_rollup where level = 1 and slot in (select t.slot from touched as t)
    ),
    gone_names as (
        delete from analytics.agent_call_rollup where level = 1 and slot in (select t.slot from touched as t)
    ),
    new_runs as (
        insert into analytics.agent_run_call_rollup
        select r.* from runs as r where r.slot in (select t.slot from touched as t)
    ),
    new_names as (
        insert into analytics.agent_call_rollup
        select r.* from names as r where r.slot in (select t.slot from touched as t)
    )
    select array_agg(t.slot) into differing from touched as t;
    foreach width in array array[4, 96, 768] loop
        perform signalbox.sum_agent_calls(width, p.lo, p.hi) from signalbox.pieces_of(differing, width) as p;
    end loop;
end
$$;
revoke execute on function signalbox.refresh_agent_calls(integer []) from public;

-- The slots of calls whose answers lie in some others and that are stored as unanswered: of the calls stored otherwise the
-- answers were there when their slot was stored, and where an answer goes, that is logged by id.
create function analytics.answered_slots(slots integer []) returns setof integer
language sql stable rows 10
set search_path = ''
as $$
    select distinct asked.slot
    from (
        select answer.call_id
        from (select distinct s.slot from unnest(slots) as s (slot)) as u
        cross join lateral (
            select t.call_id from analytics.stg_chronicle__tool_events as t
            where t.call_id is not null
            and t.occurred_at >= analytics.slot_start(u.slot) and t.occurred_at < analytics.slot_start(u.slot + 1)
            group by t.call_id
            having bool_and(t.phase = 'post')
            offset 0
        ) as answer
        where u.slot > -2147483648
        union all
        select t.call_id
        from analytics.stg_chronicle__tool_events as t
        where -2147483648 = any(slots) and t.phase = 'post' and t.call_id is not null
        and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= '60000-01-01 00:00+00')
    ) as answer
    cross join lateral (
        select t.session_pk, t.tool_name, case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', t.occurred_at) / 900)::integer else -2147483648 end as slot
        from analytics.stg_chronicle__tool_events as t
        where t.call_id = answer.call_id and t.phase = 'pre'
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
revoke execute on function analytics.answered_slots(integer []) from public;
grant execute on function analytics.answered_slots(integer []) to authenticated, service_role;

-- As before, but for calls that are stored with their answer.
create or replace function analytics.linked_slots(source smallint, links uuid[], slots integer[]) returns setof integer
language plpgsql stable rows 10
set search_path = ''
as $$
begin
    if linked_slots.links is not null then
        return query
        select distinct case when c.occurred_at > '-infinity' and c.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', c.occurred_at) / 900)::integer else -2147483648 end
        from (
            select s.started_at as occurred_at from analytics.stg_chronicle__sessions as s
            where linked_slots.source = 1 and s.session_pk = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.session_pk = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.call_id = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.event_id = any(linked_slots.links)
            union all
            select l.created_at from analytics.stg_lift__sessions as l
            where linked_slots.source = 20 and l.session_id = any(linked_slots.links)
        ) as c;
    end if;
    if linked_slots.source = 3 and linked_slots.slots is not null then
        return query select a.slot from analytics.answered_slots(linked_slots.slots) as a (slot);
    end if;
end
$$;

-- Stores one subject's changed slots anew, `most_slots` at most and the newest first, with the wider rows above them.
-- The marks go first: what commits after that has a mark that stays, so its slot is read live until the next time.
-- What is logged by id is looked up after its row is gone from the log, for the same reason.
create or replace function signalbox.refresh_rollup(subject text, most_slots integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
    state signalbox.rollup_state;
    changed integer[];
    links uuid[];
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
    if changed is not null then
        perform signalbox.take_marks(state.source, changed);
    end if;
    if links is null and changed is null then
        return 0;
    end if;
    changed := changed || array(select analytics.linked_slots(state.source, links, changed));
    -- Below built_from nothing is stored yet, and below raw_from there is nothing to store it from.
    select array_agg(distinct u.slot) into changed from unnest(changed) as u (slot)
    where u.slot >= state.built_from and (u.slot >= state.raw_from or u.slot = -2147483648);
    if changed is null then
        return 0;
    end if;

    if subject = 'tools' then
        perform signalbox.refresh_tools(changed);
        perform signalbox.refresh_agent_calls(changed);
    else
        foreach width in array array[1, 4, 96, 768] loop
            perform signalbox.roll(subject, width, p.lo, p.hi) from signalbox.pieces_of(changed, width) as p;
        end loop;
    end if;
    update signalbox.rollup_state as s set refreshed_at = clock_timestamp() where s.subject = state.subject;
    return cardinality(changed);
end
$$;

-- Adds calls that came in after their slots were dropped to what is stored of these.
create or replace function signalbox.fold_tools(lo integer, hi integer) returns void
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

create or replace function signalbox.roll(subject text, width integer, lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    case subject
        when 'tools' then
            if width = 1 then perform signalbox.roll_tools(lo, hi);
            else perform signalbox.sum_tools(width, lo, hi); end if;
            if width = 1 then perform signalbox.roll_agent_calls(lo, hi);
            else perform signalbox.sum_agent_calls(width, lo, hi); end if;
        when 'sessions' then
            if width = 1 then perform signalbox.roll_sessions(lo, hi);
            else perform signalbox.sum_sessions(width, lo, hi); end if;
        when 'prompts' then
            if width = 1 then perform signalbox.roll_prompts(lo, hi);
            else perform signalbox.sum_prompts(width, lo, hi); end if;
        when 'events' then
            if width = 1 then perform signalbox.roll_events(lo, hi);
            else perform signalbox.sum_events(width, lo, hi); end if;
        when 'jobs' then
            if width = 1 then perform signalbox.roll_jobs(lo, hi);
            else perform signalbox.sum_jobs(width, lo, hi); end if;
            if width > 1 then perform signalbox.roll_job_owners(width, lo, hi); end if;
        when 'engine_events' then
            if width = 1 then perform signalbox.roll_engine_events(lo, hi);
            else perform signalbox.sum_engine_events(width, lo, hi); end if;
            perform signalbox.slice_engine_events(width, lo, hi);
        when 'sop_runs' then
            if width = 1 then perform signalbox.roll_sop_runs(lo, hi);
            else perform signalbox.sum_sop_runs(width, lo, hi); end if;
            perform signalbox.slice_sop_runs(width, lo, hi);
        when 'agent_windows' then
            if width = 1 then perform signalbox.roll_agent_windows(lo, hi);
            else perform signalbox.sum_agent_windows(width, lo, hi); end if;
        when 'approvals' then
            if width = 1 then perform signalbox.roll_approvals(lo, hi);
            else perform signalbox.sum_approvals(width, lo, hi); end if;
        when 'lift_sessions' then
            if width = 1 then perform signalbox.roll_lift_sessions(lo, hi);
            else perform signalbox.sum_lift_sessions(width, lo, hi); end if;
        when 'lift_drafts' then
            if width = 1 then perform signalbox.roll_lift_drafts(lo, hi);
            else perform signalbox.sum_lift_drafts(width, lo, hi); end if;
    end case;
end
$$;

-- Of hours whose rows were dropped before, all is in the first quarter; the others are stored anew.
insert into analytics.tool_rollup
select
    1, t.is_by_project, t.project_name, t.slot, t.tool_name, t.tool_type, t.calls, t.succeeded, t.failed, t.refused,
    t.unanswered, t.timed, t.total_ms, t.least_ms, t.most_ms, t.duration_keys, t.duration_counts
from analytics.tool_rollup as t
inner join signalbox.rollup_state as s on s.subject = 'tools' and t.slot < s.raw_from
where t.level = 4 and t.is_by_project and t.slot > -2147483648;
update signalbox.rollup_state set built_from = 2147483647 where subject = 'tools';
