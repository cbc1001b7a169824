set lock_timeout = '4s';
set statement_timeout = '60s';

-- A status that no report knows, as an adopted table may have it, says as little of how a session ended as none.
create or replace function analytics.sessions_with(what text) returns table (session_pk uuid)
language sql stable security invoker
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
    union all
    select k.session_pk from analytics.session_costs as k
    where what = 'unpriced' and k.cost_basis in ('not priced', 'partial estimate')
    union all
    select distinct c.session_pk from analytics.stg_chronicle__tool_events as c
    where what = 'unphased' and c.phase is distinct from 'pre' and c.phase is distinct from 'post'
    union all
    select s.session_pk from analytics.stg_chronicle__sessions as s
    where what = 'stateless' and (s.status is null or s.status not in ('active', 'completed', 'terminated', 'error'))
$$;
comment on function analytics.sessions_with(text) is
'Sessions in which there are errors, refusals, notifications (not acknowledged), compactions or subagents, which are unpriced: not priced in full, unphased: with rows of calls that say neither begin nor end, or stateless: without a status that reports know.';
