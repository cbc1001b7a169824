-- name: number_pairs
-- Numbers records of hooks that look alike in the order in which they came, behind those that are known.
update staged_records as s
set pair_order = n.place,
    call_id = case when s.phase is null then s.call_id
        else md5(left(s.pair_key::text, 35) || ':' || n.place)::uuid end
from (
    select k.seq, k.occurrence + coalesce(max(k.highest) over (partition by k.pair_key), 0) as place
    from (
        select
            h.seq,
            h.pair_key,
            h.occurrence,
            case when h.occurrence = 1 and %(sessions_known)s::boolean then (
                select max(r.pair_order)
                from signalbox.import_records as r
                where r.pair_key = h.pair_key and r.source_kind = 'hooks'
            ) end as highest
        from (
            select o.seq, o.pair_key, row_number() over (partition by o.pair_key order by o.seq) as occurrence
            from staged_records as o
            where o.source_kind = 'hooks' and o.pair_key is not null
        ) as h
    ) as k
) as n
where s.seq = n.seq;

-- name: absorb_staged
-- Hook records of what a transcript has told already become references to it, and no events of their own.
with keys as materialized (
    select distinct s.pair_key from staged_records as s where s.source_kind = 'hooks' and s.pair_key is not null
),
told as materialized (
    select
        k.pair_key,
        r.event_id,
        row_number() over (partition by k.pair_key order by r.is_gone desc, r.happened_at nulls last, r.event_id) as place
    from keys as k
    cross join lateral (
        select
            coalesce(i.event_id, i.dropped_event_id) as event_id, i.event_id is null as is_gone,
            (select e.timestamp from chronicle.events as e where e.id = i.event_id) as happened_at
        from signalbox.import_records as i
        where i.pair_key = k.pair_key and i.source_kind = 'transcript'
        offset 0
    ) as r
)
update staged_records as s
set event_id = t.event_id, absorbed = true
from told as t
where s.source_kind = 'hooks' and s.pair_key = t.pair_key and s.pair_order = t.place;

-- name: drop_told
-- Takes out what a transcript tells anew of what hooks had told and what has been dropped since: alike, and in the same
-- place of their order. It counts already.
with touched as materialized (
    select distinct s.pair_key from staged_records as s where s.pair_key is not null and s.source_kind = 'transcript'
),
told as materialized (
    select
        k.pair_key,
        r.event_id,
        row_number() over (partition by k.pair_key order by r.is_gone desc, r.happened_at nulls last, r.place_id) as place
    from touched as k
    cross join lateral (
        select
            i.event_id, coalesce(i.event_id, i.dropped_event_id) as place_id, i.event_id is null as is_gone,
            (select e.timestamp from chronicle.events as e where e.id = i.event_id) as happened_at
        from signalbox.import_records as i
        where i.pair_key = k.pair_key and i.source_kind = 'transcript'
        offset 0
    ) as r
),
gone as materialized (
    select t.event_id, h.dropped_event_id
    from told as t
    cross join lateral (
        select i.dropped_event_id from signalbox.import_records as i
        where i.pair_key = t.pair_key and i.source_kind = 'hooks' and i.pair_order = t.place and i.event_id is null
        offset 0
    ) as h
    where t.event_id is not null
),
noted as (
    update signalbox.import_records as r
    set event_id = null, dropped_event_id = g.dropped_event_id
    from gone as g
    where r.event_id = any(array(select o.event_id from gone as o)) and r.event_id = g.event_id
    returning g.event_id
)
select distinct n.event_id from noted as n;

-- name: remove_told
-- Removes the events of transcripts that tell what was dropped; says how many of which type.
with gone as (
    delete from chronicle.events as e where e.id = any(%(events)s::uuid[]) returning e.event_type
)
select g.event_type as name, count(*) as removed from gone as g group by g.event_type;

