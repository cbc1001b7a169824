-- name: read_table
-- One table: whether row-level security is on and also holds for its owner, its sizes in bytes, and who may reach it
-- from outside.
select
    n.nspname as schema_name,
    c.relname as table_name,
    pg_get_userbyid(c.relowner) as owner_name,
    c.relrowsecurity as has_row_security,
    c.relforcerowsecurity as is_forced,
    n.nspname = any(%(foreign_schemas)s::text[]) as is_foreign,
    case when c.relkind = 'p' then 0 else pg_table_size(c.oid) end as table_bytes,
    case when c.relkind = 'p' then 0 else pg_indexes_size(c.oid) end as index_bytes,
-- uses: operations.open_to
    as open_to
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind in ('r', 'p') and n.nspname not like 'pg\_%%' and n.nspname <> 'information_schema'
    and format('%%s.%%s', n.nspname, c.relname) = %(table)s::text;

-- name: list_policies
-- The policies of a table, or of all: for which command and whom, which rows it lets through, and which may be written.
-- A permissive one opens, a restrictive one closes again.
select
    p.schemaname as schema_name,
    p.tablename as table_name,
    p.policyname as policy_name,
    lower(p.cmd) as command,
    lower(p.permissive) as kind,
    array_to_string(p.roles, ', ') as roles,
    p.qual as lets_through,
    p.with_check as lets_write
from pg_policies as p
where %(table)s::text is null or format('%%s.%%s', p.schemaname, p.tablename) = %(table)s
order by p.schemaname, p.tablename, p.policyname;

-- name: list_indexes
-- The indexes of a table, or of all, the largest first: size in bytes, how often it was read since the statistics began,
-- and when last, which PostgreSQL 16 and later tell.
select
    n.nspname as schema_name,
    t.relname as table_name,
    x.relname as index_name,
    case
        when not i.indisvalid then 'invalid' when i.indisprimary then 'primary key' when i.indisunique then 'unique'
        else 'index'
    end as kind,
    pg_relation_size(i.indexrelid) as size_bytes,
    coalesce(s.idx_scan, 0) as scans,
    (to_jsonb(s) ->> 'last_idx_scan')::timestamptz as last_read_at,
    pg_get_indexdef(i.indexrelid) as definition
from pg_index as i
inner join pg_class as x on x.oid = i.indexrelid
inner join pg_class as t on t.oid = i.indrelid
inner join pg_namespace as n on n.oid = t.relnamespace
left join pg_stat_all_indexes as s on s.indexrelid = i.indexrelid
where
    t.relkind in ('r', 'p')
    and t.relpersistence <> 't'
    and n.nspname not like 'pg\_%%'
    and (%(table)s::text is null or format('%%s.%%s', n.nspname, t.relname) = %(table)s)
order by 5 desc, n.nspname, x.relname;
