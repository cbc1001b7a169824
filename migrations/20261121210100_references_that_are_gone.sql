-- What an event names and is not there any more: an account that left, a session that was deleted. The table of a
-- projection says what becomes of its row then, so a replay has to ask.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Security definer: nobody but its owner reads the table of accounts, and row security hides sessions that are there. Members
-- learn nothing of what is not theirs to see.
create function signalbox.gone_references(projection text, named_in text [], ids text [])
returns table (column_name text, id text, becomes_null boolean)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    held regclass := coalesce(
        (
            select to_regclass(format('%I.%I', a.source_schema, a.source_table))
            from signalbox.adopted_tables as a
            where a.mode = 'pointed' and a.system = 'engine' and a.table_name = projection
        ),
        to_regclass(format('engine.%I', projection))
    );
    reference record;
begin
    if auth.uid() is not null and not signalbox.sees_all() then
        return;
    end if;
    for reference in
        select
            k.attname::text as name,
            c.confrelid::regclass as there,
            r.attname as key,
            format_type(r.atttypid, r.atttypmod) as kind,
            c.confdeltype = 'n' as is_emptied
        from pg_constraint as c
        join pg_attribute as k on k.attrelid = c.conrelid and k.attnum = c.conkey[1]
        join pg_attribute as r on r.attrelid = c.confrelid and r.attnum = c.confkey[1]
        where c.contype = 'f' and c.conrelid = held and cardinality(c.conkey) = 1 and k.attname::text = any(named_in)
    loop
        return query execute format(
            'select distinct $1, t.id, $2 from unnest($3, $4) as t (name, id) '
            'where t.name = $1 and not exists (select from %s as r where r.%I = t.id::%s)',
            reference.there, reference.key, reference.kind
        ) using reference.name, reference.is_emptied, named_in, ids;
    end loop;
end
$$;
comment on function signalbox.gone_references(text, text [], text []) is
'Of ids that columns of a projection refer to, those that are not there, and whether the row stays then, with null in that column.';
revoke execute on function signalbox.gone_references(text, text [], text []) from public;
grant execute on function signalbox.gone_references(text, text [], text []) to authenticated, service_role;
