-- A cast to a type with a length cuts what is too long, silently; what is stored without one is refused instead. So what
-- is written through the view of an adopted table is cast to its column's type of any length, and storing it there asks
-- for the rest.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function signalbox.write_adopted() returns trigger
language plpgsql
set search_path = ''
as $$
declare
    source regclass := tg_argv[0]::regclass;
    before jsonb := to_jsonb(old);
    after jsonb := to_jsonb(new);
    assignments text;
    conditions text;
    written bigint;
begin
    perform signalbox.refuse_lacking(tg_relid, source, array(
        select c.name from jsonb_each(after) as c (name, value) where before -> c.name is distinct from c.value
    ));

    with pairs as (
        select
            t.attname::text as name,
            pg_catalog.format_type(t.atttypid, t.atttypmod) as there,
            pg_catalog.format_type(t.atttypid, -1) as of_any_length,
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
                else format('%1$I = ($1).%1$I::text::%2$s', name, of_any_length)
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

create or replace function signalbox.insert_adopted() returns trigger
language plpgsql
set search_path = ''
as $$
declare
    source regclass := tg_argv[0]::regclass;
    given text[] := array(select c.name from jsonb_each(to_jsonb(new)) as c (name, value) where c.value <> 'null');
    names text;
    expressions text;
    keys text;
    known jsonb;
begin
    perform signalbox.refuse_lacking(tg_relid, source, given);
    select
        string_agg(format('%I', t.attname), ', ') filter (where t.attname::text = any(given)),
        string_agg(
            case
                when t.atttypid = v.atttypid then format('($1).%I', t.attname)
                when v.atttypid = 'timestamptz'::regtype and t.atttypid in ('timestamp'::regtype, 'date'::regtype)
                    then format('(($1).%I at time zone ''UTC'')::%s', t.attname, kind.there)
                when t.atttypid in ('json'::regtype, 'jsonb'::regtype) and v.atttypid <> 'jsonb'::regtype
                    then format('to_jsonb(($1).%I)::%s', t.attname, kind.there)
                else format('($1).%I::text::%s', t.attname, kind.there)
            end,
            ', '
        ) filter (where t.attname::text = any(given)),
        string_agg(format('%L, source.%I', t.attname, t.attname), ', ') filter (where t.attname::text = any(tg_argv[1:]))
    into names, expressions, keys
    from pg_catalog.pg_attribute as t
    join pg_catalog.pg_attribute as v
        on v.attrelid = tg_relid and v.attname = t.attname and v.attnum > 0 and not v.attisdropped
    cross join lateral (select pg_catalog.format_type(t.atttypid, -1) as there) as kind
    where t.attrelid = source and t.attnum > 0 and not t.attisdropped;

    execute format(
        'insert into %s as source (%s) select %s returning jsonb_build_object(%s)', source, names, expressions, keys
    ) into known using new;
    return jsonb_populate_record(new, known);
end
$$;
