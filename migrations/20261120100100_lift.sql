-- lift-sys: sessions that turn prompts into code by way of an intermediate representation (IR) with typed holes.
set lock_timeout = '4s';
set statement_timeout = '60s';

create schema lift;
comment on schema lift is 'lift-sys: sessions, revisions of their IR, drafts of code, resolved holes.';
grant usage on schema lift to authenticated, service_role;

create table lift.sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    prompt text,
    status text not null default 'active'
    constraint sessions_status_valid check (status in ('active', 'finalized', 'abandoned', 'error')),
    current_ir jsonb not null default '{}',
    metadata jsonb not null default '{}',
    revision_count integer not null default 0,
    draft_count integer not null default 0,
    hole_count integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table lift.sessions is 'Sessions with their current IR; the counts are kept by triggers. One row per session.';
create index idx_sessions_user_id on lift.sessions (user_id);
create index idx_sessions_status on lift.sessions (status);
create index idx_sessions_created_at on lift.sessions (created_at desc);
create index idx_sessions_updated_at on lift.sessions (updated_at desc);
create index idx_sessions_user_updated on lift.sessions (user_id, updated_at desc);
create index idx_sessions_current_ir_gin on lift.sessions using gin (current_ir);
create index idx_sessions_metadata_gin on lift.sessions using gin (metadata);

create table lift.session_revisions (
    id uuid primary key default gen_random_uuid(),
    session_id uuid not null references lift.sessions (id) on delete cascade,
    user_id uuid not null references auth.users (id) on delete cascade,
    revision_number integer not null check (revision_number > 0),
    ir_content jsonb not null,
    change_summary text,
    changed_by text,
    changes jsonb,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    constraint session_revisions_number unique (session_id, revision_number)
);
comment on table lift.session_revisions is 'The IR after each change. One row per session and revision.';
create index idx_session_revisions_user_id on lift.session_revisions (user_id);
create index idx_session_revisions_created_at on lift.session_revisions (created_at desc);
create index idx_session_revisions_ir_gin on lift.session_revisions using gin (ir_content);
create index idx_session_revisions_session_created on lift.session_revisions (session_id, created_at desc);

create table lift.session_drafts (
    id uuid primary key default gen_random_uuid(),
    session_id uuid not null references lift.sessions (id) on delete cascade,
    user_id uuid not null references auth.users (id) on delete cascade,
    draft_number integer not null check (draft_number > 0),
    code text not null,
    syntax_valid boolean,
    ast_valid boolean,
    llm_metrics jsonb not null default '{}',
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    constraint session_drafts_number unique (session_id, draft_number)
);
comment on table lift.session_drafts is
'Generated code; validity is null where it was not checked; llm_metrics holds model, input_tokens, output_tokens, cost_usd, latency_ms as far as known. One row per session and draft.';
create index idx_session_drafts_user_id on lift.session_drafts (user_id);
create index idx_session_drafts_created_at on lift.session_drafts (created_at desc);
create index idx_session_drafts_llm_metrics_gin on lift.session_drafts using gin (llm_metrics);
create index idx_session_drafts_session_created on lift.session_drafts (session_id, created_at desc);

create table lift.hole_resolutions (
    id uuid primary key default gen_random_uuid(),
    session_id uuid not null references lift.sessions (id) on delete cascade,
    user_id uuid not null references auth.users (id) on delete cascade,
    hole_id text not null,
    hole_type text,
    resolution jsonb not null,
    resolution_method text,
    confidence double precision check (confidence between 0 and 1),
    created_at timestamptz not null default now()
);
comment on table lift.hole_resolutions is
'What a hole of the IR was filled with; a hole may be filled again, the newest counts. One row per resolution.';
create index idx_hole_resolutions_user_id on lift.hole_resolutions (user_id);
create index idx_hole_resolutions_created_at on lift.hole_resolutions (created_at desc);
create index idx_hole_resolutions_session_hole on lift.hole_resolutions (session_id, hole_id, created_at desc);
create index idx_hole_resolutions_resolution_gin on lift.hole_resolutions using gin (resolution);

create trigger sessions_touch before update on lift.sessions
for each row execute function signalbox.touch_updated_at();

-- Security definer: a revision that its author may write moves the counter of the session, whoever may update that.
-- The argument is the column to count in.
create function lift.count_children() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
    left_session uuid := case when tg_op in ('UPDATE', 'DELETE') then old.session_id end;
    joined_session uuid := case when tg_op in ('UPDATE', 'INSERT') then new.session_id end;
