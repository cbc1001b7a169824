-- What changed in a subject: slots to be counted anew, and rows that were added to others.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Each row with its slot.
create type analytics.changes as (slots integer [], added_slots integer [], added uuid []);
comment on type analytics.changes is
'Quarters of an hour whose rows changed, and rows that were added to others: added_slots has the slot of each of added.';

-- The slots of calls that are stored as unanswered and whose answers are among these rows.
create function analytics.slots_answered_by(added uuid []) returns setof integer
language sql stable rows 10
set search_path = ''
as $$
    select distinct asked.slot
    from (
        select t.call_id from analytics.stg_chronicle__tool_events as t
        where t.tool_event_id = any(added) and t.phase = 'post' and t.call_id is not null
    ) as answer
    cross join lateral (
        select t.session_pk, t.tool_name, case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', t.occurred_at) / 900)::integer else -2147483648 end as slot
        from analytics.stg_chronicle__tool_events as t
        where t.call_id = answer.call_id and t.phase = 'pre' and t.tool_event_id <> all(added)
        offset 0
    ) as asked
    left join analytics.stg_chronicle__sessions as s on s.session_pk = asked.session_pk
    cross join lateral (
        select r.unanswered from analytics.tool_rollup as r
        where r.level = 1 and r.is_by_project = (s.project_name is not null)
        and r.project_name = coalesce(s.project_name, '') and r.slot = asked.slot and r.tool_name = asked.tool_name
        offset 0
    ) as stored
    where stored.unanswered > 0
$$;
revoke execute on function analytics.slots_answered_by(uuid []) from public;
grant execute on function analytics.slots_answered_by(uuid []) to authenticated, service_role;

-- Of what the log says of a source (`slots` without named rows, `links`, and rows by their slots) what changed: rows
-- count as added where nothing else happened in their slot.
create function analytics.resolve_changes(
    source smallint, slots integer [], links uuid [], added_slots integer [], added uuid [], is_answering boolean
) returns analytics.changes
language plpgsql stable
set search_path = ''
as $$
declare
    found analytics.changes;
begin
    found.slots := slots || array(
        select analytics.linked_slots(source, links, case when is_answering then slots end)
    );
    if added is null then
        return found;
    end if;
    -- Many rows in one slot are counted with their slot at once, and so are those without a time.
    found.slots := found.slots || array(
        select u.slot from unnest(added_slots, added) as u (slot, id)
        group by u.slot
        having count(distinct u.id) > 100 or u.slot = -2147483648
    );
    if source = 3 and is_answering then
        found.slots := found.slots || array(select analytics.slots_answered_by(added));
    end if;
    select array_agg(u.slot), array_agg(u.id) into found.added_slots, found.added
    from (
        select distinct a.slot, a.id from unnest(resolve_changes.added_slots, resolve_changes.added) as a (slot, id)
    ) as u
    where u.slot <> all(found.slots);
    return found;
end
$$;
revoke execute on function analytics.resolve_changes(
    smallint, integer [], uuid [], integer [], uuid [], boolean
) from public;
grant execute on function analytics.resolve_changes(
    smallint, integer [], uuid [], integer [], uuid [], boolean
) to authenticated, service_role;

-- What the log says of a subject now. Where only rows without a time are asked for, no answers are looked up while no
-- such call is stored as unanswered.
create function analytics.changes_of(subject text, is_untimed boolean default false) returns analytics.changes
language plpgsql stable
set search_path = ''
as $$
declare
    logged smallint;
    slots integer[];
    links uuid[];
    added_slots integer[];
    added uuid[];
begin
    select s.source into logged from signalbox.rollup_state as s where s.subject = changes_of.subject;
    select
        coalesce(array_agg(distinct l.slot) filter (where l.added is null), '{}')
    into slots
    from signalbox.change_log as l where l.source = logged and l.slot < 2147483647;
    select array_agg(l.slot), array_agg(a.id) into added_slots, added
    from signalbox.change_log as l
    cross join lateral unnest(l.added) as a (id)
    where l.source = logged and l.added is not null;
    select array_agg(distinct k.link) into links from signalbox.change_links as k where k.source = logged;
    return analytics.resolve_changes(
        logged, slots, links, added_slots, added,
        not is_untimed or exists (
            select from analytics.tool_rollup as t
            where t.level = 1 and not t.is_by_project and t.project_name = '' and t.slot = -2147483648 and t.unanswered > 0
        )
    );
end
$$;
revoke execute on function analytics.changes_of(text, boolean) from public;
grant execute on function analytics.changes_of(text, boolean) to authenticated, service_role;
