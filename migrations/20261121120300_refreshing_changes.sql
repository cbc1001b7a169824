-- Refreshing and dropping: what rows came and went is taken out of the log as slots are stored.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Which agent an event names: a run of a subagent by agent_id, and the name that is known without asking for the type of
-- that run.
create view analytics.event_agents with (security_invoker = true) as
select
    e.event_id,
    e.metadata ->> 'agent_id' as agent_id,
    e.metadata ->> 'agent_type' as agent_type,
    case
        when e.metadata ->> 'agent_type' is not null then e.metadata ->> 'agent_type'
        when e.metadata ->> 'agent_id' is not null then null
        when e.metadata ?| array['agent_id', 'sidechain'] then 'unknown'
        else e.source_app
    end as name
from analytics.stg_chronicle__events as e;
comment on view analytics.event_agents is 'The agents that events of sessions name. One row per event.';
grant select on analytics.event_agents to authenticated, service_role;

create or replace view analytics.agent_call_facts with (security_invoker = true) as
select
    c.occurred_at,
    c.session_pk,
    e.agent_id,
    e.agent_type,
    e.name,
    coalesce(c.success, false) as is_success,
    coalesce(not c.success and not analytics.is_refusal(c.error_message), false) as is_failure,
    c.tool_event_id
from analytics.stg_chronicle__tool_events as c
inner join analytics.event_agents as e on e.event_id = c.event_id
where c.phase = 'post';

-- squawk-ignore ban-drop-function
drop function signalbox.take_marks(smallint, integer [], integer, integer);
-- Takes marks out of the log and adds them to the totals, so that versions stay what they are.
-- Those of single slots, or with lo <= slot < hi; nulls leave that open.
create function signalbox.take_marks(
    source smallint, slots integer [] default null, lo integer default null, hi integer default null
) returns void
language sql
set search_path = ''
as $$
    with taken as (
        delete from signalbox.change_log as l
        where l.source = take_marks.source and (take_marks.slots is null or l.slot = any(take_marks.slots))
        and (take_marks.lo is null or l.slot >= take_marks.lo) and (take_marks.hi is null or l.slot < take_marks.hi)
        returning l.mark
    ),
    summed as (
        select count(*) as marks, bit_xor(t.mark) as mark from taken as t having count(*) > 0
    )
    update signalbox.change_totals as t
    set marks = t.marks + s.marks, mark = t.mark # s.mark
    from summed as s
    where t.source = take_marks.source
$$;
revoke execute on function signalbox.take_marks(smallint, integer [], integer, integer) from public;

-- Takes the marks of calls in some slots and all links of calls, and gives what they say. In one statement: what commits
-- meanwhile is in neither and stays in the log.
create function signalbox.take_calls(slots integer [], out changes analytics.call_change [], out links uuid [])
language sql
set search_path = ''
as $$
    with taken as (
        delete from signalbox.change_log as l where l.source = 3 and l.slot = any(take_calls.slots) returning l.mark
    ),
    unlinked as (
        delete from signalbox.change_links as k where k.source = 3 returning k.link, k.mark
    ),
    summed as (
        select count(*) as marks, bit_xor(t.mark) as mark
        from (select k.mark from taken as k union all select u.mark from unlinked as u) as t
        having count(*) > 0
    ),
    counted as (
        update signalbox.change_totals as t
        set marks = t.marks + s.marks, mark = t.mark # s.mark
        from summed as s
        where t.source = 3
    )
    select
        array(select c from analytics.call_changes(take_calls.slots) as c),
        array(select distinct u.link from unlinked as u)
$$;
revoke execute on function signalbox.take_calls(integer []) from public;

