-- How much of an adopted table its own row security lets managers and members see: pages say where that is not all they
-- speak of, and call nothing well that rests on it.
set lock_timeout = '4s';
set statement_timeout = '60s';

create function signalbox.sight_of(relation regclass, sees_all boolean) returns text
language sql stable
set search_path = ''
as $$
    with conditions as (
        select
            p.polpermissive as is_permissive,
            -- Each question of who is asking is written with and without a select around it.
            pg_catalog.regexp_replace(
                pg_catalog.pg_get_expr(p.polqual, p.polrelid), '\( SELECT ((auth|signalbox)\.\w+\(\)) AS \w+\)', '\1', 'g'
            ) as condition
        from pg_catalog.pg_policy as p
        where p.polrelid = sight_of.relation and p.polcmd in ('r', '*')
        and p.polroles && array[0::oid, 'authenticated'::pg_catalog.regrole::oid]
    ),
    policies as (
        select
            c.is_permissive,
            case
                when c.condition in (
                    'true', '(auth.uid() IS NOT NULL)', '(auth.role() = ''authenticated''::text)',
                    '((auth.jwt() ->> ''role''::text) = ''authenticated''::text)'
                ) then 'all'
                when c.condition in (
                    'false', '(auth.role() = ''service_role''::text)',
                    '((auth.jwt() ->> ''role''::text) = ''service_role''::text)'
                ) then 'none'
                when c.condition = 'signalbox.sees_all()' then case when sight_of.sees_all then 'all' else 'none' end
                when sight_of.sees_all and pg_catalog.starts_with(c.condition, '(signalbox.sees_all() OR ') then 'all'
                when not sight_of.sees_all and c.condition ~ '\m(auth\.uid|signalbox\.viewer_client)\(\)' then 'own'
                else 'some'
            end as lets_through
        from conditions as c
    )
    select case
        when not pg_catalog.has_table_privilege('authenticated', c.oid, 'select') then 'none'
        when not c.relrowsecurity then 'all'
        when p.permits is null or 'none' = any(p.restricts) then 'none'
        when 'some' = any(p.restricts) then 'some'
        when 'all' = any(p.permits) then case when 'own' = any(p.restricts) then 'own' else 'all' end
        when 'own' = any(p.permits) then 'own'
        when 'some' = any(p.permits) then 'some'
        else 'none'
    end
    from pg_catalog.pg_class as c
    cross join (
        select
            pg_catalog.array_agg(lets_through) filter (where is_permissive) as permits,
            coalesce(pg_catalog.array_agg(lets_through) filter (where not is_permissive), '{}') as restricts
        from policies
    ) as p
    where c.oid = sight_of.relation
$$;
comment on function signalbox.sight_of(regclass, boolean) is
'How much of a table its grants and policies let managers and admins (sees_all) or members see: all, own (what belongs to whoever asks), some (what else a condition lets through), none; null where there is no such table.';

-- As before, by the same judgement.
create or replace function signalbox.hides_rows(system text, table_name text) returns boolean
language sql stable
set search_path = ''
as $$
    select signalbox.sight_of(pg_catalog.to_regclass(pg_catalog.format('%I.%I', system, table_name)), true) <> 'all'
$$;

create function signalbox.adopted_sights() returns table (name text, place text, of_managers text, of_members text)
language sql stable
set search_path = ''
as $$
    select
        a.system || '.' || a.table_name, pg_catalog.format('%I.%I', p.schema_name, p.table_name),
        signalbox.sight_of(c.oid, true), signalbox.sight_of(c.oid, false)
    from signalbox.adopted_tables as a
    cross join lateral (
        select
            case when a.mode = 'moved' then a.system else a.source_schema end as schema_name,
            case when a.mode = 'moved' then a.table_name else a.source_table end as table_name
    ) as p
    -- By their names: whoever may not look into a schema reads its tables through our views all the same.
    left join pg_catalog.pg_namespace as n on n.nspname = p.schema_name
    left join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = p.table_name
$$;
comment on function signalbox.adopted_sights() is
'The adopted tables with where each lies now and how much of it its own row security shows. One row per adopted table.';

revoke execute on function signalbox.sight_of(regclass, boolean) from public;
revoke execute on function signalbox.adopted_sights() from public;
grant execute on function signalbox.sight_of(regclass, boolean) to authenticated, service_role;
grant execute on function signalbox.adopted_sights() to authenticated, service_role;

-- Since when the console knows a database, for those who may not read its migrations: managers are told of backups.
create function signalbox.known_since() returns timestamptz
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select min(m.applied_at) from signalbox.migration_runs as m where signalbox.sees_all()
$$;
comment on function signalbox.known_since() is
'When the first migration was applied here; null for members, and where none was by this console.';
revoke execute on function signalbox.known_since() from public;
grant execute on function signalbox.known_since() to authenticated, service_role;
