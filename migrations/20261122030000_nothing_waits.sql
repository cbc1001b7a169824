-- Most of the time no change waits, or none that names rows by their keys instead of their time. Then no table is looked
-- through for such rows: beginning that alone took two thirds of what it takes to find out which slots are counted anew,
-- ten times and more a page.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function analytics.slots_anew(subject text, is_all boolean default false)
returns integer[] language plpgsql stable set search_path = '' as $$
declare
    logged smallint;
    links uuid[];
    named integer[];
begin
    select s.source into logged from signalbox.rollup_state as s where s.subject = slots_anew.subject;
    if logged = 3 then
        return array(select distinct c.slot from analytics.call_changes() as c where is_all or c.sign = 0);
    end if;
    named := array(
        select l.slot from signalbox.change_log as l
        where l.source = logged and l.slot < 2147483647
        group by l.slot
        -- Many rows in one slot are counted with their slot at once, and so are those without a time.
        having is_all or bool_or(l.counted = 0) or sum(abs(l.counted)) > 100 or l.slot = -2147483648
    );
    links := array(select distinct k.link from signalbox.change_links as k where k.source = logged);
    if links = '{}' then
        return named;
    end if;
    return array(
        select u.slot from unnest(named) as u (slot)
        union
        select s.slot from analytics.linked_slots(logged, links, null) as s (slot)
        union
        select l.slot from signalbox.change_log as l
        cross join lateral unnest(l.sessions) as s
        where l.source = logged and logged = 1 and s.session_pk = any(links)
    );
end
$$;

create or replace function analytics.call_changes(taken integer[] default null) returns setof analytics.call_change
language plpgsql stable rows 100 set search_path = '' as $$
declare
    lowest constant integer := -2147483648;
    links uuid[];
    named integer[];
begin
    links := array(select distinct k.link from signalbox.change_links as k where k.source = 3);
    if links = '{}' and not exists (select from signalbox.change_log as l where l.source = 3) then
        return;
    end if;
    named := array(
        select distinct l.slot from signalbox.change_log as l
        where l.source = 3 and l.counted = 0 and l.slot < 2147483647
    );
    return query
    with images as materialized (
        select l.slot, sign(l.counted)::integer as sign, taken is null or l.slot = any(taken) as is_taken, i.*
        from signalbox.change_log as l
        cross join lateral unnest(l.calls) as i
        where l.source = 3
    ),
    called as materialized (
        select
            i.call_id,
            coalesce(sum(i.sign) filter (where i.is_answer), 0) as answers_since,
            bool_or(not i.is_taken or i.slot = any(named)) or i.call_id = any(links) as is_unknown
        from images as i
        where i.call_id is not null
        group by i.call_id
        having bool_or(i.is_taken)
    ),
    present as materialized (
        select
            c.call_id, t.session_pk, t.tool_name, t.tool_type, t.is_answer,
            case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', date_bin('15 minutes', t.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer else lowest end as slot
        from called as c
        cross join lateral (
            select e.occurred_at, e.session_pk, e.tool_name::text, e.tool_type::text, e.phase = 'post' as is_answer
            from analytics.stg_chronicle__tool_events as e
            where e.call_id = c.call_id and e.phase in ('pre', 'post')
            offset 0
        ) as t
    ),
    answered as materialized (
        select
            c.call_id,
            c.is_unknown or coalesce(bool_or(p.slot = any(named)), false) as is_unknown,
            count(*) filter (where p.is_answer) > 0 as is_answered,
            count(*) filter (where p.is_answer) - c.answers_since > 0 as was_answered
        from called as c
        left join present as p on p.call_id = c.call_id
        group by c.call_id, c.answers_since, c.is_unknown
    ),
    anew as materialized (
        select n.slot from unnest(named) as n (slot) where taken is null or n.slot = any(taken)
        union
        select s.slot from analytics.linked_slots(
            3::smallint, links, array(select n.slot from unnest(named) as n (slot) where taken is null or n.slot = any(taken))
        ) as s (slot)
        union
        select i.slot from images as i inner join answered as a on a.call_id = i.call_id where a.is_unknown
        union
        select p.slot from present as p inner join answered as a on a.call_id = p.call_id where a.is_unknown
        union
        select i.slot from images as i where i.is_taken and i.session_pk = any(links)
        union
        select i.slot from images as i where i.is_taken and i.event_id = any(links)
        union
        select i.slot from images as i
        where i.is_taken and i.session_pk is not null
        and not exists (select from analytics.stg_chronicle__sessions as s where s.session_pk = i.session_pk offset 0)
        union
        select i.slot from images as i
        where i.is_taken and i.is_answer and i.event_id is not null
        and not exists (select from analytics.stg_chronicle__events as e where e.event_id = i.event_id offset 0)
        union
        select i.slot from images as i where i.is_taken group by i.slot having count(*) > 100
    ),
    -- Rows of calls that ask: as they are, and as they were.
    asked as (
        select p.slot, p.session_pk, p.tool_name, p.tool_type, p.call_id, 1 as now, 1 as before
        from present as p
        where not p.is_answer
        union all
        select i.slot, i.session_pk, i.tool_name, i.tool_type, i.call_id, 0, -i.sign
        from images as i
        inner join called as c on c.call_id = i.call_id
        where not i.is_answer
    ),
    facts as (
        select i.slot, i.sign, i.session_pk, i.event_id, i.tool_name, i.tool_type, true as is_answer, i.success,
            i.is_refused, i.duration_ms
        from images as i
        where i.is_taken and i.is_answer
        union all
        select q.slot, (not a.is_answered)::integer * q.now - (not a.was_answered)::integer * q.before,
            q.session_pk, null, q.tool_name, q.tool_type, false, null, null, null
        from asked as q
        inner join answered as a on a.call_id = q.call_id
        where not (a.is_answered and a.was_answered)
    )
    select n.slot, 0, null::uuid, null::uuid, null, null, null::boolean, null::boolean, null::boolean, null::integer
    from anew as n
    union all
    select f.slot, case when f.slot > lowest then sum(f.sign)::integer else 0 end, f.session_pk, f.event_id, f.tool_name, f.tool_type, f.is_answer, f.success,
        f.is_refused, f.duration_ms
    from facts as f
    where f.slot not in (select n.slot from anew as n)
    group by f.slot, f.session_pk, f.event_id, f.tool_name, f.tool_type, f.is_answer, f.success, f.is_refused,
        f.duration_ms
    having sum(f.sign) <> 0;
end
$$;
