-- An event without a correlation joins that of its cause, whoever appends it: the writers' kit saw to it, the function did
-- not, and a trace missed the effect. A cause that is not there, or not the writer's to see, gives none.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before, but for the correlation. A log that lives in another schema is looked in after ours.
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
    refused text;
    newest bigint;
    appended_id uuid;
    appended engine.events;
begin
    select
        case
            when n.given is null then format('%s is null: give %s', n.argument, n.wanted)
            when length(n.given) > n.longest
                then format('%s has %s characters: %s are the most', n.argument, length(n.given), n.longest)
            else format('%s is empty: give %s', n.argument, n.wanted)
        end into refused
    from (
        values
        (1, 'p_event_type', p_event_type, 200, 'what happened, LEAD_SCORED for instance'),
        (2, 'p_aggregate_type', p_aggregate_type, 200, 'what kind of thing it happened to, Lead for instance'),
        (3, 'p_aggregate_id', p_aggregate_id, 400, 'the id of the thing that it happened to'),
        (4, 'p_emitted_by', p_emitted_by, 200, 'the name of whoever says so, or leave it out')
    ) as n (place, argument, given, longest, wanted)
    where (
        length(n.given) <= n.longest
        -- Anything but white space, by its numbers: what a class of characters holds depends on the collation.
        and n.given ~ '[^\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]'
    ) is not true
    order by n.place
    limit 1;
    refused := coalesce(refused, case
        when jsonb_typeof(p_payload) <> 'object'
            then format('p_payload is of JSON type %s: give an object, {} where there is nothing to tell', jsonb_typeof(p_payload))
        when jsonb_typeof(p_metadata) <> 'object'
            then format('p_metadata is of JSON type %s: give an object, {} where there is nothing to tell', jsonb_typeof(p_metadata))
        when p_confidence not between 0 and 1
            then format('p_confidence is %s: give a number from 0 to 1, or null where it is not known', p_confidence)
        when p_expected_sequence < 0
            then format('p_expected_sequence is %s: give the newest number you have seen, 0 where there is none', p_expected_sequence)
        when p_timestamp not between '0001-01-03 00:00:00+00' and '9999-12-29 23:59:59.999999+00'
            then format('p_timestamp is %s: give a time between the years 1 and 9999, or null for now', p_timestamp)
    end);
    if refused is not null then
        raise exception '%. Nothing was appended', refused using errcode = 'invalid_parameter_value';
    end if;
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
        p_event_type,
        coalesce(
            p_correlation_id,
            (select c.correlation_id from engine.events as c where c.event_id = p_causation_id),
            (select c.correlation_id from analytics.stg_engine__events as c where c.event_id = p_causation_id),
            gen_random_uuid()
        ),
        p_causation_id, p_aggregate_type, p_aggregate_id, newest + 1, coalesce(p_payload, '{}'), coalesce(p_metadata, '{}'), p_emitted_by,
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
