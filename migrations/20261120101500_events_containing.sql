-- Searching payloads by what they contain, through their index.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Security definer: row security would keep the index from being used. It lets through what the policy of events does.
create function analytics.events_containing(what jsonb) returns table (event_id uuid)
language sql stable security definer
set search_path = ''
as $$
    select e.event_id
    from analytics.stg_engine__events as e
    where e.payload @> what
    and (
        (select signalbox.sees_all())
        or e.payload ->> 'client_id' = (select signalbox.viewer_client())
    )
$$;
comment on function analytics.events_containing(jsonb) is
'The events that the viewer may see whose payload contains a JSON value. One row per event.';
revoke execute on function analytics.events_containing(jsonb) from public;
grant execute on function analytics.events_containing(jsonb) to authenticated, service_role;
