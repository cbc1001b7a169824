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
-- The unique keys of tables in a schema, over columns alone, which of them are constraints and no bare indexes, and
-- which rows alone they are about.
select
    class.relname::text as table_name,
    named.relname::text as name,
    constraint_.oid is not null as is_constraint,
    array(
        select attribute.attname::text from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attnum = any(index.indkey)
        order by array_position(index.indkey::int2[], attribute.attnum)
    ) as columns,
    pg_catalog.pg_get_expr(index.indpred, index.indrelid) as predicate
from pg_catalog.pg_index as index
join pg_catalog.pg_class as named on named.oid = index.indexrelid
join pg_catalog.pg_class as class on class.oid = index.indrelid
left join pg_catalog.pg_constraint as constraint_
    on constraint_.conindid = index.indexrelid and constraint_.contype in ('p', 'u')
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and index.indisunique and index.indexprs is null
order by class.relname, named.relname;

-- name: list_rules
-- What else decides which rows tables in a schema take: checks, foreign keys and exclusions, as PostgreSQL writes them.
-- Of a check `expression` is what has to hold; of a foreign key `referenced` is the other table.
select
    class.relname::text as table_name,
    rule.conname::text as name,
    rule.contype::text as kind,
    array(
        select attribute.attname::text from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attnum = any(rule.conkey)
        order by attribute.attnum
    ) as columns,
    pg_catalog.pg_get_constraintdef(rule.oid) as definition,
    pg_catalog.pg_get_expr(rule.conbin, rule.conrelid) as expression,
    referenced_space.nspname || '.' || referenced.relname as referenced
from pg_catalog.pg_constraint as rule
join pg_catalog.pg_class as class on class.oid = rule.conrelid
left join pg_catalog.pg_class as referenced on referenced.oid = rule.confrelid
left join pg_catalog.pg_namespace as referenced_space on referenced_space.oid = referenced.relnamespace
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and rule.contype in ('c', 'f', 'x') and rule.conparentid = 0
order by class.relname, rule.conname;

-- name: list_computing_indexes
-- The indexes of tables in a schema that compute something of each row before they take it.
select
    class.relname::text as table_name,
    named.relname::text as name,
    index.indisunique as is_unique,
    pg_catalog.pg_get_indexdef(index.indexrelid) as definition
from pg_catalog.pg_index as index
join pg_catalog.pg_class as named on named.oid = index.indexrelid
join pg_catalog.pg_class as class on class.oid = index.indrelid
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and index.indexprs is not null
    and not exists (
        select from pg_catalog.pg_constraint as rule where rule.conindid = index.indexrelid and rule.contype = 'x'
    )
order by class.relname, named.relname;
