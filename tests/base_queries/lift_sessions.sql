-- name: count_statuses
-- Sessions of a period and of the one before by status, with what their drafts cost; a filter counts without itself.
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
) as counted
group by 1
order by 1;

-- name: list_validation
-- How many drafts of a period parse, by model; rates are over the checked ones. Costs are of the priced ones.
select
    coalesce(d.model, '(unknown model)') as model,
    count(*) as drafts,
    count(d.syntax_valid) as syntax_checked, count(*) filter (where d.syntax_valid) as syntax_valid,
    count(d.ast_valid) as ast_checked, count(*) filter (where d.ast_valid) as ast_valid,
    count(d.cost_usd) as priced, sum(d.cost_usd) as cost_usd,
    percentile_cont(0.5) within group (order by d.latency_ms) as latency_p50_ms
from analytics.stg_lift__session_drafts as d
where
    (%(start)s::timestamptz is null or d.created_at >= %(start)s)
    and (%(end)s::timestamptz is null or d.created_at < %(end)s)
group by 1
order by drafts desc, model;
