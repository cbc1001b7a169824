-- name: mark_windows
-- Notes with the file the days, and the row without a day, to which these sessions add or from which they may have gone.
with sessions as materialized (
    select s.id, date_trunc('day', s.started_at) as first_day, s.ended_at
    from chronicle.sessions as s
    where s.id = any(%(sessions)s::uuid[])
),
days as (
    select t.created_at::date as day from chronicle.tool_events as t where t.session_id = any(%(sessions)s::uuid[])
    union
    select n.created_at::date from chronicle.notification_events as n where n.session_id = any(%(sessions)s::uuid[])
    union
    select r.replied_at::date from signalbox.model_replies as r where r.session_id = any(%(sessions)s::uuid[])
    union
    select m.window_start::date
    from engine.agent_metrics as m
    inner join sessions as s on m.window_start is null or m.window_start between s.first_day and s.ended_at
    where m.source = 'agent-logs'
)
update signalbox.import_files as f
set counts = f.counts || jsonb_build_object('days_to_count', coalesce(f.counts -> 'days_to_count', '[]') || d.days)
from (select jsonb_agg(d.day) as days from days as d) as d
where f.id = %(file_id)s and d.days is not null;

-- name: mark_all_windows
-- Notes every day that has figures, with the file that was first: after a change of prices all costs are others.
update signalbox.import_files as f
set counts = f.counts || jsonb_build_object('days_to_count', d.days)
from (
    select jsonb_agg(distinct m.window_start::date) as days from engine.agent_metrics as m where m.source = 'agent-logs'
) as d
where f.id = (select min(o.id) from signalbox.import_files as o) and d.days is not null;

-- name: await_turn
-- Waits until no other import merges, so that no note is taken away of a day to which one is adding.
select pg_advisory_xact_lock(20261120, 4);

