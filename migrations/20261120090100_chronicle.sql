-- Chronicle: sessions of coding agents and everything that happened in them.
set lock_timeout = '4s';
set statement_timeout = '60s';

create schema chronicle;
comment on schema chronicle is 'Chronicle: sessions, events, tool calls, prompts, notifications.';
grant usage on schema chronicle to authenticated, service_role;

create table chronicle.sessions (
    id uuid primary key default gen_random_uuid(),
    session_id varchar(255) not null,
    project_name varchar(255),
    git_branch varchar(255),
    git_commit varchar(40),
    working_directory text,
    environment jsonb,
    started_at timestamptz default now(),
    ended_at timestamptz,
    status varchar(50) default 'active',
    metadata jsonb default '{}',
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    constraint uk_sessions_session_id unique (session_id),
    constraint chk_session_status_valid check (status in ('active', 'completed', 'terminated', 'error'))
);

create table chronicle.events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid,
    event_type varchar(100) not null,
    source_app varchar(100),
    timestamp timestamptz default now(),
    data jsonb not null,
    metadata jsonb default '{}',
    processed_at timestamptz,
    created_at timestamptz default now(),
    constraint fk_events_session foreign key (session_id) references chronicle.sessions (id)
    on delete cascade on update cascade,
    constraint chk_event_type_valid check (event_type in (
        'tool_pre_use', 'tool_post_use', 'user_prompt', 'notification',
        'session_start', 'session_stop', 'compact_pre', 'system_health'
    ))
);

-- call_id is ours: the two rows of one call carry the same one.
create table chronicle.tool_events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid,
    event_id uuid,
    tool_name varchar(255) not null,
    tool_type varchar(100),
    phase varchar(20) check (phase in ('pre', 'post')),
    parameters jsonb,
    result jsonb,
    execution_time_ms integer,
    success boolean,
    error_message text,
    created_at timestamptz default now(),
    call_id uuid,
    constraint fk_tool_events_session foreign key (session_id) references chronicle.sessions (id) on delete cascade,
    constraint fk_tool_events_event foreign key (event_id) references chronicle.events (id) on delete cascade
);

create table chronicle.prompt_events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references chronicle.sessions (id) on delete cascade,
    event_id uuid references chronicle.events (id) on delete cascade,
    prompt_text text,
    prompt_length integer,
    complexity_score real,
    intent_classification varchar(100),
    context_data jsonb,
    created_at timestamptz default now()
);

create table chronicle.notification_events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references chronicle.sessions (id) on delete cascade,
    event_id uuid references chronicle.events (id) on delete cascade,
    notification_type varchar(100),
    message text,
    severity varchar(20) default 'info',
    acknowledged boolean default false,
    created_at timestamptz default now()
);

create table chronicle.lifecycle_events (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references chronicle.sessions (id) on delete cascade,
    event_id uuid references chronicle.events (id) on delete cascade,
    lifecycle_type varchar(50),
    previous_state varchar(50),
    new_state varchar(50),
    trigger_reason text,
    context_snapshot jsonb,
    created_at timestamptz default now()
);

create table chronicle.project_context (
    id uuid primary key default gen_random_uuid(),
    session_id uuid references chronicle.sessions (id) on delete cascade,
    file_path text not null,
    file_type varchar(50),
    file_size bigint,
    last_modified timestamptz,
    git_status varchar(20),
    content_hash varchar(64),
    created_at timestamptz default now()
);

comment on table chronicle.sessions is 'One row per session of an agent.';
comment on table chronicle.events is 'timestamp is the time of the event, null where the source has none. One row per event.';
comment on table chronicle.tool_events is 'created_at is the time of the event, null where unknown. One row per phase of a tool call.';
comment on table chronicle.prompt_events is 'created_at is the time of the event, null where unknown. One row per human prompt.';
comment on table chronicle.notification_events is 'created_at is the time of the event, null where unknown. One row per notification.';
comment on table chronicle.lifecycle_events is 'created_at is the time of the event, null where unknown. One row per change of a session''s state.';
comment on table chronicle.project_context is 'created_at is when a tool first touched the file, null where unknown. One row per session and file.';

