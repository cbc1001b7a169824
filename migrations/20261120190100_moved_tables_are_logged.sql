-- Tables that were moved here and tell the change log all that ours tell are summed up as ours are.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.adopted_tables add column is_logged boolean not null default false;
comment on column signalbox.adopted_tables.is_logged is
'Whether every table of the system was moved here and carries the triggers of the change log as ours do, slots and links included.';

-- The functions that read an adopted system live, however the newest migration before this one wrote them.
do $$
declare
    reader record;
    written text;
    written_anew integer := 0;
begin
    for reader in
        select p.oid, pg_catalog.pg_get_functiondef(p.oid) as definition
        from pg_catalog.pg_proc as p
        where p.pronamespace in ('signalbox'::regnamespace, 'analytics'::regnamespace)
        and p.prokind = 'f' and p.prosrc ~ 'signalbox\.adopted_tables as t\s+inner join signalbox\.change_sources'
    loop
        written := pg_catalog.regexp_replace(
            reader.definition,
            '(signalbox\.adopted_tables as t\s+inner join signalbox\.change_sources as c on c\.name = t\.system \|\| ''\.'' \|\| t\.table_name\s+where )(?!not t\.is_logged)',
            '\1not t.is_logged and ',
            'g'
        );
        if written = reader.definition then
            raise exception '% reads adopted tables in words that this migration does not know', reader.oid::regprocedure;
        end if;
        execute written;
        written_anew := written_anew + 1;
    end loop;
    if written_anew < 3 then
        raise exception 'only % functions read adopted tables live', written_anew;
    end if;
end
$$;
