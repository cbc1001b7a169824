-- name: lock
-- Lets one writer at a time number the versions of a procedure, until its transaction ends.
select pg_advisory_xact_lock(hashtextextended('sop' || chr(31) || %(sop_id)s::text, 20261120));

-- name: find_newest
-- The newest version of a procedure, the number of the one to come, and whether it is what is to be stored.
select d.version, d.version + 1 as next_version, d.definition = %(definition)s::jsonb as is_same
from engine.sop_definitions as d
where d.sop_id = %(sop_id)s::text
order by d.version desc
limit 1;

-- name: find_active
-- The newest active version of a procedure, or the one asked for, by its text: a table that was moved here may keep
-- versions as words.
select d.version, d.steps
from engine.sop_definitions as d
where d.sop_id = %(sop_id)s::text
and (%(version)s::integer is null and d.status = 'active' or d.version::text = %(version)s::text)
order by d.version desc
limit 1;

-- name: add
-- Stores a version of a procedure.
insert into engine.sop_definitions (sop_id, version, title, description, steps, definition, status)
values (
    %(sop_id)s::text, %(version)s::integer, %(title)s::text, %(description)s::text, %(steps)s::jsonb,
    %(definition)s::jsonb, %(status)s::text
);

-- name: retire_older
-- Takes older versions of a procedure out of use.
update engine.sop_definitions set status = 'retired'
where sop_id = %(sop_id)s::text and version < %(version)s::integer and status = 'active';

-- name: find_execution
-- Finds an execution and waits for who is changing it now.
select x.id
from engine.sop_executions as x
where x.id = %(execution_id)s::uuid
for update;
