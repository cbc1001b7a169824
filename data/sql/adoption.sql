-- name: find_tables
-- The tables and views of a schema with these names, with what the role of this connection may do to them.
select
    class.relname as name,
    class.relkind in ('r', 'p') as is_table,
    class.relrowsecurity as is_secured,
    pg_catalog.pg_has_role(class.relowner, 'usage') as is_ours,
    pg_catalog.has_table_privilege(class.oid, 'select') as is_selectable,
    pg_catalog.pg_get_userbyid(class.relowner) as owner,
    pg_catalog.has_any_column_privilege('authenticated', class.oid, 'select')
    and pg_catalog.has_schema_privilege('authenticated', class.relnamespace, 'usage') as is_readable,
    -- Rights may be given column by column.
    array(
        select attribute.attname::text from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
        and not pg_catalog.has_column_privilege('authenticated', class.oid, attribute.attnum, 'select')
    ) as unreadable_columns,
    (
        select count(*) from pg_catalog.pg_policy as policy
        where policy.polrelid = class.oid and policy.polcmd in ('r', '*')
    ) as read_policies,
    greatest(class.reltuples, 0)::bigint as estimated_rows
from pg_catalog.pg_class as class
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and class.relkind in ('r', 'p', 'v', 'm', 'f');

-- name: list_columns
-- The columns of tables in a schema in their order, with their types as PostgreSQL writes them, and the collation where
-- it is not the type's own.
select
    class.relname as table_name,
    attribute.attname as name,
    pg_catalog.format_type(attribute.atttypid, attribute.atttypmod) || case
        when attribute.attcollation <> type.typcollation then ' collate ' || attribute.attcollation::regcollation
        else ''
    end as type
from pg_catalog.pg_attribute as attribute
join pg_catalog.pg_class as class on class.oid = attribute.attrelid
join pg_catalog.pg_type as type on type.oid = attribute.atttypid
where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
    and class.relname = any(%(names)s::text[])
    and attribute.attnum > 0 and not attribute.attisdropped
order by class.relname, attribute.attnum;

-- name: list_parts
-- The partitions of tables in a schema and the tables that inherit from them, at every depth, and whether what is
-- written straight into one is noticed.
with recursive parts as (
    select class.relname::text as table_name, inherits.inhrelid as part
    from pg_catalog.pg_inherits as inherits
    join pg_catalog.pg_class as class on class.oid = inherits.inhparent
    where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
        and class.relname = any(%(names)s::text[])
    union
    select parts.table_name, inherits.inhrelid
    from parts
    join pg_catalog.pg_inherits as inherits on inherits.inhparent = parts.part
)
select
    parts.table_name,
    space.nspname as schema,
    class.relname as name,
    class.relispartition as is_partition,
    class.relkind in ('r', 'p') and pg_catalog.pg_has_role(class.relowner, 'usage') as is_watchable,
    exists (
        select from pg_catalog.pg_trigger as trigger
        where trigger.tgrelid = class.oid and trigger.tgname = 'change_log_insert' and trigger.tgenabled <> 'D'
    ) as is_watched
from parts
join pg_catalog.pg_class as class on class.oid = parts.part
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
order by 1, 2, 3;

-- name: list_watched
-- The tables elsewhere that carry triggers of the change log for a source of ours, with those triggers. Each has one that
-- tells of truncating and names the source; functions of a single table, such as log_jobs, do not.
select
    space.nspname as schema,
    class.relname as name,
    array_agg(trigger.tgname::text order by trigger.tgname) as triggers
from pg_catalog.pg_trigger as trigger
join pg_catalog.pg_proc as routine on routine.oid = trigger.tgfoid
join pg_catalog.pg_class as class on class.oid = trigger.tgrelid
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
where routine.pronamespace = pg_catalog.to_regnamespace('signalbox')
    and routine.proname like 'log\_%%'
    and not trigger.tgisinternal
    and not (space.nspname = %(system)s and class.relname = %(table_name)s)
    and exists (
        select
        from pg_catalog.pg_trigger as truncating
        join pg_catalog.pg_proc as telling on telling.oid = truncating.tgfoid
        where truncating.tgrelid = class.oid
            and telling.pronamespace = routine.pronamespace and telling.proname = 'log_truncate'
            and (string_to_array(encode(truncating.tgargs, 'escape'), '\000'))[1] = %(source)s
    )
