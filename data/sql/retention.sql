-- name: read_retention
-- How long events of sessions are kept, and from where on there are any.
select r.keep_raw_days, r.raw_from, r.dropped_from, r.dropped_rows, r.dropped_at, r.set_at, r.set_by
from signalbox.retention as r;

-- name: find_age
-- After how many days rows are dropped; null keeps them.
select r.keep_raw_days from signalbox.retention as r;

-- name: find_adopted
-- Whether tables of chronicle are read from another system, whose rows are not ours to drop.
select exists (select from signalbox.adopted_tables as t where t.system = 'chronicle') as is_adopted;

-- name: keep
-- Sets the age, if it still is what was seen.
update signalbox.retention
set keep_raw_days = %(days)s, set_at = now(), set_by = %(by)s
where keep_raw_days is not distinct from %(seen)s::integer;

-- name: foresee
-- What an age would drop at this moment: rows per table before its day (UTC), and the oldest of them. An event stays for
-- as long as a call that names it.
with boundary as materialized (
    select date_trunc('day', now() - make_interval(days => %(days)s::integer), 'UTC') as before
)

select
    b.before,
    case when signalbox.oldest_raw() < b.before then signalbox.oldest_raw() end as oldest_at,
    (
        select count(*) from analytics.stg_chronicle__events as e
        where e.occurred_at > '-infinity' and e.occurred_at < b.before
        and not exists (
            select from analytics.stg_chronicle__tool_events as t
            where
                t.event_id = e.event_id
                and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= b.before)
        )
    ) as events,
    (
        select count(*) from analytics.stg_chronicle__tool_events as t
        where t.occurred_at > '-infinity' and t.occurred_at < b.before
    ) as tool_events,
    (
        select count(*) from analytics.stg_chronicle__prompt_events as p
        where p.occurred_at > '-infinity' and p.occurred_at < b.before
    ) as prompt_events,
    (
        select count(*) from analytics.stg_chronicle__notification_events as n
        where n.occurred_at > '-infinity' and n.occurred_at < b.before
    ) as notification_events,
    (
        select count(*) from analytics.stg_chronicle__lifecycle_events as l
        where l.occurred_at > '-infinity' and l.occurred_at < b.before
    ) as lifecycle_events
from boundary as b;

-- name: count_late
-- Rows from before the boundary that are there all the same, without the events that stay for their calls.
select
    (
        select count(*) from analytics.stg_chronicle__events as e
        where e.occurred_at > '-infinity' and e.occurred_at < r.raw_from
        and not exists (
            select from analytics.stg_chronicle__tool_events as t
            where
                t.event_id = e.event_id
                and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= r.raw_from)
        )
    )
    + (
        select count(*) from analytics.stg_chronicle__tool_events as t
        where t.occurred_at > '-infinity' and t.occurred_at < r.raw_from
    )
    + (
        select count(*) from analytics.stg_chronicle__prompt_events as p
        where p.occurred_at > '-infinity' and p.occurred_at < r.raw_from
    )
    + (
        select count(*) from analytics.stg_chronicle__notification_events as n
        where n.occurred_at > '-infinity' and n.occurred_at < r.raw_from
    )
    + (
        select count(*) from analytics.stg_chronicle__lifecycle_events as l
        where l.occurred_at > '-infinity' and l.occurred_at < r.raw_from
    ) as late_rows
from signalbox.retention as r;

-- name: take_time
-- How long the next statement of this transaction may run, and how long it waits for rows that others hold.
select
    set_config('statement_timeout', %(seconds)s::integer || 's', true),
    set_config('lock_timeout', %(wait_ms)s::integer || 'ms', true);

-- name: drop_piece
-- Drops the next piece of what is older than it is kept.
select dropped_rows, from_at, until_at, is_unfinished, waits_for from signalbox.drop_raw(%(most_rows)s);
