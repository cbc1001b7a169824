-- What each session cost is stored with the sums of sessions, so that those that cost most are found without pricing every
-- reply of a model.
set lock_timeout = '4s';
set statement_timeout = '60s';

create table analytics.session_cost_rollup (
    slot integer not null,
    session_pk uuid not null,
    cost_usd numeric not null,
    primary key (slot, session_pk)
);
comment on table analytics.session_cost_rollup is
'What sessions that began in a slot cost, as analytics.session_costs says. One row per session with a cost; one that moved is in two slots until both are stored anew.';

alter table analytics.session_cost_rollup enable row level security;
grant select on analytics.session_cost_rollup to authenticated;
grant all on analytics.session_cost_rollup to service_role;
create policy session_cost_rollup_select on analytics.session_cost_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- As before, with what each cost.
create or replace function signalbox.roll_sessions(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    -- Of what is not stored yet nobody was told what became of it.
    select signalbox.find_session_contents(lo, hi)
    from signalbox.rollup_state as s
    where s.subject = 'sessions' and hi <= s.built_from;
    select signalbox.roll_session_contents(int4multirange(int4range(lo, hi)));
    delete from analytics.session_cost_rollup where slot >= lo and slot < hi;
    delete from analytics.session_rollup where level = 1 and slot >= lo and slot < hi;
    delete from analytics.session_model_rollup where level = 1 and slot >= lo and slot < hi;
    delete from analytics.session_owner_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as materialized (
        select floor(date_part('epoch', date_bin('15 minutes', f.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer as slot, f.*
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
    costs as (
        insert into analytics.session_cost_rollup
        select f.slot, f.session_pk, f.cost_usd from facts as f where f.cost_usd is not null
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

-- They are stored with the others, from the first.
update signalbox.rollup_state set built_from = 2147483647 where subject = 'sessions';
