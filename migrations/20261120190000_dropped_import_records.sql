-- An import asks whether what it tells was dropped, and the file of what was dropped is a small part of all.
-- squawk-ignore require-lock-timeout, require-statement-timeout
create index concurrently if not exists idx_import_records_dropped on signalbox.import_records (dropped_event_id)
where dropped_event_id is not null;
