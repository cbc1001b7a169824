-- Sums show every row to managers. Where a system's own tables were moved in with policies by which managers do not see
-- all of them, they are read live, under those policies.
set lock_timeout = '4s';
set statement_timeout = '60s';

create function signalbox.hides_rows(system text, table_name text) returns boolean
language sql stable
set search_path = ''
as $$
    select c.relrowsecurity and (
        not exists (
            select from pg_catalog.pg_policy as p
            where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('r', '*')
            and (
                p.polname = 'signalbox_managers_select'
                or pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true'
                and p.polroles && array[0::oid, 'authenticated'::pg_catalog.regrole::oid]
            )
        )
        or exists (
            select from pg_catalog.pg_policy as p
            where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('r', '*')
        )
    )
    from pg_catalog.pg_class as c
    where c.oid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', system, table_name))
$$;
comment on function signalbox.hides_rows(text, text) is
'Whether policies of a table let managers and admins see less than all of its rows; null where there is no such table.';
revoke execute on function signalbox.hides_rows(text, text) from public;
grant execute on function signalbox.hides_rows(text, text) to authenticated, service_role;

create or replace function analytics.rollup_windows(
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
        inner join signalbox.change_sources as own on own.source = s.source
        where not t.is_logged and c.source = s.source
        or split_part(own.name, '.', 1) = t.system and signalbox.hides_rows(t.system, t.table_name)
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
