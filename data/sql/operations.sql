-- name: find_runner
-- Whether a migration runner, ours or another console's, is at work on this database at this moment.
select exists (
    select from pg_locks as l
    where
        l.locktype = 'advisory' and l.granted and l.objsubid = 1
        and l.classid = %(class)s::int8::oid and l.objid = %(object)s::int8::oid
        and l.database = (select d.oid from pg_database as d where d.datname = current_database())
) as is_running;

-- name: read_server
-- Limits, rights and totals of the server and this database; a right the role lacks is false. `rollups_to_build` are
-- those of which the passes have not stored everything yet, `rollups_not_kept` those that no pass stores.
select
    current_setting('server_version') as server_version,
    current_database() as database_name,
    current_user as role_name,
    r.rolsuper as is_superuser,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees_all_sessions,
    pg_has_role(current_user, 'pg_signal_backend', 'usage') as may_signal_others,
    current_setting('max_connections')::int as max_connections,
    current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true), '0')::int as reserved_connections,
    pg_database_size(current_database()) as size_bytes,
    pg_postmaster_start_time() as started_at,
    s.stats_reset,
    s.deadlocks,
    s.temp_bytes,
    pg_is_in_recovery() as is_replica,
    (
        select count(*)
        from pg_stat_activity as a
        where coalesce(a.backend_type, 'client backend') = 'client backend' and a.datname is not null
    ) as sessions,
    (select count(*) from (select from signalbox.change_log limit %(most_marks)s) as l) as change_log_marks,
    k.rollups_to_build,
    k.rollups_not_kept,
    (select max(u.refreshed_at) from signalbox.rollup_state as u) as rollups_refreshed_at,
    (select max(u.passed_at) from signalbox.rollup_state as u) as rollups_passed_at,
    extract(epoch from clock_timestamp() - (select max(u.passed_at) from signalbox.rollup_state as u)) * 1000
        as rollups_passed_ms,
    -- A pass that builds sums takes long, and tells of itself at its end alone.
    exists (
        select from pg_locks as l
        where
            l.locktype = 'advisory' and l.granted and l.objsubid = 1
            and (l.classid::bigint << 32) + l.objid::bigint = hashtextextended('signalbox.refresh_rollups', 20261120)
            and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    ) as is_summing_up,
    (
        select coalesce(
            jsonb_agg(jsonb_build_object('subject', u.subject, 'failure', u.failure) order by u.subject), '[]'
        )
        from signalbox.rollup_state as u
        where u.failure is not null
    ) as rollups_failing,
    (select min(u.failed_at) from signalbox.rollup_state as u where u.failure is not null) as rollups_failing_since
from pg_roles as r
cross join pg_stat_database as s
-- Where nothing tells of the changes of an adopted table, the passes leave its rollups alone.
cross join (
    select
        count(*) filter (where not l.is_left and u.built_from > -2147483648) as rollups_to_build,
        count(*) filter (where l.is_left) as rollups_not_kept
    from signalbox.rollup_state as u
    cross join lateral (
        select exists (
            select from signalbox.adopted_tables as t
            inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
            where not t.is_logged and c.source = u.source
        ) as is_left
    ) as l
) as k
where r.rolname = current_user and s.datname = current_database();

-- name: list_sessions
-- Client sessions of the whole server, the oldest transaction first; of those that the role may not see
-- into, state and query are hidden.
select
    a.pid,
    a.datname as database_name,
    a.usename as role_name,
    coalesce(a.application_name, '') as application_name,
    a.backend_start,
    a.xact_start,
    a.query_start,
    a.state,
    a.wait_event_type,
    a.wait_event,
    left(a.query, 2000) as query,
    a.state is null or a.state = 'disabled' as is_hidden,
    a.datname = current_database() as is_here,
    a.application_name = any(%(own_names)s::text[]) or a.pid = pg_backend_pid() as is_own,
    case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) else '{}' end as blocked_by,
    extract(epoch from clock_timestamp() - a.query_start) * 1000 as query_age_ms,
    extract(epoch from clock_timestamp() - a.xact_start) * 1000 as transaction_age_ms,
    extract(epoch from clock_timestamp() - a.state_change) * 1000 as state_age_ms,
    exists (
        select from signalbox.audit_log as l
        where
            l.target = 'session:' || a.pid || ':' || (extract(epoch from a.query_start) * 1000000)::bigint
            and l.action = 'cancelled a query'
    ) as was_cancelled
from pg_stat_activity as a
where
    coalesce(a.backend_type, 'client backend') = 'client backend'
    and a.datname is not null
order by a.xact_start nulls last, a.pid
limit %(most)s;

-- name: find_session
-- One session, if it still does what was seen: same connection, same query.
select
    a.pid,
    a.usename as role_name,
    coalesce(a.application_name, '') as application_name,
    a.state,
    a.backend_start,
    a.query_start,
    a.datname is not distinct from current_database() as is_here,
    'session:' || a.pid || ':' || (extract(epoch from a.query_start) * 1000000)::bigint as target,
    left(a.query, 2000) as query,
    a.application_name = any(%(own_names)s::text[]) or a.pid = pg_backend_pid() as is_own,
    coalesce(a.backend_type, 'client backend') = 'client backend' as is_client,
    extract(epoch from clock_timestamp() - a.query_start) * 1000 as query_age_ms,
    exists (
        select from signalbox.audit_log as l
        where
            l.target = 'session:' || a.pid || ':' || (extract(epoch from a.query_start) * 1000000)::bigint
            and l.action = 'cancelled a query'
    ) as was_cancelled
