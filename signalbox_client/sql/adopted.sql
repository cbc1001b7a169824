-- name: list_elsewhere
-- The views between the staging views and tables that lie in another schema than ours, and that schema. From the
-- catalog: who may write here may not be allowed to read what the console has noted about it.
select v.relname::text as name, s.nspname::text as schema
from pg_catalog.pg_class as v
inner join pg_catalog.pg_rewrite as r on r.ev_class = v.oid
inner join pg_catalog.pg_depend as d
    on
        d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        and d.objid = r.oid
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refobjid <> v.oid
inner join pg_catalog.pg_class as t on t.oid = d.refobjid
inner join pg_catalog.pg_namespace as s on s.oid = t.relnamespace
where
    v.relnamespace = (select n.oid from pg_catalog.pg_namespace as n where n.nspname = 'analytics')
    and v.relname like 'adopted\_%%'
    and t.relkind in ('r', 'p')
    and s.nspname <> substring(v.relname::text from '^adopted_([a-z]+)__')
group by v.relname, s.nspname
order by v.relname, s.nspname;
