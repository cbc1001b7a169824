-- part: answered
-- Calls that were answered and pass the filters, with what came of them as tool_calls has it; in no order yet.
select
    c.tool_event_id, c.call_id, c.session_pk, c.tool_name, c.occurred_at, o.outcome, true as is_answered,
    c.duration_ms, c.error_message
from analytics.stg_chronicle__tool_events as c
cross join lateral (
    select case when c.success then 'succeeded' when c.success is null then null
        when analytics.is_refusal(c.error_message) then 'refused' else 'failed' end as outcome
) as o
where
    c.phase = 'post'
    and not coalesce(%(untimed)s::boolean, false)
    and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
    and (%(tool)s::text is null or c.tool_name = %(tool)s)
    and (
        %(project)s::text is null or c.session_pk in (
            select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
        )
    )
    and (
        %(outcome)s::text is null or coalesce(o.outcome, 'unknown') = %(outcome)s
        or %(outcome)s = 'timed' and c.duration_ms is not null
        or %(outcome)s = 'known' and o.outcome in ('succeeded', 'failed')
    )
    -- In the words of the indexes of failed calls and of those of an unknown outcome, where it is these that are asked for.
    and (coalesce(%(outcome)s::text not in ('failed', 'refused'), %(error_group)s::text is null) or not c.success)
    and (%(outcome)s::text is distinct from 'unknown' or c.success is null)
    and (
        %(error_group)s::text is null
        or o.outcome = 'failed' and analytics.error_group(left(c.error_message, 500)) = %(error_group)s
    )

-- part: unanswered
-- Calls with a time that were never answered and pass the filters; in no order yet.
select
    c.tool_event_id, c.call_id, c.session_pk, c.tool_name, c.occurred_at, null, false, null, null
from analytics.stg_chronicle__tool_events as c
-- With a limit it is looked up by its index, call by call, and not read as a whole.
left join lateral (
    select true as is_there from analytics.stg_chronicle__tool_events as a
    where a.call_id = c.call_id and a.phase = 'post'
    limit 1
) as answer on true
where
    c.phase = 'pre' and c.call_id is not null and c.occurred_at is not null and answer.is_there is null
    and not coalesce(%(untimed)s::boolean, false)
    and coalesce(%(outcome)s::text = 'unknown', true) and %(error_group)s::text is null
    and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
    and (%(tool)s::text is null or c.tool_name = %(tool)s)
    and (
        %(project)s::text is null or c.session_pk in (
            select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
        )
    )

-- part: asked
-- With what a call was asked for.
left join lateral (
    select t.parameters
    from analytics.stg_chronicle__tool_events as t
    where
        (t.call_id = c.call_id and t.phase = 'pre' or t.tool_event_id = c.tool_event_id)
        and t.parameters is not null
    order by t.phase desc
    limit 1
) as asked on true

-- part: in_order
-- The order that is asked for, the latest first where none is. Where two calls are equal or unknown in it the id decides.
order by
    case when %(sort)s::text = 'duration' and coalesce(%(downwards)s::boolean, true) then c.duration_ms end desc nulls last,
    case when %(sort)s::text = 'duration' and not coalesce(%(downwards)s::boolean, true) then c.duration_ms end nulls last,
    case
        when coalesce(%(sort)s::text, 'when') = 'when' and not coalesce(%(downwards)s::boolean, true) then c.occurred_at
    end nulls last,
    c.occurred_at desc nulls last,
    c.tool_event_id