create index idx_events_session_timestamp on chronicle.events (session_id, timestamp desc);
create index idx_events_type_timestamp on chronicle.events (event_type, timestamp desc);
create index idx_events_source_timestamp on chronicle.events (source_app, timestamp desc);
create index idx_events_data_gin on chronicle.events using gin (data);
create index idx_sessions_metadata_gin on chronicle.sessions using gin (metadata);
create index idx_tool_events_name_phase on chronicle.tool_events (tool_name, phase);
create index idx_tool_events_session_time on chronicle.tool_events (session_id, created_at desc);
create index idx_events_session_type_time on chronicle.events (session_id, event_type, timestamp desc);
create index idx_sessions_active on chronicle.sessions (started_at desc) where status = 'active';
create index idx_prompt_events_text_search on chronicle.prompt_events
using gin (to_tsvector('english', prompt_text));

-- Not in the document, needed by reports, policies and cascading deletes.
create index idx_sessions_started_at on chronicle.sessions (started_at desc);
create index idx_sessions_owner on chronicle.sessions ((metadata ->> 'user_id'));
create index idx_sessions_project on chronicle.sessions (project_name, started_at desc);
create index idx_events_timestamp on chronicle.events (timestamp desc);
create index idx_tool_events_created_at on chronicle.tool_events (created_at);
create index idx_tool_events_event_id on chronicle.tool_events (event_id);
create index idx_tool_events_call_id on chronicle.tool_events (call_id, phase);
create index idx_prompt_events_session on chronicle.prompt_events (session_id, created_at);
create index idx_prompt_events_event_id on chronicle.prompt_events (event_id);
create index idx_prompt_events_created_at on chronicle.prompt_events (created_at);
create index idx_notification_events_session on chronicle.notification_events (session_id, created_at);
create index idx_notification_events_event_id on chronicle.notification_events (event_id);
create index idx_notification_events_created_at on chronicle.notification_events (created_at);
create index idx_lifecycle_events_session on chronicle.lifecycle_events (session_id, created_at);
create index idx_lifecycle_events_event_id on chronicle.lifecycle_events (event_id);
create index idx_lifecycle_events_created_at on chronicle.lifecycle_events (created_at);
create unique index idx_project_context_session_file on chronicle.project_context (session_id, md5(file_path));

create function signalbox.touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at := now();
    return new;
end
$$;
create trigger sessions_updated_at before update on chronicle.sessions
for each row execute function signalbox.touch_updated_at();

-- A session belongs to the person whose id its metadata names; what happened in it belongs to the session.
alter table chronicle.sessions enable row level security;
alter table chronicle.events enable row level security;
alter table chronicle.tool_events enable row level security;
alter table chronicle.prompt_events enable row level security;
alter table chronicle.notification_events enable row level security;
alter table chronicle.lifecycle_events enable row level security;
alter table chronicle.project_context enable row level security;

grant select on all tables in schema chronicle to authenticated;
grant update (acknowledged) on chronicle.notification_events to authenticated;
grant all on all tables in schema chronicle to service_role;

create policy sessions_select on chronicle.sessions for select to authenticated
using ((select signalbox.sees_all()) or metadata ->> 'user_id' = (select auth.uid())::text);
create policy events_select on chronicle.events for select to authenticated
using ((select signalbox.sees_all()) or session_id in (
    select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
));
create policy tool_events_select on chronicle.tool_events for select to authenticated
using ((select signalbox.sees_all()) or session_id in (
    select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
));
create policy prompt_events_select on chronicle.prompt_events for select to authenticated
using ((select signalbox.sees_all()) or session_id in (
    select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
));
create policy notification_events_select on chronicle.notification_events for select to authenticated
using ((select signalbox.sees_all()) or session_id in (
    select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
));
create policy notification_events_update on chronicle.notification_events for update to authenticated
using ((select signalbox.sees_all()) or session_id in (
    select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
));
create policy lifecycle_events_select on chronicle.lifecycle_events for select to authenticated
using ((select signalbox.sees_all()) or session_id in (
    select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
));
create policy project_context_select on chronicle.project_context for select to authenticated
using ((select signalbox.sees_all()) or session_id in (
    select s.id from chronicle.sessions as s where s.metadata ->> 'user_id' = (select auth.uid())::text
));
