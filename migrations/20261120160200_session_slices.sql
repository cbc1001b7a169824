-- Sessions by model and by owner, rolled up with the other sums of sessions.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace view analytics.session_facts with (security_invoker = true) as
select
    s.started_at as occurred_at, s.project_name, s.status, c.cost_basis, c.cost_usd, c.tokens, s.session_pk, s.owner_id
from analytics.stg_chronicle__sessions as s
cross join lateral (
    select k.cost_basis, k.cost_usd, k.tokens from analytics.session_costs as k where k.session_pk = s.session_pk
) as c;

-- No primary keys: names of projects and models have no limit, and an index entry has.
create table analytics.session_model_rollup (
    level smallint not null,
    slot integer not null,
    project_name text,
    status text,
    model text not null,
    sessions bigint not null
);
comment on table analytics.session_model_rollup is
'Sessions that began in level times 15 minutes from slot on by model; one with replies of two models counts with both. One row per level, slot, project, status and model.';
create index idx_session_model_rollup_slot on analytics.session_model_rollup (level, slot);
create table analytics.session_owner_rollup (
    level smallint not null,
    slot integer not null,
    owner_id text,
    sessions bigint not null,
    cost_usd numeric not null,
    priced bigint not null,
    unpriced bigint not null,
    last_at timestamptz
);
comment on table analytics.session_owner_rollup is
'Sessions that began in level times 15 minutes from slot on, with what they cost; unpriced ones are not priced in full. One row per level, slot and owner.';
create index idx_session_owner_rollup_slot on analytics.session_owner_rollup (level, slot);

alter table analytics.session_model_rollup enable row level security;
alter table analytics.session_owner_rollup enable row level security;
grant select on analytics.session_model_rollup, analytics.session_owner_rollup to authenticated;
grant all on analytics.session_model_rollup, analytics.session_owner_rollup to service_role;
create policy session_model_rollup_select on analytics.session_model_rollup for select to authenticated
using ((select signalbox.sees_all()));
create policy session_owner_rollup_select on analytics.session_owner_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- What a session cost is worked out once for all three.
create or replace function signalbox.roll_sessions(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.session_rollup where level = 1 and slot >= lo and slot < hi;
    delete from analytics.session_model_rollup where level = 1 and slot >= lo and slot < hi;
    delete from analytics.session_owner_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as materialized (
        select floor(date_part('epoch', f.occurred_at) / 900)::integer as slot, f.*
        from analytics.session_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.session_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    ),
    models as (
        insert into analytics.session_model_rollup
        select 1, m.slot, m.project_name, m.status, m.model, count(*)
        from (
            select distinct f.slot, f.project_name, f.status, f.session_pk, r.model
            from facts as f
            inner join signalbox.model_replies as r on r.session_id = f.session_pk
            where r.model is not null
        ) as m
        group by m.slot, m.project_name, m.status, m.model
    ),
    owners as (
        insert into analytics.session_owner_rollup
        select
            1, f.slot, f.owner_id, count(*), coalesce(sum(f.cost_usd), 0), count(f.cost_usd),
            count(*) filter (where f.cost_basis in ('not priced', 'partial estimate')),
            max(f.occurred_at) filter (where f.slot > -2147483648)
        from facts as f
        group by f.slot, f.owner_id
    )
    insert into analytics.session_rollup
    select 1, f.slot, f.project_name, f.status, f.cost_basis, count(*), sum(f.cost_usd), sum(f.tokens)
    from facts as f
    group by f.slot, f.project_name, f.status, f.cost_basis
$$;

-- Adds up the rows of the next finer level, of all three.
create or replace function signalbox.sum_sessions(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.session_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.session_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.project_name, r.status, r.cost_basis,
        sum(r.sessions), sum(r.cost_usd), sum(r.tokens)
    from analytics.session_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5;
    delete from analytics.session_model_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.session_model_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.project_name, r.status, r.model, sum(r.sessions)
    from analytics.session_model_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5;
    delete from analytics.session_owner_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.session_owner_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.owner_id,
        sum(r.sessions), sum(r.cost_usd), sum(r.priced), sum(r.unpriced), max(r.last_at)
    from analytics.session_owner_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3
$$;
