-- Refreshing: slots that changed are stored anew, rows that were added to others are added to what is stored, and a
-- subject that fails stays as it was.
set lock_timeout = '4s';
set statement_timeout = '60s';

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

-- Stores one subject's changed slots anew, `most_slots` at most and the newest first, with the wider rows above them;
-- calls in slots that rows were only added to are added to what is stored.
-- The marks go first: what commits after that has a mark that stays, so its slot is read live until the next time.
-- What is logged by id is looked up after its row is gone from the log, for the same reason.
-- Where the tables are somebody else's and not logged as ours are, nothing is stored; at rest that costs no write.
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
        perform signalbox.add_tools(changes.added_slots, changes.added);
        perform signalbox.add_agent_calls(changes.added_slots, changes.added);
    end if;
    if changed is null and changes.added is null then
        return 0;
    end if;
    update signalbox.rollup_state as s set refreshed_at = clock_timestamp() where s.subject = state.subject;
    return (select count(distinct u.slot) from unnest(changed || changes.added_slots) as u (slot));
end
$$;

-- As before, but never below raw_from, where there is nothing left to store it from. What is above is built in pieces
-- that are whole at every level; rows of a day or more that begin below raw_from are added up from finer ones. Rows
-- that were logged while their slots were stored are not counted beside them.
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

-- Each subject within a savepoint of its own: what it took out of the log comes back when it fails, so its slots are read
-- live until a pass succeeds. Neither part of a failure is written again while it lasts.
-- While rows are being dropped no pass begins, and the other way round: dropping takes the lock on the table before its
-- snapshot, which the advisory one could not give it.
create or replace function signalbox.refresh_rollups(
    most_slots integer default 500, out refreshed_slots integer, out is_unfinished boolean
) language plpgsql
set search_path = ''
as $$
declare
    next_subject text;
    source smallint;
    refreshed integer;
    is_building boolean;
    reason text;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('signalbox.refresh_rollups', 20261120)) then
        return;
    end if;
    begin
        lock table signalbox.rollup_state in share row exclusive mode nowait;
    exception when lock_not_available then
        return;
    end;
    refreshed_slots := 0;
    is_unfinished := false;
    for source in
        select distinct l.source from signalbox.change_log as l
        where not exists (select from signalbox.rollup_state as s where s.source = l.source)
    loop
        perform signalbox.take_marks(source);
    end loop;
    for next_subject in select s.subject from signalbox.rollup_state as s order by s.subject loop
        begin
            refreshed := signalbox.refresh_rollup(next_subject, most_slots);
            is_building := signalbox.build_rollup(next_subject);
            reason := null;
        exception
            -- Two at once: the whole pass begins anew.
            when serialization_failure or deadlock_detected then raise;
            when others then
                refreshed := 0;
                is_building := false;
                reason := left(sqlstate || ' ' || sqlerrm, 1000);
        end;
        refreshed_slots := refreshed_slots + refreshed;
        is_unfinished := is_unfinished or is_building;
        update signalbox.rollup_state as s
        set failure = reason, failed_at = case when reason is not null then coalesce(s.failed_at, clock_timestamp()) end
        where s.subject = next_subject and s.failure is distinct from reason;
    end loop;
end
$$;
