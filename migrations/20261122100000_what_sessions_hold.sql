-- In how many sessions something happened that one may look for is summed up, as their other figures are. What a session
-- holds rests on rows of other tables, at other times than its own, and the log names no more of those than their quarter
-- of an hour: so it is kept for each quarter which sessions hold something there, and who reads takes the rows of the
-- quarters that the log names from the tables.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table analytics.content_rollup (
    source smallint not null,
    slot integer not null,
    session_pk uuid not null,
    content text not null,
    primary key (source, slot, session_pk, content)
);
comment on table analytics.content_rollup is
'In which quarters of an hour a session holds something that one may look for, in rows of the table that is the source. One row per source, slot, session and content.';
create index idx_content_rollup_session on analytics.content_rollup (session_pk);

-- No primary key: names of projects and models have no limit, and an index entry has.
create table analytics.session_content_rollup (
    level smallint not null,
    slot integer not null,
    is_by_model boolean not null,
    project_name text,
    status text,
    model text not null,
    content text not null,
    sessions bigint not null
);
comment on table analytics.session_content_rollup is
'Sessions that began in level times 15 minutes from slot on and hold something that one may look for; with is_by_model one with replies of two models counts with both, without it once and under no model. One row per level, slot, project, status, model and content.';
create index idx_session_content_rollup_slot on analytics.session_content_rollup (level, slot);
alter table analytics.session_content_rollup replica identity full;

