-- Moving a system's tables adds the columns that they lacked, empty: which those were is kept, because the rows that came
-- with the table say nothing in them, and a report that reads them must not take that for none.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.adopted_tables add column added_columns text[] not null default '{}';
comment on column signalbox.adopted_tables.added_columns is
'The columns that moving added empty: rows from before adopted_at hold null there.';

-- Of tables that were moved before this, the view under the old name shows the columns that they had. One that moving
-- filled is never null.
update signalbox.adopted_tables as a
set added_columns = array(
    select c.attname::text
    from pg_catalog.pg_attribute as c
    where c.attrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', a.system, a.table_name))
        and c.attnum > 0 and not c.attisdropped and not c.attnotnull
        and not exists (
            select from pg_catalog.pg_attribute as old
            where old.attrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', a.source_schema, a.source_table))
                and old.attname = c.attname
        )
    order by c.attnum
)
where a.mode = 'moved' and exists (
    select from pg_catalog.pg_class as view
    where view.oid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', a.source_schema, a.source_table))
        and view.relkind = 'v'
);
