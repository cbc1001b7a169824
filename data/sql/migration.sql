-- name: find_table
-- Whether a table is there and which of the asked columns it has; no row where there is no such table.
select
    coalesce(
        array_agg(attname::text) filter (where attnum > 0 and not attisdropped), '{}'
    ) as columns
from pg_catalog.pg_attribute
where attrelid = pg_catalog.to_regclass(%(table)s)
having count(*) > 0;

-- name: list_applied
-- Every migration the shared history knows, in the order of versions.
select version, name, statements
from supabase_migrations.schema_migrations
order by version collate "C";

-- name: list_applied_versions
-- The versions of the shared history where it has neither names nor statements, as its first form had.
select version, null::text as name, null::text[] as statements
from supabase_migrations.schema_migrations
order by version collate "C";

-- name: list_versions_from
-- The versions of the history from a given one on.
select version
from supabase_migrations.schema_migrations
where version collate "C" >= %(version)s
order by version collate "C";

-- name: record_version
-- Adds an applied migration to the shared history.
insert into supabase_migrations.schema_migrations (version, name, statements)
values (%(version)s, %(name)s, %(statements)s);

-- name: record_run
-- Adds what the shared history has no room for; one row per migration.
insert into signalbox.migration_runs (version, name, sha256, duration_ms, statement_count)
values (%(version)s, %(name)s, %(sha256)s, %(duration_ms)s, %(statement_count)s)
on conflict (version) do update set
    name = excluded.name,
    sha256 = excluded.sha256,
    duration_ms = excluded.duration_ms,
    statement_count = excluded.statement_count,
    applied_at = now(),
    applied_by = session_user;

-- name: list_runs
-- When, by whom and how fast our runner applied each migration.
select version, applied_at, applied_by, duration_ms
from signalbox.migration_runs
order by version;

-- name: set_limits
-- Sets the timeouts (PostgreSQL intervals such as 4s), for the transaction or for the session.
select
    pg_catalog.set_config('lock_timeout', %(lock_timeout)s, %(in_transaction)s),
    pg_catalog.set_config('statement_timeout', %(statement_timeout)s, %(in_transaction)s),
    pg_catalog.set_config('idle_in_transaction_session_timeout', '0', %(in_transaction)s);

-- name: try_lock_transaction
-- Takes the lock between runners until the end of the transaction; false where another runner has it.
select pg_catalog.pg_try_advisory_xact_lock(%(lock)s);

-- name: try_lock_session
-- Takes the lock between runners until it is given back; false where another runner has it.
select pg_catalog.pg_try_advisory_lock(%(lock)s);

-- name: unlock_session
-- Gives the lock between runners back.
select pg_catalog.pg_advisory_unlock(%(lock)s);

-- name: find_invalid_index
-- An index left behind half-built, and whether a process is building it at this moment.
select
    namespace.nspname as schema_name,
    class.relname as index_name,
    exists (
        select from pg_catalog.pg_stat_progress_create_index as progress
        where progress.index_relid = class.oid
    ) as is_being_built
from pg_catalog.pg_index as index
join pg_catalog.pg_class as class on class.oid = index.indexrelid
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where not index.indisvalid
    and index.indrelid = pg_catalog.to_regclass(%(table)s)
    and class.relname = %(index)s;