-- Slots that were stored from the tables a moment ago may hold rows that were logged since, or logged in other slots with
-- a say in theirs, which is an answer of a call: what the log says of these is no longer what they differ by, so their
-- slots are counted anew. The same goes for rows whose session, event or call is among these links. Versions stay as they
-- are.
create function signalbox.forget_changes(source smallint, slots int4multirange, links uuid [] default '{}') returns void
language sql
set search_path = ''
as $$
    with calls as materialized (
        select l.ctid as place, l.slot, i.session_pk, i.event_id, i.call_id
        from signalbox.change_log as l
        cross join lateral unnest(l.calls) as i
        where forget_changes.source = 3 and l.source = 3
    ),
    forgotten as (
        select c.place from calls as c
        where c.session_pk = any(links) or c.event_id = any(links) or c.call_id = any(links)
        union
        select c.place from calls as c
        where c.call_id in (select e.call_id from calls as e where e.slot <@ slots)
        union
        select c.place from calls as c
        where exists (
            select from analytics.stg_chronicle__tool_events as t
            where t.call_id = c.call_id and t.phase = 'pre'
            and case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', t.occurred_at) / 900)::integer else -2147483648 end <@ slots
            offset 0
        )
        union
        select l.ctid from signalbox.change_log as l
        cross join lateral unnest(l.sessions) as s
        where forget_changes.source = 1 and l.source = 1 and s.session_pk = any(links)
    )
    update signalbox.change_log as l set counted = 0
    where l.source = forget_changes.source and l.counted <> 0
    and (l.slot <@ slots or l.ctid in (select f.place from forgotten as f))
$$;
revoke execute on function signalbox.forget_changes(smallint, int4multirange, uuid []) from public;

-- Adds calls to what is stored, at all levels.
create function signalbox.add_tools(changes analytics.call_change []) returns void
language sql
set search_path = ''
as $$
    with facts as materialized (
        select
            c.slot, s.project_name, c.tool_name, c.tool_type, c.sign as calls, c.is_answer, c.success, c.is_refused,
            c.duration_ms, analytics.histogram_key(c.duration_ms) as duration_key
        from unnest(changes) as c
        left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
    ),
    classes as (
        select
            w.width, p.is_by_project, case when p.is_by_project then f.project_name else '' end as project_name,
            f.slot - (f.slot % w.width + w.width) % w.width as parent, f.tool_name, f.duration_key,
            min(f.tool_type) as tool_type,
            sum(f.calls) as calls,
            coalesce(sum(f.calls) filter (where f.success), 0) as succeeded,
            coalesce(sum(f.calls) filter (where not f.is_refused), 0) as failed,
            coalesce(sum(f.calls) filter (where f.is_refused), 0) as refused,
            coalesce(sum(f.calls) filter (where not f.is_answer), 0) as unanswered,
            coalesce(sum(f.calls) filter (where f.duration_ms is not null), 0) as timed,
            sum(f.calls * f.duration_ms::bigint) as total_ms,
            min(f.duration_ms) as least_ms,
            max(f.duration_ms) as most_ms
        from facts as f
        cross join unnest(array[1, 4, 96, 768]) as w (width)
        cross join (values (true), (false)) as p (is_by_project)
        where not p.is_by_project or f.project_name is not null
        group by 1, 2, 3, 4, 5, 6
    )
    insert into analytics.tool_rollup as t
    select
        c.width, c.is_by_project, c.project_name, c.parent, c.tool_name, min(c.tool_type),
        sum(c.calls)::bigint, sum(c.succeeded)::bigint, sum(c.failed)::bigint, sum(c.refused)::bigint,
        sum(c.unanswered)::bigint, sum(c.timed)::bigint, coalesce(sum(c.total_ms), 0)::bigint,
        min(c.least_ms), max(c.most_ms),
        coalesce(array_agg(c.duration_key order by c.duration_key) filter (where c.duration_key is not null), '{}'),
        coalesce(array_agg(c.timed::bigint order by c.duration_key) filter (where c.duration_key is not null), '{}')
    from classes as c
    group by c.width, c.is_by_project, c.project_name, c.parent, c.tool_name
    on conflict (level, is_by_project, project_name, slot, tool_name) do update set
        tool_type = least(t.tool_type, excluded.tool_type), calls = t.calls + excluded.calls,
        succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed,
        refused = t.refused + excluded.refused, unanswered = t.unanswered + excluded.unanswered,
        timed = t.timed + excluded.timed, total_ms = t.total_ms + excluded.total_ms,
        least_ms = least(t.least_ms, excluded.least_ms), most_ms = greatest(t.most_ms, excluded.most_ms),
        (duration_keys, duration_counts) = (
            select m.merged_keys, m.merged_counts from signalbox.merge_classes(
                t.duration_keys, t.duration_counts, excluded.duration_keys, excluded.duration_counts
            ) as m
        )
$$;
revoke execute on function signalbox.add_tools(analytics.call_change []) from public;

