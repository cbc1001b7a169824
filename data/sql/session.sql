-- name: read_session
-- One session with its counts, costs and the models it used.
select
    s.session_pk::text as session_pk,
    s.session_key,
    s.project_name,
    s.git_branch,
    s.working_directory,
    s.started_at,
    s.ended_at,
    s.status,
    s.metadata ->> 'version' as agent_version,
    s.owner_id,
    k.cost_usd,
    k.cost_basis,
    k.tokens,
    m.models,
    e.events,
    e.untimed_events,
    e.subagents,
    f.files
from analytics.stg_chronicle__sessions as s
left join analytics.session_costs as k on k.session_pk = s.session_pk
left join lateral (
    select array_agg(distinct r.model order by r.model) as models
    from analytics.reply_costs as r where r.session_pk = s.session_pk and r.model <> '<synthetic>'
) as m on true
left join lateral (
    select
        count(*) as events,
        count(*) filter (where (x.occurred_at is null
            or x.occurred_at < '1970-01-02 00:00+00' or x.occurred_at >= '2200-12-31 00:00+00')) as untimed_events,
        count(distinct x.metadata ->> 'agent_id') as subagents
    from analytics.stg_chronicle__events as x where x.session_pk = s.session_pk
) as e on true
left join lateral (
    select
        jsonb_agg(
            jsonb_build_object('path', c.file_path, 'status', c.git_status, 'at', c.first_touched_at)
            order by c.first_touched_at, c.file_path
        ) as files
    from analytics.stg_chronicle__project_context as c where c.session_pk = s.session_pk
) as f on true
where s.session_pk = %(session_pk)s::uuid;

-- part: logged_at
-- The place `o` of the event `e` in its log: file, line, record, and how many events of that record stand before it. Of
-- records imported before their place was kept the line alone is known; they stand before what their file grew by.
left join lateral (
    select array[r.file_id, r.line, coalesce(r.place, 0), coalesce(r.part, 0)] as place
    from signalbox.import_records as r
    where r.event_id = e.event_id
    order by 1
    limit 1
) as o on true

