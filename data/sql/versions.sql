-- name: read_sources
-- The change version of every source table; of an adopted one where it lies, the columns that it lacks, as they are not
-- there at all or hold what is no such value, those that it got empty when it was moved, and how much of it its row
-- security lets managers and members see.
select
    v.name, v.version, a.table_name is not null as is_adopted, coalesce(a.missing_columns, '{}') as missing_columns,
    array(
        select missing.name from unnest(a.missing_columns) as missing (name)
        where a.mode = 'pointed' and not exists (
            select
            from pg_catalog.pg_namespace as space
            join pg_catalog.pg_class as class on class.relnamespace = space.oid
            join pg_catalog.pg_attribute as attribute on attribute.attrelid = class.oid
            where space.nspname = a.source_schema and class.relname = a.source_table
                and attribute.attname = missing.name and attribute.attnum > 0 and not attribute.attisdropped
        )
    ) as absent_columns,
    coalesce(a.added_columns, '{}') as added_columns, a.adopted_at, s.place, s.of_managers, s.of_members
from signalbox.change_versions() as v
left join signalbox.adopted_tables as a on a.system || '.' || a.table_name = v.name
left join signalbox.adopted_sights() as s on s.name = v.name;
