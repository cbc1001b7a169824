-- name: try_lock
-- Takes the lock that one backup at a time holds for as long as its session lives; false where somebody has it.
select pg_try_advisory_lock(%(class)s, %(object)s) as is_taken;

-- name: find_server
-- The database behind a connection, in words that tell it from every other one, and its version.
select
    current_database() as database_name,
    (select d.oid::bigint from pg_database as d where d.datname = current_database()) as database_id,
    pg_postmaster_start_time() as server_started_at,
    current_setting('server_version') as server_version,
    current_setting('server_version_num')::int / 10000 as server_major,
    current_user as role_name,
    pg_is_in_recovery() as is_replica;

-- name: list_tables
-- Every table and sequence that a dump would hold, and whether the role of the connection may read it.
select
    c.oid::bigint as table_id,
    n.nspname as schema_name,
    c.relname as table_name,
    c.relkind = 'r' as holds_rows,
    case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'select') else has_table_privilege(c.oid, 'select') end
    and has_schema_privilege(n.oid, 'usage') as is_readable
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind in ('r', 'p', 'S')
    and c.relpersistence <> 't'
    and n.nspname not like 'pg\_%%'
    and n.nspname <> 'information_schema'
    and not exists (
        select from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
order by n.nspname, c.relname;

-- name: begin_run
-- Writes that a backup has begun; the unique index refuses a second one of the same database.
insert into signalbox.backup_runs (
    kind, started_by, started_by_email, host, process_id, database_name, server_version
) values (
    %(kind)s, %(actor_id)s, %(actor_email)s, %(host)s, %(process_id)s, %(database_name)s, %(server_version)s
)
returning id, started_at;

-- name: finish_run
-- Writes how a backup ended; what its own process says wins over what others took for its end.
update signalbox.backup_runs
set
    status = %(status)s,
    finished_at = now(),
    dump_version = %(dump_version)s,
    file_name = %(file_name)s,
    size_bytes = %(size_bytes)s,
    sha256 = %(sha256)s,
    listed_entries = %(listed_entries)s,
    listed_tables = %(listed_tables)s,
    missing_tables = %(missing_tables)s,
    error_message = %(error_message)s
where id = %(run_id)s
returning finished_at;

-- name: close_run
-- Closes a run whose process is gone, unless it has ended by itself meanwhile.
update signalbox.backup_runs
set status = 'failed', finished_at = now(), error_message = %(error_message)s
where id = %(run_id)s and status = 'running'
returning id;

-- name: list_running
-- The runs that have not ended, with whether somebody holds the lock that a living one holds.
select
    r.id,
    r.started_at,
    r.started_by_email,
    r.host,
    r.process_id,
    r.database_name,
    exists (
        select from pg_locks as l
        where
            l.locktype = 'advisory' and l.granted and l.objsubid = 2
            and l.classid = %(class)s::int8::oid and l.objid = %(object)s::int8::oid
            and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    ) as is_locked
from signalbox.backup_runs as r
where r.status = 'running'
order by r.id;

-- part: is_whole
-- Whether the run `r` lacks no table that somebody would miss: none but those of Supabase's own `machinery`.
not exists (
    select from unnest(r.missing_tables) as t (name)
    where split_part(t.name, '.', 1) <> all(%(machinery)s::text[])
)

-- name: list_latest
-- The backups that can be relied on, the whole ones before those that lack tables and each the newest first; the newest
-- that lacks some, the newest failure and what runs now: what the state of backups is told from. A database that waits
-- for its upgrade may not know yet when a file was removed.
with made as (
    select
        r.*,
-- uses: backup.is_whole
        as is_whole
    from signalbox.backup_runs as r
    where r.status = 'succeeded' and to_jsonb(r) ->> 'removed_at' is null
),

good as (
    select * from made order by is_whole desc, started_at desc, id desc limit %(most)s
),

lacking as (
    select * from made where not is_whole order by started_at desc, id desc limit 1
),

failure as (
    select r.*, null::boolean as is_whole
    from signalbox.backup_runs as r
    where r.status = 'failed'
    order by started_at desc, id desc
    limit 1
)

select good.*, 'good' as part from good
union all
select lacking.*, 'lacking' from lacking
union all
select failure.*, 'failure' from failure
union all
select r.*, null::boolean, 'running' from signalbox.backup_runs as r where r.status = 'running'
order by is_whole desc nulls last, started_at desc, id desc;

-- name: list_good
-- The newest successful backups whose files nobody has removed.
select * from signalbox.backup_runs
where status = 'succeeded' and removed_at is null
order by started_at desc, id desc
limit %(most)s;

-- name: note_removed
-- Writes down that the file of a backup is removed, unless that is written down.
update signalbox.backup_runs
set removed_at = now(), removed_by_email = %(by)s
where id = %(run_id)s and status = 'succeeded' and removed_at is null;

-- name: end_orphans
-- Ends the dumps of this database whose process is gone: all there are where nobody holds the lock of a backup, or where
-- the lock is ours and has just been taken. How many.
with holders as (
    select l.pid from pg_locks as l
    where
        l.locktype = 'advisory' and l.granted and l.objsubid = 2
        and l.classid = %(class)s::int8::oid and l.objid = %(object)s::int8::oid
        and l.database = (select d.oid from pg_database as d where d.datname = current_database())
)

select count(pg_terminate_backend(a.pid)) as ended
from pg_stat_activity as a
where
    a.datname = current_database() and a.application_name = %(application)s and a.usename = current_user
    and a.pid not in (select h.pid from holders as h)
    and (%(lock_is_ours)s::boolean or not exists (select from holders));

-- name: list_runs
-- The history of backups, the newest first.
select r.*
from signalbox.backup_runs as r
order by r.started_at desc, r.id desc
limit %(limit)s offset %(offset)s;

-- name: count_runs
-- How many backups were tried.
select count(*) from signalbox.backup_runs;

-- name: export_runs
-- Every backup that was tried, with how it ended.
select
    id, kind, status, started_at, finished_at, started_by_email, host, database_name, server_version, dump_version,
    file_name, size_bytes, sha256, listed_entries, listed_tables, array_to_string(missing_tables, ', ') as missing_tables,
    error_message, removed_at, removed_by_email
from signalbox.backup_runs
order by started_at desc, id desc;

-- name: find_beginning
-- Since when this database is the console's: from then on a backup can be late.
select min(applied_at) from signalbox.migration_runs;