-- name: list_items
-- What happened in a session, in order: prompts, calls, notifications, compactions, questions; without their contents. A
-- question stands behind the event that asked it: its notification, by which an import names it, or else its call.
with notices as (
    select md5('approval:' || n.event_id)::uuid as approval_id, n.event_id
    from analytics.stg_chronicle__notification_events as n
    where n.session_pk = %(session_pk)s::uuid and n.event_id is not null
),
items as (
    select
        p.event_id as item_id, 'prompt' as kind, p.occurred_at, null::bigint as duration_ms, 'Prompt' as name,
        left(p.prompt_text, 160) as words, null::text as outcome, false as is_open, p.event_id
    from analytics.stg_chronicle__prompt_events as p
    where p.session_pk = %(session_pk)s::uuid
    union all
    select
        coalesce(a.event_id, c.event_id), 'call', coalesce(a.occurred_at, c.occurred_at),
        coalesce(c.duration_ms, case when c.occurred_at >= a.occurred_at and a.occurred_at >= '1970-01-02 00:00+00' and c.occurred_at < '2200-12-31 00:00+00'
            then extract(epoch from c.occurred_at - a.occurred_at) * 1000 end)::bigint,
        c.tool_name,
        left(coalesce(
            a.parameters ->> 'description', a.parameters ->> 'command', a.parameters ->> 'file_path',
            a.parameters ->> 'pattern', a.parameters ->> 'url', a.parameters ->> 'query', a.parameters ->> 'prompt',
            c.error_message
        ), 160),
        coalesce(c.outcome, 'unknown'), not c.is_answered, coalesce(a.event_id, c.event_id)
    from analytics.tool_calls as c
    left join analytics.stg_chronicle__tool_events as a
        on a.call_id = c.call_id and a.phase = 'pre' and a.session_pk = c.session_pk
    where c.session_pk = %(session_pk)s::uuid
    union all
    -- What says neither begin nor end is no call that could be counted, and stands where its event does.
    select
        t.event_id, 'system', t.occurred_at, t.duration_ms, t.tool_name,
        'a row of a call that says neither begin nor end (phase); not counted as one', null, false, t.event_id
    from analytics.stg_chronicle__tool_events as t
    where t.session_pk = %(session_pk)s::uuid and t.phase is distinct from 'pre' and t.phase is distinct from 'post'
    union all
    select
        n.event_id, 'notification', n.occurred_at, null,
        coalesce(upper(left(n.notification_type, 1)) || replace(substr(n.notification_type, 2), '_', ' '), 'Notification'),
        left(n.message, 160), n.severity, not n.is_acknowledged, n.event_id
    from analytics.stg_chronicle__notification_events as n
    where n.session_pk = %(session_pk)s::uuid
    union all
    select
        q.approval_id, 'question', q.created_at,
        case when q.decided_at >= q.created_at and q.created_at >= '1970-01-02 00:00+00' and q.decided_at < '2200-12-31 00:00+00'
            then extract(epoch from q.decided_at - q.created_at) * 1000 end,
        q.approval_type, left(q.title, 160), q.status, q.status = 'pending', coalesce(n.event_id, a.event_id)
    from analytics.stg_engine__human_approvals as q
    left join notices as n on n.approval_id = q.approval_id
    left join lateral (
        select t.event_id
        from analytics.stg_chronicle__tool_events as t
        -- Whoever else writes approvals may call anything a call.
        where t.call_id = case when q.context ->> 'call_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                then (q.context ->> 'call_id')::uuid end
            and t.phase = 'pre' and t.session_pk = q.session_pk
        limit 1
    ) as a on true
    where q.session_pk = %(session_pk)s::uuid
    union all
    select
        e.event_id,
        case e.event_type when 'compact_pre' then 'compaction' when 'system_health' then 'system' else 'lifecycle' end,
        e.occurred_at, null,
        case e.event_type
            when 'compact_pre' then 'Compaction'
            when 'session_start' then 'Session start'
            when 'session_stop' then coalesce(e.metadata ->> 'hook_event_name', 'Session stop')
            else coalesce(e.metadata ->> 'hook_event_name', e.metadata ->> 'entry', e.data ->> 'subtype', 'System')
        end,
        left(coalesce(e.data ->> 'trigger', e.data ->> 'source', e.data ->> 'reason', e.data ->> 'error'), 160),
        case when e.metadata ->> 'severity' = 'error' or e.data ->> 'level' = 'error' then 'failed' end, false,
        e.event_id
    from analytics.stg_chronicle__events as e
    where
        e.session_pk = %(session_pk)s::uuid
        and e.event_type in ('compact_pre', 'session_start', 'session_stop', 'system_health')
)

select
    i.item_id::text as item_id,
    i.kind,
    i.occurred_at,
    i.duration_ms,
    i.name,
    i.words,
    i.outcome,
    i.is_open,
    e.metadata ->> 'agent_id' as agent_id,
    e.metadata ->> 'agent_type' as agent_type
from items as i
-- With a limit it is looked up by its index, happening by happening, and the events of all sessions are not read.
left join lateral (
    select x.event_id, x.metadata, x.recorded_at
    from analytics.stg_chronicle__events as x
    where x.event_id = i.event_id
    limit 1
) as e on true
-- uses: session.logged_at
order by i.occurred_at nulls last, o.place, e.recorded_at, i.event_id, i.kind = 'question', i.item_id
limit %(most)s;

