-- What reports read. Staging views are the one seam that knows where a system's tables are.
set lock_timeout = '4s';
set statement_timeout = '60s';

create view analytics.stg_chronicle__sessions with (security_invoker = true) as
select
    id as session_pk,
    session_id as session_key,
    coalesce(project_name, '(no project)') as project_name,
    git_branch,
    working_directory,
    started_at,
    ended_at,
    status,
    metadata ->> 'user_id' as owner_id,
    metadata,
    (metadata -> 'cost' ->> 'total_cost_usd')::numeric as recorded_cost_usd,
    created_at as recorded_at
from chronicle.sessions;
comment on view analytics.stg_chronicle__sessions is 'Sessions of Chronicle; started_at is null where no event of it has a time. One row per session.';

create view analytics.stg_chronicle__events with (security_invoker = true) as
select
    id as event_id,
    session_id as session_pk,
    event_type,
    source_app,
    timestamp as occurred_at,
    data,
    metadata,
    created_at as recorded_at
from chronicle.events;
comment on view analytics.stg_chronicle__events is 'Events of Chronicle. One row per event.';

create view analytics.stg_chronicle__tool_events with (security_invoker = true) as
select
    id as tool_event_id,
    session_id as session_pk,
    event_id,
    call_id,
    tool_name,
    tool_type,
    phase,
    parameters,
    result,
    execution_time_ms as duration_ms,
    success,
    error_message,
    created_at as occurred_at
from chronicle.tool_events;
comment on view analytics.stg_chronicle__tool_events is 'Phases of tool calls. One row per phase of a call.';

create view analytics.stg_chronicle__prompt_events with (security_invoker = true) as
select id as prompt_id, session_id as session_pk, event_id, prompt_text, prompt_length, created_at as occurred_at
from chronicle.prompt_events;
comment on view analytics.stg_chronicle__prompt_events is 'What people asked. One row per human prompt.';

create view analytics.stg_chronicle__notification_events with (security_invoker = true) as
select
    id as notification_id, session_id as session_pk, event_id, notification_type, message, severity,
    coalesce(acknowledged, false) as is_acknowledged, created_at as occurred_at
from chronicle.notification_events;
comment on view analytics.stg_chronicle__notification_events is 'Notifications of agents. One row per notification.';

create view analytics.stg_chronicle__lifecycle_events with (security_invoker = true) as
select
    id as lifecycle_id, session_id as session_pk, event_id, lifecycle_type, previous_state, new_state,
    trigger_reason, context_snapshot, created_at as occurred_at
from chronicle.lifecycle_events;
comment on view analytics.stg_chronicle__lifecycle_events is 'Changes of the state of sessions. One row per change.';

create view analytics.stg_chronicle__project_context with (security_invoker = true) as
select
    id as context_id, session_id as session_pk, file_path, file_type, file_size as size_bytes, git_status,
    created_at as first_touched_at
from chronicle.project_context;
comment on view analytics.stg_chronicle__project_context is 'Files that tools touched. One row per session and file.';

create view analytics.stg_agents__jobs with (security_invoker = true) as
select
    id as job_id,
    user_id as owner_id,
    agent_identifier as agent,
    status::text as status,
    job_data,
    result,
    error_message,
    created_at,
    updated_at,
    started_at,
    completed_at,
    status as stored_status
from agents.jobs;
comment on view analytics.stg_agents__jobs is 'Jobs of agents; stored_status is the status in its own type, which indexes know. One row per job.';

create view analytics.stg_engine__events with (security_invoker = true) as
select
    event_id, event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number,
    payload, metadata, emitted_by, confidence, timestamp as occurred_at
from engine.events;
comment on view analytics.stg_engine__events is 'Events of the autonomic engine. One row per event of an aggregate.';

-- The status as stored beside the one that counts: the queue's partial index knows the stored one.
create view analytics.stg_engine__human_approvals with (security_invoker = true) as
select
    id as approval_id, event_id, correlation_id, session_id as session_pk, user_id as owner_id, agent_id as agent,
    approval_type, title, reason, risk_level, request_payload, context,
    case when status = 'pending' and expires_at <= now() then 'expired' else status end as status,
    created_at, expires_at, decided_at, decided_by, decided_by_name, decision_note,
    coalesce((metadata ->> 'imported')::boolean, false) as is_imported, metadata,
    status as stored_status
from engine.human_approvals;
comment on view analytics.stg_engine__human_approvals is
'What agents asked people; a question whose time ran out counts as expired at once. One row per question.';

-- Outcome and group of an error, so that every page counts refusals and failures alike.
create function analytics.is_refusal(message text) returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
    select coalesce(
        message ~ '^(The user doesn''t want to (proceed with this tool use|take this action)|User rejected|User chose to stay in plan mode)',
        false
    )
$$;
comment on function analytics.is_refusal(text) is 'Whether the text of an error says that a person refused the call, so that the tool never ran.';

