-- name: has_rows
-- Whether whoever asks sees any row of a table or view, null where there is none of that name.
select signalbox.has_rows(%(table)s);

-- part: read_policies
-- The tables that a view reads, or the table itself, with the policies by which signed-in people read them. It stands
-- first in `with recursive`.
read_by (relation) as (
    select to_regclass(%(table)s)
    union
    select dependency.refobjid::regclass
    from read_by
    join pg_catalog.pg_rewrite as rule on rule.ev_class = read_by.relation
    join pg_catalog.pg_depend as dependency
        on dependency.classid = 'pg_catalog.pg_rewrite'::regclass and dependency.objid = rule.oid
            and dependency.refclassid = 'pg_catalog.pg_class'::regclass
),

read_policies as (
    select
        class.relnamespace::regnamespace::text || '.' || pg_catalog.quote_ident(class.relname) as table_name,
        class.relrowsecurity as is_secured,
        pg_catalog.has_table_privilege('authenticated', class.oid, 'select') as is_readable,
        policy.policyname as policy,
        policy.qual as condition
    from read_by
    join pg_catalog.pg_class as class on class.oid = read_by.relation and class.relkind in ('r', 'p')
    left join pg_catalog.pg_policies as policy
        on policy.schemaname = class.relnamespace::regnamespace::text and policy.tablename = class.relname
            and policy.cmd in ('SELECT', 'ALL') and policy.roles && '{public,authenticated}'::name[]
);

-- name: list_read_policies
-- The tables that a view reads, or the table itself, with the policies by which signed-in people read them.
with recursive
-- uses: absence.read_policies
select r.* from read_policies as r
order by 1, 4;

-- name: find_hidden_questions
-- How many questions wait for a decision beyond those seen, whether none is seen though there are some, and then the
-- policies that decide it: one row for each, one without a table where nothing is hidden.
with recursive
-- uses: absence.read_policies
select h.waiting, h.are_all, p.*
from (
    select
        greatest(count(*) - %(seen_waiting)s::bigint, 0) as waiting,
        not %(sees_any)s::boolean and exists (select from analytics.stg_engine__human_approvals) as are_all
    from analytics.stg_engine__human_approvals as a
    where
-- uses: approvals.waits
) as h
left join read_policies as p on h.waiting > 0 or h.are_all
order by p.table_name, p.policy;
