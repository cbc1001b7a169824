-- name: note_holders
-- Events of which several sessions tell note which sessions these are, beside the one whose they are.
with told as materialized (
    select distinct s.event_id, s.session_key from staged_records as s where s.shared
),
known as materialized (
    select e.id, e.session_id, e.metadata -> 'also_in' as also_in from chronicle.events as e
    where e.id = any(array(select t.event_id from told as t))
),
held as materialized (
    select k.id, k.also_in as known, jsonb_agg(distinct h.holder order by h.holder) as also_in
    from known as k
    inner join (
        select t.event_id, t.session_key::text as holder from told as t
        union all
        select o.id, jsonb_array_elements_text(o.also_in) from known as o
    ) as h on h.event_id = k.id and h.holder <> k.session_id::text
    group by k.id, k.also_in
)
update chronicle.events as e
set metadata = e.metadata || jsonb_build_object('also_in', h.also_in)
from held as h
where e.id = any(array(select o.id from held as o)) and e.id = h.id and h.known is distinct from h.also_in;

-- name: link_sessions
-- Sessions that tell of the same name each other.
with holding as materialized (
    select distinct array_prepend(e.session_id::text, array(select jsonb_array_elements_text(e.metadata -> 'also_in'))) as ids
    from chronicle.events as e
    where e.id = any(array(select s.event_id from staged_records as s where s.shared)) and e.metadata ? 'also_in'
    union
    select (m.session_id || m.also_in)::text[]
    from signalbox.model_replies as m
    where m.message_id = any(array(select s.message_id from staged_records as s where s.message_id is not null))
        and m.also_in is not null
),
met as materialized (
    select one.id, jsonb_agg(distinct other.id order by other.id) as others
    from holding as h
    cross join lateral unnest(h.ids) as one (id)
    cross join lateral unnest(h.ids) as other (id)
    where one.id <> other.id
    group by one.id
),
linked as materialized (
    select
        m.id::uuid as id,
        (
            select jsonb_agg(distinct n.id order by n.id)
            from jsonb_array_elements_text(coalesce(s.metadata -> 'shares_with', '[]') || m.others) as n (id)
        ) as shares_with
    from met as m
    cross join lateral (select o.metadata from chronicle.sessions as o where o.id = m.id::uuid offset 0) as s
)
update chronicle.sessions as s
set metadata = s.metadata || jsonb_build_object('shares_with', l.shares_with)
from linked as l
where s.id = any(array(select o.id from linked as o))
    and s.id = l.id
    and s.metadata -> 'shares_with' is distinct from l.shares_with;

-- name: settle_copies
-- Whose is what several sessions tell of, because one of them began as a copy of another: calls, results, prompts, other
-- entries and replies alike. Of the sessions that hold the same, the original is the one that has nothing with a time
-- that the others do not all hold, else the one in which that begins earliest; of equals the one with the lower id. It
-- depends on what the sessions hold alone, so it does not matter which file came first or grew since. Says which
-- sessions are concerned.
with recursive related as (
    select unnest(%(sessions)s::uuid[]) as id
    union
    select o.id::uuid
    from related as r
    cross join lateral (select s.metadata from chronicle.sessions as s where s.id = r.id offset 0) as k
    cross join lateral jsonb_array_elements_text(k.metadata -> 'shares_with') as o (id)
),
sessions as materialized (
    select s.id, s.session_id as name, s.started_at from chronicle.sessions as s
    where s.id = any(array(select r.id from related as r))
),
held as materialized (
    select e.session_id, e.metadata -> 'also_in' as also_in, min(e.timestamp) as begun_at
    from chronicle.events as e
    where e.session_id = any(array(select s.id from sessions as s)) and not e.metadata ? 'derived'
    group by 1, 2
    union all
    select m.session_id, to_jsonb(m.also_in), min(m.replied_at)
    from signalbox.model_replies as m
    where m.session_id = any(array(select s.id from sessions as s))
    group by 1, m.also_in
),
together as materialized (
    select
        h.*,
        array(
            select i.id::uuid
            from jsonb_array_elements_text(coalesce(h.also_in, '[]') || to_jsonb(h.session_id)) as i (id)
            order by 1
        ) as holders
    from held as h
),
begun as materialized (
    select t.holders, min(t.begun_at) as begun_at from together as t group by t.holders
),
originals as materialized (
    select distinct on (b.holders) b.holders, s.id, s.name
    from begun as b
    inner join sessions as s on s.id = any(b.holders)
    left join lateral (
        select min(o.begun_at) as begun_at from begun as o
        where s.id = any(o.holders) and not o.holders @> b.holders
    ) as own on true
    where cardinality(b.holders) > 1
    order by b.holders, own.begun_at nulls first, s.name collate "C"
),
owned as materialized (
    select t.session_id as known, t.also_in as known_also_in, o.id, o.name, array_remove(t.holders, o.id) as also_in
    from together as t
    inner join originals as o on o.holders = t.holders
    group by 1, 2, 3, 4, 5
),
moved as materialized (
    select e.id, o.id as session_id, o.name, to_jsonb(o.also_in) as also_in
    from chronicle.events as e
    inner join owned as o on o.known = e.session_id and o.known_also_in = e.metadata -> 'also_in'
    where e.session_id = any(array(select s.id from sessions as s))
        and e.metadata ? 'also_in'
        and (e.session_id <> o.id or e.data ->> 'sessionId' <> o.name)
),
events as (
    update chronicle.events as e
    set session_id = m.session_id,
        metadata = e.metadata || jsonb_build_object('also_in', m.also_in),
        data = case when e.data ? 'sessionId' then e.data || jsonb_build_object('sessionId', m.name) else e.data end
    from moved as m
    where e.id = any(array(select o.id from moved as o)) and e.id = m.id
),
tools as (
    update chronicle.tool_events as t
    set session_id = m.session_id
    from moved as m
    where t.id = any(array(select o.id from moved as o)) and t.id = m.id and t.session_id <> m.session_id
),
prompts as (
    update chronicle.prompt_events as p
    set session_id = m.session_id
    from moved as m
    where p.id = any(array(select o.id from moved as o)) and p.id = m.id and p.session_id <> m.session_id
),
lifecycle as (
    update chronicle.lifecycle_events as l
    set session_id = m.session_id
    from moved as m
    where l.id = any(array(select o.id from moved as o)) and l.id = m.id and l.session_id <> m.session_id
),
replies as (
    update signalbox.model_replies as r
    set session_id = o.id, also_in = o.also_in
    from owned as o
    where r.session_id = any(array(select s.id from sessions as s))
        and r.also_in is not null
        and r.session_id = o.known
        and to_jsonb(r.also_in) = o.known_also_in
        and r.session_id <> o.id
)
select s.id, s.started_at from sessions as s;
