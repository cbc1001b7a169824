-- name: derive_skill_executions
-- Runs of skills in these sessions, made anew: a call of Skill begins one, and it goes on until a person speaks, until
-- the same agent calls the next skill, or to the end. The calls of that time are its steps: those about which a person
-- was asked are human ones. Without times nobody knows which calls belong to it, and its figures stay unknown.
-- Says how many came, changed and went.
with sessions as materialized (
    select s.id, s.session_id as name, s.metadata from chronicle.sessions as s where s.id = any(%(sessions)s::uuid[])
),
told as materialized (
    select e.id, e.metadata from chronicle.events as e
    where e.session_id = any(%(sessions)s::uuid[]) and e.event_type in ('tool_pre_use', 'tool_post_use')
),
asked as materialized (
    select (h.context ->> 'call_id')::uuid as call_id, bool_or(h.status = 'rejected') as is_rejected
    from engine.human_approvals as h
    where h.session_id = any(%(sessions)s::uuid[]) and h.metadata -> 'imported' = 'true' and h.context ? 'call_id'
    group by 1
),
calls as materialized (
    select
        t.session_id,
        t.call_id,
        coalesce(min(t.tool_name) filter (where t.phase = 'pre'), min(t.tool_name)) as tool_name,
        min(left(t.parameters ->> 'skill', 255)) as skill,
        bool_or(t.phase = 'pre') as is_called,
        min(t.created_at) filter (where t.phase = 'pre') as called_at,
        max(t.created_at) filter (where t.phase = 'post') as ended_at,
        bool_and(t.success) as success,
        bool_or(t.phase = 'post') as is_answered,
        min(t.error_message) as error_message,
        min(e.metadata ->> 'source') as source,
        coalesce(min(e.metadata ->> 'agent_id'), case when bool_or(e.metadata ? 'sidechain') then 'sidechain' end, '') as run,
        min(left(e.metadata ->> 'agent_type', 255)) as agent_type,
        bool_or(a.call_id is not null) as is_asked,
        bool_or(coalesce(a.is_rejected, false)) as is_rejected
    from chronicle.tool_events as t
    inner join told as e on e.id = t.event_id
    left join asked as a on a.call_id = t.call_id
    where t.session_id = any(%(sessions)s::uuid[])
    group by t.session_id, t.call_id
),
agents as materialized (
    select t.session_id, p.result ->> 'agentId' as run, min(left(t.parameters ->> 'subagent_type', 255)) as agent
    from chronicle.tool_events as t
    inner join chronicle.tool_events as p
        on p.session_id = any(%(sessions)s::uuid[]) and p.call_id = t.call_id and p.phase = 'post'
    where t.session_id = any(%(sessions)s::uuid[]) and t.phase = 'pre' and t.tool_type = 'subagent'
    group by 1, 2
),
spoken as materialized (
    select e.session_id, e.timestamp as spoken_at
    from chronicle.events as e
    where e.session_id = any(%(sessions)s::uuid[]) and e.timestamp is not null
        and (e.event_type = 'user_prompt' or e.metadata ->> 'entry' in ('slash_command', 'local_command', 'interruption'))
),
skills as materialized (
    select
        c.*,
        case when c.run = '' then 'claude-code' else coalesce(c.agent_type, a.agent, 'unknown') end as agent,
        case
            when c.is_rejected then 'cancelled'
            when c.success is false then 'failed'
            when c.is_answered then 'completed'
            when c.called_at is null or exists (
                select from calls as later where later.session_id = c.session_id and later.called_at > c.called_at
            ) or exists (
                select from spoken as s where s.session_id = c.session_id and s.spoken_at > c.called_at
            ) then 'cancelled'
            else 'running'
        end as status,
        least(
            lead(c.called_at) over (partition by c.session_id, c.run order by c.called_at, c.call_id),
            (select min(s.spoken_at) from spoken as s where s.session_id = c.session_id and s.spoken_at > c.called_at)
        ) as until_at
    from calls as c
    left join agents as a on a.session_id = c.session_id and a.run = c.run
    where c.tool_name = 'Skill' and c.is_called
),
steps as materialized (
    select
        k.call_id as skill_call_id,
        c.*,
        case when c.run = '' then 'claude-code' else coalesce(c.agent_type, a.agent, 'unknown') end as agent,
        row_number() over (partition by k.call_id order by coalesce(c.called_at, c.ended_at), c.call_id) as place
    from skills as k
    inner join calls as c on c.session_id = k.session_id
    left join agents as a on a.session_id = c.session_id and a.run = c.run
    where k.called_at is not null and (
        c.call_id = k.call_id or k.status = 'completed'
        and coalesce(c.called_at, c.ended_at) >= k.called_at
        and (k.until_at is null or coalesce(c.called_at, c.ended_at) < k.until_at)
        -- What its subagents do is part of what the session's own agent does, but not the other way round.
        and (k.run = '' or c.run = k.run)
        and (c.tool_name <> 'Skill' or c.run <> k.run)
    )
),
counted as materialized (
    select
        s.skill_call_id,
        count(*) as actions,
        count(*) filter (where not s.is_asked) as automated,
        greatest(max(s.called_at), max(s.ended_at)) as ended_at,
        jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'step', s.tool_name,
            'kind', case when s.is_asked then 'human' else 'agent' end,
            'agent', s.agent,
            'started_at', s.called_at,
            'completed_at', s.ended_at,
            'outcome', case
                when s.is_rejected then 'rejected' when s.success then 'succeeded' when s.success is false then 'failed' end,
            'call_id', s.call_id
        )) order by s.place) filter (where s.place <= 500) as steps
    from steps as s
    group by s.skill_call_id
),
-- Which agent a reply belongs to is not told, so a subagent's skill has no cost of its own.
costs as materialized (
    select
        k.call_id,
        count(*) as replies,
        sum(r.estimated_cost_usd) as cost,
        count(*) filter (where r.estimated_cost_usd is null and r.model <> '<synthetic>') as unpriced
    from skills as k
    inner join (
        select c.session_pk, c.replied_at, c.model, c.estimated_cost_usd
        from analytics.reply_costs as c
        where c.session_pk = any(%(sessions)s::uuid[])
    ) as r
        on r.session_pk = k.session_id and r.replied_at >= k.called_at and (k.until_at is null or r.replied_at < k.until_at)
    where k.run = '' and k.status = 'completed'
    group by k.call_id
),
derived as (
    select
        md5('sop:' || k.call_id)::uuid as id,
        coalesce(nullif(k.skill, ''), 'unknown') as sop_id,
        k.session_id,
        (select u.id from auth.users as u where u.id::text = s.metadata ->> 'user_id') as user_id,
        k.agent as agent_id,
        k.status,
        coalesce(n.steps, '[]') as steps,
        n.actions as actions_total,
        n.automated as actions_automated,
        coalesce(n.actions - n.automated, k.is_asked::integer) as human_interventions,
        n.automated::double precision / n.actions as automation_rate,
        c.cost as estimated_cost,
        case k.status
            when 'failed' then k.error_message
            when 'cancelled' then coalesce(k.error_message, 'The log holds no result of this call.')
        end as error_message,
        k.called_at as started_at,
        case when k.status <> 'running' and k.is_answered then n.ended_at end as completed_at,
        jsonb_strip_nulls(jsonb_build_object(
            'imported', true,
            'kind', 'skill',
            'source', k.source,
            'call_id', k.call_id,
            'session_id', s.name,
            'cost_basis', case
                when c.cost is not null and c.unpriced > 0 then 'partial estimate'
                when c.cost is not null then 'estimate'
                when c.replies > 0 then 'not priced'
            end,
            'steps_left_out', nullif(greatest(n.actions - 500, 0), 0)
        )) as metadata
    from skills as k
    inner join sessions as s on s.id = k.session_id
    left join counted as n on n.skill_call_id = k.call_id
    left join costs as c on c.call_id = k.call_id
),
gone as (
    delete from engine.sop_executions as x
    where x.session_id = any(%(sessions)s::uuid[])
        and x.metadata -> 'imported' = 'true'
        and x.id not in (select d.id from derived as d)
    returning x.id
),
saved as (
    insert into engine.sop_executions as x (
        id, sop_id, session_id, user_id, agent_id, status, steps, actions_total, actions_automated, human_interventions,
        cycle_time_hours, automation_rate, estimated_cost, error_message, started_at, completed_at, metadata
    )
    select
        d.id, d.sop_id, d.session_id, d.user_id, d.agent_id, d.status, d.steps, d.actions_total, d.actions_automated,
        d.human_interventions,
        case when d.completed_at >= d.started_at then extract(epoch from d.completed_at - d.started_at) / 3600 end,
        d.automation_rate,
        d.estimated_cost, d.error_message, d.started_at, d.completed_at, d.metadata
    from derived as d
    on conflict (id) do update
    set sop_id = excluded.sop_id,
        session_id = excluded.session_id,
        user_id = excluded.user_id,
        agent_id = excluded.agent_id,
        status = excluded.status,
        steps = excluded.steps,
        actions_total = excluded.actions_total,
        actions_automated = excluded.actions_automated,
        human_interventions = excluded.human_interventions,
        cycle_time_hours = excluded.cycle_time_hours,
        automation_rate = excluded.automation_rate,
        estimated_cost = excluded.estimated_cost,
        error_message = excluded.error_message,
        started_at = excluded.started_at,
        completed_at = excluded.completed_at,
        metadata = excluded.metadata
    where (x.sop_id, x.session_id, x.user_id, x.agent_id, x.status, x.steps, x.actions_automated, x.estimated_cost, x.error_message,
        x.started_at, x.completed_at, x.metadata)
        is distinct from (excluded.sop_id, excluded.session_id, excluded.user_id, excluded.agent_id, excluded.status,
            excluded.steps, excluded.actions_automated, excluded.estimated_cost, excluded.error_message,
            excluded.started_at, excluded.completed_at, excluded.metadata)
    returning x.xmax = 0 as is_new
)
select
    count(*) filter (where v.is_new) as added,
    count(*) filter (where not v.is_new) as renewed,
    (select count(*) from gone) as removed
from saved as v;

-- name: find_sessions_with_skills
-- The sessions of which executions were made, but those that began before `raw_from`.
select distinct x.session_id
from engine.sop_executions as x
where x.session_id is not null and x.metadata @> '{"imported": true, "kind": "skill"}'
    and not exists (select from chronicle.sessions as s where s.id = x.session_id and s.started_at < %(raw_from)s);
