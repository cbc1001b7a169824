-- The event of each call is looked up by its key. Joined as tables, a few minutes of calls read all events there are, once
-- for each piece of a window that is counted live.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace view analytics.agent_call_facts with (security_invoker = true) as
select
    c.occurred_at, c.session_pk, e.agent_id, e.agent_type, e.name, coalesce(c.success, false) as is_success,
    coalesce(not c.success and not analytics.is_refusal(c.error_message), false) as is_failure, c.tool_event_id
from analytics.stg_chronicle__tool_events as c
cross join lateral (
    select a.agent_id, a.agent_type, a.name from analytics.event_agents as a where a.event_id = c.event_id offset 0
) as e
where c.phase = 'post';