-- name: count_windows
-- Counts the noted days anew over all sessions that logs tell, and takes the notes away: a row for each quarter of an
-- hour in which something happened, so that they add up to the days of any zone. A call belongs to the quarter in which
-- it began; calls without a time have a row of their own, without a window. Agents are the session's own, and subagents
-- by their type. Of what a hook asked, the request and its notification are one: whichever of the two a
-- session has more of in a day is counted. What else stands for a noted day, as
-- the one row that former versions made of it, goes. Days of which rows were dropped stay as they are.
with days as materialized (
    select distinct d.day::date::timestamptz as day
    from signalbox.import_files as f
    cross join lateral jsonb_array_elements_text(f.counts -> 'days_to_count') as d (day)
    where f.counts ? 'days_to_count' and not exists (
        select from signalbox.retention as r where r.dropped_from is not null and d.day::date::timestamptz < r.raw_from
    )
),
counted as (
    update signalbox.import_files as f
    set counts = f.counts - 'days_to_count'
    where f.counts ? 'days_to_count'
),
called as materialized (
    select date_bin('15 minutes', t.created_at, d.day) as window_start, t.session_id, t.event_id, t.call_id
    from days as d
    cross join lateral (
        select c.created_at, c.session_id, c.event_id, c.call_id from chronicle.tool_events as c
        where c.created_at >= d.day and c.created_at < d.day + interval '1 day'
            and (c.phase = 'pre' or not exists (
                select from chronicle.tool_events as p where p.call_id = c.call_id and p.phase = 'pre' offset 0
            ))
        offset 0
    ) as t
    union all
    select null, c.session_id, c.event_id, c.call_id
    from chronicle.tool_events as c
    where c.created_at is null and exists (select from days as d where d.day is null)
        and (c.phase = 'pre' or not exists (
            select from chronicle.tool_events as p where p.call_id = c.call_id and p.phase = 'pre' offset 0
        ))
),
notified as materialized (
    select date_bin('15 minutes', t.created_at, d.day) as window_start, t.session_id, t.event_id, t.notification_type
    from days as d
    cross join lateral (
        select n.created_at, n.session_id, n.event_id, n.notification_type from chronicle.notification_events as n
        where n.created_at >= d.day and n.created_at < d.day + interval '1 day'
            and n.notification_type in ('permission_prompt', 'permission_request')
        offset 0
    ) as t
    union all
    select null, n.session_id, n.event_id, n.notification_type
    from chronicle.notification_events as n
    where n.created_at is null and exists (select from days as d where d.day is null)
        and n.notification_type in ('permission_prompt', 'permission_request')
),
replied as materialized (
    select date_bin('15 minutes', t.replied_at, d.day) as window_start, t.session_id, t.message_id
    from days as d
    cross join lateral (
        select r.replied_at, r.session_id, r.message_id from signalbox.model_replies as r
        where r.replied_at >= d.day and r.replied_at < d.day + interval '1 day'
        offset 0
    ) as t
    union all
    select null, r.session_id, r.message_id
    from signalbox.model_replies as r
    where r.replied_at is null and exists (select from days as d where d.day is null)
),
sessions as materialized (
    select s.id, (select u.id from auth.users as u where u.id::text = s.metadata ->> 'user_id') as user_id
    from chronicle.sessions as s
    where s.id = any(array(
        select c.session_id from called as c
        union select n.session_id from notified as n
        union select r.session_id from replied as r
    )) and s.metadata ? 'told_by'
),
happened as materialized (
    select h.event_id, e.agent_id, e.agent_type, e.is_aside
    from (select c.event_id from called as c union select n.event_id from notified as n) as h
    cross join lateral (
        select
            v.metadata ->> 'agent_id' as agent_id, left(v.metadata ->> 'agent_type', 255) as agent_type,
            v.metadata ?| array['agent_id', 'sidechain'] as is_aside
        from chronicle.events as v where v.id = h.event_id
        offset 0
    ) as e
),
types as materialized (
    select t.session_id, p.agent_id, min(left(t.parameters ->> 'subagent_type', 255)) as agent
    from chronicle.tool_events as t
    cross join lateral (
        select r.result ->> 'agentId' as agent_id from chronicle.tool_events as r
        where r.call_id = t.call_id and r.phase = 'post'
        offset 0
    ) as p
    where t.session_id = any(array(select s.id from sessions as s)) and t.phase = 'pre' and t.tool_type = 'subagent'
    group by 1, 2
),
asked as materialized (
    select
        (h.context ->> 'call_id')::uuid as call_id,
        bool_or(h.approval_type = 'plan') as is_plan,
        bool_or(h.approval_type = 'question') as is_question,
        bool_or(h.approval_type = 'tool_use' and h.status = 'rejected') as is_rejection
    from engine.human_approvals as h
    where h.session_id = any(array(select s.id from sessions as s))
        and h.metadata -> 'imported' = 'true' and h.context ? 'call_id'
    group by 1
),
calls as (
    select
        c.window_start, c.session_id,
        case when h.is_aside then coalesce(h.agent_type, t.agent, 'unknown') else 'claude-code' end as agent,
        count(*) as actions,
        count(*) filter (where a.call_id is null) as automated,
        count(*) filter (where a.is_plan) as plans,
        count(*) filter (where a.is_question) as questions,
        count(*) filter (where a.is_rejection) as rejections,
        0 as permissions, 0 as replies, 0 as unpriced, null::numeric as cost
    from called as c
    inner join happened as h on h.event_id = c.event_id
    left join types as t on t.session_id = c.session_id and t.agent_id = h.agent_id
    left join asked as a on a.call_id = c.call_id
    group by 1, 2, 3
),
told_permissions as (
    select
        n.window_start, n.session_id, n.notification_type,
        case when h.is_aside then coalesce(h.agent_type, t.agent, 'unknown') else 'claude-code' end as agent
    from notified as n
    inner join happened as h on h.event_id = n.event_id
    left join types as t on t.session_id = n.session_id and t.agent_id = h.agent_id
),
permissions as (
    select p.window_start, p.session_id, p.agent, 0, 0, 0, 0, 0, count(*), 0, 0, null::numeric
    from (
        select
            o.*,
            count(*) filter (where o.notification_type = 'permission_prompt') over of_day
            > count(*) filter (where o.notification_type = 'permission_request') over of_day as are_prompts
        from told_permissions as o
        window of_day as (partition by date_trunc('day', o.window_start), o.session_id, o.agent)
    ) as p
    where (p.notification_type = 'permission_prompt') = p.are_prompts
    group by 1, 2, 3
),
costs as (
    select
        r.window_start, r.session_id, 'claude-code', 0, 0, 0, 0, 0, 0,
        count(*), count(*) filter (where c.estimated_cost_usd is null and c.model <> '<synthetic>'),
        sum(c.estimated_cost_usd)
    from replied as r
    inner join analytics.reply_costs as c
        on c.message_id = any(array(select p.message_id from replied as p)) and c.message_id = r.message_id
    group by 1, 2
),
derived as materialized (
    select
        p.agent, s.user_id, p.window_start,
        sum(p.actions)::bigint as actions, sum(p.automated)::bigint as automated,
        sum(p.permissions)::bigint as permissions, sum(p.plans)::bigint as plans,
        sum(p.questions)::bigint as questions, sum(p.rejections)::bigint as rejections,
        sum(p.replies) as replies, sum(p.unpriced) as unpriced, sum(p.cost) as cost,
        count(distinct p.session_id) as sessions
    from (select * from calls union all select * from permissions union all select * from costs) as p
    inner join sessions as s on s.id = p.session_id
    group by 1, 2, 3
),
gone as (
    delete from engine.agent_metrics as m
    using days as d
    where m.source = 'agent-logs'
        and coalesce(date_trunc('day', m.window_start), 'infinity') = coalesce(d.day, 'infinity') and not exists (
        select from derived as w
        where w.agent = m.agent_id and w.user_id is not distinct from m.user_id
            and w.window_start is not distinct from m.window_start
    )
)
insert into engine.agent_metrics as m (
    id, agent_id, user_id, source, window_start, window_end, actions_total, actions_automated, human_escalations,
    automation_rate, total_cost, metadata
)
select
    md5('metrics:' || d.agent || ':' || coalesce(d.user_id::text, '') || ':' || coalesce(d.window_start::text, ''))::uuid,
    d.agent, d.user_id, 'agent-logs', d.window_start, d.window_start + interval '15 minutes' - interval '1 microsecond',
    d.actions, d.automated,
    d.permissions + d.plans + d.questions + d.rejections,
    d.automated::double precision / nullif(d.actions, 0),
    d.cost,
    jsonb_strip_nulls(jsonb_build_object(
        'imported', true,
        'sessions', d.sessions,
        'permissions', d.permissions,
        'plans', d.plans,
        'questions', d.questions,
        'rejections', d.rejections,
        'cost_basis', case
            when d.cost is not null and d.unpriced > 0 then 'partial estimate'
            when d.cost is not null then 'estimate'
            when d.replies > 0 then 'not priced'
        end
    ))
from derived as d
on conflict (id) do update
set window_end = excluded.window_end,
    actions_total = excluded.actions_total,
    actions_automated = excluded.actions_automated,
    human_escalations = excluded.human_escalations,
    automation_rate = excluded.automation_rate,
    total_cost = excluded.total_cost,
    metadata = excluded.metadata
where (m.window_end, m.actions_total, m.actions_automated, m.human_escalations, m.total_cost, m.metadata)
    is distinct from (excluded.window_end, excluded.actions_total, excluded.actions_automated, excluded.human_escalations,
        excluded.total_cost, excluded.metadata);
