-- name: record
-- Appends one act to the audit log.
insert into signalbox.audit_log (actor_id, actor_email, action, target, detail)
values (%(actor_id)s, %(actor_email)s, %(action)s, %(target)s, %(detail)s);
