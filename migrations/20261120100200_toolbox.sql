-- ToolboxAI: people, workspaces, projects, and who belongs to which.
set lock_timeout = '4s';
set statement_timeout = '60s';

create schema toolbox;
comment on schema toolbox is 'ToolboxAI: users, workspaces, projects and their members.';
grant usage on schema toolbox to authenticated, service_role;

create table toolbox.users (
    id uuid primary key references auth.users (id) on delete cascade,
    clerk_id text unique,
    email text not null,
    full_name text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table toolbox.users is 'People of ToolboxAI; clerk_id is their id at Clerk. One row per person.';
create index idx_users_email on toolbox.users (email);

create table toolbox.workspaces (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null references toolbox.users (id) on delete cascade,
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table toolbox.workspaces is 'One row per workspace.';
create index idx_workspaces_owner on toolbox.workspaces (owner_id);

create table toolbox.workspace_members (
    workspace_id uuid not null references toolbox.workspaces (id) on delete cascade,
    user_id uuid not null references toolbox.users (id) on delete cascade,
    role text not null default 'member'
    constraint workspace_members_role_valid check (role in ('viewer', 'member', 'admin')),
    created_at timestamptz not null default now(),
    primary key (workspace_id, user_id)
);
comment on table toolbox.workspace_members is 'Who belongs to which workspace, beside its owner. One row per workspace and person.';
create index idx_workspaces_user on toolbox.workspace_members (user_id);

create table toolbox.projects (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null references toolbox.users (id) on delete cascade,
    workspace_id uuid references toolbox.workspaces (id) on delete set null,
    name text not null,
    description text,
    status text not null default 'active'
    constraint projects_status_valid check (status in ('active', 'archived')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table toolbox.projects is 'One row per project.';
create index idx_projects_owner on toolbox.projects (owner_id);
create index idx_projects_created on toolbox.projects (created_at desc);
create index idx_projects_workspace on toolbox.projects (workspace_id);

create table toolbox.project_members (
    project_id uuid not null references toolbox.projects (id) on delete cascade,
    user_id uuid not null references toolbox.users (id) on delete cascade,
    role text not null default 'member'
    constraint project_members_role_valid check (role in ('viewer', 'member', 'admin')),
    created_at timestamptz not null default now(),
    primary key (project_id, user_id)
);
comment on table toolbox.project_members is 'Who belongs to which project, beside its owner. One row per project and person.';
create index idx_project_members_user on toolbox.project_members (user_id);

create trigger users_touch before update on toolbox.users
for each row execute function signalbox.touch_updated_at();
create trigger workspaces_touch before update on toolbox.workspaces
for each row execute function signalbox.touch_updated_at();
create trigger projects_touch before update on toolbox.projects
for each row execute function signalbox.touch_updated_at();

-- Security definer: the policies of projects and of their members ask for each other, which without this never ends.
create function toolbox.viewer_projects() returns setof uuid
language sql stable security definer
set search_path = ''
as $$
    select p.id from toolbox.projects as p where p.owner_id = (select auth.uid())
    union
    select m.project_id from toolbox.project_members as m where m.user_id = (select auth.uid())
$$;
create function toolbox.viewer_workspaces() returns setof uuid
language sql stable security definer
set search_path = ''
as $$
    select w.id from toolbox.workspaces as w where w.owner_id = (select auth.uid())
    union
    select m.workspace_id from toolbox.workspace_members as m where m.user_id = (select auth.uid())
$$;
revoke execute on function toolbox.viewer_projects() from public;
revoke execute on function toolbox.viewer_workspaces() from public;
grant execute on function toolbox.viewer_projects(), toolbox.viewer_workspaces() to authenticated, service_role;

alter table toolbox.users enable row level security;
alter table toolbox.workspaces enable row level security;
alter table toolbox.workspace_members enable row level security;
alter table toolbox.projects enable row level security;
alter table toolbox.project_members enable row level security;
grant select on toolbox.users to authenticated;
grant update (full_name) on toolbox.users to authenticated;
grant select, insert, update, delete on toolbox.workspaces, toolbox.workspace_members, toolbox.projects,
toolbox.project_members to authenticated;
grant all on toolbox.users, toolbox.workspaces, toolbox.workspace_members, toolbox.projects,
toolbox.project_members to service_role;

create policy users_select on toolbox.users for select to authenticated
using ((select signalbox.sees_all()) or id = (select auth.uid()));
create policy users_update on toolbox.users for update to authenticated
using (id = (select auth.uid())) with check (id = (select auth.uid()));

create policy workspaces_select on toolbox.workspaces for select to authenticated
using ((select signalbox.sees_all()) or owner_id = (select auth.uid()) or id in (select toolbox.viewer_workspaces()));
create policy workspaces_insert on toolbox.workspaces for insert to authenticated
with check (owner_id = (select auth.uid()));
create policy workspaces_update on toolbox.workspaces for update to authenticated
using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
create policy workspaces_delete on toolbox.workspaces for delete to authenticated
using (owner_id = (select auth.uid()));

create policy projects_select on toolbox.projects for select to authenticated
using ((select signalbox.sees_all()) or owner_id = (select auth.uid()) or id in (select toolbox.viewer_projects()));
create policy projects_insert on toolbox.projects for insert to authenticated
with check (owner_id = (select auth.uid()));
create policy projects_update on toolbox.projects for update to authenticated
using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
create policy projects_delete on toolbox.projects for delete to authenticated
using (owner_id = (select auth.uid()));

-- Members see each other; the owner alone says who is one, and everybody may leave.
create policy workspace_members_select on toolbox.workspace_members for select to authenticated
using ((select signalbox.sees_all()) or workspace_id in (select toolbox.viewer_workspaces()));
create policy workspace_members_insert on toolbox.workspace_members for insert to authenticated
with check (workspace_id in (select w.id from toolbox.workspaces as w where w.owner_id = (select auth.uid())));
create policy workspace_members_update on toolbox.workspace_members for update to authenticated
using (workspace_id in (select w.id from toolbox.workspaces as w where w.owner_id = (select auth.uid())))
with check (workspace_id in (select w.id from toolbox.workspaces as w where w.owner_id = (select auth.uid())));
create policy workspace_members_delete on toolbox.workspace_members for delete to authenticated
using (
    user_id = (select auth.uid())
    or workspace_id in (select w.id from toolbox.workspaces as w where w.owner_id = (select auth.uid()))
);
create policy project_members_select on toolbox.project_members for select to authenticated
using ((select signalbox.sees_all()) or project_id in (select toolbox.viewer_projects()));
create policy project_members_insert on toolbox.project_members for insert to authenticated
with check (project_id in (select p.id from toolbox.projects as p where p.owner_id = (select auth.uid())));
create policy project_members_update on toolbox.project_members for update to authenticated
using (project_id in (select p.id from toolbox.projects as p where p.owner_id = (select auth.uid())))
with check (project_id in (select p.id from toolbox.projects as p where p.owner_id = (select auth.uid())));
create policy project_members_delete on toolbox.project_members for delete to authenticated
using (
    user_id = (select auth.uid())
    or project_id in (select p.id from toolbox.projects as p where p.owner_id = (select auth.uid()))
);
