-- Only the console, as the owner of the database, writes the end of a backup: through an exposed interface an admin could
-- otherwise turn a failed backup into a good one, without a trace.
set lock_timeout = '4s';
set statement_timeout = '60s';

drop policy backup_runs_update on signalbox.backup_runs;
revoke update on signalbox.backup_runs from authenticated;