-- name: link_pairs
-- Points hook records to the event by which a transcript tells the same: alike, and in the same place of their order.
with touched as materialized (
    select s.pair_key from staged_records as s where s.pair_key is not null
    union
    select (left(s.pair_key::text, 35) || '0')::uuid from staged_records as s where s.phase is not null and s.pair_key is not null
    union
    select (left(s.pair_key::text, 35) || '1')::uuid from staged_records as s where s.phase is not null and s.pair_key is not null
),
told as materialized (
    select
        k.pair_key,
        r.event_id,
        r.is_gone,
        row_number() over (partition by k.pair_key order by r.is_gone desc, r.happened_at nulls last, r.event_id) as place
    from touched as k
    cross join lateral (
        select
            coalesce(i.event_id, i.dropped_event_id) as event_id, i.event_id is null as is_gone,
            (select e.timestamp from chronicle.events as e where e.id = i.event_id) as happened_at
        from signalbox.import_records as i
        where i.pair_key = k.pair_key and i.source_kind = 'transcript'
        offset 0
    ) as r
),
hooked as materialized (
    select k.pair_key, r.record_key, r.event_id, r.pair_order
    from touched as k
    cross join lateral (
        select i.record_key, i.event_id, i.pair_order
        from signalbox.import_records as i
        where i.pair_key = k.pair_key and i.source_kind = 'hooks'
        offset 0
    ) as r
),
matched as materialized (
    select h.record_key, t.event_id
    from hooked as h
    inner join told as t on t.pair_key = h.pair_key and t.place = h.pair_order
    where h.event_id <> t.event_id and not t.is_gone
),
linked as (
    update signalbox.import_records as r
    set event_id = m.event_id
    from matched as m
    where r.record_key = any(array(select m.record_key from matched as m)) and r.record_key = m.record_key
    returning r.record_key
)
select l.record_key from linked as l;

-- name: remove_absorbed
-- Removes the events of hook records that point to a transcript's by now, with the jobs that were made of them; says how
-- many of which type, and how many jobs.
with absorbed as materialized (
    select unnest(%(records)s::uuid[]) as record_key
),
jobs as (
    delete from agents.jobs as j
    where j.id = any(array(
        select md5('call:' || t.call_id)::uuid
        from chronicle.tool_events as t
        where t.id = any(%(records)s::uuid[]) and t.tool_type = 'subagent' and t.phase = 'pre'
    ))
    returning j.id
),
gone as (
    delete from chronicle.events as e
    where e.id = any(array(select a.record_key from absorbed as a))
    returning e.event_type
)
select g.event_type as name, count(*) as removed from gone as g group by g.event_type
union all
select 'jobs', count(*) from jobs having count(*) > 0;

-- name: attach_outcomes
-- Results that only hooks tell belong to the calls of a transcript that have none, in order; the others to their own.
with touched as materialized (
    select distinct left(s.pair_key::text, 35) as base
    from staged_records as s
    where s.pair_key is not null
        and (s.source_kind = 'transcript' and s.phase is not null or s.phase = 'post' and not s.absorbed)
),
left_over as materialized (
    select t.base, r.event_id, r.pair_order, r.results
    from touched as t
    cross join lateral (
        select i.event_id, i.pair_order, count(*) filter (where i.source_kind = 'transcript') over () as results,
            i.source_kind = 'hooks' and i.event_id = i.record_key as is_left_over
        from signalbox.import_records as i
        where i.pair_key = (t.base || '1')::uuid
        offset 0
    ) as r
    where r.is_left_over
),
unanswered as materialized (
    select
        b.base,
        c.call_id,
        row_number() over (partition by b.base order by c.called_at nulls last, c.call_id) as place
    from (select distinct l.base from left_over as l) as b
    cross join lateral (
        select
            (select t.call_id from chronicle.tool_events as t where t.id = i.event_id) as call_id,
            (select t.created_at from chronicle.tool_events as t where t.id = i.event_id) as called_at
        from signalbox.import_records as i
        where i.pair_key = (b.base || '0')::uuid and i.source_kind = 'transcript'
        offset 0
    ) as c
    where not exists (
        select
        from chronicle.tool_events as p
        where p.call_id = c.call_id
            and p.phase = 'post'
            and (select e.metadata ->> 'source' from chronicle.events as e where e.id = p.event_id) = 'transcript'
        offset 0
    )
),
wanted as materialized (
    select l.event_id, coalesce(u.call_id, md5(l.base || ':' || l.pair_order)::uuid) as call_id
    from left_over as l
    left join unanswered as u on u.base = l.base and u.place = l.pair_order - l.results
)
update chronicle.tool_events as t
set call_id = w.call_id
from wanted as w
where t.id = any(array(select w.event_id from wanted as w)) and t.id = w.event_id and t.call_id <> w.call_id;
