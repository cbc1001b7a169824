-- A subject that cannot be refreshed does not stop the others, and what went wrong is on record.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.rollup_state add column failed_at timestamptz;
alter table signalbox.rollup_state add column failure text;
