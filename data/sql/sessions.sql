-- name: count_facets
-- How many sessions of the period and search each value of each filter has, with the other filters applied.
with chosen as materialized (
    select s.session_pk, s.project_name, s.status
    from analytics.stg_chronicle__sessions as s
    where
        (%(start)s::timestamptz is null or s.started_at >= %(start)s)
        and (%(end)s::timestamptz is null or s.started_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or s.started_at is null)
        and (
            %(search)s::text is null
            or s.session_pk in (select f.session_pk from analytics.sessions_saying(%(search)s) as f)
        )
),

found as (
    select
        s.session_pk,
        s.project_name,
        s.status,
        coalesce(s.project_name = %(project)s, true) as fits_project,
        coalesce(s.status = %(status)s, true) as fits_status,
        t.has_errors,
        t.has_refusals,
        n.has_notifications,
        e.has_compactions,
        e.has_subagents,
        m.models,
        coalesce(%(model)s::text = any(m.models), %(model)s::text is null) as fits_model,
        coalesce(
            case %(has)s::text
                when 'errors' then t.has_errors
                when 'refusals' then t.has_refusals
                when 'notifications' then n.has_notifications
                when 'compactions' then e.has_compactions
                when 'subagents' then e.has_subagents
            end, %(has)s::text is null
        ) as fits_has
    from chosen as s
    left join (
        select
            session_pk,
            bool_or(outcome = 'failed') as has_errors,
            bool_or(outcome = 'refused') as has_refusals
        from analytics.tool_calls
        where outcome in ('failed', 'refused') and session_pk in (select session_pk from chosen)
        group by session_pk
    ) as t on t.session_pk = s.session_pk
    left join (
        select session_pk, true as has_notifications
        from analytics.stg_chronicle__notification_events
        where not is_acknowledged and session_pk in (select session_pk from chosen)
        group by session_pk
    ) as n on n.session_pk = s.session_pk
    left join (
        select
            session_pk,
            bool_or(event_type = 'compact_pre') as has_compactions,
            bool_or(metadata ? 'agent_id') as has_subagents
        from analytics.stg_chronicle__events
        where (event_type = 'compact_pre' or metadata ? 'agent_id') and session_pk in (select session_pk from chosen)
        group by session_pk
    ) as e on e.session_pk = s.session_pk
    left join (
        select session_pk, array_agg(distinct model) as models
        from analytics.reply_costs
        where model <> '<synthetic>' and session_pk in (select session_pk from chosen)
        group by session_pk
    ) as m on m.session_pk = s.session_pk
)

select 'project' as filter, project_name as value, count(*) as sessions
from found where fits_status and fits_model and fits_has group by project_name
union all
select 'status', status, count(*)
from found where fits_project and fits_model and fits_has group by status
union all
select 'model', m.model, count(*)
from found cross join lateral unnest(models) as m (model)
where fits_project and fits_status and fits_has group by m.model
union all
select 'has', h.value, count(*)
from found
cross join lateral (
    values
    ('errors', has_errors), ('refusals', has_refusals), ('notifications', has_notifications),
    ('compactions', has_compactions), ('subagents', has_subagents)
) as h (value, holds)
where h.holds and fits_project and fits_status and fits_model
group by h.value
order by 1, 3 desc, 2;

-- name: count_started
-- Sessions per slice of the period by status, and those of the period before (bucket null), with the same filters.
select
    not b.is_before as is_current,
    case when b.is_before then null
        else date_trunc(%(bucket)s::text, s.started_at, %(zone)s::text) end as bucket,
    s.status,
    count(*) as sessions
from analytics.stg_chronicle__sessions as s
cross join lateral (
    select coalesce(s.started_at < %(start)s::timestamptz, false) as is_before
) as b
where
    (%(previous_start)s::timestamptz is null or s.started_at >= %(previous_start)s)
    and (%(end)s::timestamptz is null or s.started_at < %(end)s)
    and (
        %(start)s::timestamptz is null
        or s.started_at >= %(start)s
        or s.started_at < %(previous_end)s::timestamptz
    )
    and (not %(untimed)s::boolean or s.started_at is null)
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
group by 1, 2, 3;

-- name: list_page
-- Sessions inside the filters with what happened in them and what they cost, one page of them. What it is sorted by
-- decides whether the page can be picked before anything is counted.
with chosen as (
    select
        s.session_pk,
        s.started_at,
        extract(epoch from s.ended_at - s.started_at) as lasted_s,
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
