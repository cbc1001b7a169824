-- A job that runs or waits again has no end, also where the writer says when it started: the documented way to begin an
-- attempt, `set status = 'running', started_at = now()`, left the end of the attempt before.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function agents.stamp_job() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at := now();
    if new.status is distinct from old.status then
        if new.status = 'running' and new.started_at is not distinct from old.started_at then
            new.started_at := now();
        elsif new.status = 'pending' then
            new.started_at := null;
        end if;
        if new.completed_at is not distinct from old.completed_at then
            if new.status in ('completed', 'failed', 'cancelled') then
                new.completed_at := now();
            elsif new.status in ('pending', 'running') then
                new.completed_at := null;
            end if;
        end if;
    end if;
    return new;
end
$$;
