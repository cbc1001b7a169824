-- name: create
-- Adds a pending job, or says nothing where one with this id is there.
insert into agents.jobs (id, user_id, agent_identifier, job_data)
values (%(job_id)s, %(user_id)s, %(agent)s, %(data)s::jsonb)
on conflict (id) do nothing
returning *;

-- name: find
-- One job.
select * from agents.jobs where id = %(job_id)s;

-- name: take
-- Starts the oldest pending job that nobody else is just taking or, where a time is given, a running one that has shown
-- no sign of life for as long; an attempt is known by the time it started, so that is never the same twice.
with chosen as (
    select j.id
    from agents.jobs as j
    where
        (
            j.status = 'pending'
            or j.status = 'running'
            and coalesce(j.updated_at, j.started_at, j.created_at)
            < clock_timestamp() - make_interval(secs => %(lost_after_s)s::float8)
        )
        and (%(agents)s::text[] is null or j.agent_identifier = any(%(agents)s::text[]))
    order by j.created_at, j.id
    limit 1
    for update skip locked
)

update agents.jobs as j
set status = 'running',
    started_at = greatest(clock_timestamp(), j.started_at + interval '1 microsecond'),
    completed_at = null,
    result = null,
    error_message = null
from chosen as c
where j.id = c.id
returning j.*;

-- name: report
-- Notes how far the running attempt is, which is its sign of life, too.
update agents.jobs
set result = jsonb_build_object('progress', %(progress)s::jsonb)
where id = %(job_id)s and status = 'running' and started_at = %(started_at)s
returning *;

-- name: finish
-- Ends the running attempt: completed with what came of it, or failed with the reason. The status is a bare word, which
-- is taken in the column's own type: in a table that was moved here that need not be ours.
update agents.jobs
set status = %(status)s,
    result = %(result)s::jsonb,
    error_message = %(error_message)s::text
where id = %(job_id)s and status = 'running' and started_at = %(started_at)s
returning *;

-- name: is_finished_so
-- Whether this attempt has ended exactly so before: then its worker has asked again because it heard no answer.
select
    status::text = %(status)s::text
    and started_at = %(started_at)s
    and result is not distinct from %(result)s::jsonb
    and error_message is not distinct from %(error_message)s::text as is_so
from agents.jobs
where id = %(job_id)s;

-- name: cancel
-- Cancels a job that is in one of the expected states, and gives what it was before. Through the staging view, so that
-- it reaches jobs that live in another schema, too, where nothing but this stops the clock.
with before as (
    select job_id, status, error_message, started_at, completed_at
    from analytics.stg_agents__jobs
    where job_id = %(job_id)s and status = any(%(expected)s::text[]) and status in ('pending', 'running')
    for update
)

update analytics.stg_agents__jobs as j
set stored_status = 'cancelled', completed_at = now(), updated_at = now()
from before
where j.job_id = before.job_id
returning j.agent, before.status, before.error_message, before.started_at, before.completed_at;

-- name: retry
-- Puts a job that is in one of the expected states back into the queue, and gives what it was before: its error and its
-- result belong to the attempt that is over. Through the staging view, as cancelling.
with before as (
    select job_id, status, error_message, result, started_at, completed_at
    from analytics.stg_agents__jobs
    where job_id = %(job_id)s and status = any(%(expected)s::text[]) and status in ('failed', 'cancelled')
    for update
)

update analytics.stg_agents__jobs as j
set stored_status = 'pending', error_message = null, result = null, started_at = null, completed_at = null,
    updated_at = now()
from before
where j.job_id = before.job_id
returning
    j.agent, before.status, before.error_message, before.result, before.started_at,
    before.completed_at;
