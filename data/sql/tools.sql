-- name: list_usage
-- Calls of each tool in a period and in the one before it, what came of them and how long they took (milliseconds);
-- the row with is_total, asked for by with_total, is the sum over all tools and there always.
-- A refused call never ran, so it is neither a success nor a failure.
with calls as (
    select
        c.tool_name,
        c.tool_type,
        c.outcome,
        c.is_answered,
        c.duration_ms,
        (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
        and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or c.occurred_at is null) as is_current
    from analytics.tool_calls as c
    where
        (
            (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
            and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or c.occurred_at is null)
            or c.occurred_at >= %(previous_start)s::timestamptz and c.occurred_at < %(previous_end)s::timestamptz
        )
        and (%(tool)s::text is null or c.tool_name = %(tool)s)
        and (
            %(project)s::text is null or c.session_pk in (
                select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
            )
        )
),

summed as (
    select
        tool_name,
        grouping(tool_name) = 1 as is_total,
        min(tool_type) as tool_type,
        count(*) filter (where is_current) as calls,
        count(*) filter (where is_current and outcome = 'succeeded') as succeeded,
        count(*) filter (where is_current and outcome = 'failed') as failed,
        count(*) filter (where is_current and outcome = 'refused') as refused,
        count(*) filter (where is_current and outcome is null) as unknown,
        count(*) filter (where is_current and not is_answered) as unanswered,
        count(duration_ms) filter (where is_current) as timed,
        sum(duration_ms) filter (where is_current) as total_ms,
        avg(duration_ms) filter (where is_current) as average_ms,
        percentile_cont(array[0.5, 0.95]) within group (order by duration_ms) filter (where is_current) as percentiles,
        count(*) filter (where not is_current) as previous_calls,
        count(*) filter (where not is_current and outcome = 'succeeded') as previous_succeeded,
        count(*) filter (where not is_current and outcome = 'failed') as previous_failed,
        count(duration_ms) filter (where not is_current) as previous_timed,
        percentile_cont(0.95) within group (order by duration_ms) filter (where not is_current) as previous_p95_ms
    from calls
    group by grouping sets ((tool_name), ())
)

select
    tool_name,
    is_total,
    tool_type,
    calls,
    succeeded,
    failed,
    refused,
    unknown,
    unanswered,
    timed,
    total_ms::float8 as total_ms,
    average_ms::float8 as average_ms,
    percentiles[1] as p50_ms,
    percentiles[2] as p95_ms,
    previous_calls,
    previous_succeeded,
    previous_failed,
    previous_timed,
    previous_p95_ms
from summed
where not is_total or coalesce(%(with_total)s::boolean, false)
order by is_total desc, failed desc, total_ms desc nulls last, calls desc, tool_name;

-- name: list_buckets
-- Calls per hour, day or week of the viewer's zone, by what came of them; calls without a time are in no bucket.
select
    date_trunc(%(unit)s::text, c.occurred_at, %(zone)s::text) as bucket,
    count(*) as calls,
    count(*) filter (where c.outcome = 'succeeded') as succeeded,
    count(*) filter (where c.outcome = 'failed') as failed,
    count(*) filter (where c.outcome = 'refused') as refused,
    count(*) filter (where c.outcome is null) as unknown,
    count(c.duration_ms) as timed,
    percentile_cont(0.95) within group (order by c.duration_ms) as p95_ms
from analytics.tool_calls as c
where
    c.occurred_at is not null
    and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
    and not coalesce(%(untimed)s::boolean, false)
    and (%(tool)s::text is null or c.tool_name = %(tool)s)
    and (
        %(project)s::text is null or c.session_pk in (
            select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
        )
    )
    and (
        %(error_group)s::text is null
        or c.outcome = 'failed' and analytics.error_group(left(c.error_message, 500)) = %(error_group)s
    )
group by bucket
order by bucket;

