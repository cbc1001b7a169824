-- name: list_tool_calls
-- Calls of tools with what came of them, in the order of the page; an outcome of null was not recorded, times are null
-- where the log had none.
select
    c.occurred_at,
    s.session_key as session_id,
    s.project_name as project,
    c.tool_name as tool,
    c.tool_type,
    c.outcome,
    c.duration_ms,
    c.error_message,
    c.is_answered,
    c.call_id,
    asked.parameters
from analytics.tool_calls as c
left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
-- uses: tools.calls.asked
where
    (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or c.occurred_at is null)
    and (%(tool)s::text is null or c.tool_name = %(tool)s)
    and (%(project)s::text is null or s.project_name = %(project)s)
    and (%(outcome)s::text is null or coalesce(c.outcome, 'unknown') = %(outcome)s)
    and (
        %(error_group)s::text is null
        or c.outcome = 'failed' and analytics.error_group(left(c.error_message, 500)) = %(error_group)s
    )
-- uses: tools.calls.in_order
