-- name: read_sources
-- The change version of every source table, and the columns that an adopted one lacks.
select v.name, v.version, a.missing_columns
from signalbox.change_versions() as v
left join signalbox.adopted_tables as a on a.system || '.' || a.table_name = v.name and a.missing_columns <> '{}';
