-- What very many calls became is told by their quarters of an hour: to read it call by call again with each pass, and
-- to look for what else it has a say in, costs more than to count those quarters anew.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Where the log says of more than `most_rows` calls what they are, or names them, it says no more than which slots that
-- concerns: those of the rows themselves, and of the calls that they answer. The marks of what is added are nothing, and
-- what is taken is in the totals, so that versions stay what they are.
create function signalbox.tell_slots_of_calls(most_rows bigint) returns void
language plpgsql
set search_path = ''
as $$
declare
    links uuid[];
begin
    if (select coalesce(sum(abs(l.counted)), 0) from signalbox.change_log as l where l.source = 3)
        + (select count(*) from signalbox.change_links as k where k.source = 3) <= most_rows
    then
        return;
    end if;
    links := signalbox.take_links(3::smallint);
    with calls as (
        select distinct i.call_id
        from signalbox.change_log as l
        cross join lateral unnest(l.calls) as i
        where l.source = 3 and i.call_id is not null
    ),
    forgotten as (
        update signalbox.change_log as l set counted = 0, calls = null where l.source = 3 and l.calls is not null
    ),
    told as (
        insert into signalbox.change_log (source, slot, mark)
        select 3, a.slot, 0
        from (
            select case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', date_bin('15 minutes', t.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer
                else -2147483648 end as slot
            from calls as c
            inner join analytics.stg_chronicle__tool_events as t on t.call_id = c.call_id
            where t.phase = 'pre'
            union
            select s.slot from analytics.linked_slots(3::smallint, links, null) as s (slot)
        ) as a
        returning 1
    )
    update signalbox.change_totals as t
    set marks = t.marks - (select count(*) from told)
    where t.source = 3;
end
$$;
revoke execute on function signalbox.tell_slots_of_calls(bigint) from public;

-- As before, but where very many calls changed, their slots alone are told first; and the marks of all slots that are
-- stored anew are taken, those of slots that are found by id as well, which would be stored anew once more.
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

    if subject = 'tools' then
        perform signalbox.tell_slots_of_calls(most_slots * 100::bigint);
    end if;
    select array_agg(l.slot) into changed from (
        select distinct m.slot from signalbox.change_log as m where m.source = state.source order by m.slot desc limit most_slots
    ) as l;
    if changed is null and not exists (select from signalbox.change_links as k where k.source = state.source) then
        return 0;
    end if;
    if subject = 'tools' then
        return signalbox.refresh_calls(coalesce(changed, '{}'));
    end if;
    links := signalbox.take_links(state.source);
    changed := changed || array(select analytics.linked_slots(state.source, links, null));
    perform signalbox.take_marks(state.source, coalesce(changed, '{}'));
    -- Below built_from nothing is stored yet, and below raw_from there is nothing to store it from.
    select array_agg(distinct u.slot) into changed from unnest(changed) as u (slot)
    where u.slot >= state.built_from and (u.slot >= state.raw_from or u.slot = -2147483648);
    foreach width in array array[1, 4, 96, 768] loop
        perform signalbox.roll(subject, width, p.lo, p.hi) from signalbox.pieces_of(changed, width) as p;
    end loop;
    perform signalbox.forget_changes(
        state.source, (select range_agg(int4range(u.slot, u.slot + 1)) from unnest(changed) as u (slot)), links
    );
    if changed is null then
        return 0;
    end if;
    update signalbox.rollup_state as s set refreshed_at = clock_timestamp() where s.subject = state.subject;
    return cardinality(changed);
end
$$;
