-- name: count_aggregates
-- Whether the event log is whole: aggregates, those whose numbers have gaps, and of the types given, those whose newest
-- usable snapshot lies more than `behind` events back.
with aggregates as (
    select e.aggregate_type, e.aggregate_id, count(*) as events, max(e.sequence_number) as newest
    from analytics.stg_engine__events as e
    group by e.aggregate_type, e.aggregate_id
),

newest_snapshots as (
    select s.aggregate_type, s.aggregate_id, max(s.sequence_number) as sequence_number
    from analytics.stg_engine__event_snapshots as s
    inner join unnest(%(aggregate_types)s::text[], %(reducers)s::text[]) as t (aggregate_type, reducer)
        on t.aggregate_type = s.aggregate_type and t.reducer = s.reducer
    group by s.aggregate_type, s.aggregate_id
)

select
    count(*) as aggregates,
    coalesce(sum(a.events), 0)::bigint as events,
    count(*) filter (where a.newest <> a.events) as with_gaps,
    coalesce(sum(a.newest - a.events), 0)::bigint as numbers_missing,
    count(*) filter (where a.aggregate_type = any(%(aggregate_types)s::text[])) as with_reducer,
    count(*) filter (
        where a.aggregate_type = any(%(aggregate_types)s::text[])
        and a.newest - coalesce(s.sequence_number, 0) > %(behind)s::bigint
    ) as behind,
    max(a.newest - coalesce(s.sequence_number, 0)) filter (
        where a.aggregate_type = any(%(aggregate_types)s::text[])
    ) as most_behind
from aggregates as a
left join newest_snapshots as s using (aggregate_type, aggregate_id);

-- name: list_gaps
-- Numbers that are missing in streams, as ranges, the streams that miss most first.
with broken as (
    select e.aggregate_type, e.aggregate_id, max(e.sequence_number) - count(*) as numbers_missing
    from analytics.stg_engine__events as e
    group by e.aggregate_type, e.aggregate_id
    having max(e.sequence_number) <> count(*)
    order by numbers_missing desc, e.aggregate_type, e.aggregate_id
    limit %(limit)s::bigint
)

select
    b.aggregate_type,
    b.aggregate_id,
    b.numbers_missing,
    n.before + 1 as first_missing,
    n.sequence_number - 1 as last_missing
from broken as b
cross join lateral (
    select e.sequence_number, lag(e.sequence_number, 1, 0::bigint) over (order by e.sequence_number) as before
    from analytics.stg_engine__events as e
    where e.aggregate_type = b.aggregate_type and e.aggregate_id = b.aggregate_id
) as n
where n.sequence_number > n.before + 1
order by b.numbers_missing desc, b.aggregate_type, b.aggregate_id, n.sequence_number
limit %(limit)s::bigint;

-- name: list_snapshot_lags
-- Aggregates of the types given whose newest usable snapshot lies more than `behind` events back, the furthest first.
with told as (
    select t.aggregate_type, t.reducer
    from unnest(%(aggregate_types)s::text[], %(reducers)s::text[]) as t (aggregate_type, reducer)
),

newest as (
    select e.aggregate_type, e.aggregate_id, max(e.sequence_number) as sequence_number
    from analytics.stg_engine__events as e
    where e.aggregate_type = any(%(aggregate_types)s::text[])
    group by e.aggregate_type, e.aggregate_id
    having max(e.sequence_number) > %(behind)s::bigint
)

select
    n.aggregate_type,
    n.aggregate_id,
    n.sequence_number,
    coalesce(max(s.sequence_number) filter (where s.reducer = t.reducer), 0) as snapshot_sequence,
    count(s.sequence_number) filter (where s.reducer is distinct from t.reducer) as snapshots_by_other_versions,
    n.sequence_number - coalesce(max(s.sequence_number) filter (where s.reducer = t.reducer), 0) as events_behind
from newest as n
inner join told as t using (aggregate_type)
left join analytics.stg_engine__event_snapshots as s
    on s.aggregate_type = n.aggregate_type and s.aggregate_id = n.aggregate_id
group by n.aggregate_type, n.aggregate_id, n.sequence_number
having n.sequence_number - coalesce(max(s.sequence_number) filter (where s.reducer = t.reducer), 0) > %(behind)s::bigint
order by events_behind desc, n.aggregate_type, n.aggregate_id
limit %(limit)s::bigint;