-- The same by agent and by run.
create function signalbox.add_agent_calls(changes analytics.call_change []) returns void
language sql
set search_path = ''
as $$
    with facts as materialized (
        select
            w.width, c.slot - (c.slot % w.width + w.width) % w.width as parent, c.session_pk, e.agent_id, e.agent_type,
            e.name, sum(c.sign) as calls, coalesce(sum(c.sign) filter (where c.success), 0) as succeeded,
            coalesce(sum(c.sign) filter (where not c.is_refused), 0) as failed
        from unnest(changes) as c
        inner join analytics.event_agents as e on e.event_id = c.event_id
        cross join unnest(array[1, 4, 96, 768]) as w (width)
        group by 1, 2, 3, 4, 5, 6
    ),
    runs as materialized (
        select f.width, f.parent, f.session_pk, f.agent_id, f.agent_type, sum(f.calls)::bigint as calls,
            sum(f.succeeded)::bigint as succeeded, sum(f.failed)::bigint as failed
        from facts as f
        where f.agent_id is not null
        group by 1, 2, 3, 4, 5
    ),
    names as materialized (
        select f.width, f.parent, f.name, sum(f.calls)::bigint as calls, sum(f.succeeded)::bigint as succeeded,
            sum(f.failed)::bigint as failed
        from facts as f
        where f.name is not null
        group by 1, 2, 3
    ),
    known_runs as (
        update analytics.agent_run_call_rollup as r
        set calls = r.calls + n.calls, succeeded = r.succeeded + n.succeeded, failed = r.failed + n.failed
        from runs as n
        where r.level = n.width and r.slot = n.parent and r.session_pk is not distinct from n.session_pk
        and r.agent_id = n.agent_id and r.agent_type is not distinct from n.agent_type
        returning n.width, n.parent, n.session_pk, n.agent_id, n.agent_type
    ),
    known_names as (
        update analytics.agent_call_rollup as r
        set calls = r.calls + n.calls, succeeded = r.succeeded + n.succeeded, failed = r.failed + n.failed
        from names as n
        where r.level = n.width and r.slot = n.parent and r.name = n.name
        returning n.width, n.parent, n.name
    ),
    new_runs as (
        insert into analytics.agent_run_call_rollup
        select n.* from runs as n
        where not exists (
            select from known_runs as k
            where k.width = n.width and k.parent = n.parent and k.session_pk is not distinct from n.session_pk
            and k.agent_id = n.agent_id and k.agent_type is not distinct from n.agent_type
        )
    )
    insert into analytics.agent_call_rollup
    select n.* from names as n
    where not exists (
        select from known_names as k where k.width = n.width and k.parent = n.parent and k.name = n.name
    )
$$;
revoke execute on function signalbox.add_agent_calls(analytics.call_change []) from public;

-- Takes what the log says of calls in some slots. Calls that are there no more may have been the longest, so their slots
-- are stored anew like those of which not all is known; what came to others is added.
create function signalbox.refresh_calls(slots integer []) returns integer
language plpgsql
set search_path = ''
as $$
declare
    state signalbox.rollup_state;
    taken record;
    changed integer[];
    more analytics.call_change[];
begin
    select s.* into strict state from signalbox.rollup_state as s where s.subject = 'tools';
    select t.* into taken from signalbox.take_calls(slots) as t;
    -- Below built_from nothing is stored yet, and below raw_from there is nothing to store it from.
    changed := array(
        select distinct c.slot from unnest(taken.changes) as c
        where c.sign <= 0 and c.slot >= state.built_from and (c.slot >= state.raw_from or c.slot = -2147483648)
    );
    more := array(
        select c from unnest(taken.changes) as c
        where c.sign > 0 and c.slot >= state.built_from and c.slot >= state.raw_from and c.slot <> all(changed)
    );
    if changed <> '{}' then
        perform signalbox.refresh_tools(changed);
        perform signalbox.refresh_agent_calls(changed);
    end if;
    perform signalbox.forget_changes(
        3::smallint,
        coalesce((select range_agg(int4range(u.slot, u.slot + 1)) from unnest(changed) as u (slot)), '{}'),
        taken.links
    );
    if more <> '{}' then
        perform signalbox.add_tools(more);
        perform signalbox.add_agent_calls(more);
    end if;
    if changed = '{}' and more = '{}' then
        return 0;
    end if;
    update signalbox.rollup_state as s set refreshed_at = clock_timestamp() where s.subject = 'tools';
    return (
        select count(distinct u.slot)
        from (select c.slot from unnest(changed) as c (slot) union all select m.slot from unnest(more) as m) as u
    );
