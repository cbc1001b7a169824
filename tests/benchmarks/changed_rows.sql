-- Rows that change in place, in one quarter of an hour in a hundred of the ninety days of the demo, where late rows come in:
-- one of each kind that Overview counts, of which one in five goes instead and one in five moves to two hours later.
-- Sessions and events are not deleted: with them goes all that hangs on them. Which rows differs each time, because what
-- earlier rounds rolled back stays in the index until it is vacuumed.
create temporary table changed_times on commit drop as
select n, to_timestamp(s.slot * 900.0 + 600 * random()) as from_at, to_timestamp(s.slot * 900.0 + 900) as until_at
from (
    select n, floor(date_part('epoch', (select max(e.timestamp) from chronicle.events as e)) / 900)::integer - 50 - 101 * n
        as slot
    from generate_series(0, 85) as n
) as s;

create temporary table changed_calls on commit drop as
select t.n, r.id, r.call_id from changed_times as t
cross join lateral (
    select c.id, c.call_id from chronicle.tool_events as c
    where c.created_at >= t.from_at and c.created_at < t.until_at and c.phase = 'post'
    order by c.created_at limit 1
) as r;
update chronicle.tool_events as c set success = not c.success, execution_time_ms = c.execution_time_ms + 1
from changed_calls as r where c.id = r.id and r.n % 5 > 1;
update chronicle.tool_events as c set created_at = c.created_at + interval '2 hours'
from changed_calls as r where c.id = r.id and r.n % 5 = 1;
delete from chronicle.tool_events as c using changed_calls as r where c.call_id = r.call_id and r.n % 5 = 0;

create temporary table changed_sessions on commit drop as
select t.n, r.id from changed_times as t
cross join lateral (
    select s.id from chronicle.sessions as s
    where s.started_at >= t.from_at - interval '600 s' and s.started_at < t.until_at order by s.started_at limit 1
) as r;
update chronicle.sessions as s set status = case s.status when 'error' then 'completed' else 'error' end
from changed_sessions as r where s.id = r.id and r.n % 5 <> 1;
update chronicle.sessions as s set started_at = s.started_at + interval '2 hours'
from changed_sessions as r where s.id = r.id and r.n % 5 = 1;

create temporary table changed_prompts on commit drop as
select t.n, r.id from changed_times as t
cross join lateral (
    select p.id from chronicle.prompt_events as p
    where p.created_at >= t.from_at - interval '600 s' and p.created_at < t.until_at order by p.created_at limit 1
) as r;
update chronicle.prompt_events as p set prompt_length = p.prompt_length + 1
from changed_prompts as r where p.id = r.id and r.n % 5 > 1;
update chronicle.prompt_events as p set created_at = p.created_at + interval '2 hours'
from changed_prompts as r where p.id = r.id and r.n % 5 = 1;
delete from chronicle.prompt_events as p using changed_prompts as r where p.id = r.id and r.n % 5 = 0;

create temporary table changed_jobs on commit drop as
select t.n, r.id from changed_times as t
cross join lateral (
    select j.id from agents.jobs as j
    where case when j.completed_at is null then j.created_at else j.completed_at end >= t.from_at - interval '600 s'
    and case when j.completed_at is null then j.created_at else j.completed_at end < t.until_at
    order by case when j.completed_at is null then j.created_at else j.completed_at end limit 1
) as r;
update agents.jobs as j set status = case j.status when 'failed' then 'cancelled' else 'failed' end::agents.job_status
from changed_jobs as r where j.id = r.id and r.n % 5 > 1;
update agents.jobs as j set completed_at = j.completed_at + interval '2 hours', created_at = j.created_at + interval '2 hours'
from changed_jobs as r where j.id = r.id and r.n % 5 = 1;
delete from agents.jobs as j using changed_jobs as r where j.id = r.id and r.n % 5 = 0;

create temporary table changed_windows on commit drop as
select t.n, r.id from changed_times as t
cross join lateral (
    select m.id from engine.agent_metrics as m
    where m.window_end >= t.from_at - interval '600 s' and m.window_end < t.until_at order by m.window_end limit 1
) as r;
update engine.agent_metrics as m set human_escalations = m.human_escalations + 1
from changed_windows as r where m.id = r.id and r.n % 5 > 1;
update engine.agent_metrics as m set window_end = m.window_end + interval '2 hours'
from changed_windows as r where m.id = r.id and r.n % 5 = 1;
delete from engine.agent_metrics as m using changed_windows as r where m.id = r.id and r.n % 5 = 0;

create temporary table changed_runs on commit drop as
select t.n, r.id from changed_times as t
cross join lateral (
    select e.id from engine.sop_executions as e
    where case when e.completed_at is null then e.started_at else e.completed_at end >= t.from_at - interval '600 s'
    and case when e.completed_at is null then e.started_at else e.completed_at end < t.until_at
    order by case when e.completed_at is null then e.started_at else e.completed_at end limit 1
) as r;
update engine.sop_executions as e set status = case e.status when 'failed' then 'cancelled' else 'failed' end
from changed_runs as r where e.id = r.id and r.n % 5 > 1;
update engine.sop_executions as e set completed_at = e.completed_at + interval '2 hours'
from changed_runs as r where e.id = r.id and r.n % 5 = 1;
delete from engine.sop_executions as e using changed_runs as r where e.id = r.id and r.n % 5 = 0;

create temporary table changed_events on commit drop as
select t.n, r.id from changed_times as t
cross join lateral (
    select e.id from chronicle.events as e
    where e.timestamp >= t.from_at and e.timestamp < t.until_at order by e.timestamp limit 1
) as r;
update chronicle.events as e set processed_at = e.timestamp from changed_events as r where e.id = r.id and r.n % 5 <> 1;
update chronicle.events as e set timestamp = e.timestamp + interval '2 hours'
from changed_events as r where e.id = r.id and r.n % 5 = 1;
