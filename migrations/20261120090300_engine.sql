-- The autonomic engine: its append-only event log and what its agents ask people.
set lock_timeout = '4s';
set statement_timeout = '60s';

create schema engine;
comment on schema engine is 'The autonomic engine: events and human approvals.';
grant usage on schema engine to authenticated, service_role;

create table engine.events (
    event_id uuid primary key default gen_random_uuid(),
    event_type text not null,
    correlation_id uuid not null default gen_random_uuid(),
    causation_id uuid,
    aggregate_type text not null,
    aggregate_id text not null,
    sequence_number bigint not null check (sequence_number > 0),
    payload jsonb not null default '{}',
    metadata jsonb not null default '{}',
    emitted_by text not null,
    confidence double precision check (confidence between 0 and 1),
    timestamp timestamptz not null default now(),
    created_at timestamptz not null default now(),
    constraint events_aggregate_sequence unique (aggregate_type, aggregate_id, sequence_number)
);
comment on table engine.events is 'Append-only for every role; sequence numbers have no gap. One row per event of an aggregate.';

create index idx_events_timestamp on engine.events (timestamp desc);
create index idx_events_type on engine.events (event_type, timestamp desc);
create index idx_events_correlation on engine.events (correlation_id);
create index idx_events_aggregate on engine.events (aggregate_type, aggregate_id);
create index idx_events_payload_gin on engine.events using gin (payload);

create trigger events_append_only before update or delete on engine.events
for each row execute function signalbox.refuse_rewriting();
create trigger events_no_truncate before truncate on engine.events
for each statement execute function signalbox.refuse_rewriting();

-- Writers of one aggregate wait for each other, so numbers follow without a gap; others do not wait.
create function engine.append_event(
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
    appended engine.events;
begin
    perform pg_advisory_xact_lock(hashtextextended(p_aggregate_type || chr(31) || p_aggregate_id, 20261120));
    select coalesce(max(e.sequence_number), 0) into newest
    from engine.events as e
    where e.aggregate_type = p_aggregate_type and e.aggregate_id = p_aggregate_id;
    if p_expected_sequence is not null and p_expected_sequence <> newest then
        raise exception 'wrong expected sequence: % % is at %, not at %',
            p_aggregate_type, p_aggregate_id, newest, p_expected_sequence
            using errcode = 'SB001';
    end if;
    insert into engine.events (
        event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number,
        payload, metadata, emitted_by, confidence, timestamp
    ) values (
        p_event_type, coalesce(p_correlation_id, gen_random_uuid()), p_causation_id, p_aggregate_type,
        p_aggregate_id, newest + 1, coalesce(p_payload, '{}'), coalesce(p_metadata, '{}'), p_emitted_by,
        p_confidence, coalesce(p_timestamp, now())
    ) returning * into appended;
    return appended;
end
$$;
revoke execute on function engine.append_event(
    text, text, text, jsonb, text, uuid, uuid, jsonb, double precision, bigint, timestamptz
) from public;
grant execute on function engine.append_event(
    text, text, text, jsonb, text, uuid, uuid, jsonb, double precision, bigint, timestamptz
) to authenticated, service_role;

create table engine.human_approvals (
    id uuid primary key default gen_random_uuid(),
    event_id uuid references engine.events (event_id),
    correlation_id uuid,
    session_id uuid references chronicle.sessions (id) on delete cascade,
    user_id uuid references auth.users (id) on delete set null,
    agent_id text not null default 'unknown',
    approval_type text not null,
    title text not null,
    reason text,
    risk_level text not null default 'unknown'
    constraint human_approvals_risk_valid check (risk_level in ('unknown', 'low', 'medium', 'high', 'critical')),
    request_payload jsonb not null default '{}',
    context jsonb not null default '{}',
    status text not null default 'pending'
    constraint human_approvals_status_valid check (status in ('pending', 'approved', 'rejected', 'expired')),
    created_at timestamptz default now(),
    expires_at timestamptz,
    decided_at timestamptz,
    decided_by uuid,
    decided_by_name text,
    decision_note text,
    metadata jsonb not null default '{}',
    constraint human_approvals_pending_is_undecided
    check (status <> 'pending' or (decided_at is null and decided_by is null))
);
comment on table engine.human_approvals is
'What agents asked people, live or found in a log (metadata.imported). created_at is null where the log has no time. One row per question.';

create index idx_human_approvals_pending on engine.human_approvals (created_at desc) where status = 'pending';
create index idx_human_approvals_status_created on engine.human_approvals (status, created_at desc);
create index idx_human_approvals_created_at on engine.human_approvals (created_at desc);
create index idx_human_approvals_event_id on engine.human_approvals (event_id);
create index idx_human_approvals_session_id on engine.human_approvals (session_id);
create index idx_human_approvals_user_id on engine.human_approvals (user_id);
create index idx_human_approvals_correlation on engine.human_approvals (correlation_id);

alter table engine.events enable row level security;
alter table engine.human_approvals enable row level security;
grant select, insert on engine.events to authenticated, service_role;
grant select on engine.human_approvals to authenticated;
grant update (status, decided_at, decided_by, decided_by_name, decision_note) on engine.human_approvals to authenticated;
grant all on engine.human_approvals to service_role;

create policy events_select on engine.events for select to authenticated
using ((select signalbox.sees_all()));
create policy events_insert on engine.events for insert to authenticated
with check ((select signalbox.is_admin()));
create policy human_approvals_select on engine.human_approvals for select to authenticated
using ((select signalbox.sees_all()) or user_id = (select auth.uid()));
create policy human_approvals_update on engine.human_approvals for update to authenticated
using ((select signalbox.is_admin()))
with check ((select signalbox.is_admin()) and decided_by = (select auth.uid()));
