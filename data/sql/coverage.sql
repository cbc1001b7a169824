-- name: read_coverage
-- From when to when each subject holds rows, those that were dropped too for whoever reads their sums, and how many
-- have no time; a job counts at its end. Before raw_from there are sums alone of what happened in sessions. One row per
-- subject.
select c.subject, c.first_at, c.last_at, c.untimed, c.holds_rows, b.raw_from
from (
    select
        'sessions' as subject,
        (select min(started_at) from analytics.stg_chronicle__sessions) as first_at,
        (select max(started_at) from analytics.stg_chronicle__sessions) as last_at,
        (select count(*) from analytics.stg_chronicle__sessions where started_at is null) as untimed,
        exists (select from analytics.stg_chronicle__sessions) as holds_rows
    union all
    select
        'events',
        least(
            (select min(occurred_at) from analytics.stg_chronicle__events),
            (select r.dropped_from from signalbox.retention as r where (select signalbox.sees_all()))
        ),
        coalesce(
            (select max(occurred_at) from analytics.stg_chronicle__events),
            (
                select r.raw_from from signalbox.retention as r
                where r.dropped_from is not null and (select signalbox.sees_all())
            )
        ),
        (select count(*) from analytics.stg_chronicle__events where occurred_at is null),
        exists (select from analytics.stg_chronicle__events)
    union all
    select
        'tools',
        least(
            (select min(occurred_at) from analytics.stg_chronicle__tool_events),
            (select r.dropped_from from signalbox.retention as r where (select signalbox.sees_all()))
        ),
        coalesce(
            (select max(occurred_at) from analytics.stg_chronicle__tool_events),
            (
                select r.raw_from from signalbox.retention as r
                where r.dropped_from is not null and (select signalbox.sees_all())
            )
        ),
        (select count(*) from analytics.tool_calls where occurred_at is null),
        exists (select from analytics.stg_chronicle__tool_events)
        or exists (
            select from signalbox.retention as r where r.dropped_from is not null and (select signalbox.sees_all())
        )
    union all
    select
        'jobs',
        (select min(counted_at) from analytics.stg_agents__jobs),
        (select max(counted_at) from analytics.stg_agents__jobs),
        (select count(*) from analytics.stg_agents__jobs where counted_at is null),
        exists (select from analytics.stg_agents__jobs)
    union all
    select
        'approvals',
        (select min(created_at) from analytics.stg_engine__human_approvals),
        (select max(created_at) from analytics.stg_engine__human_approvals),
        (select count(*) from analytics.stg_engine__human_approvals where created_at is null),
        exists (select from analytics.stg_engine__human_approvals)
) as c
left join (select r.raw_from from signalbox.retention as r where r.dropped_from is not null) as b on true;
