-- name: read_sources
-- The change version of every source table, the columns that an adopted one lacks, and whether any table is adopted.
select v.name, v.version, a.missing_columns, exists (select from signalbox.adopted_tables) as is_adopted
from signalbox.change_versions() as v
left join signalbox.adopted_tables as a on a.system || '.' || a.table_name = v.name and a.missing_columns <> '{}';
