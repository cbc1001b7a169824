-- name: list_kinds
-- Events that contain a payload, or of one aggregate, as events.list_kinds counts all of them, read from the table. Few
-- ids found by payload are taken as an array, here and below: a condition that may be left out cannot become a join,
-- but an array can use the index.
with counted as (
    select
        e.event_type,
        e.aggregate_type,
        e.emitted_by,
        count(*) filter (where w.is_current) as events,
        count(*) filter (where not w.is_current) as previous_events,
        count(*) filter (where w.is_current and e.confidence between 0 and 1) as decisions,
        sum(e.confidence::numeric) filter (where w.is_current and e.confidence between 0 and 1) as confidence_sum,
        max(e.occurred_at) filter (where w.is_current and e.occurred_at >= '1970-01-02 00:00+00' and e.occurred_at < '2200-12-31 00:00+00') as last_at
    from analytics.stg_engine__events as e
    cross join lateral (
        select
            (%(start)s::timestamptz is null or e.occurred_at >= %(start)s)
            and (%(end)s::timestamptz is null or e.occurred_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or e.occurred_at is null
                or e.occurred_at < '1970-01-02 00:00+00' or e.occurred_at >= '2200-12-31 00:00+00') as is_current
    ) as w
    where
        (
            (%(start)s::timestamptz is null or e.occurred_at >= %(start)s)
            and (%(end)s::timestamptz is null or e.occurred_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or e.occurred_at is null
                or e.occurred_at < '1970-01-02 00:00+00' or e.occurred_at >= '2200-12-31 00:00+00')
            or e.occurred_at >= %(previous_start)s::timestamptz and e.occurred_at < %(previous_end)s::timestamptz
        )
        and (%(aggregate_id)s::text is null or e.aggregate_id = %(aggregate_id)s)
        and (%(payload)s::jsonb is null or e.payload @> %(payload)s)
        and (
            %(payload)s::jsonb is null or coalesce(%(broad)s::boolean, false)
            or e.event_id = any(array(select f.event_id from analytics.events_containing(%(payload)s::jsonb) as f))
        )
    group by e.event_type, e.aggregate_type, e.emitted_by
),

fitting as (
    select
        c.*,
        %(event_type)s::text is null or coalesce(c.event_type = %(event_type)s, false) as of_type,
        %(aggregate)s::text is null or coalesce(c.aggregate_type = %(aggregate)s, false) as of_aggregate,
        %(emitter)s::text is null or coalesce(c.emitted_by = %(emitter)s, false) as of_emitter
    from counted as c
),

named as (
    select 'type' as kind, c.event_type as value, c.* from fitting as c where c.of_aggregate and c.of_emitter
    union all
    select 'aggregate', c.aggregate_type, c.* from fitting as c where c.of_type and c.of_emitter
    union all
    select 'emitter', c.emitted_by, c.* from fitting as c where c.of_type and c.of_aggregate
    union all
    select 'total', c.emitted_by, c.* from fitting as c where c.of_type and c.of_aggregate and c.of_emitter
),

summed as (
    select
        n.kind,
        n.value,
        sum(n.events)::bigint as events,
        sum(n.previous_events)::bigint as previous_events,
        sum(n.decisions)::bigint as decisions,
        sum(n.confidence_sum)::float8 as confidence_sum,
        max(n.last_at) as last_at,
        row_number() over (partition by n.kind order by sum(n.events) desc, n.value) as place,
        sum(sum(n.events)) over (partition by n.kind)::bigint as kind_events,
        sum(sum(n.previous_events)) over (partition by n.kind)::bigint as kind_previous_events,
        count(*) over (partition by n.kind) as kind_values,
        count(case when sum(n.events) > 0 then 1 end) over (partition by n.kind) as kind_present
    from named as n
    group by n.kind, n.value
)

select
    s.kind, s.value, s.events, s.previous_events,
    (s.events - s.previous_events)::float8 / nullif(s.previous_events, 0) as change,
    s.decisions, s.confidence_sum, s.confidence_sum / nullif(s.decisions, 0) as confidence, s.last_at,
    s.kind_events, s.kind_previous_events, s.kind_values, s.kind_present
from summed as s
where
    (
        %(limit)s::bigint is null
        or s.place <= case when s.kind = 'total' then 1 else %(limit)s end
        or s.kind = 'type' and s.value = %(event_type)s
    )
    and (
        %(kind)s::text is null
        or s.kind = %(kind)s and (s.kind <> 'type' or %(event_type)s::text is null or s.value = %(event_type)s)
    )
order by s.kind, s.place;

-- name: list_buckets
-- Events that contain a payload, or of one aggregate, as events.list_buckets counts all of them, read from the table.
select
    date_trunc(%(unit)s::text, e.occurred_at, %(zone)s::text) as bucket,
    case when e.event_type = any(%(types)s::text[]) then e.event_type else 'other' end as event_type,
    count(*) as events
from analytics.stg_engine__events as e
where
    e.occurred_at >= '1970-01-02 00:00+00' and e.occurred_at < '2200-12-31 00:00+00'
    and not coalesce(%(untimed)s::boolean, false)
    and (%(start)s::timestamptz is null or e.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or e.occurred_at < %(end)s)
    and (%(event_type)s::text is null or e.event_type = %(event_type)s)
    and (%(aggregate)s::text is null or e.aggregate_type = %(aggregate)s)
    and (%(aggregate_id)s::text is null or e.aggregate_id = %(aggregate_id)s)
    and (%(emitter)s::text is null or e.emitted_by = %(emitter)s)
    and (%(payload)s::jsonb is null or e.payload @> %(payload)s)
    and (
        %(payload)s::jsonb is null or coalesce(%(broad)s::boolean, false)
        or e.event_id = any(array(select f.event_id from analytics.events_containing(%(payload)s::jsonb) as f))
    )
group by 1, 2
order by 1, 2;
