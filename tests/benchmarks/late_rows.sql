-- Rows that come in late: one of each kind that Overview counts, in one quarter of an hour in a hundred of the ninety days
-- of the demo. Their distance is prime, so that they lie at all times of the day. Calls have new ids each time, because
-- what earlier rounds rolled back stays in the index until it is vacuumed.
create temporary table late_times on commit drop as
select to_timestamp(s.slot * 900.0 + 7 * (s.slot % 100)) as late_at, gen_random_uuid() as call_id
from (
    select floor(date_part('epoch', (select max(e.timestamp) from chronicle.events as e)) / 900)::integer - 50 - 101 * n
        as slot
    from generate_series(0, 85) as n
) as s;

insert into chronicle.tool_events (session_id, tool_name, phase, success, execution_time_ms, created_at, call_id)
select
    (select id from chronicle.sessions limit 1), 'Bash', p.phase, p.phase = 'post' or null,
    case p.phase when 'post' then 100 end, t.late_at, t.call_id
from late_times as t, (values ('pre'), ('post')) as p (phase);

insert into chronicle.sessions (session_id, started_at)
select 'late ' || t.late_at, t.late_at from late_times as t;

insert into chronicle.prompt_events (session_id, prompt_text, created_at)
select (select id from chronicle.sessions limit 1), 'late', t.late_at from late_times as t;

insert into agents.jobs (agent_identifier, status, job_data, created_at, started_at, completed_at)
select
    'late', 'completed', '{}', t.late_at - interval '2 minutes', t.late_at - interval '1 minute', t.late_at
from late_times as t;

insert into engine.agent_metrics (agent_id, window_start, window_end)
select 'late', t.late_at - interval '1 hour', t.late_at from late_times as t;

insert into engine.sop_executions (sop_id, sop_version, status, started_at, completed_at)
select 'late', 1, 'completed', t.late_at - interval '1 minute', t.late_at from late_times as t;

insert into chronicle.events (session_id, event_type, data, timestamp)
select (select id from chronicle.sessions limit 1), 'tool_pre_use', '{}', t.late_at from late_times as t;
