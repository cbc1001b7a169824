-- name: calls
select
    tool_name, created_at >= %(start)s, date_trunc(%(bucket)s, created_at, %(zone)s),
    count(*), count(*) filter (where success), count(*) filter (where not success)
from chronicle.tool_events
where phase = 'post' and created_at >= %(previous_start)s and created_at < %(end)s
group by 1, 2, 3;

-- name: calls without an answer
select c.tool_name, c.created_at >= %(start)s, date_trunc(%(bucket)s, c.created_at, %(zone)s), count(*)
from chronicle.tool_events as c
where
    c.phase = 'pre' and c.call_id is not null and c.created_at >= %(previous_start)s and c.created_at < %(end)s
    and not exists (select from chronicle.tool_events as a where a.call_id = c.call_id and a.phase = 'post')
group by 1, 2, 3;

-- name: sessions
select status, started_at >= %(start)s, date_trunc(%(bucket)s, started_at, %(zone)s), count(*)
from chronicle.sessions
where started_at >= %(previous_start)s and started_at < %(end)s
group by 1, 2, 3;

-- name: costs
select
    s.started_at >= %(start)s, date_trunc(%(bucket)s, s.started_at, %(zone)s),
    sum(r.input_tokens * p.input_usd_per_million + r.output_tokens * p.output_usd_per_million) / 1000000
from chronicle.sessions as s
inner join signalbox.model_replies as r on r.session_id = s.id
inner join signalbox.model_prices as p on p.model = r.model and p.valid_from <= r.replied_at::date
where s.started_at >= %(previous_start)s and s.started_at < %(end)s
group by 1, 2;

-- name: prompts
select created_at >= %(start)s, date_trunc(%(bucket)s, created_at, %(zone)s), count(*)
from chronicle.prompt_events
where created_at >= %(previous_start)s and created_at < %(end)s
group by 1, 2;

-- name: jobs
select status, completed_at >= %(start)s, date_trunc(%(bucket)s, completed_at, %(zone)s), count(*)
from agents.jobs
where completed_at >= %(previous_start)s and completed_at < %(end)s
group by 1, 2, 3;

-- name: rows without a time
select
    (select count(*) from chronicle.events where timestamp is null),
    (select count(*) from chronicle.tool_events where created_at is null and phase = 'post');
