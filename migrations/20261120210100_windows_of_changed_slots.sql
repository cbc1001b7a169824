-- Reading while slots are changed: which they are is found out once for a query with several windows, and calls in them
-- are counted without what counting does not need.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- The slots of a subject whose figures may not be as they are stored, linked ones too. Where only rows without a time are
-- asked for, no answers are looked up while no such call is stored as unanswered.
create function analytics.changed_slots(subject text, is_untimed boolean default false) returns integer []
language plpgsql stable
set search_path = ''
as $$
declare
    logged smallint;
    slots integer[];
    answered_in integer[];
    links uuid[];
begin
    select s.source into logged from signalbox.rollup_state as s where s.subject = changed_slots.subject;
    slots := array(select distinct l.slot from signalbox.change_log as l where l.source = logged and l.slot < 2147483647);
    answered_in := slots;
    if is_untimed and not exists (
        select from analytics.tool_rollup as t
        where t.level = 1 and not t.is_by_project and t.project_name = '' and t.slot = -2147483648 and t.unanswered > 0
    ) then
        answered_in := null;
    end if;
    select array_agg(distinct k.link) into links from signalbox.change_links as k where k.source = logged;
    return slots || array(select analytics.linked_slots(logged, links, answered_in));
end
$$;
revoke execute on function analytics.changed_slots(text, boolean) from public;
grant execute on function analytics.changed_slots(text, boolean) to authenticated, service_role;

-- As before, and `known` are the slots that changed where whoever asks knows them.
-- squawk-ignore ban-drop-function
drop function analytics.rollup_windows(text, timestamptz, timestamptz, boolean, integer, integer);
create function analytics.rollup_windows(
    subject text,
    start_at timestamptz,
    end_at timestamptz,
    is_untimed boolean default false,
    coarsest integer default 768,
    finest integer default 1,
    known integer [] default null
) returns table (kind text, level smallint, lo integer, hi integer, from_at timestamptz, until_at timestamptz)
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

    changed := known;
    if changed is null and state.built_from < 2147483647 then
        changed := analytics.changed_slots(state.subject, coalesce(is_untimed, false));
    end if;
    if is_untimed or start_at is null and end_at is null then
        if state.built_from > lowest or lowest = any(changed) then
            return query select 'untimed', null::smallint, null::integer, null::integer, null::timestamptz, null::timestamptz;
        else
            return query select 'stored', finest::smallint, lowest, lowest + 1, null::timestamptz, null::timestamptz;
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
                return query select 'stored', r.level, r.from_slot, r.until_slot, null::timestamptz, null::timestamptz
                from analytics.rollup_levels(a, b, finest, coarsest) as r;
                return query select 'live', null::smallint, null::integer, null::integer,
                    case when start_at > first_at then to_timestamp(a * 900.0) else first_at end, to_timestamp(b * 900.0);
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
        return query select 'live', null::smallint, null::integer, null::integer,
            start_at, least(end_at, last_at);
        return;
    end if;

    select array_agg(distinct c.slot - (c.slot % finest + finest) % finest) into changed
    from unnest(changed) as c (slot)
    where c.slot >= a and c.slot < b;
    -- Where more than a third changed, the tables are read faster.
    if cardinality(changed) * finest > (b - a) / 3 then
        return query select 'live', null::smallint, null::integer, null::integer, start_at, least(end_at, last_at);
        return;
    end if;

    -- The two ends that are no whole slots, and what is not stored yet.
    if a > -240000000 and start_at < to_timestamp(a * 900.0) then
        return query select 'live', null::smallint, null::integer, null::integer, start_at, to_timestamp(a * 900.0);
    end if;
    if end_at > to_timestamp(b * 900.0) then
        return query select 'live', null::smallint, null::integer, null::integer,
            to_timestamp(b * 900.0), least(end_at, last_at);
    end if;

    -- Slots that follow each other are read at once.
    return query
    select 'live', null::smallint, null::integer, null::integer,
        to_timestamp(min(c.slot) * 900.0), to_timestamp((max(c.slot) + finest) * 900.0)
    from (select u.slot, u.slot - finest * row_number() over (order by u.slot) as island from unnest(changed) as u (slot)) as c
    group by c.island;
    return query
    select 'removed', finest::smallint, min(c.slot), max(c.slot) + finest, null::timestamptz, null::timestamptz
    from (select u.slot, u.slot - finest * row_number() over (order by u.slot) as island from unnest(changed) as u (slot)) as c
    group by c.island;
    return query select 'stored', r.level, r.from_slot, r.until_slot, null::timestamptz, null::timestamptz
    from analytics.rollup_levels(a, b, finest, coarsest) as r;
end
$$;
revoke execute on function analytics.rollup_windows(
    text, timestamptz, timestamptz, boolean, integer, integer, integer []
) from public;
grant execute on function analytics.rollup_windows(
    text, timestamptz, timestamptz, boolean, integer, integer, integer []
) to authenticated, service_role;

-- Calls of a short window by slot, tool and outcome, as calls_between has them.
create function analytics.calls_counted(from_at timestamptz, until_at timestamptz) returns table (
    occurred_at timestamptz, tool_name text, calls bigint, succeeded bigint, failed bigint, refused bigint
) language sql stable rows 25
set search_path = ''
as $$
    with phases as materialized (
        select floor(date_part('epoch', t.occurred_at) / 900)::integer as slot, t.call_id, t.tool_name,
            t.phase = 'post' as is_answer, t.success,
            case when t.phase = 'post' and not t.success then analytics.is_refusal(t.error_message) end as is_refused
        from analytics.stg_chronicle__tool_events as t
        where t.occurred_at >= from_at and t.occurred_at < until_at and t.phase in ('pre', 'post')
    ),
    unmatched as materialized (
        select p.slot, p.call_id, p.tool_name
        from phases as p
        where not p.is_answer
        and not exists (select from phases as answer where answer.is_answer and answer.call_id = p.call_id)
    )
    select
        to_timestamp(p.slot * 900.0), p.tool_name, count(*), count(*) filter (where p.success),
        count(*) filter (where not p.is_refused), count(*) filter (where p.is_refused)
    from phases as p
    where p.is_answer
    group by p.slot, p.tool_name
    union all
    select to_timestamp(u.slot * 900.0), u.tool_name, count(*), 0, 0, 0
    from unmatched as u
    where not exists (
        select from analytics.stg_chronicle__tool_events as answer
        where answer.call_id = u.call_id and answer.phase = 'post'
        offset 0
    )
    group by u.slot, u.tool_name
$$;
comment on function analytics.calls_counted(timestamptz, timestamptz) is
'Calls with from_at <= time < until_at that the viewer may see; occurred_at is when their slot begins. One row per slot and tool, and one more where calls are unanswered.';
revoke execute on function analytics.calls_counted(timestamptz, timestamptz) from public;
grant execute on function analytics.calls_counted(timestamptz, timestamptz) to authenticated, service_role;
