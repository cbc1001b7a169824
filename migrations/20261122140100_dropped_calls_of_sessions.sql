-- What is dropped counts in no session any more.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Forgets how many calls each session made before a slot: a list counts what is there.
create function signalbox.drop_session_calls(below integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.session_call_rollup where slot > -2147483648 and slot < below
$$;
revoke execute on function signalbox.drop_session_calls(integer) from public;

-- As before, and the calls of each session.
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
    is_late boolean := false;
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
        lo := floor(date_part('epoch', date_bin('15 minutes', oldest_at, '4714-11-24 00:00+00 BC')) / 3600) * 4;
        next_at := signalbox.raw_time_after(oldest_at, most_rows);
        is_late := lo < raw_slot;
        hi := case when next_at is null or next_at >= analytics.slot_start(target) then target
            else floor(date_part('epoch', date_bin('15 minutes', next_at, '4714-11-24 00:00+00 BC')) / 3600) * 4 end;
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

    -- An event stays for as long as a call that names it: what agent a call is of is counted anew from there.
    event_ids := array(
        select e.id from chronicle.events as e
        where e.timestamp >= analytics.slot_start(lo) and e.timestamp < analytics.slot_start(hi)
        and not exists (select from chronicle.tool_events as t where t.event_id = e.id)
    );
    update chronicle.prompt_events as p set event_id = null where p.event_id = any(event_ids);
    update chronicle.notification_events as n set event_id = null where n.event_id = any(event_ids);
    update chronicle.lifecycle_events as l set event_id = null where l.event_id = any(event_ids);
    update signalbox.import_records as r set event_id = null, dropped_event_id = r.event_id
    where r.event_id = any(event_ids);
    delete from chronicle.events as e where e.id = any(event_ids);
    get diagnostics gone = row_count;
    dropped_rows := dropped_rows + gone;
    -- What stays is read beside what is stored, like what came late, so that it is stored no more.
    coarse_lo := case when is_late then lo else greatest(raw_slot, lowest + 768) end;
    update analytics.event_rollup as r
    set events = r.events - k.events
    from (
        select floor(date_part('epoch', date_bin('15 minutes', e.timestamp, '4714-11-24 00:00+00 BC')) / 900)::integer as slot,
            count(*) as events
        from chronicle.events as e
        where e.timestamp >= analytics.slot_start(coarse_lo) and e.timestamp < analytics.slot_start(hi)
        group by 1
    ) as k
    where r.level = 1 and r.slot = k.slot;
    if found then
        delete from analytics.event_rollup as r
        where r.level = 1 and r.slot >= coarse_lo and r.slot < hi and r.events = 0;
        foreach width in array array[4, 96, 768] loop
            perform signalbox.sum_events(
                width,
                coarse_lo - (coarse_lo % width + width) % width, hi + (width - (hi % width + width) % width) % width
            );
        end loop;
    end if;

    -- Of what comes in late no kinds are stored, nor whose calls they are.
    if not is_late then
        perform signalbox.drop_errors(hi);
        perform signalbox.drop_session_calls(hi);
    end if;
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
    is_unfinished := hi < target or coalesce(signalbox.oldest_raw() < analytics.slot_start(target), false);
end
$$;

-- Calls are stored anew, with those of each session; until then they are read live.
update signalbox.rollup_state set built_from = 2147483647 where subject = 'tools';
