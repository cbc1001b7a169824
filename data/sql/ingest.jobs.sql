-- name: stage_session_jobs
-- Every session that a transcript tells is a job of the coding agent.
insert into staged_records (
    source_kind, session_key, record_key, agent_identifier, job_status,
    happened_at, started_at, completed_at, error_message, job_data, job_result
)
select
    'job',
    s.id,
    md5('session:' || s.id)::uuid,
    'claude-code',
    case s.status when 'error' then 'failed' else 'completed' end,
    s.started_at,
    s.started_at,
    s.ended_at,
    null,
    jsonb_strip_nulls(jsonb_build_object(
        'kind', 'session',
        'session_id', s.session_id,
        'project', s.project_name,
        'branch', s.git_branch,
        'prompt', (
            select left(p.prompt_text, 500)
            from chronicle.prompt_events as p
            where p.session_id = s.id
            order by p.created_at nulls last, p.id
            limit 1
        ),
        'imported', jsonb_build_object('status', s.status, 'ended_at', s.ended_at)
    )),
    null
from chronicle.sessions as s
where s.id = any(%(sessions)s::uuid[]) and s.metadata -> 'told_by' ? 'transcript';

-- name: stage_subagent_jobs
-- Every call that starts a subagent is a job. Without a result it runs as long as nothing later happened beside it.
insert into staged_records (
    source_kind, session_key, record_key, agent_identifier, job_status,
    happened_at, started_at, completed_at, error_message, job_data, job_result
)
select
    'job',
    j.session_id,
    md5('call:' || j.call_id)::uuid,
    coalesce(nullif(left(j.parameters ->> 'subagent_type', 255), ''), 'unknown'),
    j.status,
    j.called_at,
    j.called_at,
    case when j.status in ('completed', 'failed') then j.ended_at end,
    case j.status
        when 'failed' then coalesce(j.error_message, 'The subagent ended with the status “' || j.outcome || '”.')
        when 'cancelled' then 'The log holds no result of this call.'
    end,
    jsonb_build_object(
        'kind', 'subagent',
        'session_id', j.session_name,
        'call_id', j.call_id,
        'input', j.parameters,
        'imported', jsonb_build_object('status', j.status, 'ended_at', j.ended_at)
    ),
    case when jsonb_typeof(j.result) = 'object' then j.result - 'prompt' else j.result end
from (
    select
        c.*,
        case
            when c.success is false or c.outcome in ('failed', 'killed', 'error') then 'failed'
            when c.is_answered and (not c.is_background or c.outcome is not null or c.agent_ended_at is not null) then 'completed'
            when c.called_at is null or exists (
                select from chronicle.events as later
                where later.session_id = c.session_id
                    and later.timestamp > greatest(c.called_at, c.answered_at)
                    and not later.metadata ?| array['agent_id', 'sidechain']
            ) then 'cancelled'
            else 'running'
        end as status,
        case when c.is_background then c.agent_ended_at else c.answered_at end as ended_at
    from (
        select
            pre.call_id,
            pre.session_id,
            s.session_id as session_name,
            pre.parameters,
            pre.created_at as called_at,
            post.id is not null as is_answered,
            post.created_at as answered_at,
            post.success,
            post.error_message,
            post.result,
            coalesce(post.result ->> 'status' = 'async_launched', false) as is_background,
            s.metadata -> 'tasks' -> (post.result ->> 'agentId') ->> 'outcome' as outcome,
            coalesce(
                s.metadata -> 'tasks' -> (post.result ->> 'agentId') ->> 'ended_at',
                s.metadata -> 'agents' -> (post.result ->> 'agentId') ->> 'last_at'
            )::timestamptz as agent_ended_at
        from chronicle.tool_events as pre
        inner join chronicle.sessions as s on s.id = any(%(sessions)s::uuid[]) and s.id = pre.session_id
        left join lateral (
            select p.id, p.created_at, p.success, p.error_message, p.result
            from chronicle.tool_events as p
            where p.call_id = pre.call_id and p.phase = 'post'
            order by p.id
            limit 1
        ) as post on true
        where pre.session_id = any(%(sessions)s::uuid[]) and pre.phase = 'pre' and pre.tool_type = 'subagent'
    ) as c
) as j;

-- name: drop_outdated_jobs
-- Takes out the jobs of which the staged ones tell something newer; what a person or a worker changed since stays. A
-- job out of a log is as an import left it while its status and its end are those that the import noted in it; a work
-- item that says when it was changed gives way to a version that was changed later than it was touched here.
delete from agents.jobs as j
using staged_records as s
where s.source_kind = 'job'
    and j.id = any(array(select k.record_key from staged_records as k where k.source_kind = 'job'))
    and j.id = s.record_key
    and (j.job_data, j.result) is distinct from (s.job_data, s.job_result)
    and case
        when s.updated_at is not null then j.updated_at <= s.updated_at
        when j.job_data ? 'imported' then
            (j.status::text, j.completed_at) is not distinct from (
                case
                    when j.job_data ->> 'kind' <> 'session' then j.job_data #>> '{imported,status}'
                    when j.job_data #>> '{imported,status}' = 'error' then 'failed'
                    else 'completed'
                end,
                (j.job_data #>> '{imported,ended_at}')::timestamptz
            )
        else true
    end;

-- name: own_jobs
-- Gives the staged jobs that are there already, and are nobody's, to the owner.
update agents.jobs as j
set user_id = %(owner)s::uuid
where j.id = any(array(select k.record_key from staged_records as k where k.source_kind = 'job')) and j.user_id is null;

-- name: add_jobs
-- Adds the staged jobs; of several versions of a work item the latest. The status is read in the column's own type, which
-- in a table that was moved here need not be ours.
insert into agents.jobs (
    id, user_id, agent_identifier, status, job_data, result, error_message, created_at, updated_at, started_at, completed_at
)
select distinct on (s.record_key)
    s.record_key,
    case when s.session_key is null then %(owner)s::uuid
        else (
            select u.id from auth.users as u
            where u.id::text = (select o.metadata ->> 'user_id' from chronicle.sessions as o where o.id = s.session_key)
        ) end,
    s.agent_identifier,
    (jsonb_populate_record(null::agents.jobs, jsonb_build_object('status', s.job_status))).status,
    s.job_data,
    s.job_result,
    s.error_message,
    s.happened_at,
    coalesce(s.updated_at, now()),
    s.started_at,
    s.completed_at
from staged_records as s
where s.source_kind = 'job'
order by s.record_key, s.updated_at desc nulls last, s.seq desc
on conflict (id) do nothing;
