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
