-- name: list_tool_calls
-- Answered calls of tools in a period and in the one before it by the agent they can be tied to, and what came of them.
-- An event names an agent by agent_id or agent_type in its metadata, or by the application it comes from. What a subagent
-- did names no more than its run: its type is that with which it was called, as for the windows that imports count; where
-- none is told, "unknown".
with call_windows as materialized (
    select
        true as is_current, w.*, case w.kind when 'removed' then -1 else 1 end as sign
    from analytics.rollup_windows(
        'tools', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false), with_changes => true
    ) as w
    union all
    select false, w.*, case w.kind when 'removed' then -1 else 1 end
    from analytics.rollup_windows('tools', %(previous_start)s, %(previous_end)s, with_changes => true) as w
    where %(previous_start)s::timestamptz is not null
),

live as materialized (
    select
        w.is_current, f.name, f.session_pk, f.agent_id, f.agent_type, 1 as calls, f.is_success::integer as succeeded,
        f.is_failure::integer as failed
    from call_windows as w
    cross join lateral (
        select l.* from analytics.agent_call_facts as l
        where l.occurred_at >= w.from_at and l.occurred_at < w.until_at
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, e.name, f.session_pk, e.agent_id, e.agent_type, f.sign, case when f.success then f.sign else 0 end,
        case when not f.is_refused then f.sign else 0 end
    from call_windows as w
    inner join analytics.call_changes() as f
        on f.sign <> 0 and f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    inner join analytics.event_agents as e on e.event_id = f.event_id
    where w.kind = 'changed'
    union all
    select
        w.is_current, f.name, f.session_pk, f.agent_id, f.agent_type, 1 as calls, f.is_success::integer as succeeded,
        f.is_failure::integer as failed
    from call_windows as w
    cross join analytics.agent_call_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
),

-- By the name that an event itself gives.
by_name as (
    select
        w.is_current, r.name as agent, w.sign * r.calls as calls, w.sign * r.succeeded as succeeded,
        w.sign * r.failed as failed
    from call_windows as w
    cross join lateral (
        select l.* from analytics.agent_call_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi and l.name = any(%(agents)s::text[])
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select l.is_current, l.name, l.calls, l.succeeded, l.failed
    from live as l
    where l.name = any(%(agents)s::text[])
),

-- Runs of subagents that are asked for themselves, or whose events do not name a type.
runs as materialized (
    select
        p.is_current, p.session_pk, p.agent_id, p.agent_type, sum(p.calls) as calls,
        sum(p.succeeded) as succeeded, sum(p.failed) as failed
    from (
        select
            w.is_current, r.session_pk, r.agent_id, r.agent_type, w.sign * r.calls as calls,
            w.sign * r.succeeded as succeeded, w.sign * r.failed as failed
        from call_windows as w
        cross join lateral (
            select l.* from analytics.agent_run_call_rollup as l
            where
                l.level = w.level and l.slot >= w.lo and l.slot < w.hi
                and (l.agent_type is null or l.agent_id = any(%(agents)s::text[]))
            offset 0
        ) as r
        where w.kind in ('stored', 'removed')
        union all
        select l.is_current, l.session_pk, l.agent_id, l.agent_type, l.calls, l.succeeded, l.failed
        from live as l
        where l.agent_id is not null and (l.agent_type is null or l.agent_id = any(%(agents)s::text[]))
    ) as p
    group by p.is_current, p.session_pk, p.agent_id, p.agent_type
    having sum(p.calls) <> 0
),

types as (
    select t.session_pk, p.result ->> 'agentId' as agent_id, min(t.parameters ->> 'subagent_type') as agent_type
    from analytics.stg_chronicle__tool_events as t
    inner join analytics.stg_chronicle__tool_events as p on p.call_id = t.call_id and p.phase = 'post'
    where
        t.phase = 'pre'
        and t.tool_type = 'subagent'
        and t.session_pk = any(array(select distinct r.session_pk from runs as r where r.agent_type is null))
    group by 1, 2
),

named as (
    select n.is_current, n.agent, n.calls, n.succeeded, n.failed from by_name as n
    union all
    select
        r.is_current,
        case when r.agent_id = any(%(agents)s::text[]) then r.agent_id else coalesce(t.agent_type, 'unknown') end,
        r.calls, r.succeeded, r.failed
    from runs as r
    left join types as t on t.session_pk = r.session_pk and t.agent_id = r.agent_id
    union all
    -- What is counted under the run itself is not counted under the type that its events name.
    select r.is_current, r.agent_type, -r.calls, -r.succeeded, -r.failed
    from runs as r
    where r.agent_type is not null
)

select
    agent,
    coalesce(sum(calls) filter (where is_current), 0)::bigint as calls,
    coalesce(sum(succeeded) filter (where is_current), 0)::bigint as succeeded,
    coalesce(sum(failed) filter (where is_current), 0)::bigint as failed,
    coalesce(sum(calls) filter (where not is_current), 0)::bigint as previous_calls,
    coalesce(sum(succeeded) filter (where not is_current), 0)::bigint as previous_succeeded,
    coalesce(sum(failed) filter (where not is_current), 0)::bigint as previous_failed
from named
where agent = any(%(agents)s::text[])
group by agent
having sum(calls) filter (where is_current) <> 0 or sum(calls) filter (where not is_current) <> 0
order by failed desc, calls desc, previous_calls desc, agent;

-- name: list_failed_calls
-- The failed calls that list_tool_calls counts of one agent, one by one, with what went in and the session they belong to.
with failures as materialized (
    select
        c.tool_event_id, c.call_id, c.session_pk, c.tool_name, c.occurred_at, c.duration_ms, c.error_message,
        e.agent_id, e.agent_type, e.name
    from analytics.stg_chronicle__tool_events as c
    inner join analytics.event_agents as e on e.event_id = c.event_id
    where
        c.phase = 'post' and not c.success and not analytics.is_refusal(c.error_message)
        and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
        and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
        and (
            not coalesce(%(untimed)s::boolean, false)
            or c.occurred_at is null or c.occurred_at < '1970-01-02 00:00+00' or c.occurred_at >= '2200-12-31 00:00+00'
        )
        and (
            e.name = %(agent)s::text or e.agent_id = %(agent)s
            or e.agent_id is not null and e.agent_type is null
        )
),

types as (
    select t.session_pk, p.result ->> 'agentId' as agent_id, min(t.parameters ->> 'subagent_type') as agent_type
    from analytics.stg_chronicle__tool_events as t
    inner join analytics.stg_chronicle__tool_events as p on p.call_id = t.call_id and p.phase = 'post'
    where
        t.phase = 'pre'
        and t.tool_type = 'subagent'
        and t.session_pk = any(array(
            select distinct f.session_pk from failures as f where f.agent_id is not null and f.agent_type is null
        ))
    group by 1, 2
),

chosen as (
    select c.*
    from failures as c
    left join types as t on t.session_pk = c.session_pk and t.agent_id = c.agent_id and c.agent_type is null
    where c.name = %(agent)s or c.agent_id = %(agent)s or c.name is null and coalesce(t.agent_type, 'unknown') = %(agent)s
-- uses: tools.calls.in_order
    limit %(limit)s::bigint offset %(offset)s::bigint
)

select
    c.tool_event_id, c.occurred_at, c.tool_name, 'failed' as outcome, true as is_answered, c.duration_ms,
    left(asked.parameters::text, 2000) as parameters, left(c.error_message, 2000) as error_message, c.session_pk,
    s.session_key, s.project_name
from chosen as c
left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
-- uses: tools.calls.asked
-- uses: tools.calls.in_order
