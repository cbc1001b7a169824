-- name: list_row_functions
-- Functions that take or give rows of these tables, and so go and come with them, in the order in which they were made;
-- `definition` is null for an aggregate.
select
    space.nspname as schema,
    pg_catalog.format('%%I.%%I(%%s)', space.nspname, routine.proname, (
        select string_agg(pg_catalog.format_type(argument.type, null), ', ' order by argument.place)
        from unnest(routine.proargtypes) with ordinality as argument (type, place)
    )) as signature,
    case when routine.prokind <> 'a' then pg_catalog.pg_get_functiondef(routine.oid) end as definition,
    pg_catalog.pg_get_userbyid(routine.proowner) as owner,
    pg_catalog.obj_description(routine.oid, 'pg_proc') as comment
from pg_catalog.pg_proc as routine
join pg_catalog.pg_namespace as space on space.oid = routine.pronamespace
where exists (
    select from pg_catalog.pg_type as type
    where (
        type.typrelid = any(%(tables)s::regclass[])
        or type.typelem in (
            select item.oid from pg_catalog.pg_type as item where item.typrelid = any(%(tables)s::regclass[])
        )
    ) and type.oid = any(array[routine.prorettype] || routine.proargtypes::oid[] || routine.proallargtypes)
)
order by routine.oid;

-- name: list_function_grants
-- Who may call a function, its owner included.
select
    case given.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(given.grantee) end as grantee,
    given.is_grantable
from pg_catalog.pg_proc as routine
cross join lateral pg_catalog.aclexplode(
    coalesce(routine.proacl, pg_catalog.acldefault('f', routine.proowner))
) as given
where routine.oid = %(signature)s::regprocedure;

-- name: find_search_path
-- Where names without a schema are looked for.
select pg_catalog.current_setting('search_path') as path;

-- name: extend_search_path
-- Where they would be looked for with a schema before all others.
select pg_catalog.concat_ws(
    ', ', pg_catalog.quote_ident(%(schema)s), nullif(pg_catalog.current_setting('search_path'), '')
) as path;

-- name: set_search_path
-- Where names without a schema are looked for until the end of the transaction.
select pg_catalog.set_config('search_path', %(path)s, true);
