-- name: read_sources
-- The change version of every source table; of an adopted one where it lies, the columns that it lacks or got empty when
-- it was moved, and how much of it its row security lets managers and members see.
select
    v.name, v.version, a.table_name is not null as is_adopted, coalesce(a.missing_columns, '{}') as missing_columns,
    coalesce(a.added_columns, '{}') as added_columns, a.adopted_at, s.place, s.of_managers, s.of_members
from signalbox.change_versions() as v
left join signalbox.adopted_tables as a on a.system || '.' || a.table_name = v.name
left join signalbox.adopted_sights() as s on s.name = v.name;
