-- Agent jobs: what agents were asked to do and what came of it.
set lock_timeout = '4s';
set statement_timeout = '60s';

create schema agents;
comment on schema agents is 'Agent jobs.';
grant usage on schema agents to authenticated, service_role;

create type agents.job_status as enum ('pending', 'running', 'completed', 'failed', 'cancelled');

create table agents.jobs (
    id uuid default gen_random_uuid() primary key,
    user_id uuid references auth.users (id) on delete cascade,
    agent_identifier text not null,
    status agents.job_status not null default 'pending',
    job_data jsonb,
    result jsonb,
    error_message text,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    started_at timestamptz,
    completed_at timestamptz
);
comment on table agents.jobs is 'One row per job.';

create index idx_jobs_user_id on agents.jobs (user_id);
create index idx_jobs_status on agents.jobs (status);
create index idx_jobs_created_at on agents.jobs (created_at desc);
create index idx_jobs_agent_identifier on agents.jobs (agent_identifier);
create index idx_jobs_updated_at on agents.jobs (updated_at desc);
create index idx_jobs_user_status on agents.jobs (user_id, status);
create index idx_jobs_user_created on agents.jobs (user_id, created_at desc);
create index idx_jobs_status_created on agents.jobs (status, created_at desc);
create index idx_jobs_data_gin on agents.jobs using gin (job_data);

-- Not in the document: a job counts when it ended, while it is open when it was created.
create index idx_jobs_counted_at on agents.jobs ((coalesce(completed_at, created_at)));

-- The status decides the clock: entering "running" starts it, reaching an end stops it, going back clears it.
create function agents.stamp_job() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at := now();
    if new.status is distinct from old.status then
        if new.status = 'running' and new.started_at is not distinct from old.started_at then
            new.started_at := now();
            new.completed_at := null;
        elsif new.status in ('completed', 'failed', 'cancelled')
            and new.completed_at is not distinct from old.completed_at then
            new.completed_at := now();
        elsif new.status = 'pending' then
            new.started_at := null;
            new.completed_at := null;
        end if;
    end if;
    return new;
end
$$;
create trigger jobs_stamp before update on agents.jobs
for each row execute function agents.stamp_job();

-- Security invoker, unlike the document's: with definer rights anyone could count anyone's jobs.
create function agents.get_job_stats(p_user_id uuid) returns json
language sql stable
set search_path = ''
as $$
    select json_build_object(
        'total', count(*),
        'pending', count(*) filter (where status = 'pending'),
        'running', count(*) filter (where status = 'running'),
        'completed', count(*) filter (where status = 'completed'),
        'failed', count(*) filter (where status = 'failed'),
        'cancelled', count(*) filter (where status = 'cancelled')
    )
    from agents.jobs
    where user_id = p_user_id
$$;
revoke execute on function agents.get_job_stats(uuid) from public;
grant execute on function agents.get_job_stats(uuid) to authenticated, service_role;

alter table agents.jobs enable row level security;
grant select, insert, update, delete on agents.jobs to authenticated;
grant all on agents.jobs to service_role;
create policy jobs_select on agents.jobs for select to authenticated
using ((select signalbox.sees_all()) or user_id = (select auth.uid()));
create policy jobs_insert on agents.jobs for insert to authenticated
with check (user_id = (select auth.uid()));
create policy jobs_update on agents.jobs for update to authenticated
using ((select signalbox.is_admin()) or user_id = (select auth.uid()))
with check ((select signalbox.is_admin()) or user_id = (select auth.uid()));
create policy jobs_delete on agents.jobs for delete to authenticated
using (user_id = (select auth.uid()));