-- Codes of colour and tags out; then the first line that says something; then what differs from case to case
-- (addresses, ids, paths, quoted words, numbers) becomes an ellipsis or N. The code of an exit stays: it says which error.
create function analytics.error_group(message text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
    select case
        when message is null or btrim(message) = '' then '(no message recorded)'
        when analytics.is_refusal(message) then 'Refused by a person'
        when l.line ~ '^Exit code \d+' then substring(l.line from '^Exit code \d+')
        else coalesce(nullif(left(btrim(regexp_replace(
            regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
                l.line,
                '\m[a-z][a-z0-9+.-]*://[^\s"'')>]+', '…', 'gi'),
                '"[^"]*"|''[^'']*''|`[^`]*`|“[^”]*”', '“…”', 'g'),
                '(?<![\w.])((~|\.{1,2}|[A-Za-z]:)?([/\\][\w.@+%~-]+)+[/\\]?|[\w.@+-]+(/[\w.@+%~-]+){2,})', '…', 'g'),
                '\m(?=[0-9a-f-]*\d)(?=[0-9a-f-]*[a-f])[0-9a-f]{6,}(-[0-9a-f]{4,})*\M', '…', 'gi'),
                '\d+([.,]\d+)*', 'N', 'g'),
            '\s+', ' ', 'g')), 160), ''), '(no words in the message)')
    end
    from (
        select btrim(substring(
            regexp_replace(
                replace(left(message, 500), '\n', E'\n'),
                E'\x1b\\[[0-9;?]*[A-Za-z]|</?[a-z_]+>', '', 'g'
            ) from '[^\s][^\n\r]*'
        )) as line
    ) as l
$$;
comment on function analytics.error_group(text) is 'The text of an error without what differs from case to case: equal groups are one kind of error.';
revoke execute on function analytics.is_refusal(text) from public;
revoke execute on function analytics.error_group(text) from public;
grant execute on function analytics.is_refusal(text), analytics.error_group(text) to authenticated, service_role;

-- A call counts at the time of its result, or of the call itself while no result is recorded: its post row tells
-- how it went, a pre row without one that nobody knows.
create view analytics.tool_calls with (security_invoker = true) as
select
    p.tool_event_id, p.session_pk, p.event_id, p.call_id, p.tool_name, p.tool_type, p.occurred_at,
    p.duration_ms, p.success, p.error_message, true as is_answered,
    case when p.success then 'succeeded' when p.success is null then null
        when analytics.is_refusal(p.error_message) then 'refused' else 'failed' end as outcome
from analytics.stg_chronicle__tool_events as p
where p.phase = 'post'
union all
select
    c.tool_event_id, c.session_pk, c.event_id, c.call_id, c.tool_name, c.tool_type, c.occurred_at,
    null, null, null, false, null
from analytics.stg_chronicle__tool_events as c
where c.phase = 'pre' and not exists (
    select 1 from chronicle.tool_events as answer
    where answer.call_id = c.call_id and answer.phase = 'post'
);
comment on view analytics.tool_calls is
'Calls of tools; outcome is succeeded, failed, refused (a person said no) or null where none was recorded. Rates are taken over succeeded and failed. One row per call.';

create view analytics.reply_costs with (security_invoker = true) as
select
    r.message_id, r.session_id as session_pk, r.model, r.replied_at, r.input_tokens, r.output_tokens,
    r.cache_write_tokens, r.cache_read_tokens,
    (r.input_tokens * p.input_usd_per_million + r.output_tokens * p.output_usd_per_million
        + (r.cache_write_tokens - r.cache_write_1h_tokens) * p.cache_write_usd_per_million
        + r.cache_write_1h_tokens * p.cache_write_1h_usd_per_million
        + r.cache_read_tokens * p.cache_read_usd_per_million) / 1000000 as estimated_cost_usd
from signalbox.model_replies as r
-- Each price with the day on which the next one begins: one hash join, where a look-up per reply took ten times as long.
left join (
    select m.*, lead(m.valid_from) over (partition by m.model order by m.valid_from) as next_valid_from
    from signalbox.model_prices as m
) as p
    on p.model = r.model
    and p.valid_from <= coalesce(r.replied_at::date, current_date)
    and (p.next_valid_from is null or p.next_valid_from > coalesce(r.replied_at::date, current_date));
comment on view analytics.reply_costs is
'Tokens of each reply and what they would cost at list price, null where the model has no known price. One row per reply.';

create view analytics.session_costs with (security_invoker = true) as
select
    s.session_pk,
    s.started_at,
    s.project_name,
    coalesce(s.recorded_cost_usd, e.estimated_cost_usd) as cost_usd,
    case
        when s.recorded_cost_usd is not null then 'recorded'
        when e.estimated_cost_usd is not null and e.unpriced_replies > 0 then 'partial estimate'
        when e.estimated_cost_usd is not null then 'estimate'
        when e.replies > 0 then 'not priced'
        else 'none recorded'
    end as cost_basis,
    coalesce(e.tokens, 0) as tokens
