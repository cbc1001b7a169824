-- name: list_demands
-- The columns of tables in a schema that are null in no row, with whether the table fills them by itself where nobody
-- does; no primary key is among them.
select
    class.relname::text as table_name,
    attribute.attname::text as name,
    attribute.atthasdef or attribute.attidentity <> '' as is_filled
from pg_catalog.pg_attribute as attribute
join pg_catalog.pg_class as class on class.oid = attribute.attrelid
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and attribute.attnum > 0 and not attribute.attisdropped and attribute.attnotnull
    and not exists (
        select from pg_catalog.pg_index as index
        where index.indrelid = class.oid and index.indisprimary and attribute.attnum = any(index.indkey)
    )
order by class.relname, attribute.attnum;

-- name: list_unique_keys
-- The unique keys of tables in a schema, over columns alone, and which of them are constraints and no bare indexes.
select
    class.relname::text as table_name,
    named.relname::text as name,
    constraint_.oid is not null as is_constraint,
    array(
        select attribute.attname::text from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attnum = any(index.indkey)
        order by array_position(index.indkey::int2[], attribute.attnum)
    ) as columns
from pg_catalog.pg_index as index
join pg_catalog.pg_class as named on named.oid = index.indexrelid
join pg_catalog.pg_class as class on class.oid = index.indrelid
left join pg_catalog.pg_constraint as constraint_
    on constraint_.conindid = index.indexrelid and constraint_.contype in ('p', 'u')
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and index.indisunique and index.indexprs is null
order by class.relname, named.relname;
