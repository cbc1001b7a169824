-- name: derive_approvals
-- What people were asked in these sessions and what they answered, from calls that ask, calls that were refused, and
-- requests for permission; made anew, so that it does not matter which log came first. A notice that somebody is waited
-- for counts where no request and no call tells of the same question.
-- Says how many came, changed and went.
with sessions as materialized (
    select s.id, s.session_id, s.metadata from chronicle.sessions as s where s.id = any(%(sessions)s::uuid[])
),
calls as materialized (
    select
        pre.call_id,
        pre.session_id,
        pre.tool_name,
        pre.parameters,
        pre.created_at as asked_at,
        post.id is not null as is_answered,
        post.success,
        post.error_message,
        post.result,
        post.created_at as answered_at,
        coalesce(post.error_message like 'The user doesn''t want to proceed with this tool use%%', false) as is_rejected,
        (select e.metadata ->> 'agent_id' from chronicle.events as e where e.id = pre.event_id) as agent_id,
        (select e.metadata ->> 'source' from chronicle.events as e where e.id = pre.event_id) as source
    from chronicle.tool_events as pre
    left join lateral (
        select p.id, p.success, p.error_message, p.result, p.created_at
        from chronicle.tool_events as p
        where p.call_id = pre.call_id and p.phase = 'post'
        order by p.id
        limit 1
    ) as post on true
    where pre.session_id = any(%(sessions)s::uuid[]) and pre.phase = 'pre'
),
asked as materialized (
    select
        c.*,
        md5('approval:' || c.call_id)::uuid as id,
        case
            when not c.is_answered then 'expired'
            when c.is_rejected then 'rejected'
            when c.success is false then 'expired'
            else 'approved'
        end as status,
        case
            when not c.is_answered then 'unanswered'
            when c.is_rejected then 'rejected'
            when c.success is false then 'failed'
            else 'approved'
        end as outcome
    from calls as c
    where c.tool_name in ('ExitPlanMode', 'AskUserQuestion') or c.is_rejected
),
requests as materialized (
    select
        e.id,
        e.session_id,
        e.timestamp as asked_at,
        coalesce(e.data ->> 'tool_name', 'unknown') as tool_name,
        coalesce(e.data -> 'tool_input', '{}') as parameters,
        e.metadata ->> 'agent_id' as agent_id,
        row_number() over (
            partition by e.session_id, e.data ->> 'tool_name', coalesce(e.data -> 'tool_input', '{}')
            order by e.timestamp nulls last, e.id
        ) as place
    from chronicle.events as e
    where e.session_id = any(%(sessions)s::uuid[])
        and e.event_type = 'notification'
        and e.metadata ->> 'hook_event_name' = 'PermissionRequest'
),
-- The names by which calls and requests of a session name its tools.
named as materialized (
    select c.session_id, c.tool_name from calls as c
    union
    select r.session_id, r.tool_name from requests as r
),
-- A notice has no id and no input: by nothing but the name in its words and its place among those of that name can be
-- told which request it is of. Its words name a tool as people read it. Most are called the same, and those of servers
-- are put together from both names; but an edit is an "Update" and some notices name nothing. Whatever is the name of no
-- tool of the session is taken for a notice of those requests that no other one names.
notices as materialized (
    select
        n.*,
        k.tool_name as tool,
        row_number() over (partition by n.session_id, k.tool_name order by n.asked_at nulls last, n.id) as place
    from (
        select
            m.id,
            m.session_id,
            m.message,
            m.created_at as asked_at,
            btrim(substring(m.message from 'permission to use (.+)$')) as tool_name,
            regexp_match(m.message, 'permission to use (.+) - (\S+) \(MCP\)\s*$') as of_server,
            (select e.metadata ->> 'agent_id' from chronicle.events as e where e.id = m.event_id) as agent_id
        from chronicle.notification_events as m
        where m.session_id = any(%(sessions)s::uuid[]) and m.notification_type = 'permission_prompt'
    ) as n
    left join named as k
        on k.session_id = n.session_id
        and k.tool_name = coalesce(
            'mcp__' || regexp_replace(btrim(n.of_server[1]), '[^a-zA-Z0-9_-]', '_', 'g') || '__' || n.of_server[2],
            n.tool_name
        )
),
-- How many requests of a session no notice names.
unnamed as (
    select q.session_id, sum(greatest(q.requests - coalesce(k.notices, 0), 0)) as requests
    from (select r.session_id, r.tool_name, count(*) as requests from requests as r group by 1, 2) as q
    left join (
        select n.session_id, n.tool, count(*) as notices from notices as n group by 1, 2
    ) as k on k.session_id = q.session_id and k.tool = q.tool_name
    group by q.session_id
),
-- Whoever refused was asked, so requests belong to refused calls before they belong to others.
alike as materialized (
    select
        c.*,
        row_number() over (
            partition by c.session_id, c.tool_name, c.parameters
            order by c.is_rejected desc, c.asked_at nulls last, c.call_id
        ) as place
    from calls as c
    where exists (select from requests as r where r.session_id = c.session_id and r.tool_name = c.tool_name)
),
-- Requests with the call that each belongs to, but for those of calls that are questions by themselves.
others_asked as materialized (
    select r.*, c.call_id, c.is_answered, c.answered_at, c.asked_at as called_at
    from requests as r
    left join alike as c
        on c.session_id = r.session_id and c.tool_name = r.tool_name and c.parameters = r.parameters and c.place = r.place
    where c.call_id is null or c.call_id not in (select a.call_id from asked as a)
),
questions as (
    select
        a.id,
        a.session_id,
        a.agent_id,
        case a.tool_name when 'ExitPlanMode' then 'plan' when 'AskUserQuestion' then 'question' else 'tool_use' end as approval_type,
        case a.tool_name
            when 'ExitPlanMode' then 'Approve a plan'
            when 'AskUserQuestion' then left(coalesce(a.parameters #>> '{questions,0,question}', 'Answer a question'), 200)
            else 'Allow the use of ' || a.tool_name
        end as title,
        coalesce(a.parameters, '{}') as request_payload,
        a.tool_name,
        a.call_id,
        a.status,
        a.outcome,
        a.asked_at,
        case when a.status <> 'expired' then a.answered_at end as decided_at,
        left(case
            when a.is_rejected then nullif(btrim(split_part(a.error_message, 'the user said:', 2), E' \n'), '')
            when a.outcome = 'failed' then a.error_message
            when a.tool_name = 'AskUserQuestion' then a.result ->> 'answers'
        end, 2000) as decision_note,
        a.source
    from asked as a
    union all
    select
        md5('approval:' || r.id)::uuid,
        r.session_id,
        r.agent_id,
        'tool_use',
        'Allow the use of ' || r.tool_name,
        r.parameters,
        r.tool_name,
        r.call_id,
        case when r.is_answered then 'approved' else 'expired' end,
        case when r.is_answered then 'approved' else 'unanswered' end,
        coalesce(r.asked_at, r.called_at),
        case when r.is_answered then r.answered_at end,
        null,
        'hooks'
    from others_asked as r
    union all
    select
        md5('approval:' || n.id)::uuid,
        n.session_id,
        n.agent_id,
        'tool_use',
        coalesce('Allow the use of ' || left(n.tool_name, 200), 'Give a permission'),
        jsonb_build_object('message', n.message),
        n.tool_name,
        null,
        'expired',
        'unanswered',
        n.asked_at,
        null,
        null,
        'hooks'
    from notices as n
    where n.place > case
        when n.tool is null then coalesce((select u.requests from unnamed as u where u.session_id = n.session_id), 0)
        else (
            select count(*)
            from (
                select a.session_id, a.tool_name from asked as a
                union all
                select r.session_id, r.tool_name from others_asked as r
            ) as t
            where t.session_id = n.session_id and t.tool_name = n.tool
        )
    end
),
derived as (
    select
        q.id,
        q.session_id,
        (select u.id from auth.users as u where u.id::text = s.metadata ->> 'user_id') as user_id,
        coalesce(q.agent_id, 'claude-code') as agent_id,
        q.approval_type,
        q.title,
        q.request_payload,
        jsonb_strip_nulls(jsonb_build_object(
            'tool', q.tool_name, 'call_id', q.call_id, 'session_id', s.session_id
        )) as context,
        q.status,
        q.asked_at,
        q.decided_at,
        case when q.status in ('approved', 'rejected') then 'the person at the terminal' end as decided_by_name,
        q.decision_note,
        jsonb_build_object('imported', true, 'outcome', q.outcome, 'source', q.source) as metadata
    from questions as q
    inner join sessions as s on s.id = q.session_id
),
gone as (
    delete from engine.human_approvals as h
    where h.session_id = any(%(sessions)s::uuid[])
        and h.metadata -> 'imported' = 'true'
        and h.id not in (select d.id from derived as d)
    returning h.id
),
saved as (
    insert into engine.human_approvals as h (
        id, session_id, user_id, agent_id, approval_type, title, request_payload, context,
        status, created_at, decided_at, decided_by_name, decision_note, metadata
    )
    select
        d.id, d.session_id, d.user_id, d.agent_id, d.approval_type, d.title, d.request_payload, d.context,
        d.status, d.asked_at, d.decided_at, d.decided_by_name, d.decision_note, d.metadata
    from derived as d
    on conflict (id) do update
    set session_id = excluded.session_id,
        user_id = excluded.user_id,
        agent_id = excluded.agent_id,
        title = excluded.title,
        context = excluded.context,
        status = excluded.status,
        created_at = excluded.created_at,
        decided_at = excluded.decided_at,
        decided_by_name = excluded.decided_by_name,
        decision_note = excluded.decision_note,
        metadata = excluded.metadata
    where (h.session_id, h.user_id, h.agent_id, h.title, h.context, h.status, h.created_at, h.decided_at, h.decision_note, h.metadata)
        is distinct from (
            excluded.session_id, excluded.user_id, excluded.agent_id, excluded.title, excluded.context, excluded.status,
            excluded.created_at, excluded.decided_at, excluded.decision_note, excluded.metadata
        )
    returning h.xmax = 0 as is_new
)
select
    count(*) filter (where v.is_new) as added,
    count(*) filter (where not v.is_new) as renewed,
    (select count(*) from gone) as removed
from saved as v;