group by space.nspname, class.relname
order by 1, 2;

-- name: take_runner_lock
-- Waits for the lock that migration runners take, until the end of the transaction.
select pg_catalog.pg_advisory_xact_lock(%(lock)s);

-- name: list_triggers
-- The triggers that somebody wrote on a table, with what they do and whether they fire.
select
    trigger.tgname::text as name,
    routine.oid::regproc::text as function,
    routine.prosrc as body,
    trigger.tgenabled <> 'D' as is_enabled
from pg_catalog.pg_trigger as trigger
join pg_catalog.pg_proc as routine on routine.oid = trigger.tgfoid
where trigger.tgrelid = pg_catalog.to_regclass(%(table)s) and not trigger.tgisinternal
order by trigger.tgname;

-- name: list_owned_sequences
-- Sequences that go with a column of these tables when it is dropped, identity columns aside.
select
    space.nspname as schema,
    sequence.relname as name,
    owned_space.nspname as table_schema,
    owned.relname as table_name,
    attribute.attname as column_name
from pg_catalog.pg_depend as dependency
join pg_catalog.pg_class as sequence
    on dependency.classid = 'pg_catalog.pg_class'::regclass
    and sequence.oid = dependency.objid and sequence.relkind = 'S'
join pg_catalog.pg_namespace as space on space.oid = sequence.relnamespace
join pg_catalog.pg_class as owned on owned.oid = dependency.refobjid
join pg_catalog.pg_namespace as owned_space on owned_space.oid = owned.relnamespace
join pg_catalog.pg_attribute as attribute
    on attribute.attrelid = dependency.refobjid and attribute.attnum = dependency.refobjsubid
where dependency.refclassid = 'pg_catalog.pg_class'::regclass
    and dependency.refobjid = any(%(tables)s::regclass[])
    and dependency.deptype = 'a'
order by 1, 2;

-- name: list_unread
-- The adopted tables whose staging view no longer reads them, because a migration wrote it anew.
select adopted.system || '.' || adopted.table_name as name
from signalbox.adopted_tables as adopted
where adopted.mode = 'pointed'
    and not exists (
        select
        from pg_catalog.pg_rewrite as rule
        join pg_catalog.pg_depend as dependency
            on dependency.classid = 'pg_catalog.pg_rewrite'::regclass and dependency.objid = rule.oid
        where rule.ev_class = pg_catalog.to_regclass('analytics.stg_' || adopted.system || '__' || adopted.table_name)
            and dependency.refclassid = 'pg_catalog.pg_class'::regclass
            and dependency.refobjid
            = pg_catalog.to_regclass('analytics.adopted_' || adopted.system || '__' || adopted.table_name)
    )
order by 1;

-- name: list_open
-- The adopted tables of which ours, that nobody reads meanwhile, can be written all the same.
select adopted.system || '.' || adopted.table_name as name
from signalbox.adopted_tables as adopted
where adopted.mode = 'pointed'
    and not exists (
        select
        from pg_catalog.pg_trigger as trigger
        where trigger.tgrelid = pg_catalog.to_regclass(adopted.system || '.' || adopted.table_name)
            and trigger.tgname = 'kept_elsewhere' and trigger.tgenabled <> 'D'
    )
order by 1;

-- name: list_adopted
-- What was adopted of a system, or of all: where each table is read.
select system, table_name, source_schema, source_table, mode, missing_columns, adopted_at
from signalbox.adopted_tables
where %(system)s::text is null or system = %(system)s
order by system, table_name;

-- name: find_adopters
-- Which other systems read tables of this schema already.
select system, source_table from signalbox.adopted_tables
where system <> %(system)s and mode = 'pointed' and source_schema = %(schema)s and source_table = any(%(names)s::text[])
order by system, source_table;

-- name: note_adopted
-- Writes down where a table of a system lives, which of our columns it lacks and which moving added empty.
insert into signalbox.adopted_tables (
    system, table_name, source_schema, source_table, mode, missing_columns, added_columns
)
values (
    %(system)s, %(table_name)s, %(source_schema)s, %(source_table)s, %(mode)s, %(missing_columns)s, %(added_columns)s
)
on conflict (system, table_name) do update
set source_schema = excluded.source_schema, source_table = excluded.source_table, mode = excluded.mode,
    missing_columns = excluded.missing_columns, added_columns = excluded.added_columns, adopted_at = now();

