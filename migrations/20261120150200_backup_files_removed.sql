-- Old backups are removed by people, and their rows say when and by whom.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.backup_runs add column removed_at timestamptz;
alter table signalbox.backup_runs add column removed_by_email text;
comment on column signalbox.backup_runs.removed_at is 'When somebody removed the file; null while nobody has.';
comment on column signalbox.backup_runs.removed_by_email is 'Who removed the file.';
