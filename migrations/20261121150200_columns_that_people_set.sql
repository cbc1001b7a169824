-- Signed-in people set columns that are theirs to set. Whose a job is nobody changes: its owner may not give it away, which
-- the policy sees to, and an admin, who may act on everybody's jobs, needs no more than that. Counters of a session count
-- its revisions, drafts and holes; that triggers do, and a number that somebody wrote there would be taken for a count.
-- Tables that another system made keep the rights that it gave, wherever they are by now.
set lock_timeout = '4s';
set statement_timeout = '60s';

do $$
begin
    if not exists (select from signalbox.adopted_tables as a where a.system = 'agents' and a.mode = 'moved') then
        revoke update on agents.jobs from authenticated;
        grant update (
            id, agent_identifier, status, job_data, result, error_message, created_at, updated_at, started_at, completed_at
        ) on agents.jobs to authenticated;
    end if;
    if not exists (select from signalbox.adopted_tables as a where a.system = 'lift' and a.mode = 'moved') then
        revoke insert, update on lift.sessions from authenticated;
        grant insert (id, user_id, prompt, status, current_ir, metadata, created_at, updated_at),
        update (id, user_id, prompt, status, current_ir, metadata, created_at, updated_at)
        on lift.sessions to authenticated;
    end if;
end
$$;
