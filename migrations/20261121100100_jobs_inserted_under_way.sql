set lock_timeout = '4s';
set statement_timeout = '60s';

-- A job may be inserted as running or as ended already. Where it says of itself that it is created at this very moment,
-- as one without any time does by its default, it started or ended now, too; when an ended one started is unknown. A
-- job out of a log brings its times, or null where the log has none: nothing can be told of it here, and it is left alone.
create function agents.stamp_new_job() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if new.created_at = now() and new.started_at is null and new.completed_at is null then
        -- As text, since a table that was moved here may not know every state.
        if new.status::text = 'running' then
            new.started_at := now();
        elsif new.status::text in ('completed', 'failed', 'cancelled') then
            new.completed_at := now();
        end if;
    end if;
    return new;
end
$$;
revoke execute on function agents.stamp_new_job() from public;

-- A table that was moved here keeps the types that it has, and one with times of another kind cannot carry this.
do $$
begin
    if (
        select count(*) = 3
        from pg_attribute as a
        where a.attrelid = 'agents.jobs'::regclass and not a.attisdropped
        and a.attname in ('created_at', 'started_at', 'completed_at') and a.atttypid = 'timestamptz'::regtype
    ) then
        create trigger jobs_stamp_new before insert on agents.jobs
        for each row execute function agents.stamp_new_job();
    end if;
end
$$;
