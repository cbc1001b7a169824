-- All subjects: what is known of each, which slots a change of another row concerns, and which function stores what.
-- These are replaced at once, and what was stored in another shape is built anew.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Below raw_from the rollups hold what was dropped, and the tables hold what came in later and is in no rollup: the two
-- never overlap. So both are added up below it, and a row that comes late counts at once.
alter table signalbox.rollup_state add column drops_raw boolean not null default false;

-- A subject that cannot be refreshed does not stop the others, and what went wrong is on record.
alter table signalbox.rollup_state add column failed_at timestamptz;
alter table signalbox.rollup_state add column failure text;

comment on table signalbox.rollup_state is
'Slots from built_from on are stored in the rollup of the subject, or named in the change log; where drops_raw, rows before raw_from were dropped and live in the rollup alone, and rows that are there all the same came later and are not in it; failure is why the last pass left the subject as it was, since failed_at. One row per subject.';

-- The slots of calls whose answers lie in some others and that are stored as unanswered: of the calls stored otherwise the
-- answers were there when their slot was stored, and where an answer goes, that is logged by id.
create function analytics.answered_slots(slots integer []) returns setof integer
language sql stable rows 10
set search_path = ''
as $$
    select distinct asked.slot
    from (
        select answer.call_id
        from (select distinct s.slot from unnest(slots) as s (slot)) as u
        cross join lateral (
            select t.call_id from analytics.stg_chronicle__tool_events as t
            where t.call_id is not null
            and t.occurred_at >= analytics.slot_start(u.slot) and t.occurred_at < analytics.slot_start(u.slot + 1)
            group by t.call_id
            having bool_and(t.phase = 'post')
            offset 0
        ) as answer
        where u.slot > -2147483648
        union all
        select t.call_id
        from analytics.stg_chronicle__tool_events as t
        where -2147483648 = any(slots) and t.phase = 'post' and t.call_id is not null
        and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= '60000-01-01 00:00+00')
    ) as answer
    cross join lateral (
        select t.session_pk, t.tool_name, case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', t.occurred_at) / 900)::integer else -2147483648 end as slot
        from analytics.stg_chronicle__tool_events as t
        where t.call_id = answer.call_id and t.phase = 'pre'
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
revoke execute on function analytics.answered_slots(integer []) from public;
grant execute on function analytics.answered_slots(integer []) to authenticated, service_role;

-- As before, but of the answers in changed slots only those are looked up whose call is stored as unanswered, which are
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
    if linked_slots.source = 3 and linked_slots.slots is not null then
        return query select a.slot from analytics.answered_slots(linked_slots.slots) as a (slot);
    end if;
end
$$;

-- The newest time of a subject's rows before a slot, as a slot; null where there is none.
create or replace function signalbox.newest_slot(subject text, below integer) returns integer
language plpgsql stable
set search_path = ''
as $$
declare
    first_at constant timestamptz := '4714-11-24 00:00+00 BC';
    until_at constant timestamptz := analytics.slot_start(below);
    newest timestamptz;
begin
    case subject
        when 'tools' then
            select max(t.occurred_at) into newest from analytics.stg_chronicle__tool_events as t
            where t.occurred_at >= first_at and t.occurred_at < until_at;
        when 'sessions' then
            select max(s.started_at) into newest from analytics.stg_chronicle__sessions as s
            where s.started_at >= first_at and s.started_at < until_at;
        when 'prompts' then
            select max(p.occurred_at) into newest from analytics.stg_chronicle__prompt_events as p
            where p.occurred_at >= first_at and p.occurred_at < until_at;
        when 'events' then
            select max(e.occurred_at) into newest from analytics.stg_chronicle__events as e
            where e.occurred_at >= first_at and e.occurred_at < until_at;
        when 'jobs' then
            select max(j.counted_at) into newest from analytics.stg_agents__jobs as j
            where j.counted_at >= first_at and j.counted_at < until_at;
        when 'engine_events' then
            select max(e.occurred_at) into newest from analytics.stg_engine__events as e
            where e.occurred_at >= first_at and e.occurred_at < until_at;
        when 'sop_runs' then
            select greatest(
                (
                    select max(f.occurred_at) from analytics.sop_run_facts as f
                    where f.occurred_at >= first_at and f.occurred_at < until_at
                ),
                (
                    select max(f.started_at) from analytics.sop_run_facts as f
                    where f.started_at >= first_at and f.started_at < until_at
                )
            ) into newest;
        when 'agent_windows' then
            select max(m.window_end) into newest from analytics.stg_engine__agent_metrics as m
            where m.window_end >= first_at and m.window_end < until_at;
        when 'approvals' then
            select max(a.created_at) into newest from analytics.stg_engine__human_approvals as a
            where a.created_at >= first_at and a.created_at < until_at;
        when 'lift_sessions' then
            select max(l.created_at) into newest from analytics.stg_lift__sessions as l
            where l.created_at >= first_at and l.created_at < until_at;
        when 'lift_drafts' then
            select max(d.created_at) into newest from analytics.stg_lift__session_drafts as d
            where d.created_at >= first_at and d.created_at < until_at;
    end case;
    return floor(date_part('epoch', newest) / 900);
end
$$;

-- Stores what lies in lo <= slot < hi anew, from the tables: calls by project, too.
-- squawk-ignore ban-drop-function
drop function signalbox.roll_tools(integer, integer, integer);
create function signalbox.roll_tools(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.tool_rollup where level = 1 and slot >= lo and slot < hi;
    insert into analytics.tool_rollup select c.* from signalbox.calls_in(int4multirange(int4range(lo, hi))) as c
$$;
revoke execute on function signalbox.roll_tools(integer, integer) from public;

-- Adds up the rows of the next finer level to those of this width: all with lo <= slot < hi, and those above groups
-- that were touched. Sums and classes are put into one list and grouped again, as those of jobs are.
-- squawk-ignore ban-drop-function
drop function signalbox.sum_tools(integer, integer, integer);
create function signalbox.sum_tools(
    width integer, lo integer, hi integer, touched signalbox.tool_group [] default null
) returns void
language sql
set search_path = ''
set work_mem = '64MB'
as $$
    delete from analytics.tool_rollup where level = width and slot >= lo and slot < hi;
    delete from analytics.tool_rollup as t
    using (
        select distinct g.is_by_project, g.project_name, g.slot - (g.slot % width + width) % width as parent, g.tool_name
        from unnest(touched) as g
    ) as g
    where t.level = width and t.is_by_project = g.is_by_project and t.project_name = g.project_name
    and t.slot = g.parent and t.tool_name = g.tool_name;
    with finer as materialized (
        select t.slot - (t.slot % width + width) % width as parent, t.*
        from analytics.tool_rollup as t
        where t.level = case width when 4 then 1 when 96 then 4 else 96 end and t.slot >= lo and t.slot < hi
        and t.slot > -2147483648
        union all
        select g.parent, r.*
        from (
            select distinct
                g.is_by_project, g.project_name, g.slot - (g.slot % width + width) % width as parent, g.tool_name
            from unnest(touched) as g
            where g.slot > -2147483648
        ) as g
        cross join lateral (
            select t.* from analytics.tool_rollup as t
            where t.level = case width when 4 then 1 when 96 then 4 else 96 end and t.is_by_project = g.is_by_project
            and t.project_name = g.project_name and t.slot >= g.parent and t.slot < g.parent + width
            and t.tool_name = g.tool_name
            offset 0
        ) as r
    ),
    counts as (
        select
            f.is_by_project, f.project_name, f.parent, f.tool_name, f.tool_type, f.calls, f.succeeded, f.failed, f.refused,
            f.unanswered, f.timed, f.total_ms, f.least_ms, f.most_ms, null::integer as key, null::bigint as counted
        from finer as f
        union all
        select
            k.is_by_project, k.project_name, k.parent, k.tool_name, null, 0, 0, 0, 0, 0, 0, 0, null, null,
            k.key, sum(k.counted)::bigint
        from (
            select f.is_by_project, f.project_name, f.parent, f.tool_name,
                unnest(f.duration_keys) as key, unnest(f.duration_counts) as counted
            from finer as f
        ) as k
        group by k.is_by_project, k.project_name, k.parent, k.tool_name, k.key
    )
    insert into analytics.tool_rollup
    select
        width, c.is_by_project, c.project_name, c.parent, c.tool_name, min(c.tool_type),
        sum(c.calls), sum(c.succeeded), sum(c.failed), sum(c.refused), sum(c.unanswered), sum(c.timed), sum(c.total_ms),
        min(c.least_ms), max(c.most_ms),
        coalesce(array_agg(c.key order by c.key) filter (where c.key is not null), '{}'),
        coalesce(array_agg(c.counted order by c.key) filter (where c.key is not null), '{}')
    from counts as c
    group by c.is_by_project, c.project_name, c.parent, c.tool_name
$$;
revoke execute on function signalbox.sum_tools(integer, integer, integer, signalbox.tool_group []) from public;

-- Stores quarters of an hour (width 1) from the tables, or adds up wider rows from the next finer ones.
create or replace function signalbox.roll(subject text, width integer, lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    case subject
        when 'tools' then
            if width = 1 then perform signalbox.roll_tools(lo, hi);
            else perform signalbox.sum_tools(width, lo, hi); end if;
            if width = 1 then perform signalbox.roll_agent_calls(lo, hi);
            else perform signalbox.sum_agent_calls(width, lo, hi); end if;
        when 'sessions' then
            if width = 1 then perform signalbox.roll_sessions(lo, hi);
            else perform signalbox.sum_sessions(width, lo, hi); end if;
        when 'prompts' then
            if width = 1 then perform signalbox.roll_prompts(lo, hi);
            else perform signalbox.sum_prompts(width, lo, hi); end if;
        when 'events' then
            if width = 1 then perform signalbox.roll_events(lo, hi);
            else perform signalbox.sum_events(width, lo, hi); end if;
        when 'jobs' then
            if width = 1 then perform signalbox.roll_jobs(lo, hi);
            else perform signalbox.sum_jobs(width, lo, hi); end if;
            if width > 1 then perform signalbox.roll_job_owners(width, lo, hi); end if;
        when 'engine_events' then
            if width = 1 then perform signalbox.roll_engine_events(lo, hi);
            else perform signalbox.sum_engine_events(width, lo, hi); end if;
            perform signalbox.slice_engine_events(width, lo, hi);
        when 'sop_runs' then
            if width = 1 then perform signalbox.roll_sop_runs(lo, hi);
            else perform signalbox.sum_sop_runs(width, lo, hi); end if;
            perform signalbox.slice_sop_runs(width, lo, hi);
        when 'agent_windows' then
            if width = 1 then perform signalbox.roll_agent_windows(lo, hi);
            else perform signalbox.sum_agent_windows(width, lo, hi); end if;
        when 'approvals' then
            if width = 1 then perform signalbox.roll_approvals(lo, hi);
            else perform signalbox.sum_approvals(width, lo, hi); end if;
        when 'lift_sessions' then
            if width = 1 then perform signalbox.roll_lift_sessions(lo, hi);
            else perform signalbox.sum_lift_sessions(width, lo, hi); end if;
        when 'lift_drafts' then
            if width = 1 then perform signalbox.roll_lift_drafts(lo, hi);
            else perform signalbox.sum_lift_drafts(width, lo, hi); end if;
    end case;
end
$$;

update signalbox.rollup_state set drops_raw = true where subject in ('tools', 'prompts');
insert into signalbox.rollup_state (subject, source) values
('agent_windows', 17), ('approvals', 10), ('lift_sessions', 20), ('lift_drafts', 22);
insert into signalbox.rollup_state (subject, source, drops_raw) values ('events', 2, true);

-- Where these were stored before this, they are built anew, with the slices and with calls by project at quarters.
update signalbox.rollup_state set built_from = 2147483647 where subject in ('tools', 'sessions', 'jobs');