-- name: note_logged
-- Writes down whether the change log hears of a system's moved tables all that it hears of ours.
update signalbox.adopted_tables set is_logged = %(is_logged)s
where system = %(system)s and mode = 'moved' and is_logged <> %(is_logged)s;

-- name: mark_changed
-- Tells the change log that everything in these tables is other than it was.
insert into signalbox.change_log (source, slot)
select source, 2147483647 from signalbox.change_sources where name = any(%(tables)s::text[]);

-- name: forget_adopted
-- Takes back the note that tables of a system are elsewhere.
delete from signalbox.adopted_tables where system = %(system)s and mode = 'pointed'
returning table_name, source_schema, source_table;

-- name: find_source
-- Number and time column of a table in the change log.
select source, time_column from signalbox.change_sources where name = %(name)s;

-- name: list_indexes
-- The indexes of these tables as PostgreSQL writes them, and every other name of an index in their schemas.
select
    class.relname::text as name,
    pg_catalog.pg_get_indexdef(index.indexrelid) as definition,
    index.indisvalid and index.indrelid = any(%(tables)s::regclass[]) as is_valid
from pg_catalog.pg_index as index
join pg_catalog.pg_class as class on class.oid = index.indexrelid
where class.relnamespace in (
    select indexed.relnamespace from pg_catalog.pg_class as indexed where indexed.oid = any(%(tables)s::regclass[])
);

-- name: list_references
-- Foreign keys from other tables to these, as statements that make them again.
select
    pg_catalog.format('%%I.%%I', space.nspname, class.relname) as table_name,
    constraint_.conname as name,
    pg_catalog.pg_get_constraintdef(constraint_.oid) as definition
from pg_catalog.pg_constraint as constraint_
join pg_catalog.pg_class as class on class.oid = constraint_.conrelid
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
where constraint_.contype = 'f'
    and constraint_.confrelid = any(%(tables)s::regclass[])
    and not constraint_.conrelid = any(%(tables)s::regclass[])
order by 1, 2;

-- name: list_read_policies
-- The policies for reading of these tables.
select class.relname::text as table_name, policy.polname::text as name
from pg_catalog.pg_policy as policy
join pg_catalog.pg_class as class on class.oid = policy.polrelid
where policy.polrelid = any(%(tables)s::regclass[]) and policy.polcmd in ('r', '*')
order by 1, 2;

-- name: list_sights
-- How much of these tables of a schema their grants and policies let managers and admins, and members, see.
select class.relname::text as name, sights.of_managers, sights.of_members
from signalbox.sights_of(array(
    select class.oid from pg_catalog.pg_class as class
    where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
        and class.relname = any(%(names)s::text[])
)) as sights
join pg_catalog.pg_class as class on class.oid = sights.relation;

-- name: find_grant
-- Whether signed-in people were granted to read a table, whether row security is on there, and whether the schema was
-- opened to them; no row where they were not, or where it is gone. Everybody may use `public`.
select
    class.relrowsecurity as is_secured,
    space.nspname <> 'public' and exists (
        select from pg_catalog.aclexplode(space.nspacl) as given
        where given.grantee = 'authenticated'::regrole and given.privilege_type = 'USAGE'
    ) as is_in_open_schema
from pg_catalog.pg_class as class
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
where space.nspname = %(schema)s
    and class.relname = %(table)s
    and exists (
        select from pg_catalog.aclexplode(class.relacl) as given
        where given.grantee = 'authenticated'::regrole and given.privilege_type = 'SELECT'
    );

-- name: list_grants
-- Who may do what with a table or with some of its columns, its owner included, to grant it on the view that takes its
-- name; whoever asks owns that view. `columns` is null for the whole table.
select
    case grants.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(grants.grantee) end as grantee,
    grants.privilege_type as privilege,
    grants.is_grantable,
    grants.columns
