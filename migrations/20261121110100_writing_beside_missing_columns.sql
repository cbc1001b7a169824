-- Writing through the view of an adopted table: all columns that the table lacks are named at once, what it keeps in
-- types of its own can be added as well as changed, and an event asks for no more columns than it fills.
set lock_timeout = '4s';
set statement_timeout = '60s';

create function signalbox.lacks(system text, table_name text, column_name text) returns boolean
language sql stable
set search_path = ''
as $$
    select exists (
        select from signalbox.adopted_tables as a
        where a.mode = 'pointed' and a.system = lacks.system and a.table_name = lacks.table_name
        and lacks.column_name = any(a.missing_columns)
    )
$$;
comment on function signalbox.lacks(text, text, text) is
'Whether a table of a system is read in another schema, where it has no such column.';
revoke execute on function signalbox.lacks(text, text, text) from public;
grant execute on function signalbox.lacks(text, text, text) to authenticated, service_role;

create function signalbox.refuse_lacking(adopted regclass, source regclass, names text []) returns void
language plpgsql
set search_path = ''
as $$
declare
    lacking text;
    ours text := (select replace(substr(c.relname, 9), '__', '.') from pg_catalog.pg_class as c where c.oid = adopted);
begin
    select string_agg(v.attname::text, ', ' order by v.attnum) into lacking
    from pg_catalog.pg_attribute as v
    where v.attrelid = adopted and v.attname::text = any(names) and not exists (
        select from pg_catalog.pg_attribute as t
        where t.attrelid = source and t.attname = v.attname and t.attnum > 0 and not t.attisdropped
    );
    if lacking is not null then
        raise exception '%, read as %, lacks what this writes: %. Add it there and adopt % again',
            source, ours, lacking, split_part(ours, '.', 1)
            using errcode = 'feature_not_supported';
    end if;
end
$$;
comment on function signalbox.refuse_lacking(regclass, regclass, text []) is
'Refuses to write columns of the view of an adopted table that the table lacks, all of them by name.';
revoke execute on function signalbox.refuse_lacking(regclass, regclass, text []) from public;
grant execute on function signalbox.refuse_lacking(regclass, regclass, text []) to authenticated, service_role;

-- As before, but for what it says of columns that are not there.
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

-- For `instead of insert`, with the same arguments: what is given is written, each column in the type that it has
-- there, with the rights of whoever writes; all else is left to the table. Of the row that came of it the columns by
-- which rows are known are given back.
create function signalbox.insert_adopted() returns trigger
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
    cross join lateral (select pg_catalog.format_type(t.atttypid, t.atttypmod) as there) as kind
    where t.attrelid = source and t.attnum > 0 and not t.attisdropped;

    execute format(
        'insert into %s as source (%s) select %s returning jsonb_build_object(%s)', source, names, expressions, keys
    ) into known using new;
    return jsonb_populate_record(new, known);
end
$$;
comment on function signalbox.insert_adopted() is
'Writes what is added to the view of an adopted table into the table, each column in the type that it has there.';
revoke execute on function signalbox.insert_adopted() from public;
grant execute on function signalbox.insert_adopted() to authenticated, service_role;

-- The views of systems that were adopted before; adopting makes the triggers of later ones.
do $$
declare
    adopted record;
begin
    for adopted in
        select
            v.oid::regclass as view,
            concat_ws(', ', quote_literal(format('%I.%I', a.source_schema, a.source_table)), (
                select string_agg(quote_literal(k.attname), ', ')
                from pg_catalog.pg_index as i
                join pg_catalog.pg_attribute as k on k.attrelid = i.indrelid and k.attnum = any(i.indkey)
                where i.indisprimary
                and i.indrelid = to_regclass(format('%I.%I', a.system, a.table_name))
            )) as arguments
        from signalbox.adopted_tables as a
        join pg_catalog.pg_class as v
            on v.oid = to_regclass(format('analytics.%I', 'adopted_' || a.system || '__' || a.table_name))
        join pg_catalog.pg_class as t
            on t.oid = to_regclass(format('%I.%I', a.source_schema, a.source_table))
        where a.mode = 'pointed' and exists (
            select from pg_catalog.pg_attribute as c
            left join pg_catalog.pg_attribute as s
                on s.attrelid = t.oid and s.attname = c.attname and s.attnum > 0 and not s.attisdropped
            where c.attrelid = v.oid and c.attnum > 0 and s.atttypid is distinct from c.atttypid
        )
    loop
        execute format('drop trigger if exists write_adopted on %s', adopted.view);
        execute format('drop trigger if exists insert_adopted on %s', adopted.view);
        execute format(
            'create trigger write_adopted instead of update on %s for each row '
            'execute function signalbox.write_adopted(%s)', adopted.view, adopted.arguments
        );
        execute format(
            'create trigger insert_adopted instead of insert on %s for each row '
            'execute function signalbox.insert_adopted(%s)', adopted.view, adopted.arguments
        );
    end loop;
end
$$;

-- As before; what is not given asks for no column.
create or replace function engine.append_event(
    p_event_type text,
    p_aggregate_type text,
    p_aggregate_id text,
    p_payload jsonb default '{}',
    p_emitted_by text default 'unknown',
    p_correlation_id uuid default null,
    p_causation_id uuid default null,
    p_metadata jsonb default '{}',
    p_confidence double precision default null,
    p_expected_sequence bigint default null,
    p_timestamp timestamptz default null
) returns engine.events
language plpgsql
set search_path = ''
as $$
declare
    newest bigint;
    appended_id uuid;
    appended engine.events;
begin
    perform pg_advisory_xact_lock(hashtextextended(p_aggregate_type || chr(31) || p_aggregate_id, 20261120));
    select coalesce(max(e.sequence_number), 0) into newest
    from analytics.stg_engine__events as e
    where e.aggregate_type = p_aggregate_type and e.aggregate_id = p_aggregate_id;
    if p_expected_sequence is not null and p_expected_sequence <> newest then
        raise exception 'wrong expected sequence: % % is at %, not at %',
            p_aggregate_type, p_aggregate_id, newest, p_expected_sequence
            using errcode = 'SB001';
    end if;
    insert into analytics.stg_engine__events (
        event_type, correlation_id, causation_id, aggregate_type, aggregate_id, sequence_number,
        payload, metadata, emitted_by, confidence, occurred_at
    ) values (
        p_event_type, coalesce(p_correlation_id, gen_random_uuid()), p_causation_id, p_aggregate_type,
        p_aggregate_id, newest + 1, coalesce(p_payload, '{}'), coalesce(p_metadata, '{}'), p_emitted_by,
        p_confidence, coalesce(p_timestamp, now())
    ) returning event_id into appended_id;
    select e.event_id, e.event_type, e.correlation_id, e.causation_id, e.aggregate_type, e.aggregate_id,
        e.sequence_number, e.payload, e.metadata, e.emitted_by, e.confidence, e.occurred_at, e.recorded_at
    into
        appended.event_id, appended.event_type, appended.correlation_id, appended.causation_id,
        appended.aggregate_type, appended.aggregate_id, appended.sequence_number, appended.payload,
        appended.metadata, appended.emitted_by, appended.confidence, appended.timestamp, appended.created_at
    from analytics.stg_engine__events as e
    where e.event_id = appended_id;
    return appended;
end
$$;
