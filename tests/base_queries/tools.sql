-- name: list_errors
-- Kinds of failures of tools, each with its newest case, from the rows alone.
with errors as (
    select
        c.tool_name,
        analytics.error_group(c.error_message) as error_group,
        count(*) as cases,
        max(d.named_at) as last_at,
        (array_agg(c.tool_event_id order by d.named_at desc nulls last, c.tool_event_id desc))[1] as newest_id
    from analytics.stg_chronicle__tool_events as c
    left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
    cross join lateral (
        select case when c.occurred_at >= '1970-01-02 00:00+00' and c.occurred_at < '2200-12-31 00:00+00'
            then c.occurred_at end as named_at
    ) as d
    where
        c.phase = 'post' and not c.success and not analytics.is_refusal(c.error_message)
        and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
        and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or d.named_at is null)
        and (%(tool)s::text is null or c.tool_name = %(tool)s)
        and (%(project)s::text is null or s.project_name = %(project)s)
    group by c.tool_name, error_group
)

select
    e.tool_name, e.error_group, e.cases, e.last_at, count(*) over () as groups,
    left(newest.error_message, 4000) as example, newest.session_pk, newest.tool_event_id,
    coalesce((
        select a.event_id from analytics.stg_chronicle__tool_events as a
        where a.call_id = newest.call_id and a.phase = 'pre' and a.session_pk = newest.session_pk
        limit 1
    ), newest.event_id)::text as item_id
from errors as e
inner join analytics.stg_chronicle__tool_events as newest on newest.tool_event_id = e.newest_id
where %(error_group)s::text is null or e.error_group = %(error_group)s
limit %(limit)s::bigint;
