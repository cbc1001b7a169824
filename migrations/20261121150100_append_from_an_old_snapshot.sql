-- A transaction that keeps its snapshot does not see what was appended since, so that the next number it knows of is taken.
-- Run anew it succeeds, which is what a serialization failure (40001) says and programs repeat for, and a bare violation
-- of uniqueness does not. "On conflict do nothing" makes PostgreSQL raise it for a row that the snapshot does not show,
-- without the subtransaction for each event that catching the violation would take.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before, but for what stands behind the insert.
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
    insert into analytics.stg_engine__events (
        event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number,
        payload, metadata, emitted_by, confidence, occurred_at
    ) values (
        p_event_type, coalesce(p_correlation_id, gen_random_uuid()), p_causation_id, p_aggregate_type,
        p_aggregate_id, newest + 1, coalesce(p_payload, '{}'), coalesce(p_metadata, '{}'), p_emitted_by,
        p_confidence, coalesce(p_timestamp, now())
    )
    on conflict do nothing
    returning event_id into appended_id;
    if appended_id is null then
        raise exception 'number % of % % is taken by an event that is not yours to see, or that was written beside append_event: nothing was appended',
            newest + 1, p_aggregate_type, p_aggregate_id
            using errcode = 'unique_violation', constraint = 'events_aggregate_sequence';
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
