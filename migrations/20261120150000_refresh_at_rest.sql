-- Jobs with times of another world do not stop a refresh, and an adopted system at rest costs no write.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Between the year 60000 and the oldest time there is, two times differ by no more than an interval holds.
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
    end as wait_key
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
        where c.source = state.source
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

update signalbox.rollup_state set built_from = 2147483647 where subject = 'jobs';
