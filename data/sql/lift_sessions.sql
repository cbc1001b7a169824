-- name: read_coverage
-- From when to when there are sessions of lift-sys.
select min(created_at) as first_at, max(created_at) as last_at, count(*) > 0 as holds_rows
from analytics.stg_lift__sessions;

-- name: count_statuses
-- Sessions of a period and of the one before by status, with what their drafts cost; a filter counts without itself.
select
    status,
    count(*) filter (where is_current) as sessions,
    count(*) filter (where not is_current) as previous_sessions,
    sum(cost_usd) filter (where is_current) as cost_usd,
    sum(draft_count) filter (where is_current) as drafts,
    sum(priced_drafts) filter (where is_current) as priced_drafts
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
group by status
order by status;

-- name: list_sessions
-- Sessions of a period that fit, with what happened in them, the one that changed last first unless asked otherwise.
select
    s.session_id, s.prompt, s.status, a.email as owner, s.owner_id, s.created_at, s.updated_at, s.duration_ms,
    s.revision_count, s.draft_count, s.hole_count, s.valid_drafts, s.checked_drafts, s.priced_drafts, s.cost_usd
from analytics.lift_session_summary as s
left join signalbox.addresses() as a on a.user_id = s.owner_id
where
    (%(start)s::timestamptz is null or s.created_at >= %(start)s)
    and (%(end)s::timestamptz is null or s.created_at < %(end)s)
    and (%(status)s::text is null or s.status = %(status)s)
    and (%(search)s::text is null or strpos(lower(coalesce(s.prompt, '')), lower(%(search)s)) > 0)
order by
    case when %(sort)s::text = 'revisions' then s.revision_count when %(sort)s = 'drafts' then s.draft_count
        when %(sort)s = 'holes' then s.hole_count end * case when %(downwards)s::boolean then -1 else 1 end nulls last,
    case when %(sort)s = 'cost' then s.cost_usd end * case when %(downwards)s then -1 else 1 end nulls last,
    case when %(sort)s = 'when' and not %(downwards)s then s.updated_at end,
    s.updated_at desc, s.session_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);

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

-- name: read_session
-- One session of lift-sys with its present IR.
select
    s.session_id, s.prompt, s.status, a.email as owner, s.owner_id, s.created_at, s.updated_at, s.duration_ms,
    s.revision_count, s.draft_count, s.hole_count, s.priced_drafts, s.cost_usd, t.current_ir
from analytics.lift_session_summary as s
join analytics.stg_lift__sessions as t on t.session_id = s.session_id
left join signalbox.addresses() as a on a.user_id = s.owner_id
where s.session_id = %(session_id)s::uuid;

-- name: list_revisions
-- The revisions of one session in order, without their contents.
select revision_number, change_summary, changed_by, created_at
from analytics.stg_lift__session_revisions
where session_id = %(session_id)s::uuid
order by revision_number;

-- name: compare_revisions
-- The IR of one revision of a session and of the one before it (null for the first).
select r.revision_number, r.ir_content, before.revision_number as previous_number, before.ir_content as previous_content
from analytics.stg_lift__session_revisions as r
left join lateral (
    select b.revision_number, b.ir_content
    from analytics.stg_lift__session_revisions as b
    where b.session_id = r.session_id and b.revision_number < r.revision_number
    order by b.revision_number desc
    limit 1
) as before on true
where r.session_id = %(session_id)s::uuid
    and r.revision_number = coalesce(%(revision)s::bigint, (
        select max(x.revision_number) from analytics.stg_lift__session_revisions as x
        where x.session_id = %(session_id)s::uuid
    ));

-- name: list_drafts
-- The drafts of one session in order, with their code, validity and cost.
select
    draft_number, code, syntax_valid, ast_valid, model, input_tokens, output_tokens, cost_usd, latency_ms, created_at
from analytics.stg_lift__session_drafts
where session_id = %(session_id)s::uuid
order by draft_number;

-- name: list_holes
-- What the holes of one session were filled with; the newest resolution of each counts.
select
    h.hole_id, h.hole_type, h.resolution, h.resolution_method, h.confidence, h.created_at,
    row_number() over (partition by h.hole_id order by h.created_at desc, h.resolution_id) = 1 as counts
from analytics.stg_lift__hole_resolutions as h
where h.session_id = %(session_id)s::uuid
order by h.hole_id, h.created_at desc, h.resolution_id;
