-- Whether a call was answered is looked up call by call, and what is in sessions is found among the calls that failed.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before. As an anti-join the planner, who charges each look-up with finding out which sessions are the viewer's own,
-- read all answers there are for each session of a list; with a limit it cannot.
create or replace view analytics.tool_calls with (security_invoker = true) as
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
left join lateral (
    select true as is_there from analytics.stg_chronicle__tool_events as answer
    where answer.call_id = c.call_id and answer.phase = 'post'
    limit 1
) as found on true
where c.phase = 'pre' and found.is_there is null;

-- The same of the rows themselves, of which the planner takes a quarter of an hour for a good part of the table where row
-- security hides how much it is.
create or replace view analytics.tool_facts with (security_invoker = true) as
select
    c.occurred_at,
    c.tool_name,
    c.tool_type,
    s.project_name,
    c.outcome,
    c.is_answered,
    c.duration_ms,
    case
        when c.duration_ms > 0 then ceil(ln(c.duration_ms::float8) / 0.019802627296179713)::integer
        when c.duration_ms = 0 then -5000
        when c.duration_ms < 0 then -10000 - ceil(ln(-c.duration_ms::float8) / 0.019802627296179713)::integer
    end as duration_key
from (
    select
        p.session_pk, p.tool_name, p.tool_type, p.occurred_at, p.duration_ms, true as is_answered,
        case when p.success then 'succeeded' when p.success is null then null
            when analytics.is_refusal(p.error_message) then 'refused' else 'failed' end as outcome
    from analytics.stg_chronicle__tool_events as p
    where p.phase = 'post'
    union all
    select
        a.session_pk, a.tool_name, a.tool_type, a.occurred_at, null::integer as duration_ms, false as is_answered,
        null::text as outcome
    from analytics.stg_chronicle__tool_events as a
    left join lateral (
        select true as is_there from analytics.stg_chronicle__tool_events as answer
        where answer.call_id = a.call_id and answer.phase = 'post'
        limit 1
    ) as found on true
    where a.phase = 'pre' and found.is_there is null
) as c
left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk;

-- Sessions that hold something of a kind, by the words of filters: `errors`, `refusals` and the like.
create or replace function analytics.sessions_with(what text) returns table (session_pk uuid)
language sql stable
set search_path = ''
as $$
    -- Failed and refused calls as analytics.tool_calls has them, in the words of the index of those without success.
    select distinct c.session_pk from analytics.stg_chronicle__tool_events as c
    where what = 'errors' and c.phase = 'post' and not c.success and not analytics.is_refusal(c.error_message)
    union all
    select distinct c.session_pk from analytics.stg_chronicle__tool_events as c
    where what = 'refusals' and c.phase = 'post' and not c.success and analytics.is_refusal(c.error_message)
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
