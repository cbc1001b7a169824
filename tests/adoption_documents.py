"""Tables as the systems' own documents make them, in a schema of their choice: what adopting meets in the field."""

from __future__ import annotations

from psycopg import sql

# agent-jobs.md: the enumerated type in the same schema, policies for every role, a view with its maker's rights.
AGENTS = """
create type {schema}.job_status as enum ('pending', 'running', 'completed', 'failed', 'cancelled');
create table {schema}.jobs (
    id uuid default gen_random_uuid() primary key,
    user_id uuid references auth.users (id) on delete cascade,
    agent_identifier text not null,
    status {schema}.job_status not null default 'pending',
    job_data jsonb,
    result jsonb,
    error_message text,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    started_at timestamptz,
    completed_at timestamptz
);
create index idx_jobs_user_id on {schema}.jobs (user_id);
create view {schema}.job_stats as select count(*) as total_jobs from {schema}.jobs;
alter table {schema}.jobs enable row level security;
create policy "Users can view own jobs" on {schema}.jobs for select using (auth.uid() = user_id);
create policy "Users can insert own jobs" on {schema}.jobs for insert with check (auth.uid() = user_id);
create policy "Users can update own jobs" on {schema}.jobs for update using (auth.uid() = user_id);
create policy "Users can delete own jobs" on {schema}.jobs for delete using (auth.uid() = user_id);
create policy "Service role full access" on {schema}.jobs for all using (auth.role() = 'service_role');
grant select, insert, update, delete on {schema}.jobs to authenticated, service_role;
"""

# chronicle.md: row security on everywhere, policies for two tables alone; no call_id; times without a zone in one.
CHRONICLE = """
create table {schema}.sessions (
    id uuid primary key default gen_random_uuid(),
    session_id varchar(255) not null unique,
    project_name varchar(255),
    git_branch varchar(255),
    git_commit varchar(40),
    working_directory text,
    environment jsonb,
    started_at timestamptz default now(),
    ended_at timestamptz,
    status varchar(50) default 'active',
    metadata jsonb default '{{}}',
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);
create table {schema}.events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references {schema}.sessions (id) on delete cascade,
    event_type varchar(100) not null,
    source_app varchar(100),
    timestamp timestamp default (now() at time zone 'UTC'),
    data jsonb not null,
    metadata jsonb default '{{}}',
    processed_at timestamptz,
    created_at timestamptz default now()
);
create table {schema}.tool_events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references {schema}.sessions (id) on delete cascade,
    event_id uuid references {schema}.events (id) on delete cascade,
    tool_name varchar(255) not null,
    tool_type varchar(100),
    phase varchar(20) check (phase in ('pre', 'post')),
    parameters jsonb,
    result jsonb,
    execution_time_ms integer,
    success boolean,
    error_message text,
    created_at timestamptz default now()
);
create table {schema}.prompt_events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references {schema}.sessions (id) on delete cascade,
    event_id uuid references {schema}.events (id) on delete cascade,
    prompt_text text,
    prompt_length integer,
    complexity_score real,
    intent_classification varchar(100),
    context_data jsonb,
    created_at timestamptz default now()
);
create table {schema}.notification_events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references {schema}.sessions (id) on delete cascade,
    event_id uuid references {schema}.events (id) on delete cascade,
    notification_type varchar(100),
    message text,
    severity varchar(20) default 'info',
    acknowledged boolean default false,
    created_at timestamptz default now()
);
create table {schema}.lifecycle_events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references {schema}.sessions (id) on delete cascade,
    event_id uuid references {schema}.events (id) on delete cascade,
    lifecycle_type varchar(50),
    previous_state varchar(50),
    new_state varchar(50),
    trigger_reason text,
    context_snapshot jsonb,
    created_at timestamptz default now()
);
create table {schema}.project_context (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references {schema}.sessions (id) on delete cascade,
    file_path text not null,
    file_type varchar(50),
    file_size bigint,
    last_modified timestamptz,
    git_status varchar(20),
    content_hash varchar(64),
    created_at timestamptz default now()
);
alter table {schema}.sessions enable row level security;
alter table {schema}.events enable row level security;
alter table {schema}.tool_events enable row level security;
alter table {schema}.prompt_events enable row level security;
create policy "Users can read their own sessions" on {schema}.sessions for select
using (auth.uid()::text = metadata ->> 'user_id');
create policy "Users can read events from their sessions" on {schema}.events for select
using (session_id in (select id from {schema}.sessions where auth.uid()::text = metadata ->> 'user_id'));
grant select on all tables in schema {schema} to authenticated;
"""

# lift-sys.md: a second system with a table `sessions`, here with less than we need of some tables.
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

# autonomic-engine.md: one permissive policy for everything.
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

# toolbox.md gives policies but no table in full.
TOOLBOX = """
create table {schema}.users (
    id uuid primary key,
    clerk_id text,
    email text not null,
    created_at timestamptz default now()
);
create table {schema}.projects (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid references {schema}.users (id),
    name text not null,
    created_at timestamptz default now()
);
alter table {schema}.users enable row level security;
create policy "Users can view own data" on {schema}.users for select using (auth.uid() = id);
grant select on {schema}.users, {schema}.projects to authenticated;
"""


def tables_in(schema: str, text: str) -> sql.Composed:
    """The statements that make the tables of a document in `schema`."""
    return sql.SQL(text).format(schema=sql.Identifier(schema))
