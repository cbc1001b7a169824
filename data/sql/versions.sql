-- name: read_sources
-- The change version of every source table, and the columns that an adopted one lacks.
select v.name, v.version, a.missing_columns
from signalbox.change_versions() as v
left join signalbox.adopted_tables as a on a.system || '.' || a.table_name = v.name and a.missing_columns <> '{}';

-- name: fold_marks
-- Takes the visible marks out of the change log, adds them to the totals and says how many there were.
select signalbox.fold_change_log();
