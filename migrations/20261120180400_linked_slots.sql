-- Which other quarters of an hour a change concerns is found out quickly, and only asked where there may be any.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before, but of the answers in changed slots only those are looked up whose call is not in the same slot, which are
-- few, and with the plans of earlier calls; and with the events that calls belong to and the sessions that drafts
-- belong to. A slot may come more than once.
create or replace function analytics.linked_slots(source smallint, links uuid[], slots integer[]) returns setof integer
language plpgsql stable rows 10
set search_path = ''
as $$
begin
    if linked_slots.links is not null then
        return query
        select distinct case when c.occurred_at > '-infinity' and c.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', c.occurred_at) / 900)::integer else -2147483648 end
        from (
            select s.started_at as occurred_at from analytics.stg_chronicle__sessions as s
            where linked_slots.source = 1 and s.session_pk = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.session_pk = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.call_id = any(linked_slots.links)
            union all
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where linked_slots.source = 3 and t.event_id = any(linked_slots.links)
            union all
            select l.created_at from analytics.stg_lift__sessions as l
            where linked_slots.source = 20 and l.session_id = any(linked_slots.links)
        ) as c;
    end if;
    if linked_slots.source <> 3 or linked_slots.slots is null then
        return;
    end if;

    return query
    select distinct case when asked.occurred_at > '-infinity' and asked.occurred_at < '60000-01-01 00:00+00'
        then floor(date_part('epoch', asked.occurred_at) / 900)::integer else -2147483648 end
    from unnest(linked_slots.slots) as u (slot)
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
    where u.slot > -2147483648;
    if -2147483648 = any(linked_slots.slots) then
        return query
        select distinct case when asked.occurred_at > '-infinity' and asked.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', asked.occurred_at) / 900)::integer else -2147483648 end
        from analytics.stg_chronicle__tool_events as answer
        cross join lateral (
            select t.occurred_at from analytics.stg_chronicle__tool_events as t
            where t.call_id = answer.call_id and t.phase = 'pre'
            offset 0
        ) as asked
        where answer.phase = 'post' and answer.call_id is not null
        and (
            answer.occurred_at is null or answer.occurred_at = '-infinity' or answer.occurred_at >= '60000-01-01 00:00+00'
        );
    end if;
end
$$;
