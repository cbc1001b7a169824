-- What Supabase Realtime tells its subscribers about: the tables of the documents, each added once.
set lock_timeout = '4s';
set statement_timeout = '60s';

do $$
declare
    published text;
begin
    if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
    -- A publication of all tables tells of these already, and takes no table by name.
    if exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime' and puballtables) then
        return;
    end if;
    foreach published in array array[
        'chronicle.events', 'engine.events', 'engine.human_approvals', 'engine.sop_executions', 'agents.jobs'
    ] loop
        if not exists (
            select from pg_catalog.pg_publication_tables
            where pubname = 'supabase_realtime' and schemaname || '.' || tablename = published
        ) then
            execute format('alter publication supabase_realtime add table %s', published);
        end if;
    end loop;
exception when insufficient_privilege then
    -- The publication of a hosted project may belong to somebody else; Realtime is optional, reports do not need it.
    raise notice 'The publication supabase_realtime belongs to another role: add the tables in the dashboard.';
end
$$;
