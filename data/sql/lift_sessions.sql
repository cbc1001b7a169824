-- name: read_coverage
-- From when to when there are sessions of lift-sys.
select
    (select min(s.created_at) from analytics.stg_lift__sessions as s
        where s.created_at >= '1970-01-02 00:00+00' and s.created_at < '2200-12-31 00:00+00') as first_at,
    (select max(s.created_at) from analytics.stg_lift__sessions as s
        where s.created_at >= '1970-01-02 00:00+00' and s.created_at < '2200-12-31 00:00+00') as last_at,
    exists (select from analytics.stg_lift__sessions) as holds_rows;

-- name: count_statuses
-- Sessions of a period and of the one before by status (null: none that reports know), with what their drafts cost.
with lift_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('lift_sessions', %(start)s, %(end)s) as w
    union all
    select false, w.*
    from analytics.rollup_windows('lift_sessions', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),

counted as (
    select
        w.is_current, r.status, s.sign * r.sessions as sessions, s.sign * r.cost_usd as cost_usd,
        s.sign * r.priced as priced, s.sign * r.drafts as drafts, s.sign * r.priced_drafts as priced_drafts
    from lift_windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    cross join lateral (
        select l.* from analytics.lift_session_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select w.is_current, f.status, 1, f.cost_usd, (f.cost_usd is not null)::integer, f.draft_count, f.priced_drafts
    from lift_windows as w
    cross join lateral (
        select l.* from analytics.lift_session_facts as l
        where l.occurred_at >= w.from_at and l.occurred_at < w.until_at
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select w.is_current, f.status, 1, f.cost_usd, (f.cost_usd is not null)::integer, f.draft_count, f.priced_drafts
    from lift_windows as w
    cross join analytics.lift_session_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
)

select
    case when status in ('active', 'finalized', 'abandoned', 'error') then status end as status,
    coalesce(sum(sessions) filter (where is_current), 0)::bigint as sessions,
    coalesce(sum(sessions) filter (where not is_current), 0)::bigint as previous_sessions,
    case when sum(priced) filter (where is_current) > 0 then sum(cost_usd) filter (where is_current) end as cost_usd,
    coalesce(sum(drafts) filter (where is_current), 0)::bigint as drafts,
    coalesce(sum(priced_drafts) filter (where is_current), 0)::bigint as priced_drafts
from counted
group by 1
having sum(sessions) filter (where is_current) <> 0 or sum(sessions) filter (where not is_current) <> 0
order by status;

-- name: list_sessions
-- Sessions of a period that fit, with what happened in them, the one that changed last first unless asked otherwise. The
-- status "stateless" takes those whose own is none that reports know.
select
    s.session_id, s.prompt, s.status, a.email as owner, s.owner_id, s.created_at, s.updated_at, s.duration_ms,
    s.revision_count, s.draft_count, s.hole_count, s.valid_drafts, s.checked_drafts, s.priced_drafts, s.cost_usd
from analytics.lift_session_summary as s
left join signalbox.addresses() as a on a.user_id = s.owner_id
where
    (%(start)s::timestamptz is null or s.created_at >= %(start)s)
    and (%(end)s::timestamptz is null or s.created_at < %(end)s)
    and (
        %(status)s::text is null or s.status = %(status)s
        or %(status)s = 'stateless' and (s.status is null or s.status not in ('active', 'finalized', 'abandoned', 'error'))
    )
    and (%(search)s::text is null or strpos(lower(coalesce(s.prompt, '')), lower(%(search)s)) > 0)
    and (not coalesce(%(unpriced)s::boolean, false) or s.draft_count > s.priced_drafts)
order by
    case when %(sort)s::text = 'revisions' then s.revision_count when %(sort)s = 'drafts' then s.draft_count
        when %(sort)s = 'holes' then s.hole_count end
    * case when coalesce(%(downwards)s::boolean, true) then -1 else 1 end nulls last,
    case when %(sort)s = 'cost' then s.cost_usd end
    * case when coalesce(%(downwards)s, true) then -1 else 1 end nulls last,
    case when coalesce(%(sort)s, 'when') = 'when' and not coalesce(%(downwards)s, true) then s.updated_at end,
    s.updated_at desc, s.session_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);

-- name: list_validation
-- How many drafts of a period parse, by model; rates are over the checked ones. Costs are of the priced ones. The median
-- is at most 1 per cent off.
with draft_windows as materialized (
    select w.*, case w.kind when 'removed' then -1 else 1 end as sign
    from analytics.rollup_windows('lift_drafts', %(start)s, %(end)s) as w
),

parts as materialized (
    select
        w.sign, r.model, w.sign * r.drafts as drafts, w.sign * r.syntax_checked as syntax_checked,
        w.sign * r.syntax_valid as syntax_valid, w.sign * r.ast_checked as ast_checked, w.sign * r.ast_valid as ast_valid,
        w.sign * r.priced as priced, w.sign * r.cost_usd as cost_usd, r.least_latency_ms, r.most_latency_ms,
        r.latency_keys, r.latency_counts
    from draft_windows as w
    cross join lateral (
        select l.* from analytics.lift_draft_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select
        1, f.model, 1, (f.syntax_valid is not null)::integer, coalesce(f.syntax_valid, false)::integer,
        (f.ast_valid is not null)::integer, coalesce(f.ast_valid, false)::integer, (f.cost_usd is not null)::integer,
        f.cost_usd, f.latency_ms, f.latency_ms, array[f.latency_key], array[1]
    from draft_windows as w
    cross join lateral (
        select l.* from analytics.lift_draft_facts as l
        where l.occurred_at >= w.from_at and l.occurred_at < w.until_at
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        1, f.model, 1, (f.syntax_valid is not null)::integer, coalesce(f.syntax_valid, false)::integer,
        (f.ast_valid is not null)::integer, coalesce(f.ast_valid, false)::integer, (f.cost_usd is not null)::integer,
        f.cost_usd, f.latency_ms, f.latency_ms, array[f.latency_key], array[1]
    from draft_windows as w
    cross join analytics.lift_draft_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
),

summed as (
    select
        model, sum(drafts)::bigint as drafts, sum(syntax_checked)::bigint as syntax_checked,
        sum(syntax_valid)::bigint as syntax_valid, sum(ast_checked)::bigint as ast_checked,
        sum(ast_valid)::bigint as ast_valid, sum(priced)::bigint as priced, sum(cost_usd) as cost_usd,
        min(least_latency_ms) filter (where sign > 0) as least_ms, max(most_latency_ms) filter (where sign > 0) as most_ms
    from parts
    group by model
    having sum(drafts) <> 0
),

histograms as (
    select c.model, array_agg(c.key order by c.key) as keys, array_agg(c.counted order by c.key) as counts
    from (
        select e.model, e.key, sum(e.counted)::bigint as counted
        from (
            select p.model, unnest(p.latency_keys) as key, p.sign * unnest(p.latency_counts) as counted from parts as p
        ) as e
        where e.key is not null
        group by e.model, e.key
        having sum(e.counted) <> 0
    ) as c
    group by c.model
)

select
    s.model, s.drafts, s.syntax_checked, s.syntax_valid, s.ast_checked, s.ast_valid, s.priced,
    case when s.priced > 0 then s.cost_usd end as cost_usd,
    analytics.histogram_percentile(h.keys, h.counts, 0.5, s.least_ms::float8, s.most_ms::float8) as latency_p50_ms
from summed as s
left join histograms as h on h.model = s.model
order by s.drafts desc, s.model;

-- name: read_session
-- One session of lift-sys with its present IR, how many rows belong to it, and which holes have been filled.
select
    s.session_id, s.prompt, s.status, a.email as owner, s.owner_id, s.created_at, s.updated_at, s.duration_ms,
    s.revision_count, s.draft_count, s.hole_count, s.priced_drafts, s.cost_usd, t.current_ir,
    array(
        select distinct h.hole_id from analytics.stg_lift__hole_resolutions as h where h.session_id = s.session_id
    ) as filled_holes,
    (select count(*) from analytics.stg_lift__session_revisions as r where r.session_id = s.session_id) as revisions,
    (select count(*) from analytics.stg_lift__hole_resolutions as h where h.session_id = s.session_id) as resolutions,
    d.drafts, d.unparsed_drafts, d.invalid_ast_drafts
from analytics.lift_session_summary as s
join analytics.stg_lift__sessions as t on t.session_id = s.session_id
left join signalbox.addresses() as a on a.user_id = s.owner_id
cross join lateral (
    select
        count(*) as drafts, count(*) filter (where not x.syntax_valid) as unparsed_drafts,
        count(*) filter (where x.syntax_valid is not false and not x.ast_valid) as invalid_ast_drafts
    from analytics.stg_lift__session_drafts as x
    where x.session_id = s.session_id
) as d
where s.session_id = %(session_id)s::uuid;

-- name: list_revisions
-- The revisions of one session, the newest first, without their contents.
select revision_number, change_summary, changed_by, created_at
from analytics.stg_lift__session_revisions
where session_id = %(session_id)s::uuid
order by revision_number desc nulls last, created_at desc, revision_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);

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
-- The drafts of one session, the newest first, with their code, validity and cost.
select
    draft_number, code, syntax_valid, ast_valid, model, input_tokens, output_tokens, cost_usd, latency_ms, created_at
from analytics.stg_lift__session_drafts
where session_id = %(session_id)s::uuid
order by draft_number desc nulls last, created_at desc, draft_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);

-- name: list_drafts_of_model
-- The drafts of one model in a period, the newest first: those that list_validation counts, or of them those whose syntax
-- or AST was checked, or that are priced.
select
    d.session_id, d.draft_number, d.syntax_valid, d.ast_valid, d.input_tokens, d.output_tokens, d.cost_usd, d.latency_ms,
    d.created_at
from analytics.stg_lift__session_drafts as d
where
    (%(start)s::timestamptz is null or d.created_at >= %(start)s)
    and (%(end)s::timestamptz is null or d.created_at < %(end)s)
    and coalesce(d.model, '(unknown model)') = %(model)s::text
    and case %(only)s::text
        when 'syntax' then d.syntax_valid is not null
        when 'ast' then d.ast_valid is not null
        when 'priced' then d.cost_usd is not null
        else true
    end
order by d.created_at desc nulls last, d.draft_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);

-- name: list_holes
-- What the holes of one session were filled with; the newest resolution of each counts.
select
    h.hole_id, h.hole_type, h.resolution, h.resolution_method, h.confidence, h.created_at,
    h.hole_id is null or row_number() over (partition by h.hole_id order by h.created_at desc, h.resolution_id) = 1 as counts
from analytics.stg_lift__hole_resolutions as h
where h.session_id = %(session_id)s::uuid
order by h.hole_id, h.created_at desc, h.resolution_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);
