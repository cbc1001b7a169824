-- name: count_statuses
-- Sessions whose prompts hold some words or that are not priced in full, as lift_sessions.count_statuses counts all of them, read from the table.
select
    case when status in ('active', 'finalized', 'abandoned', 'error') then status end as status,
    count(*) filter (where is_current) as sessions,
    count(*) filter (where not is_current) as previous_sessions,
    sum(cost_usd) filter (where is_current) as cost_usd,
    coalesce(sum(draft_count) filter (where is_current), 0)::bigint as drafts,
    coalesce(sum(priced_drafts) filter (where is_current), 0)::bigint as priced_drafts
from (
    select
        s.status, s.cost_usd, s.draft_count, s.priced_drafts,
        (%(start)s::timestamptz is null or s.created_at >= %(start)s)
        and (%(end)s::timestamptz is null or s.created_at < %(end)s) as is_current
    from analytics.lift_session_summary as s
    where
        (
            (%(start)s::timestamptz is null or s.created_at >= %(start)s)
            and (%(end)s::timestamptz is null or s.created_at < %(end)s)
            or s.created_at >= %(previous_start)s::timestamptz and s.created_at < %(previous_end)s::timestamptz
        )
        and (%(search)s::text is null or strpos(lower(coalesce(s.prompt, '')), lower(%(search)s)) > 0)
        and (not coalesce(%(unpriced)s::boolean, false) or s.draft_count > s.priced_drafts)
) as counted
group by 1
order by 1;
