-- name: read_sources
-- The change version of every source table, whether it is an adopted one, and the columns that this lacks.
select v.name, v.version, a.table_name is not null as is_adopted, coalesce(a.missing_columns, '{}') as missing_columns
from signalbox.change_versions() as v
left join signalbox.adopted_tables as a on a.system || '.' || a.table_name = v.name;
