-- name: find_newest
-- The newest snapshot of one aggregate at or before a sequence number, made by one version of its reducer.
select s.sequence_number, s.state
from engine.event_snapshots as s
where s.aggregate_type = %(aggregate_type)s::text and s.aggregate_id = %(aggregate_id)s::text
and s.reducer = %(reducer)s::text
and (%(at_sequence)s::bigint is null or s.sequence_number <= %(at_sequence)s::bigint)
order by s.sequence_number desc
limit 1;

-- name: add
-- Keeps a state, unless there is one at that sequence number already.
insert into engine.event_snapshots (aggregate_type, aggregate_id, sequence_number, state, reducer)
values (
    %(aggregate_type)s::text, %(aggregate_id)s::text, %(sequence_number)s::bigint, %(state)s::jsonb, %(reducer)s::text
)
on conflict (aggregate_type, aggregate_id, sequence_number) do nothing;

-- name: put
-- Keeps a state in place of what another version of the reducer made at that sequence number.
insert into engine.event_snapshots as s (aggregate_type, aggregate_id, sequence_number, state, reducer)
values (
    %(aggregate_type)s::text, %(aggregate_id)s::text, %(sequence_number)s::bigint, %(state)s::jsonb, %(reducer)s::text
)
on conflict (aggregate_type, aggregate_id, sequence_number) do update
set state = excluded.state, reducer = excluded.reducer, created_at = now()
where s.reducer is distinct from excluded.reducer;

-- name: list_due
-- Aggregates of the types given whose newest snapshot by the reducer of their type lies as far back as `every` events,
-- or that have as many and none.
with told as (
    select t.aggregate_type, t.reducer
    from unnest(%(aggregate_types)s::text[], %(reducers)s::text[]) as t (aggregate_type, reducer)
),

newest as (
    select e.aggregate_type, e.aggregate_id, max(e.sequence_number) as sequence_number
    from engine.events as e
    where e.aggregate_type = any(%(aggregate_types)s::text[])
    group by e.aggregate_type, e.aggregate_id
    having max(e.sequence_number) >= %(every)s::bigint
)

select n.aggregate_type, n.aggregate_id, n.sequence_number, coalesce(s.sequence_number, 0) as snapshot_sequence
from newest as n
inner join told as t using (aggregate_type)
left join lateral (
    select max(k.sequence_number) as sequence_number
    from engine.event_snapshots as k
    where k.aggregate_type = n.aggregate_type and k.aggregate_id = n.aggregate_id and k.reducer = t.reducer
) as s on true
where n.sequence_number - coalesce(s.sequence_number, 0) >= %(every)s::bigint
order by n.aggregate_type, n.aggregate_id
limit %(limit)s::bigint;
