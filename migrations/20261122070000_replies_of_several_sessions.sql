-- A session that was resumed can begin with a copy of another one. A reply that several sessions hold is one of them's,
-- and knows the others, so that it can be said anew whose it is when one of them goes on.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.model_replies add column also_in uuid [];

comment on column signalbox.model_replies.also_in is
'The other sessions whose logs hold the reply, too, since they began as copies; null where none does.';
