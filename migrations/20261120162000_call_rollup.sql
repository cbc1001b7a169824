-- Calls by project are stored at quarters of an hour, too, from the same pass over the tables as those over all
-- projects; and where slots are stored anew, only what really changed is written and added up to the wider rows.
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

-- Adds the calls of rows that were added in some slots to what is stored, at all levels. A row that was moved meanwhile has
-- marks of its own, and must not be stored where nothing is counted anew any more.
create function signalbox.add_tools(slots integer [], added uuid []) returns void
language sql
set search_path = ''
as $$
    with facts as materialized (
        select t.slot, s.project_name, c.*
        from analytics.calls_added(added) as c
        left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
        cross join lateral (
            select case when c.occurred_at > '-infinity' and c.occurred_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', c.occurred_at) / 900)::integer end as slot
        ) as t
        where t.slot = any(slots)
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
revoke execute on function signalbox.add_tools(integer [], uuid []) from public;
