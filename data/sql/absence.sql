-- name: has_rows
-- Whether whoever asks sees any row of a table or view, null where there is none of that name.
select signalbox.has_rows(%(table)s);

-- name: list_read_policies
-- The tables that a view reads, or the table itself, with the policies by which signed-in people read them.
with recursive read_by (relation) as (
    select to_regclass(%(table)s)
    union
    select dependency.refobjid::regclass
    from read_by
    join pg_catalog.pg_rewrite as rule on rule.ev_class = read_by.relation
    join pg_catalog.pg_depend as dependency
        on dependency.classid = 'pg_catalog.pg_rewrite'::regclass and dependency.objid = rule.oid
            and dependency.refclassid = 'pg_catalog.pg_class'::regclass
)

select
    read_by.relation::text as table_name,
    class.relrowsecurity as is_secured,
    pg_catalog.has_table_privilege('authenticated', class.oid, 'select') as is_readable,
    policy.policyname as policy,
    policy.qual as condition
from read_by
join pg_catalog.pg_class as class on class.oid = read_by.relation and class.relkind in ('r', 'p')
left join pg_catalog.pg_policies as policy
    on policy.schemaname = class.relnamespace::regnamespace::text and policy.tablename = class.relname
        and policy.cmd in ('SELECT', 'ALL') and policy.roles && '{public,authenticated}'::name[]
order by 1, 4;
