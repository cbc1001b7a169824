-- Slots of times that are far away are exact. As seconds in a float8, the last microseconds of a slot after the year 2255
-- rounded into the next one; what lies near the two ends of what PostgreSQL knows fell out of the sums when its slot was
-- stored anew, because slot_start took the ends for nearer than they are.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace function analytics.slot_start(slot integer) returns timestamptz
language sql immutable parallel safe
set search_path = ''
as $$
    select case
        when slot < -234296448 then '4714-11-24 00:00+00 BC'
        when slot >= 2034722112 then '60000-01-01 00:00+00'
        else to_timestamp(slot * 900.0)
    end
$$;

-- date_bin reckons in whole microseconds, and what it gives are whole seconds. It costs about what date_part does.
do $$
declare
    one record;
begin
    for one in
        select
            p.proname,
            regexp_replace(
                regexp_replace(
                    -- A window without a beginning begins with the first slot: eight days that hold it begin too early.
                    replace(pg_get_functiondef(p.oid), '-240000000', '-234296448'), 'floor\(date_part\(''epoch'', (\w+(\.\w+)?|greatest\([^()]+\))\) / ',
                    'floor(date_part(''epoch'', date_bin(''15 minutes'', \1, ''4714-11-24 00:00+00 BC'')) / ', 'g'
                ),
                'ceil\(date_part\(''epoch'', (\w+\([^()]+\))\) / ',
                'ceil(date_part(''epoch'', date_bin(''15 minutes'', \1 + ''899.999999 s'', ''4714-11-24 00:00+00 BC'')) / ',
                'g'
            ) as definition
        from pg_proc as p
        inner join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('analytics', 'signalbox') and p.prosrc ~ '(floor|ceil)\(date_part\(''epoch'', '
    loop
        execute one.definition;
    end loop;
end
$$;

-- What was summed is summed anew.
insert into signalbox.change_log (source, slot)
select s.source, 2147483647 from signalbox.rollup_state as s where s.built_from < 2147483647;
