-- How much of an adopted table its own row security lets managers and admins and members see: pages say where that is
-- not all they speak of, and call nothing well that rests on it.
set lock_timeout = '4s';
set statement_timeout = '60s';

create function signalbox.sights_of(relations oid []) returns table (relation oid, of_managers text, of_members text)
language plpgsql stable -- which plans it once per connection: it is asked every second
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with conditions as (
        select
            p.polrelid,
            p.polpermissive as is_permissive,
            -- Each question of who is asking is written with and without a select around it.
            pg_catalog.regexp_replace(
                pg_catalog.pg_get_expr(p.polqual, p.polrelid), '\( SELECT ((auth|signalbox)\.\w+\(\)) AS \w+\)', '\1', 'g'
            ) as condition
        from pg_catalog.pg_policy as p
        where p.polrelid = any(sights_of.relations) and p.polcmd in ('r', '*')
        and p.polroles && array[0::oid, 'authenticated'::pg_catalog.regrole::oid]
    ),
    policies as (
        select
            c.polrelid,
            c.is_permissive,
            v.sees_all,
            case
                when c.condition in (
                    'true', '(auth.uid() IS NOT NULL)', '(auth.role() = ''authenticated''::text)',
                    '((auth.jwt() ->> ''role''::text) = ''authenticated''::text)'
                ) then 'all'
                when c.condition in (
                    'false', '(auth.role() = ''service_role''::text)',
                    '((auth.jwt() ->> ''role''::text) = ''service_role''::text)'
                ) then 'none'
                when c.condition = 'signalbox.sees_all()' then case when v.sees_all then 'all' else 'none' end
                when v.sees_all and pg_catalog.starts_with(c.condition, '(signalbox.sees_all() OR ') then 'all'
                when not v.sees_all and c.condition ~ '\m(auth\.uid|signalbox\.viewer_client)\(\)' then 'own'
                else 'some'
            end as lets_through
        from conditions as c
        cross join (values (true), (false)) as v (sees_all)
    ),
    judged as (
        select
            p.polrelid, p.sees_all,
            pg_catalog.array_agg(p.lets_through) filter (where p.is_permissive) as permits,
            coalesce(pg_catalog.array_agg(p.lets_through) filter (where not p.is_permissive), '{}') as restricts
        from policies as p
        group by p.polrelid, p.sees_all
    ),
    shown as (
        select
            c.oid,
            v.sees_all,
            case
                when not pg_catalog.has_table_privilege('authenticated', c.oid, 'select') then 'none'
                when not c.relrowsecurity then 'all'
                when j.permits is null or 'none' = any(j.restricts) then 'none'
                when 'some' = any(j.restricts) then 'some'
                when 'all' = any(j.permits) then case when 'own' = any(j.restricts) then 'own' else 'all' end
                when 'own' = any(j.permits) then 'own'
                when 'some' = any(j.permits) then 'some'
                else 'none'
            end as sight
        from pg_catalog.pg_class as c
        cross join (values (true), (false)) as v (sees_all)
        left join judged as j on j.polrelid = c.oid and j.sees_all = v.sees_all
        where c.oid = any(sights_of.relations)
    )
    select s.oid, max(s.sight) filter (where s.sees_all), max(s.sight) filter (where not s.sees_all)
    from shown as s
    group by s.oid;
end
$$;
comment on function signalbox.sights_of(oid []) is
'How much of each of these tables its grants and policies let managers and admins, and members, see: all, own (what belongs to whoever asks), some (what else a condition lets through), none. One row per table that is there.';

-- As before, by the same judgement.
create or replace function signalbox.hides_rows(system text, table_name text) returns boolean
language sql stable
set search_path = ''
as $$
    select s.of_managers <> 'all'
    from signalbox.sights_of(array[pg_catalog.to_regclass(pg_catalog.format('%I.%I', system, table_name))::oid]) as s
$$;

create function signalbox.adopted_sights() returns table (name text, place text, of_managers text, of_members text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with places as materialized (
        select
            a.system || '.' || a.table_name as name, pg_catalog.format('%I.%I', p.schema_name, p.table_name) as place, c.oid
        from signalbox.adopted_tables as a
        cross join lateral (
            select
                case when a.mode = 'moved' then a.system else a.source_schema end as schema_name,
                case when a.mode = 'moved' then a.table_name else a.source_table end as table_name
        ) as p
        -- By their names: whoever may not look into a schema reads its tables through our views all the same.
        left join pg_catalog.pg_namespace as n on n.nspname = p.schema_name
        left join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = p.table_name
    )
    select p.name, p.place, s.of_managers, s.of_members
    from places as p
    left join signalbox.sights_of((select pg_catalog.array_agg(l.oid) from places as l)) as s on s.relation = p.oid;
end
$$;
comment on function signalbox.adopted_sights() is
'The adopted tables with where each lies now and how much of it its own row security shows. One row per adopted table.';

revoke execute on function signalbox.sights_of(oid []) from public;
revoke execute on function signalbox.adopted_sights() from public;
grant execute on function signalbox.sights_of(oid []) to authenticated, service_role;
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