from (
    select given.grantee, given.privilege_type, given.is_grantable, null::text[] as columns
    from pg_catalog.pg_class as class
    cross join lateral pg_catalog.aclexplode(
        coalesce(class.relacl, pg_catalog.acldefault('r', class.relowner))
    ) as given
    where class.oid = %(table)s::regclass
    union all
    select
        given.grantee,
        given.privilege_type,
        given.is_grantable,
        array_agg(attribute.attname::text order by attribute.attnum)
    from pg_catalog.pg_attribute as attribute
    cross join lateral pg_catalog.aclexplode(attribute.attacl) as given
    where attribute.attrelid = %(table)s::regclass and attribute.attnum > 0 and not attribute.attisdropped
    group by given.grantee, given.privilege_type, given.is_grantable
) as grants
where grants.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    and grants.grantee <> (select oid from pg_catalog.pg_roles where rolname = current_user);

-- name: list_publications
-- The publications that tell of these tables by name.
select publication.pubname as name, class.relname as table_name
from pg_catalog.pg_publication_rel as published
join pg_catalog.pg_publication as publication on publication.oid = published.prpubid
join pg_catalog.pg_class as class on class.oid = published.prrelid
where published.prrelid = any(%(tables)s::regclass[])
order by 1, 2;

-- name: list_without_identity
-- Of these tables those without a primary key, or another replica identity, or with a partition that has none: once they
-- are published, PostgreSQL refuses to update them.
select class.relname::text as table_name
from pg_catalog.pg_class as class
where class.oid = any(%(tables)s::regclass[])
    and exists (
        select
        from pg_catalog.pg_partition_tree(class.oid) as tree
        full join (select class.oid as relid) as itself on itself.relid = tree.relid
        join pg_catalog.pg_class as part on part.oid = coalesce(tree.relid, itself.relid)
        where part.relkind = 'r' and part.relreplident in ('d', 'n') and not (
            part.relreplident = 'd' and exists (
                select from pg_catalog.pg_index as index where index.indrelid = part.oid and index.indisprimary
            )
        )
    );

-- name: list_policies_over
-- Policies of other tables that ask these.
select distinct policy.polname as name, space.nspname as schema, class.relname as table_name
from pg_catalog.pg_depend as dependency
join pg_catalog.pg_policy as policy
    on dependency.classid = 'pg_catalog.pg_policy'::regclass and policy.oid = dependency.objid
join pg_catalog.pg_class as class on class.oid = policy.polrelid
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
where dependency.refclassid = 'pg_catalog.pg_class'::regclass
    and dependency.refobjid = any(%(tables)s::regclass[])
    and not policy.polrelid = any(%(tables)s::regclass[]);

-- name: find_rights
-- Whether a right on a table, and on those of the columns that it has, is denied to signed-in people, and whether its
-- row security lets nobody use it on all rows, as this policy would; `is_open`: it is off.
select
    class_.named as columns,
    case
        when cardinality(%(columns)s::text[]) = 0
            then not pg_catalog.has_table_privilege('authenticated', class_.oid, %(right)s::text)
        else exists (
            select from unnest(class_.named) as c (name)
            where not pg_catalog.has_column_privilege('authenticated', class_.oid, c.name, %(right)s::text)
        )
    end as is_denied,
    class_.relrowsecurity and not exists (
        select from pg_catalog.pg_policy as policy
        where policy.polrelid = class_.oid and policy.polpermissive
            and policy.polcmd in ('*', case %(right)s::text when 'insert' then 'a' else 'w' end)
            and policy.polroles && array[0::oid, 'authenticated'::regrole::oid]
            and (
                policy.polname = %(policy)s::text
                or pg_catalog.pg_get_expr(coalesce(policy.polwithcheck, policy.polqual), policy.polrelid) = 'true'
                and coalesce(pg_catalog.pg_get_expr(policy.polqual, policy.polrelid), 'true') = 'true'
            )
    ) as is_closed,
    not class_.relrowsecurity as is_open
from (
    select class.oid, class.relrowsecurity, array(
        select attribute.attname::text from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attname = any(%(columns)s::text[])
            and attribute.attnum > 0 and not attribute.attisdropped
        order by attribute.attnum
    ) as named
    from pg_catalog.pg_class as class
    where class.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = %(schema)s)
        and class.relname = %(table)s
) as class_;
