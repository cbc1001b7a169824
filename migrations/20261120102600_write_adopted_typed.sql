-- Writing through the view of an adopted table: values go as they are, and a row that changed meanwhile is left alone.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- For `instead of update`: arguments are the table and the columns by which its rows are known. Only columns that
-- change are written, with the rights of whoever writes, and only where the row still holds what the writer saw in
-- them: whoever waited for somebody else's change finds no row, as in a table of our own. A JSON null in place of a
-- null that is none, or the other way round, is no change.
create or replace function signalbox.write_adopted() returns trigger
language plpgsql
set search_path = ''
as $$
declare
    source regclass := tg_argv[0]::regclass;
    before jsonb := to_jsonb(old);
    after jsonb := to_jsonb(new);
    missing text;
    assignments text;
    conditions text;
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

    with pairs as (
        select
            t.attname::text as name,
            pg_catalog.format_type(t.atttypid, t.atttypmod) as there,
            t.atttypid = v.atttypid as is_same,
            v.atttypid = 'timestamptz'::regtype
            and t.atttypid in ('timestamp'::regtype, 'date'::regtype) as is_zoneless,
            t.atttypid in ('json'::regtype, 'jsonb'::regtype) as is_json,
            v.atttypid = 'jsonb'::regtype as is_jsonb_here,
            v.atttypid = 'uuid'::regtype as is_uuid_here,
            -- Text and enumerations say the same in the same words.
            kind_there.typcategory in ('S', 'E') and kind_here.typcategory in ('S', 'E') as is_words,
            t.attname::text = any(tg_argv[1:]) as is_key,
            before -> t.attname::text is distinct from after -> t.attname::text as is_changed
        from pg_catalog.pg_attribute as t
        join pg_catalog.pg_attribute as v
            on v.attrelid = tg_relid and v.attname = t.attname and v.attnum > 0 and not v.attisdropped
        join pg_catalog.pg_type as kind_there on kind_there.oid = t.atttypid
        join pg_catalog.pg_type as kind_here on kind_here.oid = v.atttypid
        where t.attrelid = source and t.attnum > 0 and not t.attisdropped
    )
    select
        string_agg(
            case
                when is_same then format('%1$I = ($1).%1$I', name)
                when is_zoneless then format('%1$I = (($1).%1$I at time zone ''UTC'')::%2$s', name, there)
                when is_json and not is_jsonb_here then format('%1$I = to_jsonb(($1).%1$I)::%2$s', name, there)
                else format('%1$I = ($1).%1$I::text::%2$s', name, there)
            end,
            ', '
        ) filter (where is_changed),
        string_agg(
            case
                when is_key and is_same then format('source.%1$I = ($2).%1$I', name)
                when is_key and is_uuid_here then format(
                    'translate(lower(source.%1$I::text), ''{}-'', '''') = replace(($2).%1$I::text, ''-'', '''')', name
                )
                when is_key then format('source.%1$I::text = ($2).%1$I::text', name)
                when is_same then format('source.%1$I is not distinct from ($2).%1$I', name)
                when is_zoneless then format(
                    'source.%1$I is not distinct from (($2).%1$I at time zone ''UTC'')::%2$s', name, there
                )
                else format('source.%1$I::text is not distinct from ($2).%1$I::text', name)
            end,
            ' and '
        ) filter (where is_key or (is_changed and (is_same or is_zoneless or is_words)))
    into assignments, conditions
    from pairs;

    if assignments is null then
        return new;
    end if;
    execute format('update %s as source set %s where %s', source, assignments, conditions) using new, old;
    get diagnostics written = row_count;
    return case when written > 0 then new end;
end
$$;
comment on function signalbox.write_adopted() is
'Writes what changes in the view of an adopted table into the table, each column in the type that it has there.';
