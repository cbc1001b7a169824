-- What does not parse has no tree to check: a draft is known to be not valid by either of the two, and was left out where
-- the other was unknown.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace view analytics.lift_session_summary with (security_invoker = true) as
select
    s.session_id, s.owner_id, s.prompt, s.status, s.created_at, s.updated_at,
    case when s.created_at > '-infinity' and s.created_at < '60000-01-01 00:00+00'
        and s.updated_at > '-infinity' and s.updated_at < '60000-01-01 00:00+00'
        then round(extract(epoch from s.updated_at - s.created_at) * 1000)::bigint end as duration_ms,
    s.revision_count, s.draft_count, s.hole_count,
    d.valid_drafts, d.checked_drafts, d.priced_drafts, d.cost_usd, d.input_tokens, d.output_tokens
from analytics.stg_lift__sessions as s
left join lateral (
    select
        count(*) filter (where r.syntax_valid and r.ast_valid) as valid_drafts,
        count(r.syntax_valid and r.ast_valid) as checked_drafts,
        count(r.cost_usd) as priced_drafts,
        sum(r.cost_usd) as cost_usd, sum(r.input_tokens) as input_tokens, sum(r.output_tokens) as output_tokens
    from analytics.stg_lift__session_drafts as r
    where r.session_id = s.session_id
) as d on true;
