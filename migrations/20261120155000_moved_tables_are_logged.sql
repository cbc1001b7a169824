-- Tables that were moved here and tell the change log all that ours tell are summed up as ours are.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.adopted_tables add column is_logged boolean not null default false;
comment on column signalbox.adopted_tables.is_logged is
'Whether every table of the system was moved here and carries the triggers of the change log as ours do, slots and links included.';

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
    piece record;
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