begin
    if left_session is not distinct from joined_session then
        return null;
    end if;
    update lift.sessions as s
    set revision_count = s.revision_count + case when tg_argv[0] = 'revision_count' then d.step else 0 end,
        draft_count = s.draft_count + case when tg_argv[0] = 'draft_count' then d.step else 0 end,
        hole_count = s.hole_count + case when tg_argv[0] = 'hole_count' then d.step else 0 end
    from (
        select left_session as session_id, -1 as step where left_session is not null
        union all
        select joined_session, 1 where joined_session is not null
        -- In the order of ids, so that two statements that move children between two sessions cannot deadlock.
        order by session_id
    ) as d
    where s.id = d.session_id;
    return null;
end
$$;

create function lift.count_nothing() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    update lift.sessions as s
    set revision_count = case when tg_argv[0] = 'revision_count' then 0 else s.revision_count end,
        draft_count = case when tg_argv[0] = 'draft_count' then 0 else s.draft_count end,
        hole_count = case when tg_argv[0] = 'hole_count' then 0 else s.hole_count end
    where case tg_argv[0] when 'revision_count' then s.revision_count when 'draft_count' then s.draft_count
        else s.hole_count end <> 0;
    return null;
end
$$;
revoke execute on function lift.count_children() from public;
revoke execute on function lift.count_nothing() from public;

create trigger session_revisions_count after insert or delete or update of session_id on lift.session_revisions
for each row execute function lift.count_children('revision_count');
create trigger session_revisions_count_nothing after truncate on lift.session_revisions
for each statement execute function lift.count_nothing('revision_count');
create trigger session_drafts_count after insert or delete or update of session_id on lift.session_drafts
for each row execute function lift.count_children('draft_count');
create trigger session_drafts_count_nothing after truncate on lift.session_drafts
for each statement execute function lift.count_nothing('draft_count');
create trigger hole_resolutions_count after insert or delete or update of session_id on lift.hole_resolutions
for each row execute function lift.count_children('hole_count');
create trigger hole_resolutions_count_nothing after truncate on lift.hole_resolutions
for each statement execute function lift.count_nothing('hole_count');

alter table lift.sessions enable row level security;
alter table lift.session_revisions enable row level security;
alter table lift.session_drafts enable row level security;
alter table lift.hole_resolutions enable row level security;
grant select, insert, update, delete on lift.sessions, lift.session_revisions, lift.session_drafts,
lift.hole_resolutions to authenticated;
grant all on lift.sessions, lift.session_revisions, lift.session_drafts, lift.hole_resolutions to service_role;

create policy sessions_select on lift.sessions for select to authenticated
using ((select signalbox.sees_all()) or user_id = (select auth.uid()));
create policy sessions_insert on lift.sessions for insert to authenticated
with check (user_id = (select auth.uid()));
create policy sessions_update on lift.sessions for update to authenticated
using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy sessions_delete on lift.sessions for delete to authenticated
using (user_id = (select auth.uid()));

-- A child belongs to whom its session belongs: nobody hangs rows on somebody else's session.
create policy session_revisions_select on lift.session_revisions for select to authenticated
using ((select signalbox.sees_all()) or user_id = (select auth.uid()));
create policy session_revisions_insert on lift.session_revisions for insert to authenticated
with check (user_id = (select auth.uid()) and session_id in (
    select s.id from lift.sessions as s where s.user_id = (select auth.uid())
));
create policy session_revisions_update on lift.session_revisions for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()) and session_id in (
    select s.id from lift.sessions as s where s.user_id = (select auth.uid())
));
create policy session_revisions_delete on lift.session_revisions for delete to authenticated
using (user_id = (select auth.uid()));
create policy session_drafts_select on lift.session_drafts for select to authenticated
using ((select signalbox.sees_all()) or user_id = (select auth.uid()));
create policy session_drafts_insert on lift.session_drafts for insert to authenticated
with check (user_id = (select auth.uid()) and session_id in (
    select s.id from lift.sessions as s where s.user_id = (select auth.uid())
));
create policy session_drafts_update on lift.session_drafts for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()) and session_id in (
    select s.id from lift.sessions as s where s.user_id = (select auth.uid())
));
create policy session_drafts_delete on lift.session_drafts for delete to authenticated
using (user_id = (select auth.uid()));
create policy hole_resolutions_select on lift.hole_resolutions for select to authenticated
using ((select signalbox.sees_all()) or user_id = (select auth.uid()));
create policy hole_resolutions_insert on lift.hole_resolutions for insert to authenticated
with check (user_id = (select auth.uid()) and session_id in (
    select s.id from lift.sessions as s where s.user_id = (select auth.uid())
));
create policy hole_resolutions_update on lift.hole_resolutions for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()) and session_id in (
    select s.id from lift.sessions as s where s.user_id = (select auth.uid())
));
create policy hole_resolutions_delete on lift.hole_resolutions for delete to authenticated
using (user_id = (select auth.uid()));
