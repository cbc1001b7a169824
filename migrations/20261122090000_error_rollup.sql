-- Kinds of errors of tools, rolled up with the other sums of calls: what a failure said is turned into its kind once, when
-- its quarter of an hour is stored, and not with every page.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- There may be as many kinds as there are failures, where texts name what no rule takes out. So what is stored of a level
-- is at most what there are failures, and a refresh writes the kinds of the slots that it stores, one by one on the levels
-- above: `kind` finds the rows of one, whose texts may be longer together than an index takes.
create table analytics.error_rollup (
    level smallint not null,
    slot integer not null,
    kind uuid not null,
    is_by_project boolean not null,
    project_name text not null,
    tool_name text not null,
    error_group text not null,
    cases bigint not null,
    last_at timestamptz,
    newest_id uuid not null,
    primary key (level, kind, slot)
);
comment on table analytics.error_rollup is
'Failed calls of tools in level times 15 minutes from slot on by the kind of their error, over all projects (project_name empty) and in each, with the newest case. Only of rows that are there: none from before raw_from. One row per level, kind and slot.';
comment on column analytics.error_rollup.kind is
'A hash of is_by_project, project_name, tool_name and error_group.';
comment on column analytics.error_rollup.last_at is
'The latest time that a period can name; null where no case has one.';
create index idx_error_rollup_slot on analytics.error_rollup (level, slot, is_by_project, project_name);
alter table analytics.error_rollup enable row level security;
grant select on analytics.error_rollup to authenticated;
grant all on analytics.error_rollup to service_role;
create policy error_rollup_select on analytics.error_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- Failures of some slots from the tables, as they are stored.
create function signalbox.errors_in(slots int4multirange) returns setof analytics.error_rollup
language sql stable
set search_path = ''
as $$
    with failed as materialized (
        select
            floor(date_part('epoch', date_bin('15 minutes', t.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer as slot,
            t.tool_event_id, t.session_pk, t.tool_name, t.occurred_at, t.beginning
        from unnest(slots) as r (slots)
        cross join lateral (
            select
                e.tool_event_id, e.session_pk, e.tool_name, e.occurred_at,
                coalesce(left(e.error_message, 500), '') as beginning
            from analytics.stg_chronicle__tool_events as e
            where e.phase = 'post' and not e.success and not analytics.is_refusal(e.error_message)
            and e.occurred_at >= analytics.slot_start(lower(r.slots))
            and e.occurred_at < analytics.slot_start(upper(r.slots))
            offset 0
        ) as t
        union all
        select -2147483648, t.tool_event_id, t.session_pk, t.tool_name, t.occurred_at, coalesce(left(t.error_message, 500), '')
        from analytics.stg_chronicle__tool_events as t
        where slots @> -2147483648
        and t.phase = 'post' and not t.success and not analytics.is_refusal(t.error_message)
        and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= '60000-01-01 00:00+00')
    ),
    -- Each text once: its kind costs more than counting. Without a text there is nothing said, as with an empty one.
    texts as materialized (
        select d.beginning, analytics.error_group(d.beginning) as error_group
        from (select distinct f.beginning from failed as f) as d
    ),
    cases as (
        select
            f.slot, f.tool_event_id, s.project_name, f.tool_name, t.error_group,
            case when f.occurred_at >= '1970-01-02 00:00+00' and f.occurred_at < '2200-12-31 00:00+00'
                then f.occurred_at end as last_at
        from failed as f
        inner join texts as t on t.beginning = f.beginning
        left join analytics.stg_chronicle__sessions as s on s.session_pk = f.session_pk
    ),
    slices as (
        select p.is_by_project, case when p.is_by_project then c.project_name else '' end as project_name,
            c.slot, c.tool_event_id, c.tool_name, c.error_group, c.last_at
        from cases as c
        cross join (values (false), (true)) as p (is_by_project)
        where not p.is_by_project or c.project_name is not null
    )
    select
        1::smallint, c.slot,
        encode(substring(sha256(convert_to(
            jsonb_build_array(c.is_by_project, c.project_name, c.tool_name, c.error_group)::text, 'UTF8'
        )) for 16), 'hex')::uuid,
        c.is_by_project, c.project_name, c.tool_name, c.error_group, count(*), max(c.last_at),
        (array_agg(c.tool_event_id order by c.last_at desc nulls last, c.tool_event_id desc))[1]
    from slices as c
    group by c.slot, c.is_by_project, c.project_name, c.tool_name, c.error_group
$$;
revoke execute on function signalbox.errors_in(int4multirange) from public;

-- Stores what lies in lo <= slot < hi anew, from the tables.
create function signalbox.roll_errors(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.error_rollup where level = 1 and slot >= lo and slot < hi;
    insert into analytics.error_rollup select e.* from signalbox.errors_in(int4multirange(int4range(lo, hi))) as e
$$;
revoke execute on function signalbox.roll_errors(integer, integer) from public;

-- Adds up the rows of the next finer level to those of this width: all with lo <= slot < hi, and those of some kinds above
-- some slots, named pair by pair.
create function signalbox.sum_errors(
    width integer, lo integer, hi integer, kinds uuid [] default null, slots integer [] default null
) returns void
language sql
set search_path = ''
set work_mem = '64MB'
as $$
    delete from analytics.error_rollup where level = width and slot >= lo and slot < hi;
    delete from analytics.error_rollup as r
    using (
        select distinct u.kind, u.slot - (u.slot % width + width) % width as parent from unnest(kinds, slots) as u (kind, slot)
    ) as t
    where r.level = width and r.kind = t.kind and r.slot = t.parent;
    insert into analytics.error_rollup
    select
        width, f.parent, f.kind, f.is_by_project, f.project_name, f.tool_name, f.error_group, sum(f.cases), max(f.last_at),
        (array_agg(f.newest_id order by f.last_at desc nulls last, f.newest_id desc))[1]
    from (
        select r.slot - (r.slot % width + width) % width as parent, r.*
        from analytics.error_rollup as r
        where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
        and r.slot > -2147483648
        union all
        select t.parent, r.*
        from (
            select distinct u.kind, u.slot - (u.slot % width + width) % width as parent
            from unnest(kinds, slots) as u (kind, slot)
        ) as t
        cross join lateral (
            select e.* from analytics.error_rollup as e
            where e.level = case width when 4 then 1 when 96 then 4 else 96 end and e.kind = t.kind
            and e.slot >= t.parent and e.slot < t.parent + width
            offset 0
        ) as r
    ) as f
    group by f.parent, f.kind, f.is_by_project, f.project_name, f.tool_name, f.error_group
$$;
revoke execute on function signalbox.sum_errors(integer, integer, integer, uuid [], integer []) from public;

-- Stores the kinds of errors of some slots anew, at all levels; what is stored already as it is stays untouched.
create function signalbox.refresh_errors(slots integer []) returns void
language plpgsql
set search_path = ''
set work_mem = '64MB'
as $$
declare
    touched_kinds uuid[];
    touched_slots integer[];
    width integer;
begin
    with fresh as materialized (
        select e.*
        from signalbox.errors_in((select range_agg(int4range(u.slot, u.slot + 1)) from unnest(slots) as u (slot))) as e
    ),
    stored as materialized (
        select r.* from analytics.error_rollup as r where r.level = 1 and r.slot = any(slots)
    ),
    differing as materialized (
        select f.* from fresh as f
        except
        select r.* from stored as r
    ),
    gone as materialized (
        select r.kind, r.slot from stored as r
        except
        select f.kind, f.slot from fresh as f
    ),
    removed as (
        delete from analytics.error_rollup as r using gone as g
        where r.level = 1 and r.kind = g.kind and r.slot = g.slot
    ),
    written as (
        insert into analytics.error_rollup as r
        select d.* from differing as d
        on conflict (level, kind, slot) do update set
            cases = excluded.cases, last_at = excluded.last_at, newest_id = excluded.newest_id
    )
    select array_agg(c.kind), array_agg(c.slot) into touched_kinds, touched_slots
    from (
        select g.kind, g.slot from gone as g
        union all
        select d.kind, d.slot from differing as d
    ) as c
    where c.slot > -2147483648;
    if touched_kinds is null then
        return;
    end if;
    foreach width in array array[4, 96, 768] loop
        perform signalbox.sum_errors(width, null, null, touched_kinds, touched_slots);
    end loop;
end
$$;
revoke execute on function signalbox.refresh_errors(integer []) from public;

-- Forgets the kinds of errors from before a slot, a whole hour: what a failure said goes with its row.
create function signalbox.drop_errors(below integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.error_rollup where level in (1, 4) and slot > -2147483648 and slot < below;
    delete from analytics.error_rollup
    where level in (96, 768) and slot > -2147483648 and slot < below - (below % level + level) % level;
    select signalbox.sum_errors(96, u.lo, u.lo + 96) from (select below - (below % 96 + 96) % 96 as lo) as u;
    select signalbox.sum_errors(768, u.lo, u.lo + 768) from (select below - (below % 768 + 768) % 768 as lo) as u
$$;
revoke execute on function signalbox.drop_errors(integer) from public;

-- The slots whose kinds of errors are to be counted anew, of some or of all that the log names: what a text said is in no
-- note, so that it matters whether a failure came, went or changed, and not what these come to together.
create function analytics.error_slots(taken integer [] default null) returns integer []
language plpgsql stable
set search_path = ''
as $$
declare
    links uuid[];
begin
    links := array(select distinct k.link from signalbox.change_links as k where k.source = 3);
    return array(
        select l.slot from signalbox.change_log as l
        where l.source = 3 and l.slot < 2147483647 and (taken is null or l.slot = any(taken))
        and (
            l.counted = 0
            or exists (
                select from unnest(l.calls) as i where i.is_answer and not i.success and not coalesce(i.is_refused, false)
            )
        )
        union
        select s.slot from analytics.linked_slots(3::smallint, links, null) as s (slot)
    );
end
$$;
comment on function analytics.error_slots(integer []) is
'The quarters of an hour whose kinds of errors are not as they are stored, of `taken` or of all.';
revoke execute on function analytics.error_slots(integer []) from public;
grant execute on function analytics.error_slots(integer []) to authenticated, service_role;

-- What is stored in lo <= slot < hi at a level and the finer ones without the slots in `removed`: a row that holds one of
-- them is left for the finer rows beside it. So even what cannot be taken off again, as a latest time, is read from rows
-- that hold nothing else.
create function analytics.levels_without(coarsest smallint, lo integer, hi integer, removed int4multirange) returns table (
    level smallint, from_slot integer, until_slot integer
)
language plpgsql immutable rows 8 parallel safe
set search_path = ''
as $$
declare
    rest int4multirange := int4multirange(int4range(lo, hi));
    touched int4multirange;
    width integer;
begin
    foreach width in array array[768, 96, 4, 1] loop
        continue when width > coarsest;
        touched := coalesce((
            select range_agg(int4range(
                lower(r.piece) - (lower(r.piece) % width + width) % width,
                upper(r.piece) + (width - (upper(r.piece) % width + width) % width) % width
            ))
            from unnest(removed * rest) as r (piece)
        ), '{}');
        return query select width::smallint, lower(r.piece), upper(r.piece) from unnest(rest - touched) as r (piece);
        rest := rest * touched;
        exit when isempty(rest);
    end loop;
end
$$;
revoke execute on function analytics.levels_without(smallint, integer, integer, int4multirange) from public;
grant execute on function analytics.levels_without(smallint, integer, integer, int4multirange) to authenticated, service_role;
