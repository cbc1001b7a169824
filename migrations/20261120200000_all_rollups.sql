-- All subjects: which function stores what, and where their rows begin.
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

insert into signalbox.rollup_state (subject, source) values
('events', 2), ('agent_windows', 17), ('approvals', 10), ('lift_sessions', 20), ('lift_drafts', 22);
-- Where these were stored before this, they are built anew, with the slices.
update signalbox.rollup_state set built_from = 2147483647 where subject in ('tools', 'sessions', 'jobs');
