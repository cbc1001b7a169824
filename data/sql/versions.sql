-- name: read_versions
-- The change version of every source table.
select name, version from signalbox.change_versions();

-- name: fold_marks
-- Takes the visible marks out of the change log, adds them to the totals and says how many there were.
select signalbox.fold_change_log();
