-- name: create_staged
-- Makes the table that takes the records of one flush; it goes with the transaction, so a transaction pooler will do.
create temporary table recorded (
    position integer, target text, event_id uuid, session_key text, content jsonb, is_new boolean default false
) on commit drop;

-- name: copy_staged
-- Takes the records of one flush in one stream.
copy pg_temp.recorded (position, target, event_id, session_key, content) from stdin;

-- name: store_sessions
-- Adds the sessions that began and are not there yet.
insert into chronicle.sessions (
    id, session_id, project_name, git_branch, git_commit, working_directory, environment, started_at, status, metadata
)
select distinct on (t.session_key)
    r.id, t.session_key, r.project_name, r.git_branch, r.git_commit, r.working_directory, r.environment, r.started_at,
    'active', r.metadata
from pg_temp.recorded as t
cross join lateral jsonb_populate_record(null::chronicle.sessions, t.content) as r
where t.target = 'session_start'
order by t.session_key, t.position
on conflict (session_id) do nothing;

-- name: find_misplaced
-- How many records have no session to belong to, and how many would go on with a session of somebody else.
select
    count(*) filter (where s.id is null) as without_session,
    count(*) filter (
        where t.target = 'session_start' and t.content -> 'metadata' ->> 'user_id' <> s.metadata ->> 'user_id'
    ) as with_another_owner
from pg_temp.recorded as t
left join chronicle.sessions as s on s.session_id = t.session_key;

-- name: store_events
-- Adds the events with their details; what was added by an earlier attempt stays as it is. Marks the beginnings and ends
-- of sessions whose events are new.
with staged as materialized (
    select t.position, t.target, s.id as session_pk, t.content
    from pg_temp.recorded as t
    inner join chronicle.sessions as s on s.session_id = t.session_key
),
events as (
    insert into chronicle.events (id, session_id, event_type, source_app, timestamp, data, metadata)
    select r.id, t.session_pk, r.event_type, r.source_app, r.timestamp, r.data, r.metadata
    from staged as t
    cross join lateral jsonb_populate_record(null::chronicle.events, t.content) as r
    where t.target = 'event'
    order by t.position
    on conflict (id) do nothing
    returning id
),
marked as (
    update pg_temp.recorded as t
    set is_new = true
    from events
    where t.event_id = events.id and t.target in ('session_start', 'session_end')
),
tools as (
    insert into chronicle.tool_events (
        id, session_id, event_id, tool_name, tool_type, phase, parameters, result, execution_time_ms, success,
        error_message, created_at, call_id
    )
    select
        r.id, t.session_pk, r.id, r.tool_name, r.tool_type, r.phase, r.parameters, r.result, r.execution_time_ms,
        r.success, r.error_message, r.created_at, r.call_id
    from staged as t
    cross join lateral jsonb_populate_record(null::chronicle.tool_events, t.content) as r
    where t.target = 'tool'
    order by t.position
    on conflict (id) do nothing
),
prompts as (
    insert into chronicle.prompt_events (
        id, session_id, event_id, prompt_text, prompt_length, complexity_score, intent_classification, context_data,
        created_at
    )
    select
        r.id, t.session_pk, r.id, r.prompt_text, r.prompt_length, r.complexity_score, r.intent_classification,
        r.context_data, r.created_at
    from staged as t
    cross join lateral jsonb_populate_record(null::chronicle.prompt_events, t.content) as r
    where t.target = 'prompt'
    order by t.position
    on conflict (id) do nothing
),
notifications as (
    insert into chronicle.notification_events (
        id, session_id, event_id, notification_type, message, severity, created_at
    )
    select r.id, t.session_pk, r.id, r.notification_type, r.message, r.severity, r.created_at
    from staged as t
    cross join lateral jsonb_populate_record(null::chronicle.notification_events, t.content) as r
    where t.target = 'notification'
    order by t.position
    on conflict (id) do nothing
),
lifecycle as (
    insert into chronicle.lifecycle_events (
        id, session_id, event_id, lifecycle_type, previous_state, new_state, trigger_reason, context_snapshot,
        created_at
    )
    select
        r.id, t.session_pk, r.id, r.lifecycle_type, r.previous_state, r.new_state, r.trigger_reason,
        r.context_snapshot, r.created_at
    from staged as t
    cross join lateral jsonb_populate_record(null::chronicle.lifecycle_events, t.content) as r
    where t.target = 'lifecycle'
    order by t.position
    on conflict (id) do nothing
)
select count(*) as added from events;

-- name: settle_sessions
-- Leaves each session as it was last begun or ended, by what is new in this flush: for what an earlier attempt has stored,
-- whoever ended or began the session since then has the last word.
update chronicle.sessions as s
set status = e.status, ended_at = e.ended_at
from (
    select distinct on (t.session_key)
        t.session_key,
        case t.target when 'session_start' then 'active' else t.content ->> 'status' end as status,
        case t.target when 'session_end' then (t.content ->> 'ended_at')::timestamptz end as ended_at
    from pg_temp.recorded as t
    where t.is_new
    order by t.session_key asc, t.position desc
) as e
where s.session_id = e.session_key and (s.status, s.ended_at) is distinct from (e.status, e.ended_at);
