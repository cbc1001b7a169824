-- Columns for counts that moving added to tables of another system began at 0 for every new row, also for those that
-- programs write through the view under the old name, which know no such column: "nobody stepped in" where nobody said
-- so. Whoever counts names the column; for all others it is unknown, as in the rows from before.
set lock_timeout = '4s';
set statement_timeout = '60s';

do $$
declare
    added record;
begin
    for added in
        select a.system, a.table_name, c.attname
        from signalbox.adopted_tables as a
        join pg_catalog.pg_attribute as c
            on c.attrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', a.system, a.table_name))
            and c.attname = any(a.added_columns)
        join pg_catalog.pg_attrdef as d on d.adrelid = c.attrelid and d.adnum = c.attnum
        where a.mode = 'moved' and pg_catalog.pg_get_expr(d.adbin, d.adrelid) in ('0', '''0''::bigint')
        order by a.system, a.table_name, c.attnum
    loop
        execute pg_catalog.format(
            'alter table %I.%I alter column %I drop default', added.system, added.table_name, added.attname
        );
    end loop;
end
$$;
