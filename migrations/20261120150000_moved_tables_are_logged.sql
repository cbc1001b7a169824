-- Tables that were moved here and tell the change log all that ours tell are summed up as ours are.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.adopted_tables add column is_logged boolean not null default false;
comment on column signalbox.adopted_tables.is_logged is
'Whether every table of the system was moved here and carries the triggers of the change log as ours do, slots and links included.';
