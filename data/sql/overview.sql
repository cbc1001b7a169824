-- name: read_attention
-- What waits for somebody now, as one row; `now` is the time of the page cut to the minute.
select
    q.pending_approvals,
    q.oldest_approval_at,
    q.next_expiry_at,
    o.stateless_approvals,
    j.long_running_jobs,
    j.oldest_start_at,
    x.long_open_runs,
    x.oldest_run_at,
    n.open_notifications,
    n.sessions_with_open_notifications,
    n.newest_notification_at,
    f.files_with_problems,
    f.problems,
    p.first_problems,
    b.started_at as backup_at,
    b.file_name as backup_file_name,
    b.size_bytes as backup_size_bytes,
    b.host as backup_host,
    b.is_whole as backup_is_whole,
    (select max(r.started_at) from signalbox.backup_runs as r where r.status = 'failed') as backup_failed_at,
    c.started_at as backup_lacking_at,
    signalbox.known_since() as known_since
from (
    select
        count(*) as pending_approvals,
        min(a.created_at) filter (where a.created_at >= '1970-01-02 00:00+00' and a.created_at < '2200-12-31 00:00+00') as oldest_approval_at,
        min(a.expires_at) as next_expiry_at
    from analytics.stg_engine__human_approvals as a
    where
-- uses: approvals.waits
) as q
cross join (
    select count(*) as stateless_approvals
    from analytics.stg_engine__human_approvals
    where stored_status is null or stored_status not in ('pending', 'approved', 'rejected', 'expired')
) as o
cross join (
    select count(*) as long_running_jobs, min(started_at) as oldest_start_at
    from analytics.stg_agents__jobs
    -- As it is stored, because the index of running jobs is on that.
    where stored_status = 'running' and started_at >= '1970-01-02 00:00+00' and started_at < %(now)s::timestamptz - interval '1 hour'
) as j
cross join (
    select count(*) as long_open_runs, min(started_at) as oldest_run_at
    from analytics.stg_engine__sop_executions
    where status = 'running' and started_at >= '1970-01-02 00:00+00' and started_at < %(now)s::timestamptz - interval '24 hours'
) as x
cross join (
    select
        count(*) as open_notifications,
        count(distinct session_pk) as sessions_with_open_notifications,
        max(occurred_at) as newest_notification_at
    from analytics.stg_chronicle__notification_events
    where not is_acknowledged and severity <> 'info' and occurred_at > %(now)s::timestamptz - interval '24 hours'
) as n
cross join (
    -- As many as the import counted: of a file with many it stores the first alone.
    select
        count(*) as files_with_problems,
        coalesce(sum(greatest((counts ->> 'unreadable_lines')::bigint, jsonb_array_length(problems))), 0)::bigint
            as problems
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
    select
        r.started_at,
        r.file_name,
        r.size_bytes,
        r.host,
-- uses: backup.is_whole
        as is_whole
    from signalbox.backup_runs as r
    where r.status = 'succeeded' and r.removed_at is null
    order by is_whole desc, r.started_at desc, r.id desc
    limit 1
) as b on true
left join lateral (
    select max(r.started_at) as started_at
    from signalbox.backup_runs as r
    where
        r.status = 'succeeded' and r.removed_at is null
        and not (
-- uses: backup.is_whole
        )
) as c on true;

