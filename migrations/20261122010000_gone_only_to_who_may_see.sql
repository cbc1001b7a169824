-- What is gone is told to who may see the rows: managers and admins by their token, and roles that row security leaves
-- out or that own the projection. Before, a token that names nobody was taken for such a role.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function signalbox.gone_references(projection text, named_in text [], ids text [])
returns table (column_name text, id text, becomes_null boolean)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    held regclass := coalesce(
        (
            select to_regclass(format('%I.%I', a.source_schema, a.source_table))
            from signalbox.adopted_tables as a
            where a.mode = 'pointed' and a.system = 'engine' and a.table_name = projection
        ),
        to_regclass(format('engine.%I', projection))
    );
    reference record;
    -- Who calls, as in here the owner is whom the server takes for the caller.
    asking name := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
    if not signalbox.sees_all() and not exists (
        select from pg_roles as r
        where r.rolname = asking and (
            r.rolsuper or r.rolbypassrls
            or pg_has_role(r.oid, (select c.relowner from pg_class as c where c.oid = held), 'usage')
        )
    ) then
        return;
    end if;
    for reference in
        select
            k.attname::text as name,
            c.confrelid::regclass as there,
            r.attname as key,
            format_type(r.atttypid, r.atttypmod) as kind,
            c.confdeltype = 'n' as is_emptied
        from pg_constraint as c
        join pg_attribute as k on k.attrelid = c.conrelid and k.attnum = c.conkey[1]
        join pg_attribute as r on r.attrelid = c.confrelid and r.attnum = c.confkey[1]
        where c.contype = 'f' and c.conrelid = held and cardinality(c.conkey) = 1 and k.attname::text = any(named_in)
    loop
        return query execute format(
            'select distinct $1, t.id, $2 from unnest($3, $4) as t (name, id) '
            'where t.name = $1 and not exists (select from %s as r where r.%I = t.id::%s)',
            reference.there, reference.key, reference.kind
        ) using reference.name, reference.is_emptied, named_in, ids;
    end loop;
end
$$;
