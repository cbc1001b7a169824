-- Staging views become the only place that knows where a system's tables are: what still named tables reads them.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before, but the answer is looked for through the staging view.
create or replace view analytics.tool_calls with (security_invoker = true) as
select
    p.tool_event_id, p.session_pk, p.event_id, p.call_id, p.tool_name, p.tool_type, p.occurred_at,
    p.duration_ms, p.success, p.error_message, true as is_answered,
    case when p.success then 'succeeded' when p.success is null then null
        when analytics.is_refusal(p.error_message) then 'refused' else 'failed' end as outcome
from analytics.stg_chronicle__tool_events as p
where p.phase = 'post'
union all
select
    c.tool_event_id, c.session_pk, c.event_id, c.call_id, c.tool_name, c.tool_type, c.occurred_at,
    null, null, null, false, null
from analytics.stg_chronicle__tool_events as c
where c.phase = 'pre' and not exists (
    select from analytics.stg_chronicle__tool_events as answer
    where answer.call_id = c.call_id and answer.phase = 'post'
);

-- As before, through the staging views: inside this function they are read with the rights of its owner.
create or replace function analytics.sessions_saying(words text) returns table (session_pk uuid)
language sql stable security definer
set search_path = ''
as $$
    select distinct p.session_pk
    from analytics.stg_chronicle__prompt_events as p
    where to_tsvector('english', p.prompt_text) @@ websearch_to_tsquery('english', words)
    and ((select signalbox.sees_all()) or p.session_pk in (
        select s.session_pk from analytics.stg_chronicle__sessions as s where s.owner_id = (select auth.uid())::text
    ))
$$;

-- With the column as it is stored at its end: what an acknowledgement changes.
create or replace view analytics.stg_chronicle__notification_events with (security_invoker = true) as
select
    id as notification_id, session_id as session_pk, event_id, notification_type, message, severity,
    coalesce(acknowledged, false) as is_acknowledged, created_at as occurred_at, acknowledged as stored_acknowledged
from chronicle.notification_events;

-- With the time of recording at its end, so that the functions below can give whole rows.
create or replace view analytics.stg_engine__events with (security_invoker = true) as
select
    event_id, event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number,
    payload, metadata, emitted_by, confidence, timestamp as occurred_at, created_at as recorded_at
from engine.events;

-- As before, through the staging view: an event lands where the engine keeps its events.
create or replace function engine.append_event(
    p_event_type text,
    p_aggregate_type text,
    p_aggregate_id text,
    p_payload jsonb default '{}',
    p_emitted_by text default 'unknown',
    p_correlation_id uuid default null,
    p_causation_id uuid default null,
    p_metadata jsonb default '{}',
    p_confidence double precision default null,
    p_expected_sequence bigint default null,
    p_timestamp timestamptz default null
) returns engine.events
language plpgsql
set search_path = ''
as $$
declare
    newest bigint;
    appended_id uuid;
    appended engine.events;
begin
    perform pg_advisory_xact_lock(hashtextextended(p_aggregate_type || chr(31) || p_aggregate_id, 20261120));
    select coalesce(max(e.sequence_number), 0) into newest
    from analytics.stg_engine__events as e
    where e.aggregate_type = p_aggregate_type and e.aggregate_id = p_aggregate_id;
    if p_expected_sequence is not null and p_expected_sequence <> newest then
        raise exception 'wrong expected sequence: % % is at %, not at %',
            p_aggregate_type, p_aggregate_id, newest, p_expected_sequence
            using errcode = 'SB001';
    end if;
    -- A table of another program may keep the confidence in a type of its own, which cannot be written through a view.
    if p_confidence is null then
        insert into analytics.stg_engine__events (
            event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number,
            payload, metadata, emitted_by, occurred_at
        ) values (
            p_event_type, coalesce(p_correlation_id, gen_random_uuid()), p_causation_id, p_aggregate_type,
            p_aggregate_id, newest + 1, coalesce(p_payload, '{}'), coalesce(p_metadata, '{}'), p_emitted_by,
            coalesce(p_timestamp, now())
        ) returning event_id into appended_id;
    else
        insert into analytics.stg_engine__events (
            event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number,
            payload, metadata, emitted_by, confidence, occurred_at
        ) values (
            p_event_type, coalesce(p_correlation_id, gen_random_uuid()), p_causation_id, p_aggregate_type,
            p_aggregate_id, newest + 1, coalesce(p_payload, '{}'), coalesce(p_metadata, '{}'), p_emitted_by,
            p_confidence,
            coalesce(p_timestamp, now())
        ) returning event_id into appended_id;
    end if;
    select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
        e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.occurred_at, e.recorded_at
    into
        appended.event_id, appended.event_type, appended.correlation_id, appended.causation_id,
        appended.aggregate_type, appended.aggregate_id, appended.sequence_number, appended.payload,
        appended.metadata, appended.emitted_by, appended.confidence, appended.timestamp, appended.created_at
    from analytics.stg_engine__events as e
    where e.event_id = appended_id;
    return appended;
end
$$;

-- By name, so that a table whose columns stand in another order gives the same rows.
create or replace function engine.get_event_stream(
    p_aggregate_type text,
    p_aggregate_id text,
    p_from_sequence bigint default 1,
    p_to_sequence bigint default null
) returns setof engine.events
language sql stable
set search_path = ''
as $$
    select r.*
    from analytics.stg_engine__events as e
    cross join lateral jsonb_populate_record(null::engine.events, to_jsonb(e) || jsonb_build_object(
        'timestamp', e.occurred_at, 'created_at', e.recorded_at
    )) as r
    where e.aggregate_type = p_aggregate_type and e.aggregate_id = p_aggregate_id
    and e.sequence_number >= p_from_sequence
    and (p_to_sequence is null or e.sequence_number <= p_to_sequence)
    order by e.sequence_number
$$;

grant insert on analytics.stg_engine__events to authenticated, service_role;

-- The few columns that people change from the console, wherever the tables are: row security of the table decides.
grant update (stored_status, error_message, result) on analytics.stg_agents__jobs to authenticated;
grant update (stored_status, decided_at, decided_by, decided_by_name, decision_note)
on analytics.stg_engine__human_approvals to authenticated;
grant update (stored_acknowledged) on analytics.stg_chronicle__notification_events to authenticated;
