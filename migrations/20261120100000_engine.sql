-- The rest of the autonomic engine: snapshots, SOPs, agent metrics, client health, chaos experiments.
set lock_timeout = '4s';
set statement_timeout = '60s';

comment on schema engine is
'The autonomic engine: events and snapshots, human approvals, SOPs, agent metrics, client health, chaos experiments.';

-- Also while a session replays replicated rows: the record of what happened is never rewritten.
alter table engine.events enable always trigger events_append_only;
alter table engine.events enable always trigger events_no_truncate;

-- The client that the viewer's token was made for: a claim of its own, or one that admins put into app_metadata.
create function signalbox.viewer_client() returns text
language sql stable
set search_path = ''
as $$
    select coalesce(
        nullif((select auth.jwt()) ->> 'client_id', ''),
        nullif((select auth.jwt()) -> 'app_metadata' ->> 'client_id', '')
    )
$$;
revoke execute on function signalbox.viewer_client() from public;
grant execute on function signalbox.viewer_client() to authenticated, service_role;

create function engine.get_event_stream(
    p_aggregate_type text,
    p_aggregate_id text,
    p_from_sequence bigint default 1,
    p_to_sequence bigint default null
) returns setof engine.events
language sql stable
set search_path = ''
as $$
    select e.*
    from engine.events as e
    where e.aggregate_type = p_aggregate_type and e.aggregate_id = p_aggregate_id
    and e.sequence_number >= p_from_sequence
    and (p_to_sequence is null or e.sequence_number <= p_to_sequence)
    order by e.sequence_number
$$;
comment on function engine.get_event_stream(text, text, bigint, bigint) is
'The events of one aggregate in order, from one sequence number to another, both included.';
revoke execute on function engine.get_event_stream(text, text, bigint, bigint) from public;
grant execute on function engine.get_event_stream(text, text, bigint, bigint) to authenticated, service_role;

create table engine.event_snapshots (
    id uuid primary key default gen_random_uuid(),
    aggregate_type text not null,
    aggregate_id text not null,
    sequence_number bigint not null check (sequence_number > 0),
    state jsonb not null,
    reducer text,
    created_at timestamptz not null default now(),
    constraint event_snapshots_aggregate_sequence unique (aggregate_type, aggregate_id, sequence_number)
);
comment on table engine.event_snapshots is
'State of an aggregate after an event; reducer names the version of the code that folded it. One row per aggregate and snapshot.';
create index idx_event_snapshots_created_at on engine.event_snapshots (created_at desc);

