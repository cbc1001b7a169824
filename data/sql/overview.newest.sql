-- name: list_newest
-- The last happenings that matter: failures, questions to people, jobs that ended badly, notifications, compactions.
-- A question counts when it was decided, and there is no index on that: old ones that were decided lately are found by
-- the event of the decision.
with questions as (
    (
        select a.approval_id from analytics.stg_engine__human_approvals as a
        where a.created_at is not null
        order by a.created_at desc, a.approval_id limit %(most)s
    )
    union
    select
        case when e.aggregate_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then e.aggregate_id::uuid end
    from unnest(array['HUMAN_APPROVAL_APPROVED', 'HUMAN_APPROVAL_REJECTED']) as decided (event_type)
    cross join lateral (
        select d.aggregate_id from analytics.stg_engine__events as d
        where
            -- For whoever sees few of them, all would be read in vain.
            (select signalbox.sees_all())
            -- Not as equal, because then the index on time alone may be taken, however long ago the last decision was.
            and d.event_type between decided.event_type and decided.event_type
        order by d.event_type, d.occurred_at desc, d.event_id limit %(most)s
    ) as e
),

newest as (
    (
        -- What `tool_calls` counts as failed, in the words of the index of calls without success.
        select
            'failed call' as kind, occurred_at, session_pk, tool_name as subject, left(error_message, 300) as detail,
            event_id as item_id
        from analytics.stg_chronicle__tool_events
        where phase = 'post' and not success and occurred_at is not null and not analytics.is_refusal(error_message)
        order by occurred_at desc, event_id limit %(most)s
    )
    union all
    select 'question ' || q.status, coalesce(q.decided_at, q.created_at), q.session_pk, q.title, q.reason, q.approval_id
    from questions as f
    inner join analytics.stg_engine__human_approvals as q on q.approval_id = f.approval_id
    where coalesce(q.decided_at, q.created_at) is not null
    union all
    (
        select 'job ' || status, coalesce(completed_at, started_at), null, agent, left(error_message, 300), job_id
        from analytics.stg_agents__jobs
        where
            status in ('failed', 'cancelled') and coalesce(completed_at, started_at) is not null
            and counted_at is not null
        order by counted_at desc, job_id limit %(most)s
    )
    union all
    (
        select 'notification', occurred_at, session_pk, message, notification_type, event_id
        from analytics.stg_chronicle__notification_events
        where occurred_at is not null and severity <> 'info'
        order by occurred_at desc, event_id limit %(most)s
    )
    union all
    (
        select 'compaction', occurred_at, session_pk, 'context compacted', data ->> 'trigger', event_id
        from analytics.stg_chronicle__events
        where event_type = 'compact_pre' and occurred_at is not null
        order by occurred_at desc, event_id limit %(most)s
    )
)

select
    n.kind, n.occurred_at, n.session_pk::text as session_pk, s.project_name, n.subject, n.detail,
    coalesce(asked.event_id, n.item_id)::text as item_id
from newest as n
left join analytics.stg_chronicle__sessions as s on s.session_pk = n.session_pk
-- uses: overview.newest.asked
order by n.occurred_at desc, n.item_id
limit %(most)s;

-- part: asked
-- What asked for a call that is among `newest`: it stands in its session under that event, where there is one.
left join lateral (
    select a.event_id
    from analytics.stg_chronicle__tool_events as t
    inner join analytics.stg_chronicle__tool_events as a
        on a.call_id = t.call_id and a.phase = 'pre' and a.session_pk = t.session_pk
    where n.kind = 'failed call' and t.event_id = n.item_id
    limit 1
) as asked on true
