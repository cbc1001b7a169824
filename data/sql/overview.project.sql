-- name: read_attention
-- What waits for somebody in sessions of one project, as one row, and how many questions wait that the viewer may see
-- wherever they were asked; `now` is the time of the page cut to the minute.
select
    q.pending_approvals, q.oldest_approval_at, q.next_expiry_at, o.stateless_approvals,
    q.seen_waiting, n.open_notifications, n.sessions_with_open_notifications, n.newest_notification_at
from (
    select
        count(*) as seen_waiting,
        count(*) filter (where s.project_name = %(project)s) as pending_approvals,
        min(a.created_at) filter (where s.project_name = %(project)s) as oldest_approval_at,
        min(a.expires_at) filter (where s.project_name = %(project)s) as next_expiry_at
    from analytics.stg_engine__human_approvals as a
    left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
    where
-- uses: approvals.waits
) as q
cross join (
    select count(*) as stateless_approvals
    from analytics.stg_engine__human_approvals as a
    inner join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
    where (a.stored_status is null or a.stored_status not in ('pending', 'approved', 'rejected', 'expired')) and s.project_name = %(project)s
) as o
cross join (
    select
        count(*) as open_notifications,
        count(distinct e.session_pk) as sessions_with_open_notifications,
        max(e.occurred_at) as newest_notification_at
    from analytics.stg_chronicle__notification_events as e
    inner join analytics.stg_chronicle__sessions as s on s.session_pk = e.session_pk
    where
        not e.is_acknowledged and e.severity <> 'info' and e.occurred_at > %(now)s::timestamptz - interval '24 hours'
        and s.project_name = %(project)s
) as n;

-- name: read_activity
-- Sessions of one project and their costs per slice of the period and of the one before: `kind`, how many, and what they
-- add up to (US dollars). The kind "project" is how many sessions of the whole period each project has, this one or not.
with session_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sessions', %(start)s, %(end)s, %(untimed)s, %(coarsest)s, with_changes => true) as w
    union all
    select false, w.*
    from analytics.rollup_windows('sessions', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.session_parts,
happened as (
    select
        is_current, occurred_at, 'sessions' as kind, sessions as happened, null::numeric as amount, null::text as name,
        null::numeric as escalations
    from session_parts where project_name = %(project)s
    union all
    select is_current, occurred_at, 'sessions ' || case status when 'error' then 'in error' else 'untold' end, sessions,
        null, null, null
    from session_parts where project_name = %(project)s and (status is null or status not in ('active', 'completed', 'terminated'))
    union all
    select is_current, occurred_at, 'cost ' || cost_basis, sessions, cost_usd, null, null
    from session_parts where project_name = %(project)s
)

-- uses: overview.happened_by_slice

-- name: read_calls
-- Calls of tools in sessions of one project by outcome: per tool in the period and the one before, and per slice of the
-- period (tool_name null).
with windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('tools', %(start)s, %(end)s, %(untimed)s, %(coarsest)s, with_changes => true) as w
    union all
    select false, w.*
    from analytics.rollup_windows('tools', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.tool_parts,
parts as (
    select p.is_current, p.occurred_at, p.tool_name, p.calls, p.succeeded, p.failed, p.refused
    from tool_parts as p
),
-- uses: overview.calls_by_tool_and_slice

-- name: list_newest
-- The last happenings that matter in sessions of one project, of those that began last: none of its older sessions is
-- looked at, because what happened in them is found session by session.
with chosen as materialized (
    select s.session_pk
    from analytics.stg_chronicle__sessions as s
    where s.project_name = %(project)s and s.started_at is not null
    order by s.started_at desc, s.session_pk
    limit %(most_sessions)s
),

-- With an offset of nothing the planner takes the index on sessions for each of them, and does not read whole tables.
newest as (
    select
        'failed call' as kind, t.occurred_at, c.session_pk, t.tool_name as subject, left(t.error_message, 300) as detail,
        t.event_id as item_id
    from chosen as c
    cross join lateral (
        select e.occurred_at, e.tool_name, e.error_message, e.event_id
        from analytics.stg_chronicle__tool_events as e
        where e.session_pk = c.session_pk and e.phase = 'post' and not e.success
        offset 0
    ) as t
    where not analytics.is_refusal(t.error_message)
    union all
    select
        'question ' || q.status, coalesce(q.decided_at, q.created_at), c.session_pk, q.title, q.reason, q.approval_id
    from chosen as c
    cross join lateral (
        select a.status, a.decided_at, a.created_at, a.title, a.reason, a.approval_id
        from analytics.stg_engine__human_approvals as a
        where a.session_pk = c.session_pk
        offset 0
    ) as q
    union all
    select 'notification', n.occurred_at, c.session_pk, n.message, n.notification_type, n.event_id
    from chosen as c
    cross join lateral (
        select e.occurred_at, e.message, e.notification_type, e.event_id
        from analytics.stg_chronicle__notification_events as e
        where e.session_pk = c.session_pk and e.severity <> 'info'
        offset 0
    ) as n
    union all
    select 'compaction', x.occurred_at, c.session_pk, 'context compacted', x.data ->> 'trigger', x.event_id
    from chosen as c
    cross join lateral (
        select e.occurred_at, e.data, e.event_id
        from analytics.stg_chronicle__events as e
        where e.session_pk = c.session_pk and e.event_type = 'compact_pre'
        offset 0
    ) as x
)

select
    n.kind, n.occurred_at, n.session_pk::text as session_pk, %(project)s::text as project_name, n.subject, n.detail,
    coalesce(asked.event_id, n.item_id)::text as item_id
from newest as n
-- uses: overview.newest.asked
where n.occurred_at is not null
order by n.occurred_at desc, n.item_id
limit %(most)s;
