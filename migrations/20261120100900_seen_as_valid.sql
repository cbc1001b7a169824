-- The constraint of the file before, checked without holding the stronger lock.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.web_sessions validate constraint web_sessions_seen_as_since;
