-- name: find_tables
-- The tables and views of a schema with these names, with what the role of this connection may do to them.
select
    class.relname as name,
    class.relkind in ('r', 'p') as is_table,
    class.relrowsecurity as is_secured,
    pg_catalog.pg_has_role(class.relowner, 'member') as is_ours,
    pg_catalog.pg_get_userbyid(class.relowner) as owner,
    pg_catalog.has_table_privilege('authenticated', class.oid, 'select')
    and pg_catalog.has_schema_privilege('authenticated', class.relnamespace, 'usage') as is_readable,
    (
        select count(*) from pg_catalog.pg_policy as policy
        where policy.polrelid = class.oid and policy.polcmd in ('r', '*')
    ) as read_policies,
    greatest(class.reltuples, 0)::bigint as estimated_rows
from pg_catalog.pg_class as class
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and class.relkind in ('r', 'p', 'v', 'm', 'f');

-- name: list_columns
-- The columns of tables in a schema in their order, with their types as PostgreSQL writes them, and the collation where
-- it is not the type's own.
select
    class.relname as table_name,
    attribute.attname as name,
    pg_catalog.format_type(attribute.atttypid, attribute.atttypmod) || case
        when attribute.attcollation <> type.typcollation then ' collate ' || attribute.attcollation::regcollation
        else ''
    end as type
from pg_catalog.pg_attribute as attribute
join pg_catalog.pg_class as class on class.oid = attribute.attrelid
join pg_catalog.pg_type as type on type.oid = attribute.atttypid
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and attribute.attnum > 0 and not attribute.attisdropped
order by class.relname, attribute.attnum;

-- name: list_adopted
-- What was adopted of a system, or of all: where each table is read.
select system, table_name, source_schema, source_table, mode, missing_columns, adopted_at
from signalbox.adopted_tables
where %(system)s::text is null or system = %(system)s
order by system, table_name;

-- name: find_adopters
-- Which other systems read tables of this schema already.
select system, source_table from signalbox.adopted_tables
where system <> %(system)s and mode = 'pointed' and source_schema = %(schema)s and source_table = any(%(names)s::text[])
order by system, source_table;

-- name: note_adopted
-- Writes down where a table of a system lives.
insert into signalbox.adopted_tables (system, table_name, source_schema, source_table, mode, missing_columns)
values (%(system)s, %(table_name)s, %(source_schema)s, %(source_table)s, %(mode)s, %(missing_columns)s)
on conflict (system, table_name) do update
set source_schema = excluded.source_schema, source_table = excluded.source_table, mode = excluded.mode,
    missing_columns = excluded.missing_columns, adopted_at = now();

-- name: forget_adopted
-- Takes back the note that tables of a system are elsewhere.
delete from signalbox.adopted_tables where system = %(system)s and mode = 'pointed'
returning table_name, source_schema, source_table;

-- name: find_source
-- Number and time column of a table in the change log.
select source, time_column from signalbox.change_sources where name = %(name)s;

-- name: list_references
-- Foreign keys from other tables to these, as statements that make them again.
select
    pg_catalog.format('%%I.%%I', space.nspname, class.relname) as table_name,
    constraint_.conname as name,
    pg_catalog.pg_get_constraintdef(constraint_.oid) as definition
from pg_catalog.pg_constraint as constraint_
join pg_catalog.pg_class as class on class.oid = constraint_.conrelid
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
where constraint_.contype = 'f'
    and constraint_.confrelid = any(%(tables)s::regclass[])
    and not constraint_.conrelid = any(%(tables)s::regclass[])
order by 1, 2;

-- name: list_grants
-- Who may do what with a table or with some of its columns, its owner included, to grant it on the view that takes its
-- name; whoever asks owns that view. `columns` is null for the whole table.
select
    case grants.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(grants.grantee) end as grantee,
    grants.privilege_type as privilege,
    grants.columns
from (
    select given.grantee, given.privilege_type, null::text[] as columns
    from pg_catalog.pg_class as class
    cross join lateral pg_catalog.aclexplode(
        coalesce(class.relacl, pg_catalog.acldefault('r', class.relowner))
    ) as given
    where class.oid = %(table)s::regclass
    union all
    select given.grantee, given.privilege_type, array_agg(attribute.attname::text order by attribute.attnum)
    from pg_catalog.pg_attribute as attribute
    cross join lateral pg_catalog.aclexplode(attribute.attacl) as given
    where attribute.attrelid = %(table)s::regclass and attribute.attnum > 0 and not attribute.attisdropped
    group by given.grantee, given.privilege_type
) as grants
where grants.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    and grants.grantee <> (select oid from pg_catalog.pg_roles where rolname = current_user);

-- name: list_publications
-- The publications that tell of these tables by name.
select publication.pubname as name, class.relname as table_name
from pg_catalog.pg_publication_rel as published
join pg_catalog.pg_publication as publication on publication.oid = published.prpubid
join pg_catalog.pg_class as class on class.oid = published.prrelid
where published.prrelid = any(%(tables)s::regclass[])
order by 1, 2;

-- name: list_row_functions
-- Functions that return rows of these tables, and so go and come with them.
select distinct space.nspname as schema, routine.proname as name, routine.oid::regprocedure::text as signature
from pg_catalog.pg_proc as routine
join pg_catalog.pg_namespace as space on space.oid = routine.pronamespace
join pg_catalog.pg_type as returned on returned.oid = routine.prorettype
where returned.typrelid = any(%(tables)s::regclass[]);

-- name: list_policies_over
-- Policies of other tables that ask these.
select distinct policy.polname as name, space.nspname as schema, class.relname as table_name
from pg_catalog.pg_depend as dependency
join pg_catalog.pg_policy as policy
    on dependency.classid = 'pg_catalog.pg_policy'::regclass and policy.oid = dependency.objid
join pg_catalog.pg_class as class on class.oid = policy.polrelid
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
where dependency.refclassid = 'pg_catalog.pg_class'::regclass
    and dependency.refobjid = any(%(tables)s::regclass[])
    and not policy.polrelid = any(%(tables)s::regclass[]);
