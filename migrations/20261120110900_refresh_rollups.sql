-- Refreshing: slots that the change log names are stored anew, and what is not stored yet is built, newest first.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Stores quarters of an hour (width 1) from the tables, or adds up wider rows from the next finer ones.
create function signalbox.roll(subject text, width integer, lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    case subject
        when 'tools' then
            if width <= 4 then perform signalbox.roll_tools(width, lo, hi); end if;
            if width > 1 then perform signalbox.sum_tools(width, lo, hi); end if;
        when 'sessions' then
            if width = 1 then perform signalbox.roll_sessions(lo, hi);
            else perform signalbox.sum_sessions(width, lo, hi); end if;
        when 'prompts' then
            if width = 1 then perform signalbox.roll_prompts(lo, hi);
            else perform signalbox.sum_prompts(width, lo, hi); end if;
        when 'jobs' then
            if width = 1 then perform signalbox.roll_jobs(lo, hi);
            else perform signalbox.sum_jobs(width, lo, hi); end if;
    end case;
end
$$;

-- The newest time of a subject's rows before a slot, as a slot; null where there is none.
create function signalbox.newest_slot(subject text, below integer) returns integer
language plpgsql stable
set search_path = ''
as $$
declare
    first_at constant timestamptz := '4714-11-24 00:00+00 BC';
    until_at constant timestamptz := analytics.slot_start(below);
    newest timestamptz;
begin
    case subject
        when 'tools' then
            select max(t.occurred_at) into newest from analytics.stg_chronicle__tool_events as t
            where t.occurred_at >= first_at and t.occurred_at < until_at;
        when 'sessions' then
            select max(s.started_at) into newest from analytics.stg_chronicle__sessions as s
            where s.started_at >= first_at and s.started_at < until_at;
        when 'prompts' then
            select max(p.occurred_at) into newest from analytics.stg_chronicle__prompt_events as p
            where p.occurred_at >= first_at and p.occurred_at < until_at;
        when 'jobs' then
            select max(j.counted_at) into newest from analytics.stg_agents__jobs as j
            where j.counted_at >= first_at and j.counted_at < until_at;
    end case;
    return floor(date_part('epoch', newest) / 900);
end
$$;

-- Takes marks out of the log and adds them to the totals, so that versions stay what they are.
-- Those of single slots, or with lo <= slot < hi; nulls leave that open.
create function signalbox.take_marks(
    source smallint, slots integer[] default null, lo integer default null, hi integer default null
) returns bigint
language sql
set search_path = ''
as $$
    with taken as (
        delete from signalbox.change_log as l
        where l.source = take_marks.source and (take_marks.slots is null or l.slot = any(take_marks.slots))
        and (take_marks.lo is null or l.slot >= take_marks.lo) and (take_marks.hi is null or l.slot < take_marks.hi)
        returning l.mark
    ),
    summed as (
        select count(*) as marks, bit_xor(t.mark) as mark from taken as t having count(*) > 0
    ),
    added as (
        update signalbox.change_totals as t
        set marks = t.marks + s.marks, mark = t.mark # s.mark
        from summed as s
        where t.source = take_marks.source
        returning s.marks
    )
    select coalesce(sum(a.marks), 0)::bigint from added as a
$$;

-- Takes what is logged by id out of the log, as take_marks does, and gives the ids.
create function signalbox.take_links(source smallint) returns uuid[]
language sql
set search_path = ''
as $$
    with taken as (
        delete from signalbox.change_links as l where l.source = take_links.source returning l.link, l.mark
    ),
    summed as (
        select count(*) as marks, bit_xor(t.mark) as mark from taken as t having count(*) > 0
    ),
    added as (
        update signalbox.change_totals as t
        set marks = t.marks + s.marks, mark = t.mark # s.mark
        from summed as s
        where t.source = take_links.source
    )
    select array_agg(distinct t.link) from taken as t
$$;

-- Stores one subject's changed slots anew, `most_slots` at most and the newest first, with the wider rows above them.
-- The marks go first: what commits after that has a mark that stays, so its slot is read live until the next time.
-- What is logged by id is looked up after its row is gone from the log, for the same reason.
create function signalbox.refresh_rollup(subject text, most_slots integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
    state signalbox.rollup_state;
    changed integer[];
    links uuid[];
    width integer;
    piece record;
begin
    select s.* into strict state from signalbox.rollup_state as s where s.subject = refresh_rollup.subject;
    if exists (
        select from signalbox.change_log as l where l.source = state.source and l.slot = 2147483647
    ) or exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        where c.source = state.source
    ) then
        update signalbox.rollup_state as s set built_from = 2147483647 where s.subject = state.subject;
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

    foreach width in array array[1, 4, 96, 768] loop
        for piece in
            select min(g.slot) as lo, max(g.slot) + width as hi
            from (
                select p.slot, p.slot - width * row_number() over (order by p.slot) as island
                from (
                    select distinct u.slot - (u.slot % width + width) % width as slot from unnest(changed) as u (slot)
                    where width <= 4 or u.slot > -2147483648
                ) as p
            ) as g
            group by g.island
        loop
            perform signalbox.roll(subject, width, piece.lo, piece.hi);
        end loop;
    end loop;
    update signalbox.rollup_state as s set refreshed_at = clock_timestamp() where s.subject = state.subject;
    return cardinality(changed);
end
$$;

-- Stores the next eight days that are not stored yet, going back in time; whether there is more to do.
create function signalbox.build_rollup(subject text) returns boolean
language plpgsql
set search_path = ''
as $$
declare
    state signalbox.rollup_state;
    newest integer;
    lo integer;
    width integer;
begin
    select s.* into strict state from signalbox.rollup_state as s where s.subject = build_rollup.subject;
    if state.built_from = -2147483648 or exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        where c.source = state.source
    ) then
        return false;
    end if;
    newest := signalbox.newest_slot(subject, state.built_from);
    lo := coalesce(newest - (newest % 768 + 768) % 768, -2147483648);
    perform signalbox.take_marks(state.source, lo => lo, hi => state.built_from);
    perform signalbox.roll(subject, 1, lo, state.built_from);
    foreach width in array array[4, 96, 768] loop
        perform signalbox.roll(subject, width, lo, state.built_from);
    end loop;
    update signalbox.rollup_state as s set built_from = lo, refreshed_at = clock_timestamp() where s.subject = state.subject;
    return lo > -2147483648;
