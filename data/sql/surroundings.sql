-- name: list_narrowed
-- Of these tables those of which the publication of Supabase Realtime tells some columns or some rows alone.
select
    namespace.nspname || '.' || class.relname as identity,
    (
        select string_agg(attribute.attname, ', ' order by attribute.attnum)
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attnum = any(published.prattrs)
    ) as columns,
    pg_catalog.pg_get_expr(published.prqual, class.oid) as condition
from pg_catalog.pg_publication_rel as published
join pg_catalog.pg_publication as publication on publication.oid = published.prpubid
join pg_catalog.pg_class as class on class.oid = published.prrelid
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where publication.pubname = 'supabase_realtime'
    and (published.prattrs is not null or published.prqual is not null)
    and namespace.nspname || '.' || class.relname = any(%(tables)s::text[])
order by 1;

-- name: list_nameless
-- Tables of these schemas whose updates and deletions a publication tells of although they have nothing by which rows
-- are known to it, so that PostgreSQL refuses them; and whether there is a primary key to know them by.
select distinct
    tables.schemaname || '.' || tables.tablename as identity,
    key.is_there as has_key
from pg_catalog.pg_publication_tables as tables
join pg_catalog.pg_publication as publication on publication.pubname = tables.pubname
join pg_catalog.pg_namespace as namespace on namespace.nspname = tables.schemaname
join pg_catalog.pg_class as class on class.relnamespace = namespace.oid and class.relname = tables.tablename
cross join lateral (
    select exists (
        select from pg_catalog.pg_index as index
        where index.indrelid = class.oid and index.indisprimary and index.indimmediate and index.indisvalid
    ) as is_there
) as key
where namespace.nspname = any(%(schemas)s::text[])
    and class.relkind = 'r'
    and (publication.pubupdate or publication.pubdelete)
    and case class.relreplident
        when 'd' then not key.is_there
        when 'i' then not exists (
            select from pg_catalog.pg_index as index where index.indrelid = class.oid and index.indisreplident
        )
        else class.relreplident = 'n'
    end
order by 1;

-- name: list_unfenced
-- Of the roles that signed-in and other visitors have those that row security does not hold.
select rolname::text as name, rolsuper as is_superuser, rolbypassrls as passes_by
from pg_catalog.pg_roles
where rolname in ('anon', 'authenticated') and (rolsuper or rolbypassrls)
order by 1;
