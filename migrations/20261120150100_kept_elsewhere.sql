-- A table of ours that nobody reads, because its system keeps it in another schema, takes no rows.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Adopting puts it on our empty tables, giving them back takes it off; arguments are the schema and the table that are
-- read instead. Rows are refused to everybody. What changes or deletes rows finds none here and is refused to programs
-- alone: not to the owner, as whom migrations run, and foreign keys for whoever deletes a person.
create function signalbox.refuse_kept_elsewhere() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_op <> 'INSERT'
        and pg_catalog.pg_has_role((select c.relowner from pg_catalog.pg_class as c where c.oid = tg_relid), 'usage')
    then
        return null;
    end if;
    raise exception '%.% is kept as %.%, which the console reads: write there, or have it moved here (python -m data adopt % --from % --move)',
        tg_table_schema, tg_table_name, tg_argv[0], tg_argv[1], tg_table_schema, tg_argv[0]
        using errcode = 'object_not_in_prerequisite_state';
end
$$;
comment on function signalbox.refuse_kept_elsewhere() is
'Refuses to write to a table of ours while its system keeps it in another schema.';
revoke execute on function signalbox.refuse_kept_elsewhere() from public;