alter table analytics.content_rollup enable row level security;
alter table analytics.session_content_rollup enable row level security;
grant select on analytics.content_rollup, analytics.session_content_rollup to authenticated;
grant all on analytics.content_rollup, analytics.session_content_rollup to service_role;
create policy content_rollup_select on analytics.content_rollup for select to authenticated
using ((select signalbox.sees_all()));
create policy session_content_rollup_select on analytics.session_content_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- With an offset of nothing the planner takes the index for each piece, and does not read whole tables.
create function analytics.contents_in(source smallint, slots int4multirange)
returns table (slot integer, session_pk uuid, content text)
language sql stable rows 100
set search_path = ''
as $$
    with pieces as (
        select
            analytics.slot_start(coalesce(lower(p.piece), -2147483647)) as from_at,
            analytics.slot_start(coalesce(upper(p.piece), 2147483647)) as until_at
        from unnest(contents_in.slots * '{[-2147483647,)}'::int4multirange) as p (piece)
    ),
    timed as (
        select t.*
        from pieces as p
        cross join lateral (
            select
                f.occurred_at, f.session_pk,
                case when analytics.is_refusal(f.error_message) then 'refusals' else 'errors' end as content
            from analytics.stg_chronicle__tool_events as f
            where
                contents_in.source = 3 and f.phase = 'post' and not f.success
                and f.occurred_at >= p.from_at and f.occurred_at < p.until_at
            offset 0
        ) as t
        union all
        select t.*
        from pieces as p
        cross join lateral (
            select u.occurred_at, u.session_pk, 'unphased'
            from analytics.stg_chronicle__tool_events as u
            where
                contents_in.source = 3 and u.phase is distinct from 'pre' and u.phase is distinct from 'post'
                and u.occurred_at >= p.from_at and u.occurred_at < p.until_at
            offset 0
        ) as t
        union all
        select t.*
        from pieces as p
        cross join lateral (
            select n.occurred_at, n.session_pk, 'notifications'
            from analytics.stg_chronicle__notification_events as n
            where
                contents_in.source = 5 and not n.is_acknowledged
                and n.occurred_at >= p.from_at and n.occurred_at < p.until_at
            offset 0
        ) as t
        union all
        select t.occurred_at, t.session_pk, k.content
        from pieces as p
        cross join lateral (
            select e.occurred_at, e.session_pk, e.event_type = 'compact_pre' as is_compaction,
                e.metadata ? 'agent_id' as is_of_subagent
            from analytics.stg_chronicle__events as e
            where
                contents_in.source = 2 and (e.event_type = 'compact_pre' or e.metadata ? 'agent_id')
                and e.occurred_at >= p.from_at and e.occurred_at < p.until_at
            offset 0
        ) as t
        cross join lateral (
            select 'compactions' as content where t.is_compaction
            union all
            select 'subagents' where t.is_of_subagent
        ) as k
    ),
    untimed as (
        select
            f.occurred_at, f.session_pk,
            case when analytics.is_refusal(f.error_message) then 'refusals' else 'errors' end as content
        from analytics.stg_chronicle__tool_events as f
        where contents_in.source = 3 and f.phase = 'post' and not f.success
        union all
        select u.occurred_at, u.session_pk, 'unphased'
        from analytics.stg_chronicle__tool_events as u
        where contents_in.source = 3 and u.phase is distinct from 'pre' and u.phase is distinct from 'post'
        union all
        select n.occurred_at, n.session_pk, 'notifications'
        from analytics.stg_chronicle__notification_events as n
        where contents_in.source = 5 and not n.is_acknowledged
        union all
        select e.occurred_at, e.session_pk, 'compactions'
        from analytics.stg_chronicle__events as e
        where contents_in.source = 2 and e.event_type = 'compact_pre'
        union all
        select e.occurred_at, e.session_pk, 'subagents'
        from analytics.stg_chronicle__events as e
        where contents_in.source = 2 and e.metadata ? 'agent_id'
    )
    select distinct
        floor(date_part('epoch', date_bin('15 minutes', t.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer,
        t.session_pk, t.content
    from timed as t
    where t.session_pk is not null
    union all
    select distinct -2147483648, u.session_pk, u.content
    from untimed as u
    where
        -2147483648 <@ contents_in.slots and u.session_pk is not null
        and (u.occurred_at is null or u.occurred_at = '-infinity' or u.occurred_at >= '60000-01-01 00:00+00')
$$;
comment on function analytics.contents_in(smallint, int4multirange) is
'Which sessions hold something that one may look for in these slots, as the rows of the table that is the source say now. One row per slot, session and content.';
revoke execute on function analytics.contents_in(smallint, int4multirange) from public;
grant execute on function analytics.contents_in(smallint, int4multirange) to authenticated, service_role;

-- Sessions that may hold other things than content_rollup says: those that hold, or held when it was stored, something
-- in a slot that the log names.
create function analytics.sessions_with_new_contents() returns table (session_pk uuid)
language sql stable rows 100
set search_path = ''
as $$
    with logged as materialized (
        select distinct l.source, l.slot from signalbox.change_log as l where l.source in (2, 3, 5)
    )
    select h.session_pk
    from logged as g
    cross join lateral (
        select c.session_pk from analytics.content_rollup as c where c.source = g.source and c.slot = g.slot offset 0
    ) as h
    union
    select c.session_pk
    from (
        select g.source, range_agg(int4range(g.slot, g.slot + 1)) as slots
        from logged as g where g.slot < 2147483647 group by g.source
    ) as g
    cross join lateral analytics.contents_in(g.source, g.slots) as c
$$;
comment on function analytics.sessions_with_new_contents() is
'Sessions of which analytics.content_rollup may not say what they hold now. One row per session.';
revoke execute on function analytics.sessions_with_new_contents() from public;
grant execute on function analytics.sessions_with_new_contents() to authenticated, service_role;

-- As rollup_windows has them for sessions; all is live where what sessions hold is not known from what is stored, or from
-- so many slots of the log that sessions by themselves are found faster.
create function analytics.content_windows(start_at timestamptz, end_at timestamptz, is_untimed boolean)
returns table (
    kind text, level smallint, lo integer, hi integer, from_at timestamptz, until_at timestamptz, besides integer []
)
language sql stable rows 8
set search_path = ''
as $$
    select w.*
    from analytics.rollup_windows(
        'sessions', start_at, end_at, is_untimed,
        case when exists (
            select from signalbox.change_log as l where l.source in (2, 3, 5) and l.slot = 2147483647
        ) or exists (
            select from signalbox.adopted_tables as t
            inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
            where not t.is_logged and c.source in (2, 3, 5)
        ) or (
            select count(*) > 500
            from (select distinct l.source, l.slot from signalbox.change_log as l where l.source in (2, 3, 5)) as g
        ) then 0 else 768 end
    ) as w
$$;
comment on function analytics.content_windows(timestamptz, timestamptz, boolean) is
'Of which parts a period consists for analytics.session_content_rollup. One row per part.';
revoke execute on function analytics.content_windows(timestamptz, timestamptz, boolean) from public;
grant execute on function analytics.content_windows(timestamptz, timestamptz, boolean) to authenticated, service_role;

-- What sessions that began in these slots hold, found session by session: for those of which nothing is stored yet.
create function signalbox.find_session_contents(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    with chosen as (
        select s.session_pk
        from analytics.stg_chronicle__sessions as s
        where s.started_at >= analytics.slot_start(lo) and s.started_at < analytics.slot_start(hi)
        union all
        select s.session_pk
        from analytics.stg_chronicle__sessions as s
        where
            lo = -2147483648
            and (s.started_at is null or s.started_at = '-infinity' or s.started_at >= '60000-01-01 00:00+00')
    )
    delete from analytics.content_rollup as h using chosen as c where h.session_pk = c.session_pk;
    with chosen as materialized (
        select s.session_pk
        from analytics.stg_chronicle__sessions as s
        where s.started_at >= analytics.slot_start(lo) and s.started_at < analytics.slot_start(hi)
        union all
        select s.session_pk
        from analytics.stg_chronicle__sessions as s
        where
            lo = -2147483648
            and (s.started_at is null or s.started_at = '-infinity' or s.started_at >= '60000-01-01 00:00+00')
    ),
    held as (
        select
            3 as source, f.session_pk, f.occurred_at,
            case when analytics.is_refusal(f.error_message) then 'refusals' else 'errors' end as content
        from analytics.stg_chronicle__tool_events as f
        where f.phase = 'post' and not f.success
        union all
        select 3, u.session_pk, u.occurred_at, 'unphased'
        from analytics.stg_chronicle__tool_events as u
        where u.phase is distinct from 'pre' and u.phase is distinct from 'post'
        union all
        select 5, n.session_pk, n.occurred_at, 'notifications'
        from analytics.stg_chronicle__notification_events as n
        where not n.is_acknowledged
        union all
        select 2, e.session_pk, e.occurred_at, 'compactions'
        from analytics.stg_chronicle__events as e
        where e.event_type = 'compact_pre'
        union all
        select 2, e.session_pk, e.occurred_at, 'subagents'
        from analytics.stg_chronicle__events as e
        where e.metadata ? 'agent_id'
    )
    insert into analytics.content_rollup (source, slot, session_pk, content)
    select distinct
        h.source,
        case when h.occurred_at > '-infinity' and h.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', date_bin('15 minutes', h.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer
            else -2147483648 end,
        h.session_pk, h.content
    from chosen as c
    inner join held as h on h.session_pk = c.session_pk
$$;
revoke execute on function signalbox.find_session_contents(integer, integer) from public;

create function signalbox.roll_session_contents(slots int4multirange) returns void
language sql
set search_path = ''
as $$
    delete from analytics.session_content_rollup where ctid = any(array(
        select r.ctid
        from unnest(slots) as p (piece)
        cross join lateral (
            select c.ctid from analytics.session_content_rollup as c
            where c.level = 1 and c.slot >= lower(p.piece) and c.slot < upper(p.piece)
            offset 0
        ) as r
    ));
    with facts as materialized (
        select
            floor(date_part('epoch', date_bin('15 minutes', s.started_at, '4714-11-24 00:00+00 BC')) / 900)::integer as slot,
            s.session_pk, s.project_name, s.status
        from unnest(slots * '{[-2147483647,)}'::int4multirange) as p (piece)
        cross join lateral (
            select l.started_at, l.session_pk, l.project_name, l.status
            from analytics.stg_chronicle__sessions as l
            where
                l.started_at >= analytics.slot_start(lower(p.piece))
                and l.started_at < analytics.slot_start(upper(p.piece))
            offset 0
        ) as s
        union all
        select -2147483648, s.session_pk, s.project_name, s.status
        from analytics.stg_chronicle__sessions as s
        where
            -2147483648 <@ slots
            and (s.started_at is null or s.started_at = '-infinity' or s.started_at >= '60000-01-01 00:00+00')
    ),
    held as materialized (
        select f.slot, f.session_pk, f.project_name, f.status, h.content
        from facts as f
        cross join lateral (
            select distinct c.content from analytics.content_rollup as c where c.session_pk = f.session_pk
        ) as h
        union all
        select f.slot, f.session_pk, f.project_name, f.status, 'stateless'
        from facts as f
        where f.status is null or f.status not in ('active', 'completed', 'terminated', 'error')
    )
    insert into analytics.session_content_rollup
    select 1, h.slot, false, h.project_name, h.status, '', h.content, count(*)
    from held as h
    group by h.slot, h.project_name, h.status, h.content
    union all
    select 1, h.slot, true, h.project_name, h.status, m.model, h.content, count(*)
    from held as h
    cross join lateral (
        select distinct r.model from signalbox.model_replies as r where r.session_id = h.session_pk
    ) as m
    group by h.slot, h.project_name, h.status, m.model, h.content
$$;
revoke execute on function signalbox.roll_session_contents(int4multirange) from public;

create function signalbox.sum_session_contents(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.session_content_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.session_content_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.is_by_model, r.project_name, r.status, r.model, r.content,
        sum(r.sessions)
    from analytics.session_content_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5, 6, 7
$$;
revoke execute on function signalbox.sum_session_contents(integer, integer, integer) from public;

-- As before, with what they hold.
create or replace function signalbox.roll_sessions(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    -- Of what is not stored yet nobody was told what became of it.
    select signalbox.find_session_contents(lo, hi)
    from signalbox.rollup_state as s
    where s.subject = 'sessions' and hi <= s.built_from;
    select signalbox.roll_session_contents(int4multirange(int4range(lo, hi)));
    delete from analytics.session_rollup where level = 1 and slot >= lo and slot < hi;
    delete from analytics.session_model_rollup where level = 1 and slot >= lo and slot < hi;
    delete from analytics.session_owner_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as materialized (
        select floor(date_part('epoch', date_bin('15 minutes', f.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer as slot, f.*
        from analytics.session_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.session_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    ),
    models as (
        insert into analytics.session_model_rollup
        select 1, m.slot, m.project_name, m.status, m.model, count(*)
        from (
            select distinct f.slot, f.project_name, f.status, f.session_pk, r.model
            from facts as f
            inner join signalbox.model_replies as r on r.session_id = f.session_pk
            where r.model is not null
        ) as m
        group by m.slot, m.project_name, m.status, m.model
    ),
    owners as (
        insert into analytics.session_owner_rollup
        select
            1, f.slot, f.owner_id, count(*), coalesce(sum(f.cost_usd), 0), count(f.cost_usd),
            count(*) filter (where f.cost_basis in ('not priced', 'partial estimate')),
            max(f.occurred_at) filter (where f.slot > -2147483648)
        from facts as f
        group by f.slot, f.owner_id
    )
    insert into analytics.session_rollup
    select 1, f.slot, f.project_name, f.status, f.cost_basis, count(*), sum(f.cost_usd), sum(f.tokens)
    from facts as f
    group by f.slot, f.project_name, f.status, f.cost_basis
$$;

create or replace function signalbox.sum_sessions(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    select signalbox.sum_session_contents(width, lo, hi);
    delete from analytics.session_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.session_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.project_name, r.status, r.cost_basis,
        sum(r.sessions), sum(r.cost_usd), sum(r.tokens)
    from analytics.session_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5;
    delete from analytics.session_model_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.session_model_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.project_name, r.status, r.model, sum(r.sessions)
    from analytics.session_model_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5;
    delete from analytics.session_owner_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.session_owner_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.owner_id,
        sum(r.sessions), sum(r.cost_usd), sum(r.priced), sum(r.unpriced), max(r.last_at)
    from analytics.session_owner_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3
$$;

-- Stores anew which sessions hold something in these slots of the source, and counts those that hold other things than
-- before, in any slot, with the others that began when they did.
create function signalbox.refresh_session_contents(source smallint, slots int4multirange) returns void
language plpgsql
set search_path = ''
as $$
declare
    turned uuid[];
    changed integer[];
    width integer;
begin
    with fresh as materialized (
        select c.slot, c.session_pk, c.content
        from analytics.contents_in(refresh_session_contents.source, refresh_session_contents.slots) as c
    ),
    stored as materialized (
        select h.slot, h.session_pk, h.content
        from unnest(refresh_session_contents.slots) as p (piece)
        cross join lateral (
            select c.* from analytics.content_rollup as c
            where c.source = refresh_session_contents.source
            and c.slot >= coalesce(lower(p.piece), -2147483648) and c.slot < coalesce(upper(p.piece), 2147483647)
            offset 0
        ) as h
    ),
    gone as materialized (select s.* from stored as s except select f.* from fresh as f),
    come as materialized (select f.* from fresh as f except select s.* from stored as s),
    removed as (
        delete from analytics.content_rollup as h
        using gone as g
        where h.source = refresh_session_contents.source and h.slot = g.slot and h.session_pk = g.session_pk
        and h.content = g.content
    ),
    written as (
        insert into analytics.content_rollup (source, slot, session_pk, content)
        select refresh_session_contents.source, c.slot, c.session_pk, c.content from come as c
    )
    select array_agg(distinct t.session_pk) into turned
    from (
        (select s.session_pk, s.content from stored as s except select f.session_pk, f.content from fresh as f)
        union all
        (select f.session_pk, f.content from fresh as f except select s.session_pk, s.content from stored as s)
    ) as t
    where not exists (
        select from analytics.content_rollup as h
        where h.session_pk = t.session_pk and h.content = t.content and not h.slot <@ refresh_session_contents.slots
        offset 0
    );
    changed := array(
        select distinct u.slot
        from (
            select case when s.started_at > '-infinity' and s.started_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', date_bin('15 minutes', s.started_at, '4714-11-24 00:00+00 BC')) / 900)::integer
                else -2147483648 end as slot
            from analytics.stg_chronicle__sessions as s
            where s.session_pk = any(turned)
        ) as u
        where u.slot >= (select r.built_from from signalbox.rollup_state as r where r.subject = 'sessions')
    );
    if changed = '{}' then
        return;
    end if;
    perform signalbox.roll_session_contents(
        (select range_agg(int4range(u.slot, u.slot + 1)) from unnest(changed) as u (slot))
    );
    foreach width in array array[4, 96, 768] loop
        perform signalbox.sum_session_contents(width, p.lo, p.hi) from signalbox.pieces_of(changed, width) as p;
    end loop;
end
$$;
revoke execute on function signalbox.refresh_session_contents(smallint, int4multirange) from public;

-- Whatever takes a slot out of the log stores what sessions hold there. Only refreshers do, never a writer; a table that
-- was emptied is told by the highest slot. Where tables are not logged as ours are, nothing is stored.
create function signalbox.keep_session_contents() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform signalbox.refresh_session_contents(t.source, t.slots)
    from (
        select
            g.source,
            case when bool_or(g.slot = 2147483647) then '{(,)}'::int4multirange
                else range_agg(int4range(g.slot, g.slot + 1)) filter (where g.slot < 2147483647) end as slots
        from taken_rows as g
        where g.source in (2, 3, 5) and not exists (
            select from signalbox.adopted_tables as a
            inner join signalbox.change_sources as c on c.name = a.system || '.' || a.table_name
            where not a.is_logged and c.source = g.source
        )
        group by g.source
    ) as t;
    return null;
end
$$;
revoke execute on function signalbox.keep_session_contents() from public;
create trigger change_log_taken after delete on signalbox.change_log
referencing old table as taken_rows for each statement execute function signalbox.keep_session_contents();

-- What sessions hold is stored with them, from the first.
update signalbox.rollup_state set built_from = 2147483647 where subject = 'sessions';
