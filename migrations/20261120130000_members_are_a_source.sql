-- Who sees all rows decides what every report shows, so the change log hears of members, too.
set lock_timeout = '4s';
set statement_timeout = '60s';

insert into signalbox.change_sources (source, name, time_column) values (32, 'signalbox.members', '-');
insert into signalbox.change_totals (source) values (32);
create trigger change_log_insert after insert on signalbox.members referencing new table as touched_rows
for each statement execute function signalbox.log_rows('32', '-');
create trigger change_log_delete after delete on signalbox.members referencing old table as touched_rows
for each statement execute function signalbox.log_rows('32', '-');
create trigger change_log_update_old after update on signalbox.members referencing old table as touched_rows
for each statement execute function signalbox.log_rows('32', '-');
create trigger change_log_update_new after update on signalbox.members referencing new table as touched_rows
for each statement execute function signalbox.log_rows('32', '-');
create trigger change_log_truncate after truncate on signalbox.members
for each statement execute function signalbox.log_truncate('32');