create table engine.sop_definitions (
    id uuid primary key default gen_random_uuid(),
    sop_id text not null,
    version integer not null default 1 check (version > 0),
    title text not null,
    description text,
    steps jsonb not null default '[]' constraint sop_definitions_steps_list check (jsonb_typeof(steps) = 'array'),
    definition jsonb not null default '{}',
    status text not null default 'active'
    constraint sop_definitions_status_valid check (status in ('draft', 'active', 'retired')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint sop_definitions_sop_version unique (sop_id, version)
);
comment on table engine.sop_definitions is 'Standard operating procedures that machines read. One row per procedure and version.';
create trigger sop_definitions_touch before update on engine.sop_definitions
for each row execute function signalbox.touch_updated_at();

-- Rates come with what they were counted over, so that a rate of many executions is never an average of averages.
create table engine.sop_executions (
    id uuid primary key default gen_random_uuid(),
    sop_id text not null,
    sop_version integer,
    correlation_id uuid,
    client_id text,
    session_id uuid references chronicle.sessions (id) on delete cascade,
    user_id uuid references auth.users (id) on delete set null,
    agent_id text,
    status text not null default 'running'
    constraint sop_executions_status_valid check (status in ('running', 'completed', 'failed', 'cancelled')),
    current_step text,
    steps jsonb not null default '[]' constraint sop_executions_steps_list check (jsonb_typeof(steps) = 'array'),
    actions_total bigint check (actions_total >= 0),
    actions_automated bigint check (actions_automated >= 0),
    human_interventions bigint not null default 0 check (human_interventions >= 0),
    cycle_time_hours double precision check (cycle_time_hours >= 0),
    automation_rate double precision check (automation_rate between 0 and 1),
    estimated_cost numeric check (estimated_cost >= 0),
    error_message text,
    started_at timestamptz,
    completed_at timestamptz,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    constraint sop_executions_automated_of_total check (actions_automated <= actions_total)
);
comment on table engine.sop_executions is
'Runs of procedures; automation_rate is actions_automated over actions_total, estimated_cost is in USD, a step has step, kind (agent or human), agent, started_at, completed_at, outcome, note. One row per execution.';
create index idx_sop_executions_sop_id on engine.sop_executions (sop_id, started_at desc);
create index idx_sop_executions_started_at on engine.sop_executions (started_at desc);
create index idx_sop_executions_completed_at on engine.sop_executions (completed_at desc);
create index idx_sop_executions_running on engine.sop_executions (started_at) where status = 'running';
create index idx_sop_executions_session_id on engine.sop_executions (session_id);
create index idx_sop_executions_user_id on engine.sop_executions (user_id);
create index idx_sop_executions_client_id on engine.sop_executions (client_id);
create index idx_sop_executions_correlation on engine.sop_executions (correlation_id);

create table engine.agent_metrics (
    id uuid primary key default gen_random_uuid(),
    agent_id text not null,
    user_id uuid references auth.users (id) on delete cascade,
    source text not null default 'engine',
    window_start timestamptz,
    window_end timestamptz,
    actions_total bigint check (actions_total >= 0),
    actions_automated bigint check (actions_automated >= 0),
    human_escalations bigint not null default 0 check (human_escalations >= 0),
    avg_confidence double precision check (avg_confidence between 0 and 1),
    confidence_count bigint check (confidence_count >= 0),
    automation_rate double precision check (automation_rate between 0 and 1),
    total_cost numeric check (total_cost >= 0),
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint agent_metrics_window check (window_start <= window_end),
    constraint agent_metrics_automated_of_total check (actions_automated <= actions_total),
    constraint agent_metrics_once unique nulls not distinct (agent_id, source, user_id, window_start, window_end)
);
comment on table engine.agent_metrics is
'What agents did in a span of time; avg_confidence is over confidence_count decisions, automation_rate over actions_total. One row per agent, source, owner and window.';
create index idx_agent_metrics_window_end on engine.agent_metrics (window_end desc);
create index idx_agent_metrics_agent on engine.agent_metrics (agent_id, window_end desc);
create index idx_agent_metrics_user_id on engine.agent_metrics (user_id);
create trigger agent_metrics_touch before update on engine.agent_metrics
for each row execute function signalbox.touch_updated_at();

create table engine.client_health (
    id uuid primary key default gen_random_uuid(),
    client_id text not null,
    event_id uuid unique references engine.events (event_id),
    health_score double precision check (health_score between 0 and 100),
    status text not null default 'unknown'
    constraint client_health_status_valid check (status in ('unknown', 'healthy', 'at_risk', 'critical')),
    signals jsonb not null default '{}',
    risk_factors jsonb not null default '[]'
    constraint client_health_risks_list check (jsonb_typeof(risk_factors) = 'array'),
    computed_at timestamptz not null default now(),
    created_at timestamptz not null default now()
);
comment on table engine.client_health is
'How clients fare, from 0 to 100; the newest row of a client is its present health, the others its history; event_id is the event a row was projected from, null where it has none. One row per client and assessment.';
create index idx_client_health_client on engine.client_health (client_id, computed_at desc);
create index idx_client_health_computed_at on engine.client_health (computed_at desc);

create table engine.chaos_experiments (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    hypothesis text not null,
    target text,
    blast_radius text,
    blast_radius_percent double precision check (blast_radius_percent between 0 and 100),
    status text not null default 'planned'
    constraint chaos_experiments_status_valid check (status in ('planned', 'running', 'completed', 'aborted')),
    outcome text
    constraint chaos_experiments_outcome_valid check (outcome in ('confirmed', 'refuted', 'inconclusive')),
    findings text,
    correlation_id uuid,
    metadata jsonb not null default '{}',
    started_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table engine.chaos_experiments is
'Faults set on purpose: what was expected, how much they could hit, what came out. One row per experiment.';
create index idx_chaos_experiments_created_at on engine.chaos_experiments (created_at desc);
create index idx_chaos_experiments_correlation on engine.chaos_experiments (correlation_id);
create trigger chaos_experiments_touch before update on engine.chaos_experiments
for each row execute function signalbox.touch_updated_at();

alter table engine.event_snapshots enable row level security;
alter table engine.sop_definitions enable row level security;
alter table engine.sop_executions enable row level security;
alter table engine.agent_metrics enable row level security;
alter table engine.client_health enable row level security;
alter table engine.chaos_experiments enable row level security;
grant select on engine.event_snapshots, engine.sop_definitions, engine.sop_executions, engine.agent_metrics,
engine.client_health, engine.chaos_experiments to authenticated;
grant insert on engine.event_snapshots to authenticated;
grant all on engine.event_snapshots, engine.sop_definitions, engine.sop_executions, engine.agent_metrics,
engine.client_health, engine.chaos_experiments to service_role;

-- A member reads what carries the client of their token; without that claim nothing but rows of their own.
alter policy events_select on engine.events
using ((select signalbox.sees_all()) or payload ->> 'client_id' = (select signalbox.viewer_client()));
alter policy human_approvals_select on engine.human_approvals
using (
    (select signalbox.sees_all()) or user_id = (select auth.uid())
    or request_payload ->> 'client_id' = (select signalbox.viewer_client())
);
create policy event_snapshots_select on engine.event_snapshots for select to authenticated
using ((select signalbox.sees_all()));
create policy event_snapshots_insert on engine.event_snapshots for insert to authenticated
with check ((select signalbox.is_admin()));
create policy sop_definitions_select on engine.sop_definitions for select to authenticated
using ((select auth.uid()) is not null);
create policy sop_executions_select on engine.sop_executions for select to authenticated
using (
    (select signalbox.sees_all()) or user_id = (select auth.uid())
    or client_id = (select signalbox.viewer_client())
);
create policy agent_metrics_select on engine.agent_metrics for select to authenticated
using ((select signalbox.sees_all()) or user_id = (select auth.uid()));
create policy client_health_select on engine.client_health for select to authenticated
using ((select signalbox.sees_all()) or client_id = (select signalbox.viewer_client()));
create policy chaos_experiments_select on engine.chaos_experiments for select to authenticated
using ((select signalbox.sees_all()));
