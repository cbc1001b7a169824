-- name: read_attention
-- What waits for somebody now, as one row; `now` is the time of the page cut to the minute.
select
    q.pending_approvals,
    q.oldest_approval_at,
    q.next_expiry_at,
    j.long_running_jobs,
    j.oldest_start_at,
    x.long_open_runs,
    x.oldest_run_at,
    n.open_notifications,
    n.newest_notification_at,
    f.files_with_problems,
    f.problems,
    p.first_problems,
    b.started_at as backup_at,
    b.file_name as backup_file_name,
    b.size_bytes as backup_size_bytes,
    b.host as backup_host,
    (select max(r.started_at) from signalbox.backup_runs as r where r.status = 'failed') as backup_failed_at,
    (select min(m.applied_at) from signalbox.migration_runs as m) as known_since
from (
    select
        count(*) as pending_approvals, min(created_at) as oldest_approval_at, min(expires_at) as next_expiry_at
    from analytics.stg_engine__human_approvals
    where stored_status = 'pending' and (expires_at is null or expires_at > %(now)s)
) as q
cross join (
    select count(*) as long_running_jobs, min(started_at) as oldest_start_at
    from analytics.stg_agents__jobs
    where status = 'running' and started_at < %(now)s::timestamptz - interval '1 hour'
) as j
cross join (
    select count(*) as long_open_runs, min(started_at) as oldest_run_at
    from analytics.stg_engine__sop_executions
    where status = 'running' and started_at < %(now)s::timestamptz - interval '24 hours'
) as x
cross join (
    select count(*) as open_notifications, max(occurred_at) as newest_notification_at
    from analytics.stg_chronicle__notification_events
    where not is_acknowledged and severity <> 'info' and occurred_at > %(now)s::timestamptz - interval '24 hours'
) as n
cross join (
    select count(*) as files_with_problems, coalesce(sum(jsonb_array_length(problems)), 0)::bigint as problems
    from signalbox.import_files
    where jsonb_typeof(problems) = 'array' and jsonb_array_length(problems) > 0
) as f
cross join (
    select
        coalesce(jsonb_agg(
            jsonb_build_object('path', l.path, 'line', l.line, 'reason', l.reason)
            order by l.last_imported_at desc, l.path, l.place
        ), '[]') as first_problems
    from (
        select i.path, i.last_imported_at, e.problem -> 'line' as line, e.problem -> 'reason' as reason, e.place
        from signalbox.import_files as i
        cross join lateral jsonb_array_elements(
            case when jsonb_typeof(i.problems) = 'array' then i.problems else '[]'::jsonb end
        ) with ordinality as e (problem, place)
        order by i.last_imported_at desc, i.path, e.place
        limit %(most_problems)s
    ) as l
) as p
left join lateral (
    select r.started_at, r.file_name, r.size_bytes, r.host
    from signalbox.backup_runs as r
    where r.status = 'succeeded' and r.removed_at is null
    order by r.started_at desc, r.id desc
    limit 1
) as b on true;

-- name: read_activity
-- What happened per slice of the period and of the one before: `kind`, how many, and what they add up to (US dollars).
-- The kind "actions" is of one agent, over the whole period: actions of windows that count them, and their escalations.
with session_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sessions', %(start)s, %(end)s, %(untimed)s, %(coarsest)s) as w
    union all
    select false, w.*
    from analytics.rollup_windows('sessions', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),
prompt_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('prompts', %(start)s, %(end)s, %(untimed)s, %(coarsest)s) as w
    union all
    select false, w.*
    from analytics.rollup_windows('prompts', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),
