-- Writing through the view of an adopted table whose columns have other types than ours.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- For `instead of update`: arguments are the table and the columns by which its rows are known. Only columns that
-- change are written, each by way of its text, with the rights of whoever writes.
create function signalbox.write_adopted() returns trigger
language plpgsql
set search_path = ''
as $$
declare
    source regclass := tg_argv[0]::regclass;
    before jsonb := to_jsonb(old);
    after jsonb := to_jsonb(new);
    missing text;
    assignments text;
    keys text;
    written bigint;
begin
    select c.name into missing
    from jsonb_each(after) as c (name, value)
    where before -> c.name is distinct from c.value and not exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = source and a.attname = c.name and a.attnum > 0 and not a.attisdropped
    );
    if missing is not null then
        raise exception 'cannot update column "%" of view "%"', missing, tg_table_name
            using errcode = 'feature_not_supported';
    end if;
    select
        string_agg(
            format('%I = %L::text::%s', a.attname, after ->> a.attname::text, format_type(a.atttypid, a.atttypmod)),
            ', '
        ) filter (where before -> a.attname::text is distinct from after -> a.attname::text),
        string_agg(
            format('%I = %L::text::%s', a.attname, before ->> a.attname::text, format_type(a.atttypid, a.atttypmod)),
            ' and '
        ) filter (where a.attname::text = any(tg_argv))
    into assignments, keys
    from pg_catalog.pg_attribute as a
    where a.attrelid = source and a.attnum > 0 and not a.attisdropped and after ? a.attname::text;
    if assignments is null then
        return new;
    end if;
    execute format('update %s set %s where %s', source, assignments, keys);
    get diagnostics written = row_count;
    return case when written > 0 then new end;
end
$$;
comment on function signalbox.write_adopted() is
'Writes what changes in the view of an adopted table into the table, each column in the type that it has there.';
revoke execute on function signalbox.write_adopted() from public;
grant execute on function signalbox.write_adopted() to authenticated, service_role;