from pg_stat_activity as a
where a.pid = %(pid)s and a.backend_start = %(backend_start)s and a.query_start = %(query_start)s;

-- name: forget_sessions_seen
-- Has this transaction look at the sessions anew, instead of at what its first look found.
select pg_stat_clear_snapshot();

-- name: cancel_query
-- Asks a session to give up its query, if it is at the very same one still; its connection stays.
select pg_cancel_backend(a.pid) as was_sent
from pg_stat_activity as a
where
    a.pid = %(pid)s
    and a.backend_start = %(backend_start)s
    and a.query_start = %(query_start)s
    and a.state = %(state)s;

-- name: end_session
-- Ends a session with its connection, if it is where it was; what it has not committed is rolled back.
select pg_terminate_backend(a.pid) as was_sent
from pg_stat_activity as a
where
    a.pid = %(pid)s
    and a.backend_start = %(backend_start)s
    and a.query_start = %(query_start)s
    and a.state = %(state)s;

-- part: open_to
-- Who may reach a table `c` of the schema `n` from outside.
array(
    select r.rolname::text from pg_roles as r
    where
        r.rolname in ('anon', 'authenticated')
        and has_schema_privilege(r.oid, n.oid, 'usage')
        and (
            has_table_privilege(r.oid, c.oid, 'select, insert, update, delete')
            or has_any_column_privilege(r.oid, c.oid, 'select, insert, update')
        )
    order by r.rolname
)

-- name: list_tables
-- Every table with its size, rows by estimate, vacuums, row-level security and who may reach it from outside.
select
    n.nspname as schema_name,
    c.relname as table_name,
    n.nspname = any(%(foreign_schemas)s::text[]) as is_foreign,
    case when c.relkind = 'p' then 0 else pg_total_relation_size(c.oid) end as size_bytes,
    case when c.reltuples < 0 then s.n_live_tup else c.reltuples::bigint end as estimated_rows,
    s.n_live_tup as live_rows,
    s.n_dead_tup as dead_rows,
    greatest(s.last_vacuum, s.last_autovacuum) as vacuumed_at,
    greatest(s.last_analyze, s.last_autoanalyze) as analyzed_at,
    c.relrowsecurity as has_row_security,
    array(
        select format('%%s: %%s%%s', p.policyname, lower(p.cmd), ' to ' || array_to_string(p.roles, ', '))
        from pg_policies as p
        where p.schemaname = n.nspname and p.tablename = c.relname
        order by p.policyname
    ) as policies,
-- uses: operations.open_to
    as open_to
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
left join pg_stat_all_tables as s on s.relid = c.oid
where
    c.relkind in ('r', 'p')
    and c.relpersistence <> 't'
    and n.nspname not like 'pg\_%%'
    and n.nspname <> 'information_schema'
order by 4 desc, n.nspname, c.relname;

-- name: list_index_findings
-- Indexes that are invalid, the same as another one, or were never read; with how many indexes there are.
with known as (
    select
        i.indexrelid,
        n.nspname as schema_name,
        t.relname as table_name,
        x.relname as index_name,
        pg_relation_size(i.indexrelid) as size_bytes,
        i.indisvalid as is_valid,
        i.indisunique as is_unique,
        i.indisexclusion
        or exists (select from pg_constraint as k where k.conindid = i.indexrelid) as backs_constraint,
        exists (select from pg_stat_progress_create_index as b where b.index_relid = i.indexrelid) as is_being_built,
        coalesce(s.idx_scan, 0) as scans,
        first_value(x.relname) over same as first_of_kind,
        first_value(i.indisunique and i.indisvalid) over same as first_is_unique,
        count(*) over () as total
    from pg_index as i
    inner join pg_class as x on x.oid = i.indexrelid
    inner join pg_class as t on t.oid = i.indrelid
    inner join pg_namespace as n on n.oid = t.relnamespace
    left join pg_stat_all_indexes as s on s.indexrelid = i.indexrelid
    where
        x.relkind = 'i'
        and t.relpersistence <> 't'
        and n.nspname not like 'pg\_%%'
        and not n.nspname = any(%(foreign_schemas)s::text[])
    window same as (
        partition by
            i.indrelid, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text, x.relam,
            coalesce(pg_get_expr(i.indexprs, i.indrelid), ''), coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
            i.indnullsnotdistinct
        order by i.indisvalid desc, i.indisprimary desc, i.indisunique desc, i.indexrelid
    )
),

judged as (
    select
        *,
        first_of_kind <> index_name and not backs_constraint and (not is_unique or first_is_unique) as is_duplicate,
        scans = 0 and not is_unique and not backs_constraint as is_unused
    from known
)

select
    k.schema_name,
    k.table_name,
    k.index_name,
    k.size_bytes,
    k.scans,
    k.total,
    k.is_being_built,
    case
        when not k.is_valid then 'invalid'
        when k.is_duplicate then 'duplicate'
        else 'unused'
    end as finding,
    case when k.is_duplicate then k.first_of_kind end as same_as
from judged as k
where not k.is_valid or k.is_duplicate or k.is_unused
order by 8, k.size_bytes desc, k.schema_name, k.index_name;