-- name: list_errors
-- Kinds of failures of tools, the most frequent first, each with its newest case. What a person refused never ran
-- and is none of them.
with errors as (
    select
        c.tool_name,
        -- Beginnings that are equal are grouped first: what follows costs more than counting.
        left(c.error_message, 500) as beginning,
        count(*) as cases,
        max(c.occurred_at) as last_at,
        (array_agg(c.tool_event_id order by c.occurred_at desc nulls last))[1] as newest_id
    from analytics.tool_calls as c
    where
        c.outcome = 'failed'
        and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
        and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or c.occurred_at is null)
        and (%(tool)s::text is null or c.tool_name = %(tool)s)
        and (
            %(project)s::text is null or c.session_pk in (
                select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
            )
        )
    group by c.tool_name, beginning
),

groups as (
    select
        e.tool_name,
        analytics.error_group(e.beginning) as error_group,
        sum(e.cases)::bigint as cases,
        max(e.last_at) as last_at,
        (array_agg(e.newest_id order by e.last_at desc nulls last))[1] as newest_id,
        count(*) over () as groups
    from errors as e
    group by e.tool_name, error_group
    order by cases desc, last_at desc nulls last, tool_name
    limit %(limit)s::bigint
)

select
    g.tool_name,
    g.error_group,
    g.cases,
    g.last_at,
    g.groups,
    left(newest.error_message, 4000) as example,
    newest.session_pk,
    newest.tool_event_id
from groups as g
left join analytics.stg_chronicle__tool_events as newest on newest.tool_event_id = g.newest_id
order by g.cases desc, g.last_at desc nulls last, g.tool_name;

-- name: list_calls
-- Calls one by one, by time or by duration, with what went in and the session they belong to.
with chosen as (
    select
        c.tool_event_id, c.call_id, c.session_pk, c.tool_name, c.occurred_at, c.outcome, c.is_answered,
        c.duration_ms, c.error_message
    from analytics.tool_calls as c
    where
        (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
        and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or c.occurred_at is null)
        and (%(tool)s::text is null or c.tool_name = %(tool)s)
        and (%(outcome)s::text is null or coalesce(c.outcome, 'unknown') = %(outcome)s)
        and (
            %(error_group)s::text is null
            or c.outcome = 'failed' and analytics.error_group(left(c.error_message, 500)) = %(error_group)s
        )
        and (
            %(project)s::text is null or c.session_pk in (
                select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
            )
        )
    order by
        case when %(sort)s::text = 'duration' and %(downwards)s::boolean then c.duration_ms end desc nulls last,
        case when %(sort)s::text = 'duration' and not %(downwards)s::boolean then c.duration_ms end nulls last,
        case when %(sort)s::text = 'when' and not %(downwards)s::boolean then c.occurred_at end nulls last,
        c.occurred_at desc nulls last
    limit %(limit)s::bigint offset %(offset)s::bigint
)

select
    c.tool_event_id,
    c.occurred_at,
    c.tool_name,
    coalesce(c.outcome, 'unknown') as outcome,
    c.is_answered,
    c.duration_ms,
    left(asked.parameters::text, 2000) as parameters,
    left(c.error_message, 2000) as error_message,
    c.session_pk,
    s.session_key,
    s.project_name
from chosen as c
left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
left join lateral (
    select t.parameters
    from analytics.stg_chronicle__tool_events as t
    where
        (t.call_id = c.call_id and t.phase = 'pre' or t.tool_event_id = c.tool_event_id)
        and t.parameters is not null
    order by t.phase desc
    limit 1
) as asked on true
order by
    case when %(sort)s::text = 'duration' and %(downwards)s::boolean then c.duration_ms end desc nulls last,
    case when %(sort)s::text = 'duration' and not %(downwards)s::boolean then c.duration_ms end nulls last,
    case when %(sort)s::text = 'when' and not %(downwards)s::boolean then c.occurred_at end nulls last,
    c.occurred_at desc nulls last;

-- name: list_filter_values
-- Projects and tools with calls in a period, each with how many.
with calls as (
    select c.tool_name, s.project_name
    from analytics.tool_calls as c
    left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
    where
        (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
        and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or c.occurred_at is null)
)

select
    case when grouping(tool_name) = 0 then 'tool' else 'project' end as filter,
    case when grouping(tool_name) = 0 then tool_name else project_name end as value,
    count(*) as calls
from calls
group by grouping sets ((tool_name), (project_name))
having grouping(tool_name) = 0 or project_name is not null
order by filter, calls desc, value;
