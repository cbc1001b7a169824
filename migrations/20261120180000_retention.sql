-- Retention: what happened in sessions long ago is dropped row by row, while the rollups keep its sums.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Sessions, replies of models, jobs, questions and events of the engine stay for ever: lists, costs and the append-only
-- log need them, and they are few beside what happened in sessions.
create table signalbox.retention (
    only_row boolean primary key default true constraint retention_only_row check (only_row),
    keep_raw_days integer constraint retention_keep_raw_days_valid check (keep_raw_days between 1 and 36500),
    raw_from timestamptz,
    dropped_from timestamptz,
    dropped_rows bigint not null default 0,
    dropped_at timestamptz,
    set_at timestamptz,
    set_by text
);
comment on table signalbox.retention is
'Events of sessions and their details are dropped once older than keep_raw_days, null keeps them; rows from dropped_from to raw_from were dropped and live in the rollups alone. One row in all.';
insert into signalbox.retention default values;
alter table signalbox.retention enable row level security;
grant select, update (keep_raw_days, set_at, set_by) on signalbox.retention to authenticated;
grant all on signalbox.retention to service_role;
create policy retention_select on signalbox.retention for select to authenticated
using ((select auth.uid()) is not null);
create policy retention_update on signalbox.retention for update to authenticated
using ((select signalbox.is_admin())) with check ((select signalbox.is_admin()));

insert into signalbox.change_sources (source, name, time_column) values (40, 'signalbox.retention', '-');
insert into signalbox.change_totals (source) values (40);
create trigger change_log_insert after insert on signalbox.retention referencing new table as touched_rows
for each statement execute function signalbox.log_rows('40', '-');
create trigger change_log_delete after delete on signalbox.retention referencing old table as touched_rows
for each statement execute function signalbox.log_rows('40', '-');
create trigger change_log_update_old after update on signalbox.retention referencing old table as touched_rows
for each statement execute function signalbox.log_rows('40', '-');
create trigger change_log_update_new after update on signalbox.retention referencing new table as touched_rows
for each statement execute function signalbox.log_rows('40', '-');
create trigger change_log_truncate after truncate on signalbox.retention
for each statement execute function signalbox.log_truncate('40');

-- Who imports a log again has to know that its records were there: they lose their event and keep its id.
-- squawk-ignore ban-drop-not-null
alter table signalbox.import_records alter column event_id drop not null;
alter table signalbox.import_records add column dropped_event_id uuid;
comment on table signalbox.import_records is
'Which event each record of a log became: two records of one happening, told by hooks and by a transcript, name the same event, which may have been dropped since. One row per record.';

-- Times of rows that are dropped once old; what has no time, or one of another world, is kept. Each asks an index.
create function signalbox.oldest_raw() returns timestamptz
language sql stable
set search_path = ''
as $$
    select least(
        (select min(e.timestamp) from chronicle.events as e where e.timestamp > '-infinity'),
        (select min(t.created_at) from chronicle.tool_events as t where t.created_at > '-infinity'),
        (select min(p.created_at) from chronicle.prompt_events as p where p.created_at > '-infinity'),
        (select min(n.created_at) from chronicle.notification_events as n where n.created_at > '-infinity'),
        (select min(l.created_at) from chronicle.lifecycle_events as l where l.created_at > '-infinity')
    )
$$;

-- The time behind so many rows from a time on: where a piece ends.
create function signalbox.raw_time_after(start_at timestamptz, rows_before integer) returns timestamptz
language sql stable
set search_path = ''
as $$
    select least(
        (
            select e.timestamp from chronicle.events as e
            where e.timestamp >= start_at order by e.timestamp offset rows_before limit 1
        ),
        (
            select t.created_at from chronicle.tool_events as t
            where t.created_at >= start_at order by t.created_at offset rows_before limit 1
        )
    )
$$;

-- Takes those of some ids out of the log, as take_links does with all.
create function signalbox.take_links(source smallint, ids uuid[]) returns bigint
language sql
set search_path = ''
as $$
    with taken as (
        delete from signalbox.change_links as l
        where l.source = take_links.source and l.link = any(take_links.ids)
        returning l.mark
    ),
    summed as (
        select count(*) as marks, bit_xor(t.mark) as mark from taken as t having count(*) > 0
    ),
    added as (
        update signalbox.change_totals as t
        set marks = t.marks + s.marks, mark = t.mark # s.mark
        from summed as s
        where t.source = take_links.source
        returning s.marks
    )
    select coalesce(sum(a.marks), 0)::bigint from added as a
$$;

-- Drops the next piece of what is older than it is kept: whole hours, some `most_rows` events or one hour, oldest first.
-- In one transaction the slots of the piece that changed are stored anew, rows that came late are added to what is
-- stored, raw_from is moved behind the piece, and its rows are deleted; so at any moment, and after a kill at any point,
-- each row counts once.
-- The transaction has to be REPEATABLE READ and to lock signalbox.rollup_state before: then what is stored and what is
-- deleted are the same rows. A row that commits afterwards came late.
-- With the answer of a call goes the call itself, also where that is not old: it counts no more as its answer is there,
-- and without it would be taken for unanswered. A detail that is not old outlives its event and loses the link to it.
-- Nothing is done, and `waits_for` says why, while rollups are built or where the tables are somebody else's.
create function signalbox.drop_raw(
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
    changed integer[];
    links uuid[];
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

    for state in select s.subject, s.source from signalbox.rollup_state as s where s.drops_raw loop
        if is_late then
            perform signalbox.fold(state.subject, lo, hi);
            coarse_lo := lo;
        else
            -- What is stored is what the tables say but in slots that changed, from raw_from on: what others deleted
            -- there and nobody has refreshed must not stay for ever.
            select array_agg(distinct m.slot) into changed from signalbox.change_log as m where m.source = state.source;
            select array_agg(distinct k.link) into links from signalbox.change_links as k where k.source = state.source;
            continue when not exists (
                select from unnest(
                    changed || array(select analytics.linked_slots(state.source, links, changed))
                ) as u (slot)
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

revoke execute on function signalbox.oldest_raw() from public;
revoke execute on function signalbox.raw_time_after(timestamptz, integer) from public;
revoke execute on function signalbox.drop_raw(integer) from public;
revoke execute on function signalbox.take_links(smallint, uuid[]) from public;
