-- What a page asks of the log again and again is cheap where there is little to find out: statements over many rows name
-- whole slots and no call by itself, and most changes link to nothing.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Planning it takes longer than running it, and its plan is the same for any slots.
alter function analytics.answered_slots(integer []) set plan_cache_mode = 'force_generic_plan';

create or replace function analytics.linked_slots(source smallint, links uuid [], slots integer []) returns setof integer
language plpgsql stable rows 10 set search_path = '' as $$
begin
    if linked_slots.links <> '{}' then
        return query
        select distinct case when c.occurred_at > '-infinity' and c.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', date_bin('15 minutes', c.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer else -2147483648 end
        from (
            select s.started_at as occurred_at from analytics.stg_chronicle__sessions as s
            where linked_slots.source = 1 and s.session_pk = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.session_pk = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.call_id = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.event_id = any(linked_slots.links)
            union all
            select l.created_at from analytics.stg_lift__sessions as l
            where linked_slots.source = 20 and l.session_id = any(linked_slots.links)
        ) as c;
    end if;
    if linked_slots.source = 3 and linked_slots.slots <> '{}' then
        return query select a.slot from analytics.answered_slots(linked_slots.slots) as a (slot);
    end if;
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
    -- Where no call is told by itself, as after statements over many rows, whose slots are named as a whole, there is
    -- nothing to find out about calls.
    if not exists (
        select from signalbox.change_log as l
        where l.source = 3 and l.calls is not null and (taken is null or l.slot = any(taken))
    ) then
        return query
        select n.slot, 0, null::uuid, null::uuid, null, null, null::boolean, null::boolean, null::boolean, null::integer
        from (
            select u.slot from unnest(named) as u (slot) where taken is null or u.slot = any(taken)
            union
            select s.slot from analytics.linked_slots(
                3::smallint, links,
                array(select u.slot from unnest(named) as u (slot) where taken is null or u.slot = any(taken))
            ) as s (slot)
        ) as n;
        return;
    end if;
    return query
    with images as materialized (
        select l.slot, sign(l.counted)::integer as sign, taken is null or l.slot = any(taken) as is_taken,
            i.session_pk, i.event_id, i.call_id, i.tool_name, i.tool_type, i.is_answer, i.success, i.is_refused,
            case when i.duration_ms >= 0 then i.duration_ms end as duration_ms
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
