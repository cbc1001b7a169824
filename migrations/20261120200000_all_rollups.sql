-- All subjects: which function stores what, where their rows begin, which of them are dropped, and one pass over all.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function signalbox.roll(subject text, width integer, lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    case subject
        when 'tools' then
            if width <= 4 then perform signalbox.roll_tools(width, lo, hi); end if;
            if width > 1 then perform signalbox.sum_tools(width, lo, hi); end if;
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

-- Each subject within a savepoint of its own: what it took out of the log comes back when it fails, so its slots are read
-- live until a pass succeeds. Neither part of a failure is written again while it lasts.
-- While rows are being dropped no pass begins, and the other way round: dropping takes the lock on the table before its
-- snapshot, which the advisory one could not give it.
create or replace function signalbox.refresh_rollups(
    most_slots integer default 500, out refreshed_slots integer, out is_unfinished boolean
) language plpgsql
set search_path = ''
as $$
declare
    next_subject text;
    source smallint;
    refreshed integer;
    is_building boolean;
    reason text;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('signalbox.refresh_rollups', 20261120)) then
        return;
    end if;
    begin
        lock table signalbox.rollup_state in share row exclusive mode nowait;
    exception when lock_not_available then
        return;
    end;
    refreshed_slots := 0;
    is_unfinished := false;
    for source in
        select distinct l.source from signalbox.change_log as l
        where not exists (select from signalbox.rollup_state as s where s.source = l.source)
    loop
        perform signalbox.take_marks(source);
    end loop;
    for next_subject in select s.subject from signalbox.rollup_state as s order by s.subject loop
        begin
            refreshed := signalbox.refresh_rollup(next_subject, most_slots);
            is_building := signalbox.build_rollup(next_subject);
            reason := null;
        exception
            -- Two at once: the whole pass begins anew.
            when serialization_failure or deadlock_detected then raise;
            when others then
                refreshed := 0;
                is_building := false;
                reason := left(sqlstate || ' ' || sqlerrm, 1000);
        end;
        refreshed_slots := refreshed_slots + refreshed;
        is_unfinished := is_unfinished or is_building;
        update signalbox.rollup_state as s
        set failure = reason, failed_at = case when reason is not null then coalesce(s.failed_at, clock_timestamp()) end
        where s.subject = next_subject and s.failure is distinct from reason;
    end loop;
end
$$;

-- Adds calls by agent that came in after their slots were dropped to what is stored of these.
create function signalbox.fold_agent_calls(lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
declare
    kept analytics.agent_call_rollup[];
    kept_of_runs analytics.agent_run_call_rollup[];
begin
    kept := array(
        select c from analytics.agent_call_rollup as c where c.level = 1 and c.slot >= lo and c.slot < hi
    );
    kept_of_runs := array(
        select c from analytics.agent_run_call_rollup as c where c.level = 1 and c.slot >= lo and c.slot < hi
    );
    perform signalbox.roll_agent_calls(lo, hi);
    with late as (
        delete from analytics.agent_call_rollup as c where c.level = 1 and c.slot >= lo and c.slot < hi returning c.*
    )
    insert into analytics.agent_call_rollup
    select b.level, b.slot, b.name, sum(b.calls), sum(b.succeeded), sum(b.failed)
    from (select l.* from late as l union all select k.* from unnest(kept) as k) as b
    group by b.level, b.slot, b.name;
    with late as (
        delete from analytics.agent_run_call_rollup as c where c.level = 1 and c.slot >= lo and c.slot < hi returning c.*
    )
    insert into analytics.agent_run_call_rollup
    select
        b.level, b.slot, b.session_pk, b.agent_id, b.agent_type, sum(b.calls), sum(b.succeeded), sum(b.failed)
    from (select l.* from late as l union all select k.* from unnest(kept_of_runs) as k) as b
    group by b.level, b.slot, b.session_pk, b.agent_id, b.agent_type;
    perform signalbox.sum_agent_calls(4, lo, hi);
end
$$;

create function signalbox.fold_events(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    insert into analytics.event_rollup as r (level, slot, events)
    select 1, floor(date_part('epoch', e.occurred_at) / 900)::integer, count(*)
    from analytics.stg_chronicle__events as e
    where e.occurred_at >= analytics.slot_start(lo) and e.occurred_at < analytics.slot_start(hi)
    group by 2
    on conflict (level, slot) do update set events = r.events + excluded.events;
    select signalbox.sum_events(4, lo, hi)
$$;
revoke execute on function signalbox.fold_agent_calls(integer, integer) from public;
revoke execute on function signalbox.fold_events(integer, integer) from public;

create or replace function signalbox.fold(subject text, lo integer, hi integer) returns void
language plpgsql
set search_path = ''
as $$
begin
    case subject
        when 'tools' then
            perform signalbox.fold_tools(lo, hi);
            perform signalbox.fold_agent_calls(lo, hi);
        when 'prompts' then perform signalbox.fold_prompts(lo, hi);
        when 'events' then perform signalbox.fold_events(lo, hi);
    end case;
end
$$;

comment on table signalbox.rollup_state is
'Slots from built_from on are stored in the rollup of the subject, or named in the change log; where drops_raw, rows before raw_from were dropped and live in the rollup alone, and rows that are there all the same came later and are not in it; failure is why the last pass left the subject as it was, since failed_at. One row per subject.';
insert into signalbox.rollup_state (subject, source) values
('agent_windows', 17), ('approvals', 10), ('lift_sessions', 20), ('lift_drafts', 22);
-- Where these were stored before this, they are built anew, with the slices.
update signalbox.rollup_state set built_from = 2147483647 where subject in ('tools', 'sessions', 'jobs');
insert into signalbox.rollup_state (subject, source, drops_raw) values ('events', 2, true);
