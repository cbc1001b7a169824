-- Between the year 60000 and the oldest time there is, two times differ by no more than an interval holds: a session or
-- a job with other times lasted nobody knows how long, closes no page and stops no refresh.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- With the ids of their rows, by which those that were added are counted.
create or replace view analytics.job_facts with (security_invoker = true) as
select
    j.counted_at as occurred_at, j.agent, j.status, r.run_us, w.wait_us,
    case
        when r.run_us > 0 then ceil(ln(r.run_us::float8) / 0.019802627296179713)::integer
        when r.run_us = 0 then -5000
        when r.run_us < 0 then -10000 - ceil(ln(-r.run_us::float8) / 0.019802627296179713)::integer
    end as run_key,
    case
        when w.wait_us > 0 then ceil(ln(w.wait_us::float8) / 0.019802627296179713)::integer
        when w.wait_us = 0 then -5000
        when w.wait_us < 0 then -10000 - ceil(ln(-w.wait_us::float8) / 0.019802627296179713)::integer
    end as wait_key,
    j.job_id
from analytics.stg_agents__jobs as j
cross join lateral (
    select case when j.status = 'completed'
        and j.completed_at > '-infinity' and j.completed_at < '60000-01-01 00:00+00'
        and j.started_at > '-infinity' and j.started_at < '60000-01-01 00:00+00'
        then (extract(epoch from j.completed_at - j.started_at) * 1000000)::bigint end as run_us
) as r
cross join lateral (
    select case when j.started_at > '-infinity' and j.started_at < '60000-01-01 00:00+00'
        and j.created_at > '-infinity' and j.created_at < '60000-01-01 00:00+00'
        then (extract(epoch from j.started_at - j.created_at) * 1000000)::bigint end as wait_us
) as w;

create or replace view analytics.session_summary with (security_invoker = true) as
select
    s.session_pk,
    s.session_key,
    s.project_name,
    s.git_branch,
    s.status,
    s.started_at,
    s.ended_at,
    case when s.started_at > '-infinity' and s.started_at < '60000-01-01 00:00+00'
        and s.ended_at > '-infinity' and s.ended_at < '60000-01-01 00:00+00'
        then round(extract(epoch from s.ended_at - s.started_at) * 1000)::bigint end as duration_ms,
    p.prompts,
    p.first_prompt,
    t.calls,
    t.failed_calls,
    t.refused_calls,
    t.known_calls,
    n.open_notifications,
    k.cost_usd,
    k.cost_basis,
    k.tokens
from analytics.stg_chronicle__sessions as s
left join lateral (
    select
        count(*) as prompts,
        (array_agg(left(q.prompt_text, 300) order by q.occurred_at, q.prompt_id))[1] as first_prompt
    from analytics.stg_chronicle__prompt_events as q
    where q.session_pk = s.session_pk
) as p on true
left join lateral (
    select
        count(*) as calls,
        count(*) filter (where c.outcome = 'failed') as failed_calls,
        count(*) filter (where c.outcome = 'refused') as refused_calls,
        count(*) filter (where c.outcome in ('succeeded', 'failed')) as known_calls
    from analytics.tool_calls as c
    where c.session_pk = s.session_pk
) as t on true
left join lateral (
    select count(*) as open_notifications
    from analytics.stg_chronicle__notification_events as m
    where m.session_pk = s.session_pk and not m.is_acknowledged
) as n on true
left join lateral (
    select c.cost_usd, c.cost_basis, c.tokens from analytics.session_costs as c where c.session_pk = s.session_pk
) as k on true;

create or replace view analytics.job_stats with (security_invoker = true) as
select
    count(*) as total_jobs,
    count(*) filter (where status = 'pending') as pending_jobs,
    count(*) filter (where status = 'running') as running_jobs,
    count(*) filter (where status = 'completed') as completed_jobs,
    count(*) filter (where status = 'failed') as failed_jobs,
    count(*) filter (where status = 'cancelled') as cancelled_jobs,
    avg(
        case when started_at > '-infinity' and started_at < '60000-01-01 00:00+00'
            and completed_at > '-infinity' and completed_at < '60000-01-01 00:00+00'
            then extract(epoch from (completed_at - started_at)) end
    ) filter (where status = 'completed') as avg_processing_time
from analytics.stg_agents__jobs;

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
        count(*) filter (where r.syntax_valid is not null and r.ast_valid is not null) as checked_drafts,
        count(r.cost_usd) as priced_drafts,
        sum(r.cost_usd) as cost_usd, sum(r.input_tokens) as input_tokens, sum(r.output_tokens) as output_tokens
    from analytics.stg_lift__session_drafts as r
    where r.session_id = s.session_id
) as d on true;
