-- name: read_coverage
-- From when to when there are events of the engine, and how many have no time.
select
    (select min(e.occurred_at) from analytics.stg_engine__events as e
        where e.occurred_at >= '1970-01-02 00:00+00' and e.occurred_at < '2200-12-31 00:00+00') as first_at,
    (select max(e.occurred_at) from analytics.stg_engine__events as e
        where e.occurred_at >= '1970-01-02 00:00+00' and e.occurred_at < '2200-12-31 00:00+00') as last_at,
    (select count(*) from analytics.stg_engine__events as e
        where (e.occurred_at is null
            or e.occurred_at < '1970-01-02 00:00+00' or e.occurred_at >= '2200-12-31 00:00+00')) as untimed,
    exists (select from analytics.stg_engine__events) as holds_rows;

-- name: is_broad
-- Whether more than `most` events contain a JSON value: then reading all of them is faster than picking them by id.
select count(*) > %(most)s::bigint as is_broad
from (
    select f.event_id from analytics.events_containing(%(payload)s::jsonb) as f limit %(most)s::bigint + 1
) as found;

-- name: list_kinds
-- Events of a period and of the one before it by type, by type of aggregate and by emitter, the most frequent first.
-- Each is counted over what the other filters leave, so that one sees what else to choose; the row of the kind `total`
-- is of all filters, its values the emitters. Types alone (`kind`) are those asked for. `decisions` are events with a
-- confidence.
with event_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('engine_events', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
    union all
    select false, w.*
    from analytics.rollup_windows('engine_events', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.engine.engine_event_parts,
removed as materialized (
    select range_agg(int4range(lo, hi)) as slots from event_windows where is_current and kind = 'removed'
),
-- The newest time of a stored row may be that of an event which is gone, if a quarter of an hour in it changed: then it
-- is kept apart, with the row's place.
summed_parts as materialized (
    select
        p.event_type,
        p.aggregate_type,
        p.emitted_by,
        coalesce(sum(p.events) filter (where p.is_current), 0) as events,
        coalesce(sum(p.events) filter (where not p.is_current), 0) as previous_events,
        coalesce(sum(p.decisions) filter (where p.is_current), 0) as decisions,
        coalesce(sum(p.confidence_sum) filter (where p.is_current), 0) as confidence_sum,
        max(p.last_at) filter (
            where p.is_current and p.kind <> 'removed' and not d.is_doubtful
            and p.last_at >= '1970-01-02 00:00+00' and p.last_at < '2200-12-31 00:00+00'
        ) as certain_at,
        array_agg(p.level) filter (where d.is_doubtful and p.level > 1) as levels,
        array_agg(p.slot) filter (where d.is_doubtful and p.level > 1) as slots,
        array_agg(p.last_at) filter (where d.is_doubtful and p.level > 1) as times
    from engine_event_parts as p
    cross join lateral (
        select coalesce(
            p.is_current and p.kind = 'stored' and int4range(p.slot, p.slot + p.level) && (select r.slots from removed as r),
            false
        ) as is_doubtful
    ) as d
    group by p.event_type, p.aggregate_type, p.emitted_by
),
-- The quarters in such a row that did not change know better; only where it is newer than what is certain.
doubtful as (
    select distinct d.level, d.slot
    from summed_parts as s
    cross join lateral unnest(s.levels, s.slots, s.times) as d (level, slot, last_at)
    where s.certain_at is null or d.last_at > s.certain_at
),
counted as (
    select
        c.event_type, c.aggregate_type, c.emitted_by, sum(c.events) as events, sum(c.previous_events) as previous_events,
        sum(c.decisions) as decisions, sum(c.confidence_sum) as confidence_sum,
        case when sum(c.events) > 0 then max(c.last_at) filter (
            where c.last_at >= '1970-01-02 00:00+00' and c.last_at < '2200-12-31 00:00+00'
        ) end as last_at
    from (
        select
            s.event_type, s.aggregate_type, s.emitted_by, s.events, s.previous_events, s.decisions, s.confidence_sum,
            s.certain_at as last_at
        from summed_parts as s
        union all
        select r.event_type, r.aggregate_type, r.emitted_by, 0, 0, 0, 0, r.last_at
        from doubtful as d
        cross join lateral (
            select q.* from analytics.engine_event_rollup as q
            where q.level = 1 and q.slot >= d.slot and q.slot < d.slot + d.level
            offset 0
        ) as r
        where not r.slot <@ (select m.slots from removed as m)
    ) as c
    group by c.event_type, c.aggregate_type, c.emitted_by
    having sum(c.events) <> 0 or sum(c.previous_events) <> 0
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
        case when sum(n.decisions) > 0 then sum(n.confidence_sum)::float8 end as confidence_sum,
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
-- Events per hour, day, week or month of the viewer's zone by type; types that are not among those given are "other".
-- `coarsest` is the widest stored row that fits into a bucket.
with event_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('engine_events', %(start)s, %(end)s, false, %(coarsest)s) as w
    where not coalesce(%(untimed)s::boolean, false)
),
-- Over all aggregates and emitters there are narrower rows.
parts as (
    select to_timestamp(r.slot * 900::float8) as occurred_at, r.event_type,
        case w.kind when 'removed' then -1 else 1 end * r.events as events
    from event_windows as w
    cross join lateral (
        select l.slot, l.event_type, l.events from analytics.engine_event_type_rollup as l
        where
            %(aggregate)s::text is null and %(emitter)s::text is null
            and l.level = w.level and l.slot >= w.lo and l.slot < w.hi and l.slot > -2147483648
        union all
        select l.slot, l.event_type, l.events from analytics.engine_event_rollup as l
        where
            (%(aggregate)s::text is not null or %(emitter)s::text is not null)
            and l.level = w.level and l.slot >= w.lo and l.slot < w.hi and l.slot > -2147483648
            and (%(aggregate)s::text is null or l.aggregate_type = %(aggregate)s)
            and (%(emitter)s::text is null or l.emitted_by = %(emitter)s)
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select f.occurred_at, f.event_type, 1
    from event_windows as w
    cross join lateral (
        select l.occurred_at, l.event_type from analytics.stg_engine__events as l
        where
            l.occurred_at >= w.from_at and l.occurred_at < w.until_at
            and (%(aggregate)s::text is null or l.aggregate_type = %(aggregate)s)
            and (%(emitter)s::text is null or l.emitted_by = %(emitter)s)
            and (%(event_type)s::text is null or l.event_type = %(event_type)s)
        offset 0
    ) as f
    where w.kind = 'live'
)

select
    date_trunc(%(unit)s::text, occurred_at, %(zone)s::text) as bucket,
    case when event_type = any(%(types)s::text[]) then event_type else 'other' end as event_type,
    sum(events)::bigint as events
from parts
where
    occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'
    and (%(event_type)s::text is null or event_type = %(event_type)s)
group by 1, 2
having sum(events) <> 0
order by 1, 2;

-- name: list_newest
-- Events that fit, the newest first; with a place only those before it. Whoever turns pages names the last one seen,
-- so that the thousandth page costs what the first does. Those of one time stand as they were appended, where the log
-- says so, else by their numbers; where the event of a place is not to be seen, all of its time are given again.
select
    e.event_id, e.occurred_at, e.event_type, e.aggregate_type, e.aggregate_id, e.sequence_number, e.emitted_by,
    e.confidence, e.correlation_id, e.causation_id, e.payload, e.metadata
from analytics.stg_engine__events as e
where
    (%(start)s::timestamptz is null or e.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or e.occurred_at < %(end)s)
    and (e.occurred_at is null
        or e.occurred_at < '1970-01-02 00:00+00' or e.occurred_at >= '2200-12-31 00:00+00') = coalesce(%(untimed)s::boolean, false)
    and (%(event_type)s::text is null or e.event_type = %(event_type)s)
    and (%(aggregate)s::text is null or e.aggregate_type = %(aggregate)s)
    and (%(aggregate_id)s::text is null or e.aggregate_id = %(aggregate_id)s)
    and (%(emitter)s::text is null or e.emitted_by = %(emitter)s)
    and (%(correlation)s::uuid is null or e.correlation_id = %(correlation)s)
    and (%(payload)s::jsonb is null or e.payload @> %(payload)s)
    and (
        %(payload)s::jsonb is null or coalesce(%(broad)s::boolean, false)
        or e.event_id = any(array(select f.event_id from analytics.events_containing(%(payload)s::jsonb) as f))
    )
    and (
        %(place_at)s::timestamptz is null
        or e.occurred_at <= %(place_at)s -- for the index
        and (e.occurred_at, coalesce(e."position", e.sequence_number, 0), e.event_id) < (
            %(place_at)s,
            coalesce((
                select coalesce(p."position", p.sequence_number, 0) from analytics.stg_engine__events as p
                where p.event_id = %(place_id)s::uuid
            ), 9223372036854775807),
            %(place_id)s::uuid
        )
    )
order by e.occurred_at desc, coalesce(e."position", e.sequence_number, 0) desc, e.event_id desc
limit %(limit)s::bigint;

-- name: list_oldest
-- Events that fit, the oldest first; with a place only those after it.
select
    e.event_id, e.occurred_at, e.event_type, e.aggregate_type, e.aggregate_id, e.sequence_number, e.emitted_by,
    e.confidence, e.correlation_id, e.causation_id, e.payload, e.metadata
from analytics.stg_engine__events as e
where
    (%(start)s::timestamptz is null or e.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or e.occurred_at < %(end)s)
    and (e.occurred_at is null
        or e.occurred_at < '1970-01-02 00:00+00' or e.occurred_at >= '2200-12-31 00:00+00') = coalesce(%(untimed)s::boolean, false)
    and (%(event_type)s::text is null or e.event_type = %(event_type)s)
    and (%(aggregate)s::text is null or e.aggregate_type = %(aggregate)s)
    and (%(aggregate_id)s::text is null or e.aggregate_id = %(aggregate_id)s)
    and (%(emitter)s::text is null or e.emitted_by = %(emitter)s)
    and (%(payload)s::jsonb is null or e.payload @> %(payload)s)
    and (
        %(payload)s::jsonb is null or coalesce(%(broad)s::boolean, false)
        or e.event_id = any(array(select f.event_id from analytics.events_containing(%(payload)s::jsonb) as f))
    )
    and (
        %(place_at)s::timestamptz is null
        or e.occurred_at >= %(place_at)s -- for the index
        and (e.occurred_at, coalesce(e."position", e.sequence_number, 0), e.event_id) > (
            %(place_at)s,
            coalesce((
                select coalesce(p."position", p.sequence_number, 0) from analytics.stg_engine__events as p
                where p.event_id = %(place_id)s::uuid
            ), -1),
            %(place_id)s::uuid
        )
    )
order by e.occurred_at, coalesce(e."position", e.sequence_number, 0), e.event_id
limit %(limit)s::bigint;

-- name: list_correlated
-- The events of one correlation in the order of time, those of one time as they were appended, where the log says so,
-- else by the numbers of their aggregates.
select
    e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id, e.sequence_number,
    e.payload, e.metadata, e.emitted_by, e.confidence, e.occurred_at as timestamp, e.recorded_at as created_at
from analytics.stg_engine__events as e
where e.correlation_id = %(correlation)s::uuid
order by e.occurred_at, e."position", e.aggregate_type, e.aggregate_id, e.sequence_number
limit %(limit)s::bigint;

-- name: find_events
-- Where events lie that are known by their ids.
select e.event_id, e.event_type, e.correlation_id, e.aggregate_type, e.aggregate_id, e.sequence_number
from analytics.stg_engine__events as e
where e.event_id = any(%(ids)s::uuid[]);
