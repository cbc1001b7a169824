set lock_timeout = '4s';
set statement_timeout = '60s';

-- Where a system's tables are adopted from elsewhere, row-level security is theirs, and nothing here can ask their
-- policies' question: the search then runs under the rights of who searches, without the index. Before, a manager could
-- tell by searching which words stand in prompts and payloads that the policies of those tables hide.
create function analytics.sessions_saying_by_index(words text) returns table (session_pk uuid)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select distinct p.session_pk
    from analytics.stg_chronicle__prompt_events as p
    where to_tsvector('english', p.prompt_text) @@ websearch_to_tsquery('english', words)
    and ((select signalbox.sees_all()) or p.session_pk in (
        select s.session_pk from analytics.stg_chronicle__sessions as s where s.owner_id = (select auth.uid())::text
    ))
    and not exists (select from signalbox.adopted_tables as a where a.system = 'chronicle' and a.mode = 'pointed')
$$;
create or replace function analytics.sessions_saying(words text) returns table (session_pk uuid)
language sql stable security invoker
set search_path = ''
as $$
    select f.session_pk from analytics.sessions_saying_by_index(words) as f
    union all
    select p.session_pk
    from analytics.stg_chronicle__prompt_events as p
    where (select exists (select from signalbox.adopted_tables as a where a.system = 'chronicle' and a.mode = 'pointed'))
    and to_tsvector('english', p.prompt_text) @@ websearch_to_tsquery('english', words)
$$;
create function analytics.events_containing_by_index(what jsonb) returns table (event_id uuid)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select e.event_id
    from analytics.stg_engine__events as e
    where e.payload @> what
    and (
        (select signalbox.sees_all())
        or e.payload ->> 'client_id' = (select signalbox.viewer_client())
    )
    and not exists (select from signalbox.adopted_tables as a where a.system = 'engine' and a.mode = 'pointed')
$$;
create or replace function analytics.events_containing(what jsonb) returns table (event_id uuid)
language sql stable security invoker
set search_path = ''
as $$
    select f.event_id from analytics.events_containing_by_index(what) as f
    union all
    select e.event_id
    from analytics.stg_engine__events as e
    where (select exists (select from signalbox.adopted_tables as a where a.system = 'engine' and a.mode = 'pointed'))
    and e.payload @> what
$$;
comment on function analytics.sessions_saying_by_index(text) is
'The sessions that the viewer may see with a prompt that matches the words, in tables of our own. One row per session.';
comment on function analytics.events_containing_by_index(jsonb) is
'The events that the viewer may see whose payload contains a JSON value, in a table of our own. One row per event.';
revoke execute on function analytics.sessions_saying_by_index(text) from public;
grant execute on function analytics.sessions_saying_by_index(text) to authenticated, service_role;
revoke execute on function analytics.events_containing_by_index(jsonb) from public;
grant execute on function analytics.events_containing_by_index(jsonb) to authenticated, service_role;