-- name: count_items
-- How many happenings list_items would give without its limit.
select
    (select count(*) from analytics.stg_chronicle__prompt_events as p where p.session_pk = %(session_pk)s::uuid)
    + (select count(*) from analytics.tool_calls as c where c.session_pk = %(session_pk)s::uuid)
    + (
        select count(*) from analytics.stg_chronicle__tool_events as t
        where t.session_pk = %(session_pk)s::uuid and t.phase is distinct from 'pre' and t.phase is distinct from 'post'
    )
    + (select count(*) from analytics.stg_chronicle__notification_events as n where n.session_pk = %(session_pk)s::uuid)
    + (select count(*) from analytics.stg_engine__human_approvals as q where q.session_pk = %(session_pk)s::uuid)
    + (
        select count(*) from analytics.stg_chronicle__events as e
        where
            e.session_pk = %(session_pk)s::uuid
            and e.event_type in ('compact_pre', 'session_start', 'session_stop', 'system_health')
    );

-- name: read_item
-- One happening with its contents: what went in, what came out, how it ended.
select
    e.event_id::text as item_id,
    e.event_type,
    e.occurred_at,
    e.data,
    e.metadata,
    p.prompt_text,
    c.call_id::text as call_id,
    c.tool_name,
    coalesce(a.parameters, c.parameters) as parameters,
    d.result,
    d.error_message,
    d.occurred_at as answered_at,
    d.duration_ms,
    case
        when d.success then 'succeeded'
        when d.success is null then null
        when analytics.is_refusal(d.error_message) then 'refused'
        else 'failed'
    end as outcome,
    d.tool_event_id is not null as is_answered,
    n.message,
    n.notification_type,
    n.severity,
    n.is_acknowledged,
    n.notification_id::text as notification_id
from analytics.stg_chronicle__events as e
left join analytics.stg_chronicle__prompt_events as p on p.event_id = e.event_id
left join analytics.stg_chronicle__tool_events as c on c.event_id = e.event_id
left join analytics.stg_chronicle__tool_events as a on a.call_id = c.call_id and a.phase = 'pre'
left join analytics.stg_chronicle__tool_events as d
    on (d.call_id = c.call_id or d.tool_event_id = c.tool_event_id)
    and (d.phase = 'post' or c.phase is distinct from 'pre' and c.phase is distinct from 'post' and d.tool_event_id = c.tool_event_id)
left join analytics.stg_chronicle__notification_events as n on n.event_id = e.event_id
where e.event_id = %(item_id)s::uuid and e.session_pk = %(session_pk)s::uuid
limit 1;

-- name: read_question
-- One question of a session to a person, with what was asked and decided.
select
    q.approval_id::text as item_id, q.title, q.reason, q.risk_level, q.request_payload, q.context, q.status,
    q.created_at as occurred_at, q.decided_at, q.decided_by_name, q.decision_note, q.expires_at
from analytics.stg_engine__human_approvals as q
where q.approval_id = %(item_id)s::uuid and q.session_pk = %(session_pk)s::uuid;

-- name: acknowledge
-- Marks a notification as seen; no row when it is not there, not the actor's to see, or was seen before.
update analytics.stg_chronicle__notification_events
set stored_acknowledged = true
where notification_id = %(notification_id)s::uuid and not is_acknowledged
returning notification_id, session_pk;

-- name: export_events
-- Every event of one session with its contents, in order; what has no time comes last, as it was recorded.
select
    e.occurred_at, e.event_type, c.tool_name as tool, c.phase, c.duration_ms, c.success, c.error_message,
    p.prompt_text, n.message as notification, e.data, e.metadata, e.event_id
from analytics.stg_chronicle__events as e
left join analytics.stg_chronicle__tool_events as c on c.event_id = e.event_id
left join analytics.stg_chronicle__prompt_events as p on p.event_id = e.event_id
left join analytics.stg_chronicle__notification_events as n on n.event_id = e.event_id
-- uses: session.logged_at
where e.session_pk = %(session)s::uuid
order by e.occurred_at nulls last, o.place, e.recorded_at, e.event_id;

-- name: is_open
-- Whether the actor sees a notification that nobody has acknowledged.
select exists (
    select from analytics.stg_chronicle__notification_events
    where notification_id = %(notification_id)s::uuid and not is_acknowledged
);
