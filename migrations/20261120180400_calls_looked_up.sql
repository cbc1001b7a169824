-- Calls in a quarter of an hour, and whether they are answered, are found by their indexes, however many there are.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before, but both phases are read at once, and with an offset of nothing each call's answer is looked up: joined,
-- the planner would read all answers there are for each window.
create or replace view analytics.tool_facts with (security_invoker = true) as
select
    t.occurred_at,
    t.tool_name,
    t.tool_type,
    s.project_name,
    case when t.phase <> 'post' or t.success is null then null
        when t.success then 'succeeded'
        when analytics.is_refusal(t.error_message) then 'refused' else 'failed' end as outcome,
    t.phase = 'post' as is_answered,
    d.duration_ms,
    case
        when d.duration_ms > 0 then ceil(ln(d.duration_ms::float8) / 0.019802627296179713)::integer
        when d.duration_ms = 0 then -5000
        when d.duration_ms < 0 then -10000 - ceil(ln(-d.duration_ms::float8) / 0.019802627296179713)::integer
    end as duration_key
from analytics.stg_chronicle__tool_events as t
cross join lateral (select case when t.phase = 'post' then t.duration_ms end as duration_ms) as d
left join analytics.stg_chronicle__sessions as s on s.session_pk = t.session_pk
where
    t.phase = 'post'
    or t.phase = 'pre' and not exists (
        select from analytics.stg_chronicle__tool_events as answer
        where answer.call_id = t.call_id and answer.phase = 'post'
        offset 0
    );

-- As before, but of the answers in changed slots only those are looked up whose call is not in the same slot, which are
-- few; and with the events that calls belong to and the sessions that drafts belong to.
create or replace function analytics.linked_slots(source smallint, links uuid[], slots integer[]) returns setof integer
language sql stable rows 10
set search_path = ''
as $$
    select distinct case when c.occurred_at > '-infinity' and c.occurred_at < '60000-01-01 00:00+00'
        then floor(date_part('epoch', c.occurred_at) / 900)::integer else -2147483648 end
    from (
        select s.started_at as occurred_at from analytics.stg_chronicle__sessions as s
        where source = 1 and s.session_pk = any(links)
        union all
        select t.occurred_at from analytics.stg_chronicle__tool_events as t
        where source = 3 and t.session_pk = any(links)
        union all
        select t.occurred_at from analytics.stg_chronicle__tool_events as t
        where source = 3 and t.call_id = any(links)
        union all
        select t.occurred_at from analytics.stg_chronicle__tool_events as t
        where source = 3 and t.event_id = any(links)
        union all
        select l.created_at from analytics.stg_lift__sessions as l
        where source = 20 and l.session_id = any(links)
        union all
        select asked.occurred_at
        from unnest(slots) as u (slot)
        cross join lateral (
            select t.call_id from analytics.stg_chronicle__tool_events as t
            where t.call_id is not null
            and t.occurred_at >= analytics.slot_start(u.slot) and t.occurred_at < analytics.slot_start(u.slot + 1)
            group by t.call_id
            having bool_and(t.phase = 'post')
            offset 0
        ) as answer
        cross join lateral (
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where t.call_id = answer.call_id and t.phase = 'pre'
            offset 0
        ) as asked
        where source = 3 and u.slot > -2147483648
        union all
        select asked.occurred_at
        from analytics.stg_chronicle__tool_events as answer
        cross join lateral (
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where t.call_id = answer.call_id and t.phase = 'pre'
            offset 0
        ) as asked
        where source = 3 and -2147483648 = any(slots) and answer.phase = 'post' and answer.call_id is not null
        and (
            answer.occurred_at is null or answer.occurred_at = '-infinity' or answer.occurred_at >= '60000-01-01 00:00+00'
        )
    ) as c
$$;