from analytics.stg_chronicle__sessions as s
-- Per session, so that a page of 25 sessions reads the replies of 25.
left join lateral (
    select
        count(*) as replies, sum(r.estimated_cost_usd) as estimated_cost_usd,
        count(*) filter (where r.estimated_cost_usd is null and r.model <> '<synthetic>') as unpriced_replies,
        sum(r.input_tokens + r.output_tokens + r.cache_write_tokens + r.cache_read_tokens) as tokens
    from analytics.reply_costs as r
    where r.session_pk = s.session_pk
) as e on true;
comment on view analytics.session_costs is
'Cost of sessions as recorded, else estimated at list price, and on which of these it rests. One row per session.';

-- Full-text search past row-level security's planner fence: `@@` is not leakproof, so under policies the index would
-- never serve it. The function asks the policies' own question itself.
create function analytics.sessions_saying(words text) returns table (session_pk uuid)
language sql stable security definer
set search_path = ''
as $$
    select distinct p.session_id
    from chronicle.prompt_events as p
    where to_tsvector('english', p.prompt_text) @@ websearch_to_tsquery('english', words)
    and ((select signalbox.sees_all()) or p.session_id in (
        select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
    ))
$$;
comment on function analytics.sessions_saying(text) is
'Sessions, of those the viewer may see, with a human prompt that matches a web-style search.';

create function analytics.sessions_with(what text) returns table (session_pk uuid)
language sql stable
set search_path = ''
as $$
    select distinct c.session_pk from analytics.tool_calls as c where what = 'errors' and c.outcome = 'failed'
    union all
    select distinct c.session_pk from analytics.tool_calls as c where what = 'refusals' and c.outcome = 'refused'
    union all
    select distinct n.session_pk from analytics.stg_chronicle__notification_events as n
    where what = 'notifications' and not n.is_acknowledged
    union all
    select distinct e.session_pk from analytics.stg_chronicle__events as e
    where what = 'compactions' and e.event_type = 'compact_pre'
    union all
    select distinct e.session_pk from analytics.stg_chronicle__events as e
    where what = 'subagents' and e.metadata ? 'agent_id'
$$;
comment on function analytics.sessions_with(text) is
'Sessions in which there are errors, refusals, notifications (not acknowledged), compactions or subagents.';
revoke execute on function analytics.sessions_saying(text) from public;
revoke execute on function analytics.sessions_with(text) from public;
grant execute on function analytics.sessions_saying(text), analytics.sessions_with(text) to authenticated, service_role;

create view analytics.session_summary with (security_invoker = true) as
select
    s.session_pk,
    s.session_key,
    s.project_name,
    s.git_branch,
    s.status,
    s.started_at,
    s.ended_at,
    round(extract(epoch from s.ended_at - s.started_at) * 1000)::bigint as duration_ms,
    p.prompts,
    p.first_prompt,
    t.calls,
    t.failed_calls,
    t.refused_calls,
    t.known_calls,
    n.open_notifications,
    k.cost_usd,
    k.cost_basis,
    k.tokens
from analytics.stg_chronicle__sessions as s
left join lateral (
    select
        count(*) as prompts,
        (array_agg(left(q.prompt_text, 300) order by q.occurred_at, q.prompt_id))[1] as first_prompt
    from analytics.stg_chronicle__prompt_events as q
    where q.session_pk = s.session_pk
) as p on true
left join lateral (
    select
        count(*) as calls,
        count(*) filter (where c.outcome = 'failed') as failed_calls,
        count(*) filter (where c.outcome = 'refused') as refused_calls,
        count(*) filter (where c.outcome in ('succeeded', 'failed')) as known_calls
    from analytics.tool_calls as c
    where c.session_pk = s.session_pk
) as t on true
left join lateral (
    select count(*) as open_notifications
    from analytics.stg_chronicle__notification_events as m
    where m.session_pk = s.session_pk and not m.is_acknowledged
) as n on true
left join lateral (
    select c.cost_usd, c.cost_basis, c.tokens from analytics.session_costs as c where c.session_pk = s.session_pk
) as k on true;
comment on view analytics.session_summary is
'What happened in sessions and what they cost; a rate of failure is failed_calls over known_calls. One row per session.';

create view analytics.job_stats with (security_invoker = true) as
select
    count(*) as total_jobs,
    count(*) filter (where status = 'pending') as pending_jobs,
    count(*) filter (where status = 'running') as running_jobs,
    count(*) filter (where status = 'completed') as completed_jobs,
    count(*) filter (where status = 'failed') as failed_jobs,
    count(*) filter (where status = 'cancelled') as cancelled_jobs,
    avg(extract(epoch from (completed_at - started_at))) filter (where status = 'completed') as avg_processing_time
from analytics.stg_agents__jobs;
comment on view analytics.job_stats is 'Jobs by status; avg_processing_time is in seconds. One row per viewer''s sight, that is one row.';

grant select on all tables in schema analytics to authenticated, service_role;
