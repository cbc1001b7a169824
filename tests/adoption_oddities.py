"""Tables of systems that have gone other ways than their documents: fewer of them, other columns, other types."""

from __future__ import annotations

from tests import adoption_documents as documents

# No view that holds on to the types of its columns, and one index.
AGENTS = f"""{documents.AGENTS}
drop view {{schema}}.job_stats;
drop index {{schema}}.idx_jobs_status, {{schema}}.idx_jobs_created_at, {{schema}}.idx_jobs_agent_identifier,
{{schema}}.idx_jobs_updated_at, {{schema}}.idx_jobs_user_status, {{schema}}.idx_jobs_user_created,
{{schema}}.idx_jobs_status_created, {{schema}}.idx_jobs_data_gin;
"""

# Times of events without a zone, words of all kinds, and row security off where there is no policy of which to think.
CHRONICLE = f"""{documents.CHRONICLE}
alter table {{schema}}.events alter timestamp drop default, alter timestamp type timestamp,
alter timestamp set default (now() at time zone 'UTC'), drop constraint chk_event_type_valid;
alter table {{schema}}.sessions drop constraint chk_session_status_valid;
alter table {{schema}}.notification_events disable row level security;
alter table {{schema}}.lifecycle_events disable row level security;
alter table {{schema}}.project_context disable row level security;
"""

# Two tables of four, and numbers of revisions that are words.
LIFT = """
create table {schema}.sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    title text,
    status varchar(20) not null default 'active',
    current_ir jsonb not null default '{{}}',
    metadata jsonb not null default '{{}}',
    revision_count integer not null default 0,
    draft_count integer not null default 0,
    hole_count integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create table {schema}.session_revisions (
    id uuid primary key default gen_random_uuid(),
    session_id uuid not null references {schema}.sessions (id) on delete cascade,
    user_id uuid not null,
    revision_number text not null,
    ir_content jsonb not null,
    created_at timestamptz not null default now()
);
alter table {schema}.sessions enable row level security;
create policy own on {schema}.sessions for select using (auth.uid() = user_id);
grant usage on schema {schema} to authenticated;
grant select on all tables in schema {schema} to authenticated;
"""

# Two tables of eight, and the causes of events that the document has not.
ENGINE = """
create table {schema}.events (
    event_id uuid primary key default gen_random_uuid(),
    event_type text not null,
    correlation_id uuid not null,
    causation_id uuid,
    aggregate_type text not null,
    aggregate_id text not null,
    sequence_number bigint not null,
    payload jsonb not null,
    metadata jsonb not null default '{{}}',
    emitted_by text not null,
    confidence numeric(3, 2),
    timestamp timestamptz not null default now(),
    created_at timestamptz not null default now(),
    unique (aggregate_type, aggregate_id, sequence_number)
);
create table {schema}.human_approvals (
    id uuid primary key default gen_random_uuid(),
    event_id uuid references {schema}.events (event_id),
    agent_id text not null default 'unknown',
    approval_type text not null,
    title text not null,
    status text not null default 'pending',
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by uuid
);
alter table {schema}.events enable row level security;
alter table {schema}.human_approvals enable row level security;
create policy "Enable all for authenticated users" on {schema}.events for all to authenticated
using (true) with check (true);
create policy "Enable all for authenticated users" on {schema}.human_approvals for all to authenticated
using (true) with check (true);
grant select, insert, update on {schema}.events, {schema}.human_approvals to authenticated;
"""
