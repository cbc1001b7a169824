-- Reports say since when there should have been a backup, which the first migration tells: it is a source, too.
set lock_timeout = '4s';
set statement_timeout = '60s';

insert into signalbox.change_sources (source, name, time_column) values (31, 'signalbox.migration_runs', '-');
insert into signalbox.change_totals (source) values (31);
create trigger change_log_insert after insert on signalbox.migration_runs referencing new table as touched_rows
for each statement execute function signalbox.log_rows('31', '-');
create trigger change_log_delete after delete on signalbox.migration_runs referencing old table as touched_rows
for each statement execute function signalbox.log_rows('31', '-');
create trigger change_log_update_old after update on signalbox.migration_runs referencing old table as touched_rows
for each statement execute function signalbox.log_rows('31', '-');
create trigger change_log_update_new after update on signalbox.migration_runs referencing new table as touched_rows
for each statement execute function signalbox.log_rows('31', '-');
create trigger change_log_truncate after truncate on signalbox.migration_runs
for each statement execute function signalbox.log_truncate('31');
