-- name: list_relations
-- Every table and view outside PostgreSQL's own schemas, with the parsed body of a view; one row per relation.
select
    class.oid,
    namespace.nspname || '.' || class.relname as name,
    class.relkind in ('r', 'p') as is_table,
    (
        select string_agg(rule.ev_action::text, '') from pg_catalog.pg_rewrite as rule
        where rule.ev_class = class.oid and rule.rulename = '_RETURN' and class.relkind = 'v'
    ) as body,
    array(
        select policy.polqual::text from pg_catalog.pg_policy as policy
        where policy.polrelid = class.oid and policy.polcmd in ('r', '*') and policy.polqual is not null
    ) as conditions
from pg_catalog.pg_class as class
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where class.relkind in ('r', 'p', 'v', 'm', 'f')
    and namespace.nspname !~ '^pg_(catalog|toast)'
    and namespace.nspname <> 'information_schema';

-- name: list_columns
-- The columns of every table and view outside PostgreSQL's own schemas, by their numbers.
select attribute.attrelid as relation, attribute.attnum::int as number, attribute.attname::text as name
from pg_catalog.pg_attribute as attribute
join pg_catalog.pg_class as class on class.oid = attribute.attrelid
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where attribute.attnum > 0 and not attribute.attisdropped
    and class.relkind in ('r', 'p', 'v', 'm', 'f')
    and namespace.nspname !~ '^pg_(catalog|toast)'
    and namespace.nspname <> 'information_schema';

-- name: list_functions
-- Functions outside PostgreSQL's own schema, and those of its own that may give another result at each call.
select
    proc.oid,
    namespace.nspname || '.' || proc.proname as name,
    namespace.nspname = 'pg_catalog' as is_own,
    language.lanname as language,
    proc.prosrc as text,
    proc.prosqlbody::text as body,
    coalesce(proc.proconfig && array['search_path=""', 'search_path=pg_catalog, pg_temp'], false) as is_qualified
from pg_catalog.pg_proc as proc
join pg_catalog.pg_namespace as namespace on namespace.oid = proc.pronamespace
join pg_catalog.pg_language as language on language.oid = proc.prolang
where namespace.nspname not in ('pg_catalog', 'information_schema')
    or (namespace.nspname = 'pg_catalog' and proc.provolatile = 'v');

-- name: list_change_sources
-- The tables whose changes are logged.
select s.name from signalbox.change_sources as s;

-- name: read_probe
-- The parsed text of the temporary view that holds a query.
select rule.ev_action::text as body, rule.ev_class::bigint as oid
from pg_catalog.pg_rewrite as rule
where rule.ev_class = pg_catalog.to_regclass('pg_temp.signalbox_probe');

-- name: list_parameter_types
-- The types that PostgreSQL finds for the parameters of the statement just prepared.
select unnest(p.parameter_types)::text as name from pg_catalog.pg_prepared_statements as p where p.name = 'signalbox_probe';