end
$$;
revoke execute on function signalbox.refresh_calls(integer []) from public;

-- Stores one subject's changed slots anew, `most_slots` at most and the newest first, with the wider rows above them.
-- The marks go first: what commits after that has a mark that stays, so its slot is read live until the next time.
-- What is logged by id is looked up after its row is gone from the log, for the same reason.
-- Where the tables are somebody else's and not logged as ours are, nothing is stored; at rest that costs no write.
create or replace function signalbox.refresh_rollup(subject text, most_slots integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
    state signalbox.rollup_state;
    changed integer[];
    links uuid[];
    width integer;
begin
    select s.* into strict state from signalbox.rollup_state as s where s.subject = refresh_rollup.subject;
    if exists (
        select from signalbox.change_log as l where l.source = state.source and l.slot = 2147483647
    ) or exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        where not t.is_logged and c.source = state.source
    ) then
        update signalbox.rollup_state as s set built_from = 2147483647
        where s.subject = state.subject and s.built_from < 2147483647;
        perform signalbox.take_marks(state.source);
        perform signalbox.take_links(state.source);
        return 0;
    end if;

    select array_agg(l.slot) into changed from (
        select distinct m.slot from signalbox.change_log as m where m.source = state.source order by m.slot desc limit most_slots
    ) as l;
    if changed is null and not exists (select from signalbox.change_links as k where k.source = state.source) then
        return 0;
    end if;
    if subject = 'tools' then
        return signalbox.refresh_calls(coalesce(changed, '{}'));
    end if;
    links := signalbox.take_links(state.source);
    perform signalbox.take_marks(state.source, coalesce(changed, '{}'));
    changed := changed || array(select analytics.linked_slots(state.source, links, null));
    -- Below built_from nothing is stored yet, and below raw_from there is nothing to store it from.
    select array_agg(distinct u.slot) into changed from unnest(changed) as u (slot)
    where u.slot >= state.built_from and (u.slot >= state.raw_from or u.slot = -2147483648);
    foreach width in array array[1, 4, 96, 768] loop
        perform signalbox.roll(subject, width, p.lo, p.hi) from signalbox.pieces_of(changed, width) as p;
    end loop;
    perform signalbox.forget_changes(
        state.source, (select range_agg(int4range(u.slot, u.slot + 1)) from unnest(changed) as u (slot)), links
    );
    if changed is null then
        return 0;
    end if;
    update signalbox.rollup_state as s set refreshed_at = clock_timestamp() where s.subject = state.subject;
    return cardinality(changed);
end
$$;

-- As before, but what the log says of calls in a piece is taken as refreshing takes it.
create or replace function signalbox.build_rollup(subject text) returns boolean
language plpgsql
set search_path = ''
as $$
declare
    lowest constant integer := -2147483648;
    state signalbox.rollup_state;
    newest integer;
    lo integer;
    width integer;
    is_last boolean;
begin
    select s.* into strict state from signalbox.rollup_state as s where s.subject = build_rollup.subject;
    if state.built_from = lowest or exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        where not t.is_logged and c.source = state.source
    ) then
        return false;
    end if;
    newest := signalbox.newest_slot(subject, state.built_from);
    lo := coalesce(newest - (newest % 768 + 768) % 768, lowest);
    is_last := state.raw_from > lowest and lo <= state.raw_from;
    if is_last then
        lo := lowest;
    end if;
    -- What an answer among these rows says of a call that is stored already.
    if subject = 'tools' then
        perform signalbox.refresh_calls(array(
            select distinct m.slot from signalbox.change_log as m
            where m.source = state.source and m.slot >= lo and m.slot < state.built_from
        ));
    else
        perform signalbox.take_marks(state.source, lo => lo, hi => state.built_from);
    end if;
    if is_last then
        perform signalbox.roll(subject, 1, lowest, lowest + 1);
        perform signalbox.roll(subject, 4, lowest, lowest + 1);
        foreach width in array array[1, 4, 96, 768] loop
            perform signalbox.roll(
                subject, width, state.raw_from - (state.raw_from % width + width) % width, state.built_from
            );
        end loop;
    else
        foreach width in array array[1, 4, 96, 768] loop
            perform signalbox.roll(subject, width, lo, state.built_from);
        end loop;
    end if;
    perform signalbox.forget_changes(state.source, int4multirange(int4range(lo, state.built_from)));
    update signalbox.rollup_state as s set built_from = lo, refreshed_at = clock_timestamp() where s.subject = state.subject;
    return lo > lowest;
