set lock_timeout = '4s';
set statement_timeout = '60s';

-- A file may hold all its records on one line, so that the line does not say which came first.
alter table signalbox.import_records add column place integer;
alter table signalbox.import_records add column part integer;
comment on column signalbox.import_records.place is
'Which record of its file it is, 1 for the first; null where it was imported before this was kept.';
comment on column signalbox.import_records.part is
'Which event of its record it is, 1 for the first, 0 for what is derived from the record and comes before its events.';
