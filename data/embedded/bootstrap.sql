-- What Supabase brings to every project and a plain PostgreSQL lacks: its roles, schema auth with the functions that
-- policies call, schema extensions, an empty publication. Everything is guarded, so it may run again at any time and
-- changes nothing that is there. Only the embedded server and `db bootstrap` run it; migrations never do.

do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (
            values
                ('anon', 'nologin'),
                ('authenticated', 'nologin'),
                ('service_role', 'nologin bypassrls'),
                ('authenticator', 'login noinherit')
        ) as roles (name, attributes)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.attributes);
        end if;
    end loop;

    for wanted in
        select *
        from (values ('anon'), ('authenticated'), ('service_role')) as roles (name)
    loop
        if not pg_has_role('authenticator', wanted.name, 'member') then
            execute format('grant %I to authenticator', wanted.name);
        end if;
        -- An owner who is no superuser has to be a member of the roles it takes on for a reader.
        if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
            execute format('grant %I to %I', wanted.name, current_user);
        end if;
    end loop;
end
$$;

-- The limits of a project. They hold for a login; a `set role` does not take them over.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (
            values
                ('anon', 'statement_timeout', '3s'),
                ('authenticated', 'statement_timeout', '8s'),
                ('authenticator', 'statement_timeout', '8s'),
                ('authenticator', 'lock_timeout', '8s')
        ) as limits (name, setting, period)
    loop
        if not exists (
            select
            from pg_catalog.pg_db_role_setting as held
            where held.setrole = wanted.name::regrole
                and held.setdatabase = 0
                and array_to_string(held.setconfig, E'\n') like '%' || wanted.setting || '=%'
        ) then
            execute format('alter role %I set %s = %L', wanted.name, wanted.setting, wanted.period);
        end if;
    end loop;
end
$$;

create schema if not exists auth;
create schema if not exists extensions;
grant usage on schema auth to anon, authenticated, service_role;
grant usage on schema extensions to anon, authenticated, service_role;
grant usage on schema public to anon, authenticated, service_role;

do $$
begin
    if to_regclass('auth.users') is null then
        create table auth.users (
            id uuid primary key,
            aud varchar(255),
            role varchar(255),
            email varchar(255),
            encrypted_password varchar(255),
            email_confirmed_at timestamptz,
            phone text unique,
            phone_confirmed_at timestamptz,
            confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
            last_sign_in_at timestamptz,
            raw_app_meta_data jsonb,
            raw_user_meta_data jsonb,
            is_sso_user boolean not null default false,
            is_anonymous boolean not null default false,
            banned_until timestamptz,
            deleted_at timestamptz,
            created_at timestamptz,
            updated_at timestamptz
        );
        create unique index users_email_partial_key on auth.users (email) where not is_sso_user;
        alter table auth.users enable row level security;
        comment on table auth.users is 'Stands in for the accounts of Supabase Auth: one row per account.';
    end if;
end
$$;

-- The claim under its own name wins over the same claim in the document of all claims, as in a project. A setting that
-- was local to a transaction reads as '' afterwards, not as null.
do $$
begin
    if to_regprocedure('auth.uid()') is null then
        create function auth.uid() returns uuid
        language sql stable
        return coalesce(
            nullif(current_setting('request.jwt.claim.sub', true), ''),
            nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
        )::uuid;
    end if;
    if to_regprocedure('auth.role()') is null then
        create function auth.role() returns text
        language sql stable
        return coalesce(
            nullif(current_setting('request.jwt.claim.role', true), ''),
            nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
        )::text;
    end if;
    if to_regprocedure('auth.email()') is null then
        create function auth.email() returns text
        language sql stable
        return coalesce(
            nullif(current_setting('request.jwt.claim.email', true), ''),
            nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
        )::text;
    end if;
    if to_regprocedure('auth.jwt()') is null then
        create function auth.jwt() returns jsonb
        language sql stable
        return coalesce(
            nullif(current_setting('request.jwt.claim', true), ''),
            nullif(current_setting('request.jwt.claims', true), '')
        )::jsonb;
    end if;
end
$$;

grant execute on function auth.uid(), auth.role(), auth.email(), auth.jwt() to anon, authenticated, service_role;

-- Statistics of statements, where the server has them loaded and lets us have them.
do $$
begin
    if exists (select from pg_catalog.pg_available_extensions where name = 'pg_stat_statements')
        and not exists (select from pg_catalog.pg_extension where extname = 'pg_stat_statements')
        and current_setting('shared_preload_libraries') like '%pg_stat_statements%'
    then
        create extension pg_stat_statements schema extensions;
    end if;
exception
    when insufficient_privilege then
        raise notice 'pg_stat_statements needs a superuser; it is left out';
end
$$;

do $$
begin
    if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
end
$$;
