-- name: list_tool_calls
-- Answered calls of tools in a period and in the one before it by the agent they can be tied to, and what came of them.
-- An event names an agent by agent_id or agent_type in its metadata, or by the application it comes from. What a subagent
-- did names no more than its run: its type is that with which it was called, as for the windows that imports count; where
-- none is told, "unknown".
with counted as (
    select
        p.is_current,
        c.session_pk,
        e.source_app,
        e.metadata ->> 'agent_id' as agent_id,
        e.metadata ->> 'agent_type' as agent_type,
        e.metadata ?| array['agent_id', 'sidechain'] as is_aside,
        count(*) as calls,
        count(*) filter (where c.success) as succeeded,
        count(*) filter (where not c.success and not analytics.is_refusal(c.error_message)) as failed
    from (values (true), (false)) as p (is_current)
    cross join analytics.stg_chronicle__tool_events as c
    inner join analytics.stg_chronicle__events as e on e.event_id = c.event_id
    where
        c.phase = 'post'
        and (
            p.is_current
            and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
            and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or (c.occurred_at >= '1970-01-02 00:00+00' and c.occurred_at < '2200-12-31 00:00+00') is not true)
            or not p.is_current and c.occurred_at >= %(previous_start)s and c.occurred_at < %(previous_end)s
        )
    group by 1, 2, 3, 4, 5, 6
),

types as (
    select t.session_pk, p.result ->> 'agentId' as agent_id, min(t.parameters ->> 'subagent_type') as agent_type
    from analytics.stg_chronicle__tool_events as t
    inner join analytics.stg_chronicle__tool_events as p on p.call_id = t.call_id and p.phase = 'post'
    where
        t.phase = 'pre'
        and t.tool_type = 'subagent'
        and t.session_pk = any(array(
            select n.session_pk from counted as n where n.agent_id is not null and n.agent_type is null
        ))
    group by 1, 2
),

named as (
    select
        n.is_current, n.calls, n.succeeded, n.failed,
        case
            when n.agent_id = any(%(agents)s::text[]) then n.agent_id
            when n.agent_type is not null then n.agent_type
            when n.is_aside then coalesce(t.agent_type, 'unknown')
            else n.source_app
        end as agent
    from counted as n
    left join types as t on t.session_pk = n.session_pk and t.agent_id = n.agent_id
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
order by failed desc, calls desc, previous_calls desc, agent;