-- name: read_activity
-- What happened per slice of the period and of the one before: `kind`, how many, and what they add up to (US dollars).
-- The kind "actions" is of one agent, over the whole period: actions of windows that count them, and their escalations.
-- The kind "project" is how many sessions of the whole period one project has. What is "untold" has no state, or one that reports
-- do not know.
with session_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sessions', %(start)s, %(end)s, %(untimed)s, %(coarsest)s, with_changes => true) as w
    union all
    select false, w.*
    from analytics.rollup_windows('sessions', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
prompt_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('prompts', %(start)s, %(end)s, %(untimed)s, %(coarsest)s, with_changes => true) as w
    union all
    select false, w.*
    from analytics.rollup_windows('prompts', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
job_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('jobs', %(start)s, %(end)s, %(untimed)s, %(coarsest)s, with_changes => true) as w
    union all
    select false, w.*
    from analytics.rollup_windows('jobs', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.session_parts,
-- uses: rollups.prompt_parts,
-- uses: rollups.job_parts,
metric_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('agent_windows', %(start)s, %(end)s, %(untimed)s, with_changes => true) as w
    union all
    select false, w.*
    from analytics.rollup_windows('agent_windows', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.agents.agent_window_parts,
run_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sop_runs', %(start)s, %(end)s, %(untimed)s, %(coarsest)s, with_changes => true) as w
    union all
    select false, w.*
    from analytics.rollup_windows('sop_runs', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),
-- Over all procedures and agents there are narrower rows than those of sop_run_parts.
run_parts as (
    select
        w.is_current, case when r.slot > -2147483648 then to_timestamp(r.slot * 900::float8) end as occurred_at, r.status,
        case w.kind when 'removed' then -1 else 1 end * r.executions as executions
    from run_windows as w
    cross join lateral (
        select l.* from analytics.sop_status_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select w.is_current, f.occurred_at, f.status, 1
    from run_windows as w
    cross join lateral (
        select l.occurred_at, l.status from analytics.sop_run_facts as l
        where l.occurred_at >= w.from_at and l.occurred_at < w.until_at
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select w.is_current, analytics.slot_start(f.slot), f.status, f.sign
    from run_windows as w
    inner join analytics.sop_run_changes() as f on f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    where w.kind = 'changed'
    union all
    select w.is_current, null, f.status, 1
    from run_windows as w
    cross join analytics.sop_run_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
),
happened as (
    select
        is_current, occurred_at, 'sessions' as kind, sessions as happened, null::numeric as amount, null::text as name,
        null::numeric as escalations
    from session_parts
    union all
    select is_current, occurred_at, 'sessions ' || case status when 'error' then 'in error' else 'untold' end, sessions,
        null, null, null
    from session_parts where status is null or status not in ('active', 'completed', 'terminated')
    union all
    select is_current, occurred_at, 'cost ' || cost_basis, sessions, cost_usd, null, null from session_parts
    union all
    select is_current, occurred_at, 'prompts', prompts, null, null, null from prompt_parts
    union all
    select
        is_current, occurred_at,
        'jobs ' || case when status in ('completed', 'failed', 'cancelled') then status else 'untold' end, jobs, null, null, null
    from job_parts where status is null or status not in ('pending', 'running')
    union all
    select
        is_current, occurred_at, 'runs ' || case when status in ('completed', 'failed') then status else 'untold' end,
        executions, null, null, null
    from run_parts where status is null or status not in ('running', 'cancelled')
    union all
    select is_current, occurred_at, 'actions', counted, actions, agent, counted_escalations from agent_window_parts
)

-- uses: overview.happened_by_slice

-- name: read_calls
-- Calls of tools by outcome: per tool in the period and the one before, and per slice of the period (tool_name null).
with changed_calls as materialized (
    select c.* from analytics.call_changes() as c
),
anew as materialized (
    select array(select c.slot from changed_calls as c where c.sign = 0) as slots
),
windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows(
        'tools', %(start)s, %(end)s, %(untimed)s, %(coarsest)s, known => (select a.slots from anew as a),
        with_changes => true
    ) as w
    union all
    select false, w.*
    from analytics.rollup_windows(
        'tools', %(previous_start)s, %(previous_end)s, known => (select a.slots from anew as a),
        with_changes => true
    ) as w
    where %(previous_start)s::timestamptz is not null
),
-- Of tool_parts what is counted here.
parts as (
    select
        w.is_current, case when r.slot > -2147483648 then to_timestamp(r.slot * 900::float8) end as occurred_at,
        r.tool_name, s.sign * r.calls as calls, s.sign * r.succeeded as succeeded, s.sign * r.failed as failed,
        s.sign * r.refused as refused
    from windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    cross join lateral (
        select t.slot, t.tool_name, t.calls, t.succeeded, t.failed, t.refused
        from analytics.tool_rollup as t
        where t.level = w.level and t.slot >= w.lo and t.slot < w.hi and not t.is_by_project and t.project_name = ''
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select w.is_current, f.*
    from windows as w
    cross join lateral (select l.* from analytics.calls_counted(w.from_at, w.until_at) as l) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, analytics.slot_start(f.slot), f.tool_name, f.sign, case when f.success then f.sign else 0 end,
        case when not f.is_refused then f.sign else 0 end, case when f.is_refused then f.sign else 0 end
    from windows as w
    inner join changed_calls as f
        on f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    where w.kind = 'changed'
    union all
    select
        w.is_current, null, f.tool_name, 1, (f.outcome is not distinct from 'succeeded')::integer,
        (f.outcome is not distinct from 'failed')::integer, (f.outcome is not distinct from 'refused')::integer
    from windows as w
    cross join analytics.tool_calls as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
),
-- uses: overview.calls_by_tool_and_slice

-- part: happened_by_slice
-- What was put into `happened`, per slice of the period, and the sessions of `session_parts` by project.
select
    is_current,
    case when is_current and kind <> 'actions' and occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'
        then date_trunc(%(bucket)s::text, occurred_at, %(zone)s::text) end as bucket,
    kind,
    name,
    sum(happened)::bigint as happened,
    sum(amount) as amount,
    coalesce(sum(escalations), 0)::bigint as escalations
from happened
group by 1, 2, 3, 4
having sum(happened) <> 0
union all
select true, null, 'project', p.project_name, sum(p.sessions)::bigint, null, 0
from session_parts as p
where p.is_current
group by p.project_name
having sum(p.sessions) <> 0;

-- part: calls_by_tool_and_slice
-- The calls in `parts` per tool in both periods, and per slice of the period.
calls as (
    select
        p.*, case when p.is_current and p.occurred_at >= '1970-01-02 00:00+00' and p.occurred_at < '2200-12-31 00:00+00'
            then date_trunc(%(bucket)s::text, p.occurred_at, %(zone)s::text) end as bucket
    from parts as p
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
