-- Rollups: what is stored of each subject, and how a window of time is put together from stored and live parts.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table signalbox.rollup_state (
    subject text primary key,
    source smallint not null references signalbox.change_sources (source),
    built_from integer not null default 2147483647,
    raw_from integer not null default -2147483648,
    refreshed_at timestamptz
);
comment on table signalbox.rollup_state is
'Slots from built_from on are stored in the rollup of the subject, or named in the change log; rows before raw_from were dropped and live in the rollup alone. One row per subject.';
alter table signalbox.rollup_state enable row level security;
grant select on signalbox.rollup_state to authenticated;
grant all on signalbox.rollup_state to service_role;
create policy rollup_state_select on signalbox.rollup_state for select to authenticated
using ((select signalbox.sees_all()));

-- When a slot begins; the extremes stand for the first and the last time that a row may have.
create function analytics.slot_start(slot integer) returns timestamptz
language sql immutable parallel safe
set search_path = ''
as $$
    select case
        when slot < -234000000 then '4714-11-24 00:00+00 BC'
        when slot > 2034000000 then '60000-01-01 00:00+00'
        else to_timestamp(slot * 900.0)
    end
$$;

-- The slots whose figures hang on rows that changed: on those that are logged by id, and on answers of calls in the
-- slots that are logged. As whoever asks sees them now. The offsets make the planner look each one up by its index.
create function analytics.linked_slots(source smallint, links uuid[], slots integer[]) returns setof integer
language sql stable rows 10
set search_path = ''
as $$
    select distinct case when c.occurred_at > '-infinity' and c.occurred_at < '60000-01-01 00:00+00'
        then floor(date_part('epoch', c.occurred_at) / 900)::integer else -2147483648 end
    from (
        select s.started_at as occurred_at from analytics.stg_chronicle__sessions as s
        where source = 1 and s.session_pk = any(links)
        union all
        select t.occurred_at from analytics.stg_chronicle__tool_events as t
        where source = 3 and t.session_pk = any(links)
        union all
        select t.occurred_at from analytics.stg_chronicle__tool_events as t
        where source = 3 and t.call_id = any(links)
        union all
        select asked.occurred_at
        from unnest(slots) as u (slot)
        cross join lateral (
            select t.call_id from analytics.stg_chronicle__tool_events as t
            where t.phase = 'post' and t.call_id is not null
            and t.occurred_at >= analytics.slot_start(u.slot) and t.occurred_at < analytics.slot_start(u.slot + 1)
            offset 0
        ) as answer
        cross join lateral (
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where t.call_id = answer.call_id and t.phase = 'pre'
            offset 0
        ) as asked
        where source = 3
        union all
        select asked.occurred_at
        from analytics.stg_chronicle__tool_events as answer
        cross join lateral (
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where t.call_id = answer.call_id and t.phase = 'pre'
            offset 0
        ) as asked
        where source = 3 and -2147483648 = any(slots) and answer.phase = 'post' and answer.call_id is not null
        and (
            answer.occurred_at is null or answer.occurred_at = '-infinity' or answer.occurred_at >= '60000-01-01 00:00+00'
        )
    ) as c
$$;
revoke execute on function analytics.slot_start(integer) from public;
revoke execute on function analytics.linked_slots(smallint, uuid[], integer[]) from public;
grant execute on function analytics.slot_start(integer), analytics.linked_slots(smallint, uuid[], integer[])
to authenticated, service_role;

