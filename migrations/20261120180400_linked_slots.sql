-- Whether answers in changed quarters of an hour belong to calls in others is found out quickly.
set lock_timeout = '4s';
set statement_timeout = '60s';

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