-- name: list_calls
-- Calls one by one, by time or by duration, with what went in and the session they belong to.
-- Answered calls come from the index on what they are sorted by, as many as there are on the pages up to this one; the
-- unanswered ones among them by time; what has no time, or no duration, comes last, the latest first. Where two are equal or unknown the id
-- decides, so that no call is on two pages or on none.
with answered as materialized (
    (
-- uses: tools.calls.answered
            and %(sort)s::text = 'when' and %(downwards)s::boolean and c.occurred_at is not null
        order by c.occurred_at desc, c.tool_event_id
        limit %(limit)s::bigint + %(offset)s::bigint
    )
    union all
    (
-- uses: tools.calls.answered
            and %(sort)s::text = 'when' and not %(downwards)s::boolean and c.occurred_at is not null
        order by c.occurred_at, c.tool_event_id
        limit %(limit)s::bigint + %(offset)s::bigint
    )
    union all
    (
-- uses: tools.calls.answered
            and %(sort)s::text = 'duration' and %(downwards)s::boolean and c.stored_duration_ms >= 0
        order by c.stored_duration_ms desc, c.occurred_at desc nulls last, c.tool_event_id
        limit %(limit)s::bigint + %(offset)s::bigint
    )
    union all
    (
-- uses: tools.calls.answered
            and %(sort)s::text = 'duration' and not %(downwards)s::boolean and c.stored_duration_ms >= 0
        order by c.stored_duration_ms, c.occurred_at desc nulls last, c.tool_event_id
        limit %(limit)s::bigint + %(offset)s::bigint
    )
),

-- Unanswered calls beyond the last of these are on none of these pages, and nothing without a value is, while those with
-- one fill them.
reach as materialized (
    select
        count(*) >= %(limit)s::bigint + %(offset)s::bigint as is_full,
        case when count(*) >= %(limit)s::bigint + %(offset)s::bigint then min(a.occurred_at) else '-infinity' end
            as first_at,
        case when count(*) >= %(limit)s::bigint + %(offset)s::bigint then max(a.occurred_at) else 'infinity' end
            as last_at
    from answered as a
),

found as (
    select * from answered
    union all
    (
-- uses: tools.calls.unanswered
            and %(sort)s::text = 'when' and %(downwards)s::boolean
            and c.occurred_at >= (select r.first_at from reach as r)
        order by c.occurred_at desc, c.tool_event_id
        limit %(limit)s::bigint + %(offset)s::bigint
    )
    union all
    (
-- uses: tools.calls.unanswered
            and %(sort)s::text = 'when' and not %(downwards)s::boolean
            and c.occurred_at <= (select r.last_at from reach as r)
        order by c.occurred_at, c.tool_event_id
        limit %(limit)s::bigint + %(offset)s::bigint
    )
    union all
    (
-- uses: tools.calls.answered
            and %(sort)s::text = 'duration' and c.duration_ms is null and c.occurred_at is not null
            and not (select r.is_full from reach as r)
        order by c.occurred_at desc, c.tool_event_id
        limit %(limit)s::bigint + %(offset)s::bigint
    )
    union all
    (
-- uses: tools.calls.unanswered
            and %(sort)s::text = 'duration' and not (select r.is_full from reach as r)
        order by c.occurred_at desc, c.tool_event_id
        limit %(limit)s::bigint + %(offset)s::bigint
    )
    union all
    (
        select
            c.tool_event_id, c.call_id, c.session_pk, c.tool_name, c.occurred_at, c.outcome, c.is_answered,
            c.duration_ms, c.error_message
        from analytics.tool_calls as c
        where
            (coalesce(%(untimed)s::boolean, false) or not (select r.is_full from reach as r))
            and (c.occurred_at is null or coalesce(%(untimed)s::boolean, false) and (
                c.occurred_at < '1970-01-02 00:00+00' or c.occurred_at >= '2200-12-31 00:00+00'))
            and (%(sort)s::text = 'when' or coalesce(%(untimed)s::boolean, false) or c.duration_ms is null)
            and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
            and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
            and (%(tool)s::text is null or c.tool_name = %(tool)s)
            and (
                %(project)s::text is null or c.session_pk in (
                    select s.session_pk from analytics.stg_chronicle__sessions as s where s.project_name = %(project)s
                )
            )
            and (
                %(outcome)s::text is null or coalesce(c.outcome, 'unknown') = %(outcome)s
                or %(outcome)s = 'timed' and c.duration_ms is not null
                or %(outcome)s = 'known' and c.outcome in ('succeeded', 'failed')
            )
            and (
                %(error_group)s::text is null
                or c.outcome = 'failed' and analytics.error_group(left(c.error_message, 500)) = %(error_group)s
            )
-- uses: tools.calls.in_order
        limit %(limit)s::bigint + %(offset)s::bigint
    )
),

chosen as (
    select c.*
    from found as c
-- uses: tools.calls.in_order
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
-- uses: tools.calls.asked
-- uses: tools.calls.in_order
