-- name: count_facets
-- How many sessions of the period each value of project, status and model has, with the other filters applied.
with session_windows as materialized (
    select w.*, case w.kind when 'removed' then -1 else 1 end as sign
    from analytics.rollup_windows('sessions', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
),

live as materialized (
    select s.session_pk, s.project_name, s.status
    from session_windows as w
    cross join lateral (
        select l.session_pk, l.project_name, l.status from analytics.stg_chronicle__sessions as l
        where l.started_at >= w.from_at and l.started_at < w.until_at
        offset 0
    ) as s
    where w.kind = 'live'
    union all
    select s.session_pk, s.project_name, s.status
    from session_windows as w
    cross join analytics.stg_chronicle__sessions as s
    where
        w.kind = 'untimed'
        and (s.started_at is null or s.started_at = '-infinity' or s.started_at >= '60000-01-01 00:00+00')
),

by_model as materialized (
    select r.project_name, r.status, r.model, w.sign * r.sessions as sessions
    from session_windows as w
    cross join lateral (
        select l.* from analytics.session_model_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select s.project_name, s.status, r.model, 1
    from live as s
    cross join lateral (
        select distinct m.model from signalbox.model_replies as m where m.session_id = s.session_pk
    ) as r
),

-- With the filter on models, if there is one.
counted as (
    select r.project_name, r.status, w.sign * r.sessions as sessions
    from session_windows as w
    cross join lateral (
        select l.* from analytics.session_rollup as l
        where %(model)s::text is null and l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select s.project_name, s.status, 1 from live as s where %(model)s::text is null
    union all
    select m.project_name, m.status, m.sessions from by_model as m where m.model = %(model)s
)

select 'project' as filter, c.project_name as value, sum(c.sessions)::bigint as sessions
from counted as c
where %(status)s::text is null or c.status = %(status)s
group by c.project_name
having sum(c.sessions) <> 0
union all
select 'status', c.status, sum(c.sessions)::bigint
from counted as c
where %(project)s::text is null or c.project_name = %(project)s
group by c.status
having sum(c.sessions) <> 0
union all
select 'model', m.model, sum(m.sessions)::bigint
from by_model as m
where
    m.model <> '<synthetic>'
    and (%(project)s::text is null or m.project_name = %(project)s)
    and (%(status)s::text is null or m.status = %(status)s)
group by m.model
having sum(m.sessions) <> 0
order by 1, 3 desc, 2;

-- name: count_has
-- In how many sessions of the period, with the other filters applied, something happened that one may look for: looked
-- up session by session, for no sums are kept of it.
with chosen as materialized (
    select s.session_pk
    from analytics.stg_chronicle__sessions as s
    where
        (%(start)s::timestamptz is null or s.started_at >= %(start)s)
        and (%(end)s::timestamptz is null or s.started_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or s.started_at is null)
        and (%(project)s::text is null or s.project_name = %(project)s)
        and (%(status)s::text is null or s.status = %(status)s)
        and (
            %(model)s::text is null
            or (
                select true from signalbox.model_replies as r
                where r.session_id = s.session_pk and r.model = %(model)s limit 1
            )
        )
),

held as (
    select
        exists (
            select from analytics.stg_chronicle__tool_events as t
            where
                t.session_pk = c.session_pk and t.phase = 'post' and not t.success
                and not analytics.is_refusal(t.error_message)
        ) as has_errors,
        exists (
            select from analytics.stg_chronicle__tool_events as t
            where
                t.session_pk = c.session_pk and t.phase = 'post' and not t.success
                and analytics.is_refusal(t.error_message)
        ) as has_refusals,
        exists (
            select from analytics.stg_chronicle__notification_events as n
            where n.session_pk = c.session_pk and not n.is_acknowledged
        ) as has_notifications,
        exists (
            select from analytics.stg_chronicle__events as e
            where e.session_pk = c.session_pk and e.event_type = 'compact_pre'
        ) as has_compactions,
        exists (
            select from analytics.stg_chronicle__events as e
            where e.session_pk = c.session_pk and e.metadata ? 'agent_id'
        ) as has_subagents
    from chosen as c
)

select h.value, count(*) as sessions
from held
cross join lateral (
    values
    ('errors', has_errors), ('refusals', has_refusals), ('notifications', has_notifications),
    ('compactions', has_compactions), ('subagents', has_subagents)
) as h (value, holds)
where h.holds
group by h.value;

-- name: count_started
-- Sessions per slice of the period by status, and those of the period before (bucket null), with the same filters.
-- `coarsest` is the widest stored row that fits into a slice.
with session_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sessions', %(start)s, %(end)s, %(untimed)s, %(coarsest)s) as w
    union all
    select false, w.*
    from analytics.rollup_windows('sessions', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),

counted as (
    select
        w.is_current, case when r.slot > -2147483648 then to_timestamp(r.slot * 900::float8) end as occurred_at, r.status,
        case w.kind when 'removed' then -1 else 1 end * r.sessions as sessions
    from session_windows as w
    cross join lateral (
        select l.slot, l.status, l.sessions, l.project_name from analytics.session_rollup as l
        where %(model)s::text is null and l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        union all
        select l.slot, l.status, l.sessions, l.project_name from analytics.session_model_rollup as l
        where l.model = %(model)s and l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where
        w.kind in ('stored', 'removed')
        and (%(project)s::text is null or r.project_name = %(project)s)
    union all
    select w.is_current, s.started_at, s.status, 1
    from session_windows as w
    cross join lateral (
        select l.session_pk, l.started_at, l.status, l.project_name from analytics.stg_chronicle__sessions as l
        where l.started_at >= w.from_at and l.started_at < w.until_at
        offset 0
    ) as s
    where
        w.kind = 'live'
        and (%(project)s::text is null or s.project_name = %(project)s)
        and (
            %(model)s::text is null
            or (
                select true from signalbox.model_replies as m
                where m.session_id = s.session_pk and m.model = %(model)s limit 1
            )
        )
    union all
    select w.is_current, null, s.status, 1
    from session_windows as w
    cross join analytics.stg_chronicle__sessions as s
    where
        w.kind = 'untimed'
        and (s.started_at is null or s.started_at = '-infinity' or s.started_at >= '60000-01-01 00:00+00')
        and (%(project)s::text is null or s.project_name = %(project)s)
        and (
            %(model)s::text is null
            or (
                select true from signalbox.model_replies as m
                where m.session_id = s.session_pk and m.model = %(model)s limit 1
            )
        )
)

select
    is_current,
    case when is_current then date_trunc(%(bucket)s::text, occurred_at, %(zone)s::text) end as bucket,
    status,
    sum(sessions)::bigint as sessions
from counted
where %(status)s::text is null or status = %(status)s
group by 1, 2, 3
having sum(sessions) <> 0;

-- name: list_page
-- Sessions inside the filters with what happened in them and what they cost, one page of them. What it is sorted by
-- decides whether the page can be picked before anything is counted.
with chosen as (
    select
        s.session_pk,
        s.started_at,
        case when s.started_at > '-infinity' and s.started_at < '60000-01-01 00:00+00'
            and s.ended_at > '-infinity' and s.ended_at < '60000-01-01 00:00+00'
            then extract(epoch from s.ended_at - s.started_at) end as lasted_s,
        count(*) over () as sessions_in_all
    from analytics.stg_chronicle__sessions as s
    where
        (%(start)s::timestamptz is null or s.started_at >= %(start)s)
        and (%(end)s::timestamptz is null or s.started_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or s.started_at is null)
        and (%(project)s::text is null or s.project_name = %(project)s)
        and (%(status)s::text is null or s.status = %(status)s)
        and (
            %(model)s::text is null
            or s.session_pk in (select r.session_pk from analytics.reply_costs as r where r.model = %(model)s)
        )
        and (%(has)s::text is null or s.session_pk in (select w.session_pk from analytics.sessions_with(%(has)s) as w))
        and (
            %(search)s::text is null
            or s.session_pk in (select f.session_pk from analytics.sessions_saying(%(search)s) as f)
        )
),

picked as (
    select session_pk, sessions_in_all
    from chosen
    order by
        case when %(downwards)s::boolean then
            case %(sort)s::text when 'duration' then lasted_s else extract(epoch from started_at) end
        end desc nulls last,
        case when not %(downwards)s::boolean then
            case %(sort)s::text when 'duration' then lasted_s else extract(epoch from started_at) end
        end asc nulls last,
        session_pk
    limit case when %(sort)s::text in ('when', 'duration') then %(most)s::bigint end
    offset case when %(sort)s::text in ('when', 'duration') then %(skipped)s::bigint end
)

select
    s.session_pk::text as session_pk,
    s.session_key,
    s.started_at,
    s.ended_at,
    s.duration_ms,
    s.project_name,
    s.git_branch,
    s.status,
    s.prompts,
    s.first_prompt,
    s.calls,
    s.failed_calls,
    s.refused_calls,
    s.known_calls,
    s.open_notifications,
    s.cost_usd,
    s.cost_basis,
    s.tokens,
    p.sessions_in_all
from picked as p
inner join analytics.session_summary as s on s.session_pk = p.session_pk
order by
    case when %(downwards)s::boolean then case %(sort)s::text
        when 'duration' then s.duration_ms when 'calls' then s.calls when 'errors' then s.failed_calls
        when 'prompts' then s.prompts when 'cost' then s.cost_usd
        else extract(epoch from s.started_at) end end desc nulls last,
    case when not %(downwards)s::boolean then case %(sort)s::text
        when 'duration' then s.duration_ms when 'calls' then s.calls when 'errors' then s.failed_calls
        when 'prompts' then s.prompts when 'cost' then s.cost_usd
        else extract(epoch from s.started_at) end end asc nulls last,
    s.session_pk
limit %(most)s
offset case when %(sort)s::text in ('when', 'duration') then 0 else %(skipped)s::bigint end;

-- name: export_sessions
-- Sessions inside the filters with what happened in them and what they cost, newest first. What happened in those
-- that began before rows were dropped is not known.
select
    s.session_key as session_id,
    s.started_at,
    s.ended_at,
    s.duration_ms,
    s.project_name as project,
    s.git_branch as branch,
    s.status,
    case when k.is_known then s.prompts end as prompts,
    s.first_prompt,
    case when k.is_known then s.calls end as calls,
    case when k.is_known then s.failed_calls end as failed_calls,
    case when k.is_known then s.refused_calls end as refused_calls,
    case when k.is_known then s.known_calls end as known_calls,
    case when k.is_known then s.open_notifications end as open_notifications,
    s.cost_usd,
    s.cost_basis,
    s.tokens
from analytics.session_summary as s
cross join lateral (
    select not exists (
        select from signalbox.retention as r where r.dropped_from is not null and s.started_at < r.raw_from
    ) as is_known
) as k
where
    (%(start)s::timestamptz is null or s.started_at >= %(start)s)
    and (%(end)s::timestamptz is null or s.started_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or s.started_at is null)
    and (%(project)s::text is null or s.project_name = %(project)s)
    and (%(status)s::text is null or s.status = %(status)s)
    and (
        %(model)s::text is null
        or s.session_pk in (select r.session_pk from analytics.reply_costs as r where r.model = %(model)s)
    )
    and (%(has)s::text is null or s.session_pk in (select w.session_pk from analytics.sessions_with(%(has)s) as w))
    and (
        %(search)s::text is null
        or s.session_pk in (select f.session_pk from analytics.sessions_saying(%(search)s) as f)
    )
order by s.started_at desc nulls last, s.session_pk;
