-- The first prompt of a session is the one that its log tells first, also where prompts have no time or one and the same:
-- then their places in the log say which, as on the page of the session.
set lock_timeout = '4s';
set statement_timeout = '60s';

create function analytics.place_in_log(event_id uuid) returns bigint [] language sql stable set search_path = '' as $$
    select array[r.file_id, r.line, coalesce(r.place, 0), coalesce(r.part, 0)]
    from signalbox.import_records as r
    where r.event_id = place_in_log.event_id
    order by 1
    limit 1
$$;
comment on function analytics.place_in_log(uuid) is
'Where an imported event stands in the first log that tells of it: file, line, record, and how many of its events stand before it.';
revoke execute on function analytics.place_in_log(uuid) from public;
grant execute on function analytics.place_in_log(uuid) to authenticated, service_role;

create or replace view analytics.session_summary with (security_invoker = true) as
select
    s.session_pk,
    s.session_key,
    s.project_name,
    s.git_branch,
    s.status,
    s.started_at,
    s.ended_at,
    case when s.ended_at >= s.started_at and s.started_at >= '1970-01-02 00:00+00' and s.ended_at < '2200-12-31 00:00+00'
        then round(extract(epoch from s.ended_at - s.started_at) * 1000)::bigint end as duration_ms,
    p.prompts,
    f.first_prompt,
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
        min(q.occurred_at) as first_at
    from analytics.stg_chronicle__prompt_events as q
    where q.session_pk = s.session_pk
) as p on true
left join lateral (
    select left(q.prompt_text, 300) as first_prompt
    from analytics.stg_chronicle__prompt_events as q
    left join lateral (
        select e.event_id, e.recorded_at from analytics.stg_chronicle__events as e where e.event_id = q.event_id limit 1
    ) as e on true
    where q.session_pk = s.session_pk and q.occurred_at is not distinct from p.first_at
    order by case when count(*) over () > 1 then analytics.place_in_log(q.event_id) end, e.recorded_at, q.event_id, q.prompt_id
    limit 1
) as f on true
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
