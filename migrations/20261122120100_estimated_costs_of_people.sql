-- A person's cost did not say that it is estimated, since the sums did not know.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table analytics.session_owner_rollup add column estimated bigint not null default 0;
comment on table analytics.session_owner_rollup is
'Sessions that began in level times 15 minutes from slot on, with what they cost; unpriced ones are not priced in full, the cost of estimated ones is estimated at list prices. One row per level, slot and owner.';

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
            max(f.occurred_at) filter (where f.slot > -2147483648),
            count(*) filter (where f.cost_usd is not null and f.cost_basis in ('estimate', 'partial estimate'))
        from facts as f
        group by f.slot, f.owner_id
    )
    insert into analytics.session_rollup
    select 1, f.slot, f.project_name, f.status, f.cost_basis, count(*), sum(f.cost_usd), sum(f.tokens)
    from facts as f
    group by f.slot, f.project_name, f.status, f.cost_basis
$$;

create or replace function signalbox.sum_sessions(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    select signalbox.sum_session_contents(width, lo, hi);
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
        sum(r.sessions), sum(r.cost_usd), sum(r.priced), sum(r.unpriced), max(r.last_at), sum(r.estimated)
    from analytics.session_owner_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3
$$;

-- What was summed is summed anew.
update signalbox.rollup_state set built_from = 2147483647 where subject = 'sessions';
