-- An admin may look at reports as somebody else would see them: whom, and since when, stands with the web session.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.web_sessions
add column seen_as uuid,
add column seen_as_since timestamptz,
add constraint web_sessions_seen_as_since check ((seen_as is null) = (seen_as_since is null)) not valid;
comment on column signalbox.web_sessions.seen_as is
'The person as whom this browser sees reports, for admins alone; null for the own sight. Without a foreign key, for demo people, too.';