end
$$;

-- As before, but slots that changed are found as reading finds them.
create or replace function signalbox.drop_raw(
    most_rows integer default 2000,
    out dropped_rows bigint, out from_at timestamptz, out until_at timestamptz, out is_unfinished boolean,
    out waits_for text
) language plpgsql
set search_path = ''
as $$
declare
    lowest constant integer := -2147483648;
    keep_days integer;
    raw_slot integer;
    target integer;
    oldest_at timestamptz;
    next_at timestamptz;
    is_late boolean;
    lo integer;
    hi integer;
    coarse_lo integer;
    width integer;
    state record;
    call_ids uuid[];
    event_ids uuid[];
    gone bigint;
begin
    dropped_rows := 0;
    is_unfinished := false;
    if current_setting('transaction_isolation') <> 'repeatable read' then
        raise exception 'signalbox.drop_raw needs a transaction in REPEATABLE READ that has locked signalbox.rollup_state'
            using errcode = 'active_sql_transaction';
    end if;
    select r.keep_raw_days into keep_days from signalbox.retention as r;
    if keep_days is null then
        return;
    end if;
    if exists (select from signalbox.adopted_tables as t where t.system = 'chronicle') then
        waits_for := 'adopted tables';
        return;
    end if;
    if exists (
        select from signalbox.rollup_state as s
        where s.drops_raw and (s.built_from > lowest or exists (
            select from signalbox.change_log as l where l.source = s.source and l.slot = 2147483647
        ))
    ) then
        waits_for := 'rollups';
        is_unfinished := true;
        return;
    end if;

    select max(s.raw_from) into raw_slot from signalbox.rollup_state as s where s.drops_raw;
    target := floor(date_part('epoch', now() - make_interval(days => keep_days)) / 86400) * 96;
    oldest_at := signalbox.oldest_raw();
    if oldest_at is null or oldest_at >= analytics.slot_start(target) then
        if raw_slot >= target then
            return;
        end if;
        lo := target;
        hi := target;
    else
        lo := floor(date_part('epoch', oldest_at) / 3600) * 4;
        next_at := signalbox.raw_time_after(oldest_at, most_rows);
        is_late := lo < raw_slot;
        hi := case when next_at is null or next_at >= analytics.slot_start(target) then target
            else floor(date_part('epoch', next_at) / 3600) * 4 end;
        hi := least(greatest(hi, lo + 4), case when is_late then raw_slot else target end);
    end if;

    -- All rows of the piece at once or none: whoever waits for nobody cannot have a writer end in a deadlock.
    perform from chronicle.events as e
    where e.timestamp >= analytics.slot_start(lo) and e.timestamp < analytics.slot_start(hi) for update nowait;
    perform from chronicle.tool_events as t
    where t.created_at >= analytics.slot_start(lo) and t.created_at < analytics.slot_start(hi) for update nowait;
    perform from chronicle.prompt_events as p
    where p.created_at >= analytics.slot_start(lo) and p.created_at < analytics.slot_start(hi) for update nowait;
    perform from chronicle.notification_events as n
    where n.created_at >= analytics.slot_start(lo) and n.created_at < analytics.slot_start(hi) for update nowait;
    perform from chronicle.lifecycle_events as l
    where l.created_at >= analytics.slot_start(lo) and l.created_at < analytics.slot_start(hi) for update nowait;

    -- What the log says of the piece may have a say in slots that stay: an answer that went from here.
    perform signalbox.refresh_calls(array(
        select distinct m.slot from signalbox.change_log as m where m.source = 3 and m.slot >= lo and m.slot < hi
    ));
    for state in select s.subject, s.source from signalbox.rollup_state as s where s.drops_raw loop
        if is_late then
            perform signalbox.fold(state.subject, lo, hi);
            coarse_lo := lo;
        else
            -- What is stored is what the tables say but in slots that changed, from raw_from on: what others deleted
            -- there and nobody has refreshed must not stay for ever.
            continue when not exists (
                select from unnest(analytics.slots_anew(state.subject, is_all => true)) as u (slot)
                where u.slot >= raw_slot and u.slot < hi and u.slot > lowest
            );
            coarse_lo := greatest(raw_slot, lowest + 768);
            perform signalbox.roll(state.subject, 1, coarse_lo, hi);
            perform signalbox.roll(state.subject, 4, coarse_lo, hi);
        end if;
        foreach width in array array[96, 768] loop
            perform signalbox.roll(
                state.subject, width,
                coarse_lo - (coarse_lo % width + width) % width, hi + (width - (hi % width + width) % width) % width
            );
        end loop;
    end loop;

    with gone_rows as (
        delete from chronicle.tool_events as t
        where t.created_at >= analytics.slot_start(lo) and t.created_at < analytics.slot_start(hi)
        returning case when t.phase = 'post' then t.call_id end as call_id
    )
    select array_agg(distinct g.call_id) filter (where g.call_id is not null), count(*) into call_ids, dropped_rows
    from gone_rows as g;
    delete from chronicle.tool_events as t where t.call_id = any(call_ids) and t.phase = 'pre';
    get diagnostics gone = row_count;
    dropped_rows := dropped_rows + gone;
    delete from chronicle.prompt_events as p
    where p.created_at >= analytics.slot_start(lo) and p.created_at < analytics.slot_start(hi);
    get diagnostics gone = row_count;
    dropped_rows := dropped_rows + gone;
    delete from chronicle.notification_events as n
    where n.created_at >= analytics.slot_start(lo) and n.created_at < analytics.slot_start(hi);
    get diagnostics gone = row_count;
    dropped_rows := dropped_rows + gone;
    delete from chronicle.lifecycle_events as l
    where l.created_at >= analytics.slot_start(lo) and l.created_at < analytics.slot_start(hi);
    get diagnostics gone = row_count;
    dropped_rows := dropped_rows + gone;

    event_ids := array(
        select e.id from chronicle.events as e
        where e.timestamp >= analytics.slot_start(lo) and e.timestamp < analytics.slot_start(hi)
    );
    update chronicle.tool_events as t set event_id = null where t.event_id = any(event_ids);
    update chronicle.prompt_events as p set event_id = null where p.event_id = any(event_ids);
    update chronicle.notification_events as n set event_id = null where n.event_id = any(event_ids);
    update chronicle.lifecycle_events as l set event_id = null where l.event_id = any(event_ids);
    update signalbox.import_records as r set event_id = null, dropped_event_id = r.event_id
    where r.event_id = any(event_ids);
    delete from chronicle.events as e where e.id = any(event_ids);
    get diagnostics gone = row_count;
    dropped_rows := dropped_rows + gone;

    -- The marks of these deletes, and all others of these slots, ask for nothing any more. Versions keep them.
    for state in select s.source from signalbox.rollup_state as s where s.drops_raw loop
        perform signalbox.take_marks(state.source, lo => lo, hi => hi);
        perform signalbox.take_links(state.source, call_ids);
    end loop;
    -- What became of other rows of these calls is told without what is known of their answers.
    perform signalbox.forget_changes(3::smallint, '{}', call_ids);
    update signalbox.rollup_state as s set raw_from = greatest(s.raw_from, hi), refreshed_at = clock_timestamp()
    where s.drops_raw;
    from_at := analytics.slot_start(lo);
    until_at := analytics.slot_start(hi);
    update signalbox.retention as r
    set raw_from = greatest(r.raw_from, until_at),
        dropped_from = case when drop_raw.dropped_rows > 0 then least(r.dropped_from, from_at) else r.dropped_from end,
        dropped_rows = r.dropped_rows + drop_raw.dropped_rows,
        dropped_at = clock_timestamp();
    is_unfinished := hi < target;
end
$$;

-- squawk-ignore ban-drop-function
drop function signalbox.add_tools(integer [], uuid []);
-- squawk-ignore ban-drop-function
drop function signalbox.add_agent_calls(integer [], uuid []);
-- squawk-ignore ban-drop-function
drop function signalbox.forget_added(smallint, integer [], integer, integer);
-- squawk-ignore ban-drop-function
drop function analytics.changes_of(text, boolean);
-- squawk-ignore ban-drop-function
drop function analytics.resolve_changes(smallint, integer [], uuid [], integer [], uuid [], boolean);
-- squawk-ignore ban-drop-function
drop function analytics.slots_answered_by(uuid []);
-- squawk-ignore ban-drop-function
drop function analytics.calls_added(uuid []);
-- squawk-ignore ban-drop-type
drop type analytics.changes;