job_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('jobs', %(start)s, %(end)s, %(untimed)s, %(coarsest)s) as w
    union all
    select false, w.*
    from analytics.rollup_windows('jobs', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.session_parts,
-- uses: rollups.prompt_parts,
-- uses: rollups.job_parts,
-- Runs and windows of agents are few beside the rest, and are read as they are.
engine_rows as (
    select
        'runs ' || e.status as kind, case when e.completed_at is null then e.started_at else e.completed_at end as occurred_at,
        null::bigint as amount, null::text as agent, null::bigint as escalations
    from analytics.stg_engine__sop_executions as e
    where e.status in ('completed', 'failed')
    union all
    select 'actions', m.window_end, m.actions_total, m.agent, m.human_escalations
    from analytics.stg_engine__agent_metrics as m
    where m.actions_total is not null
),
happened as (
    select
        is_current, occurred_at, 'sessions' as kind, sessions as happened, null::numeric as amount, null::text as agent,
        null::bigint as escalations
    from session_parts
    union all
    select is_current, occurred_at, 'sessions in error', sessions, null, null, null
    from session_parts where status = 'error'
    union all
    select is_current, occurred_at, 'cost ' || cost_basis, sessions, cost_usd, null, null from session_parts
    union all
    select is_current, occurred_at, 'prompts', prompts, null, null, null from prompt_parts
    union all
    select is_current, occurred_at, 'jobs ' || status, jobs, null, null, null
    from job_parts where status in ('completed', 'failed', 'cancelled')
    union all
    select not b.is_before, r.occurred_at, r.kind, 1, r.amount, r.agent, r.escalations
    from engine_rows as r
    cross join lateral (
        select coalesce(r.occurred_at < %(previous_end)s::timestamptz and r.occurred_at < %(start)s::timestamptz, false)
            as is_before
    ) as b
    where
        (%(previous_start)s::timestamptz is null or r.occurred_at >= %(previous_start)s)
        and (%(end)s::timestamptz is null or r.occurred_at < %(end)s)
        and (%(start)s::timestamptz is null or r.occurred_at >= %(start)s or b.is_before)
        and (not %(untimed)s::boolean or r.occurred_at is null)
)

select
    is_current,
    case when is_current and kind <> 'actions'
        then date_trunc(%(bucket)s::text, occurred_at, %(zone)s::text) end as bucket,
    kind,
    agent,
    sum(happened)::bigint as happened,
    sum(amount) as amount,
    coalesce(sum(escalations), 0)::bigint as escalations
from happened
group by 1, 2, 3, 4
having sum(happened) <> 0;

-- name: read_calls
-- Calls of tools by outcome: per tool in the period and the one before, and per slice of the period (tool_name null).
with windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('tools', %(start)s, %(end)s, %(untimed)s, %(coarsest)s) as w
    union all
    select false, w.*
    from analytics.rollup_windows('tools', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.tool_parts,
calls as (
    select
        p.*,
        case when p.is_current then date_trunc(%(bucket)s::text, p.occurred_at, %(zone)s::text) end as bucket
    from tool_parts as p
)

select
    is_current,
    tool_name,
    case when grouping(tool_name) = 1 then bucket end as bucket,
    grouping(tool_name) = 1 as is_slice,
    sum(calls)::bigint as calls,
    sum(succeeded)::bigint as succeeded,
    sum(failed)::bigint as failed,
    sum(refused)::bigint as refused,
    sum(calls - succeeded - failed - refused)::bigint as unknown
from calls
group by grouping sets ((is_current, tool_name), (is_current, bucket))
having sum(calls) <> 0;

-- name: list_newest
-- The last happenings that matter: failures, questions to people, jobs that ended badly, notifications, compactions.
with newest as (
    (
        select
            'failed call' as kind, occurred_at, session_pk, tool_name as subject, left(error_message, 300) as detail,
            event_id as item_id
        from analytics.tool_calls
        where outcome = 'failed' and occurred_at is not null
        order by occurred_at desc limit %(most)s
    )
    union all
    (
        select 'question ' || status, coalesce(decided_at, created_at), session_pk, title, reason, approval_id
        from analytics.stg_engine__human_approvals
        where created_at is not null
        order by created_at desc limit %(most)s
    )
    union all
    (
        select 'job ' || status, coalesce(completed_at, started_at), null, agent, left(error_message, 300), job_id
        from analytics.stg_agents__jobs
        where status in ('failed', 'cancelled') and coalesce(completed_at, started_at) is not null
        order by completed_at desc nulls last limit %(most)s
    )
    union all
    (
        select 'notification', occurred_at, session_pk, message, notification_type, event_id
        from analytics.stg_chronicle__notification_events
        where occurred_at is not null and severity <> 'info'
        order by occurred_at desc limit %(most)s
    )
    union all
    (
        select 'compaction', occurred_at, session_pk, 'context compacted', data ->> 'trigger', event_id
        from analytics.stg_chronicle__events
        where event_type = 'compact_pre' and occurred_at is not null
        order by occurred_at desc limit %(most)s
    )
)

select
    n.kind, n.occurred_at, n.session_pk::text as session_pk, s.project_name, n.subject, n.detail,
    n.item_id::text as item_id
from newest as n
left join analytics.stg_chronicle__sessions as s on s.session_pk = n.session_pk
order by n.occurred_at desc
limit %(most)s;
