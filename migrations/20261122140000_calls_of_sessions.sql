-- How many calls each session made is stored with the other sums of calls, so that those with most of them are found
-- without counting every call.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table analytics.session_call_rollup (
    slot integer not null,
    session_pk uuid not null,
    calls bigint not null,
    primary key (slot, session_pk)
);
comment on table analytics.session_call_rollup is
'How many calls each session made in a slot, as analytics.tool_calls has them. Only of rows that are there: none from before raw_from. One row per slot and session with calls.';
create index idx_session_call_rollup_session on analytics.session_call_rollup (session_pk);

alter table analytics.session_call_rollup enable row level security;
grant select on analytics.session_call_rollup to authenticated;
grant all on analytics.session_call_rollup to service_role;
create policy session_call_rollup_select on analytics.session_call_rollup for select to authenticated
using ((select signalbox.sees_all()));

create function analytics.is_stored_whole(subject text) returns boolean language sql stable set search_path = '' as $$
    select exists (
        select from signalbox.rollup_state as s
        where s.subject = is_stored_whole.subject and s.built_from = -2147483648
    )
$$;
comment on function analytics.is_stored_whole(text) is 'Whether the sums of a subject are built for all time.';
revoke execute on function analytics.is_stored_whole(text) from public;
grant execute on function analytics.is_stored_whole(text) to authenticated, service_role;

-- Stores calls of some slots anew, from the tables.
create function signalbox.roll_session_calls(slots int4multirange) returns void
language sql
set search_path = ''
set work_mem = '64MB'
as $$
    delete from analytics.session_call_rollup where ctid = any(array(
        select r.ctid
        from unnest(slots) as p (piece)
        cross join lateral (
            select c.ctid from analytics.session_call_rollup as c
            where c.slot >= lower(p.piece) and c.slot < upper(p.piece)
            offset 0
        ) as r
    ));
    with phases as materialized (
        select
            floor(date_part('epoch', date_bin('15 minutes', t.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer as slot,
            t.session_pk, t.call_id, t.phase
        from unnest(slots) as p (piece)
        cross join lateral (
            select e.occurred_at, e.session_pk, e.call_id, e.phase from analytics.stg_chronicle__tool_events as e
            where e.occurred_at >= analytics.slot_start(lower(p.piece))
            and e.occurred_at < analytics.slot_start(upper(p.piece))
            offset 0
        ) as t
        union all
        select -2147483648, t.session_pk, t.call_id, t.phase
        from analytics.stg_chronicle__tool_events as t
        where slots @> -2147483648
        and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= '60000-01-01 00:00+00')
    ),
    unmatched as materialized (
        select p.slot, p.session_pk, p.call_id
        from phases as p
        where p.phase = 'pre' and p.call_id is not null
        and not exists (select from phases as answer where answer.phase = 'post' and answer.call_id = p.call_id)
    )
    insert into analytics.session_call_rollup
    select c.slot, c.session_pk, count(*)
    from (
        select p.slot, p.session_pk from phases as p where p.phase = 'post'
        union all
        select u.slot, u.session_pk
        from unmatched as u
        where not exists (
            select from analytics.stg_chronicle__tool_events as answer
            where answer.call_id = u.call_id and answer.phase = 'post'
            offset 0
        )
    ) as c
    where c.session_pk is not null
    group by c.slot, c.session_pk
$$;
revoke execute on function signalbox.roll_session_calls(int4multirange) from public;

-- Adds calls to what is stored.
create function signalbox.add_session_calls(changes analytics.call_change []) returns void
language sql
set search_path = ''
as $$
    insert into analytics.session_call_rollup as r
    select c.slot, c.session_pk, sum(c.sign)
    from unnest(changes) as c
    where c.session_pk is not null
    group by c.slot, c.session_pk
    on conflict (slot, session_pk) do update set calls = r.calls + excluded.calls
$$;
revoke execute on function signalbox.add_session_calls(analytics.call_change []) from public;

-- As before, and the calls of each session.
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
            if width = 1 then perform signalbox.roll_errors(lo, hi);
            else perform signalbox.sum_errors(width, lo, hi); end if;
            if width = 1 then perform signalbox.roll_session_calls(int4multirange(int4range(lo, hi))); end if;
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

-- As before, and the calls of each session.
create or replace function signalbox.refresh_calls(slots integer []) returns integer
language plpgsql
set search_path = ''
as $$
declare
    state signalbox.rollup_state;
    taken record;
    changed integer[];
    failing integer[];
    more analytics.call_change[];
begin
    select s.* into strict state from signalbox.rollup_state as s where s.subject = 'tools';
    failing := array(
        select u.slot from unnest(analytics.error_slots(slots)) as u (slot)
        where u.slot >= state.built_from and (u.slot >= state.raw_from or u.slot = -2147483648)
    );
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
        perform signalbox.roll_session_calls(
            (select range_agg(int4range(u.slot, u.slot + 1)) from unnest(changed) as u (slot))
        );
    end if;
    if failing <> '{}' then
        perform signalbox.refresh_errors(failing);
    end if;
    perform signalbox.forget_changes(
        3::smallint,
        coalesce((select range_agg(int4range(u.slot, u.slot + 1)) from unnest(changed) as u (slot)), '{}'),
        taken.links
    );
    if more <> '{}' then
        perform signalbox.add_tools(more);
        perform signalbox.add_agent_calls(more);
        perform signalbox.add_session_calls(more);
    end if;
    if changed = '{}' and more = '{}' and failing = '{}' then
        return 0;
    end if;
    update signalbox.rollup_state as s set refreshed_at = clock_timestamp() where s.subject = 'tools';
    return (
        select count(distinct u.slot)
        from (
            select c.slot from unnest(changed) as c (slot)
            union all select m.slot from unnest(more) as m
            union all select f.slot from unnest(failing) as f (slot)
        ) as u
    );
end
$$;