end
$$;

-- One pass over all subjects: how many slots were stored anew and whether anything is left to build; nulls while another
-- pass runs. Marks of sources without a rollup only move to the totals.
create function signalbox.refresh_rollups(
    most_slots integer default 500, out refreshed_slots integer, out is_unfinished boolean
) language plpgsql
set search_path = ''
as $$
declare
    subject text;
    source smallint;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('signalbox.refresh_rollups', 20261120)) then
        return;
    end if;
    refreshed_slots := 0;
    is_unfinished := false;
    for source in
        select distinct l.source from signalbox.change_log as l
        where not exists (select from signalbox.rollup_state as s where s.source = l.source)
    loop
        perform signalbox.take_marks(source);
    end loop;
    for subject in select s.subject from signalbox.rollup_state as s order by s.subject loop
        refreshed_slots := refreshed_slots + signalbox.refresh_rollup(subject, most_slots);
        if signalbox.build_rollup(subject) then
            is_unfinished := true;
        end if;
    end loop;
end
$$;

-- Whoever runs the console's database, and pg_cron as its owner, may refresh; nobody else.
revoke execute on function signalbox.roll(text, integer, integer, integer) from public;
revoke execute on function signalbox.newest_slot(text, integer) from public;
revoke execute on function signalbox.take_marks(smallint, integer[], integer, integer) from public;
revoke execute on function signalbox.take_links(smallint) from public;
revoke execute on function signalbox.refresh_rollup(text, integer) from public;
revoke execute on function signalbox.build_rollup(text) from public;
revoke execute on function signalbox.refresh_rollups(integer) from public;
revoke execute on function signalbox.roll_tools(integer, integer, integer) from public;
revoke execute on function signalbox.sum_tools(integer, integer, integer) from public;
revoke execute on function signalbox.roll_sessions(integer, integer) from public;
revoke execute on function signalbox.sum_sessions(integer, integer, integer) from public;
revoke execute on function signalbox.roll_prompts(integer, integer) from public;
revoke execute on function signalbox.sum_prompts(integer, integer, integer) from public;
revoke execute on function signalbox.roll_jobs(integer, integer) from public;
revoke execute on function signalbox.sum_jobs(integer, integer, integer) from public;
-- Refreshing takes its place; the console alone called it.
-- squawk-ignore ban-drop-function
drop function signalbox.fold_change_log();
