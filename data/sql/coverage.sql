-- name: read_coverage
-- From when to when each subject holds rows, those that were dropped too for whoever reads their sums, and how many
-- have no time; a job counts at its end. Before raw_from there are sums alone of what happened in sessions. Rows without
-- a time are counted as periods count them, times that none can name among them; where they are many, they are in the
-- rollups.
-- holds_unnamed says of calls whether rows begin some without saying which, `unphased` how many rows say neither begin
-- nor end. One row per subject.
with untimed_windows as materialized (
    select 'events' as subject, w.* from analytics.rollup_windows('events', null, null, true) as w
    union all
    select 'tools', w.* from analytics.rollup_windows('tools', null, null, true) as w
),
untimed_parts as (
    select w.subject, case w.kind when 'removed' then -1 else 1 end * r.events as untimed
    from untimed_windows as w
    cross join lateral (
        select e.events from analytics.event_rollup as e
        where w.subject = 'events' and e.level = w.level and e.slot >= w.lo and e.slot < w.hi
        union all
        select t.calls from analytics.tool_rollup as t
        where
            w.subject = 'tools' and t.level = w.level and not t.is_by_project and t.project_name = ''
            and t.slot >= w.lo and t.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select w.subject, r.events
    from untimed_windows as w
    cross join lateral (
        select count(*) as events from analytics.stg_chronicle__events as e
        where
            w.kind = 'untimed'
            and (e.occurred_at is null or e.occurred_at = '-infinity' or e.occurred_at >= '60000-01-01 00:00+00')
    ) as r
    where w.subject = 'events'
    union all
    select w.subject, r.calls
    from untimed_windows as w
    cross join lateral (
        select count(*) as calls from analytics.tool_calls as t
        where
            w.kind = 'untimed'
            and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= '60000-01-01 00:00+00')
    ) as r
    where w.subject = 'tools'
    union all
    select w.subject, r.events
    from untimed_windows as w
    cross join lateral (
        select count(*) as events from analytics.stg_chronicle__events as e
        where e.occurred_at >= w.from_at and e.occurred_at < w.until_at
    ) as r
    where w.subject = 'events' and w.kind = 'live'
    union all
    select w.subject, r.calls
    from untimed_windows as w
    cross join lateral (
        select count(*) as calls from analytics.tool_calls as t
        where t.occurred_at >= w.from_at and t.occurred_at < w.until_at
    ) as r
    where w.subject = 'tools' and w.kind = 'live'
)

select c.subject, c.first_at, c.last_at, c.untimed, c.holds_rows, c.holds_unnamed, c.unphased, b.raw_from
from (
    select
        'sessions' as subject,
        (select min(started_at) from analytics.stg_chronicle__sessions
            where started_at >= '1970-01-02 00:00+00' and started_at < '2200-12-31 00:00+00') as first_at,
        (select max(started_at) from analytics.stg_chronicle__sessions
            where started_at >= '1970-01-02 00:00+00' and started_at < '2200-12-31 00:00+00') as last_at,
        (select count(*) from analytics.stg_chronicle__sessions
            where (started_at is null
                or started_at < '1970-01-02 00:00+00' or started_at >= '2200-12-31 00:00+00')) as untimed,
        exists (select from analytics.stg_chronicle__sessions) as holds_rows,
        false as holds_unnamed,
        0 as unphased
    union all
    select
        'events',
        least(
            (select min(occurred_at) from analytics.stg_chronicle__events
                where occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'),
            (
                select r.dropped_from from signalbox.retention as r
                where (select signalbox.sees_all()) and r.dropped_from >= '1970-01-02 00:00+00' and r.dropped_from < '2200-12-31 00:00+00'
            )
        ),
        coalesce(
            (select max(occurred_at) from analytics.stg_chronicle__events
                where occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'),
            (
                select r.raw_from from signalbox.retention as r
                where r.dropped_from is not null and (select signalbox.sees_all())
            )
        ),
        (select coalesce(sum(p.untimed), 0)::bigint from untimed_parts as p where p.subject = 'events'),
        exists (select from analytics.stg_chronicle__events),
        false,
        0
    union all
    select
        'tools',
        least(
            (select min(occurred_at) from analytics.stg_chronicle__tool_events
                where occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'),
            (
                select r.dropped_from from signalbox.retention as r
                where (select signalbox.sees_all()) and r.dropped_from >= '1970-01-02 00:00+00' and r.dropped_from < '2200-12-31 00:00+00'
            )
        ),
        coalesce(
            (select max(occurred_at) from analytics.stg_chronicle__tool_events
                where occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'),
            (
                select r.raw_from from signalbox.retention as r
                where r.dropped_from is not null and (select signalbox.sees_all())
            )
        ),
        (select coalesce(sum(p.untimed), 0)::bigint from untimed_parts as p where p.subject = 'tools'),
        exists (select from analytics.stg_chronicle__tool_events)
        or exists (
            select from signalbox.retention as r where r.dropped_from is not null and (select signalbox.sees_all())
        ),
        exists (select from analytics.stg_chronicle__tool_events as t where t.call_id is null and t.phase = 'pre'),
        (select count(*) from analytics.stg_chronicle__tool_events as t where t.phase is distinct from 'pre' and t.phase is distinct from 'post')
    union all
    select
        'jobs',
        (select min(counted_at) from analytics.stg_agents__jobs
            where counted_at >= '1970-01-02 00:00+00' and counted_at < '2200-12-31 00:00+00'),
        (select max(counted_at) from analytics.stg_agents__jobs
            where counted_at >= '1970-01-02 00:00+00' and counted_at < '2200-12-31 00:00+00'),
        (select count(*) from analytics.stg_agents__jobs
            where (counted_at is null or counted_at < '1970-01-02 00:00+00' or counted_at >= '2200-12-31 00:00+00')),
        exists (select from analytics.stg_agents__jobs),
        false,
        0
    union all
    select
        'approvals',
        (select min(created_at) from analytics.stg_engine__human_approvals
            where created_at >= '1970-01-02 00:00+00' and created_at < '2200-12-31 00:00+00'),
        (select max(created_at) from analytics.stg_engine__human_approvals
            where created_at >= '1970-01-02 00:00+00' and created_at < '2200-12-31 00:00+00'),
        (select count(*) from analytics.stg_engine__human_approvals
            where (created_at is null or created_at < '1970-01-02 00:00+00' or created_at >= '2200-12-31 00:00+00')),
        exists (select from analytics.stg_engine__human_approvals),
        false,
        0
) as c
left join (select r.raw_from from signalbox.retention as r where r.dropped_from is not null) as b on true;