-- The parts of a window, in slots of 15 minutes of UTC. Kinds:
-- stored: rows of the rollup of this level with lo <= slot < hi, as coarse as the window and `coarsest` allow and no
-- finer than `finest` (levels are numbers of slots: 1, 4, 96, 768);
-- removed: the finest rows in which a slot changed since they were stored, to be taken off again;
-- live: what is computed from the tables, from_at <= time < until_at: the window's ends, changed slots, what is not
-- stored yet; untimed: the rows without a time, live.
-- A window without an end needs none: the newest slot is an ordinary one. Without both it has the untimed rows as well.
-- Whoever may not read the state, because own rows are all they see, gets everything live. It is stable, so that it
-- looks at the very snapshot of the statement that calls it.
create function analytics.rollup_windows(
    subject text,
    start_at timestamptz,
    end_at timestamptz,
    is_untimed boolean default false,
    coarsest integer default 768,
    finest integer default 1
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
    width integer := finest;
    next_width integer;
    inner_a bigint;
    inner_b bigint;
    changed integer[];
    links uuid[];
begin
    select s.* into state from signalbox.rollup_state as s where s.subject = rollup_windows.subject
    and not exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        where c.source = s.source
    ) and not exists (
        select from signalbox.change_log as l where l.source = s.source and l.slot = 2147483647
    );
    if state.built_from is null or coarsest < finest then
        state.built_from := 2147483647;
        state.raw_from := lowest;
    end if;

    select array_agg(distinct k.link) into links from signalbox.change_links as k where k.source = state.source;
    select array_agg(distinct l.slot) into changed from signalbox.change_log as l where l.source = state.source;
    if links is not null or changed is not null then
        changed := changed || array(select analytics.linked_slots(state.source, links, changed));
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

    -- Before raw_at there are whole slots only: a window that begins or ends inside one takes all of it.
    raw_at := case when state.raw_from > lowest then to_timestamp(state.raw_from * 900.0) else first_at end;
    if start_at < raw_at then
        start_at := to_timestamp(floor(date_part('epoch', start_at) / (900 * finest)) * 900 * finest);
    end if;
    if end_at < raw_at then
        end_at := to_timestamp(ceil(date_part('epoch', end_at) / (900 * finest)) * 900 * finest);
    end if;
    start_at := greatest(start_at, first_at);
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
    where c.slot >= a and c.slot < b and c.slot >= state.raw_from;
    -- Where more than a third changed, the tables are read faster.
    if cardinality(changed) * finest > (b - a) / 3 then
        return query select 'live', null::smallint, null::integer, null::integer,
            greatest(start_at, raw_at), least(end_at, last_at);
        b := least(b, state.raw_from);
        changed := null;
        end_at := null;
        if a >= b then
            return;
        end if;
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

    foreach next_width in array array[4, 96, 768] loop
        continue when next_width <= finest;
        exit when next_width > coarsest;
        inner_a := ceil(a::float8 / next_width) * next_width;
        inner_b := floor(b::float8 / next_width) * next_width;
        exit when inner_a >= inner_b;
        if a < inner_a then
            return query select 'stored', width::smallint, a::integer, inner_a::integer, null::timestamptz, null::timestamptz;
        end if;
        if inner_b < b then
            return query select 'stored', width::smallint, inner_b::integer, b::integer, null::timestamptz, null::timestamptz;
        end if;
        a := inner_a;
        b := inner_b;
        width := next_width;
    end loop;
    return query select 'stored', width::smallint, a::integer, b::integer, null::timestamptz, null::timestamptz;
end
$$;

revoke execute on function analytics.rollup_windows(text, timestamptz, timestamptz, boolean, integer, integer) from public;
grant execute on function analytics.rollup_windows(text, timestamptz, timestamptz, boolean, integer, integer)
to authenticated, service_role;

-- A percentile of a histogram as percentile_cont would give it, at most 1 per cent off: it lies between the values of
-- two ranks. Keys are those of histogram_key below in rising order; least and most are the true ends where known.
create function analytics.histogram_percentile(
    keys integer[], counts bigint[], fraction float8, least_value float8, most_value float8
) returns float8
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
    total bigint := 0;
    rank float8;
    low_rank bigint;
    high_rank bigint;
    passed bigint := 0;
    low_key integer;
    high_key integer;
    low_value float8;
    high_value float8;
begin
    if keys is null or cardinality(keys) = 0 then
        return null;
    end if;
    foreach passed in array counts loop
        total := total + passed;
    end loop;
    rank := fraction * (total - 1);
    low_rank := floor(rank);
    high_rank := ceil(rank);
    passed := 0;
    for place in 1 .. cardinality(keys) loop
        passed := passed + counts[place];
        if low_key is null and passed > low_rank then
            low_key := keys[place];
        end if;
        if passed > high_rank then
            high_key := keys[place];
            exit;
        end if;
    end loop;
    -- The ends may belong to rows that are gone by now: then they are only wider than the true ones.
    low_value := case
        when low_rank = 0 and analytics.histogram_key(least_value) = low_key then least_value
        when low_rank = total - 1 and analytics.histogram_key(most_value) = low_key then most_value
        else least(greatest(analytics.histogram_value(low_key), least_value), most_value) end;
    high_value := case
        when high_rank = total - 1 and analytics.histogram_key(most_value) = high_key then most_value
        when high_rank = 0 and analytics.histogram_key(least_value) = high_key then least_value
        else least(greatest(analytics.histogram_value(high_key), least_value), most_value) end;
    return low_value + (high_value - low_value) * (rank - low_rank);
end
$$;

-- The class of a value: 2 per cent wide, so that its middle is at most 1 per cent off. Zero and negative values have
-- classes of their own, below those of the positive ones.
create function analytics.histogram_key(amount float8) returns integer
language sql immutable parallel safe
set search_path = ''
as $$
    select case
        when amount > 0 then ceil(ln(amount) / 0.019802627296179713)::integer
        when amount = 0 then -5000
        when amount < 0 then -10000 - ceil(ln(-amount) / 0.019802627296179713)::integer
    end
$$;
create function analytics.histogram_value(key integer) returns float8
language sql immutable parallel safe
set search_path = ''
as $$
    select case
        when key > -5000 then 2 * power(1.02::float8, key) / 2.02
        when key = -5000 then 0
        else -2 * power(1.02::float8, -10000 - key) / 2.02
    end
$$;
revoke execute on function analytics.histogram_percentile(integer[], bigint[], float8, float8, float8) from public;
revoke execute on function analytics.histogram_key(float8) from public;
revoke execute on function analytics.histogram_value(integer) from public;
grant execute on function analytics.histogram_percentile(integer[], bigint[], float8, float8, float8),
analytics.histogram_key(float8), analytics.histogram_value(integer) to authenticated, service_role;
