-- Sessions of lift-sys and their drafts, rolled up.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Numbers of drafts are text in jsonb and may be any: what cannot be a cost or a latency is not known.
create view analytics.lift_draft_facts with (security_invoker = true) as
select
    d.session_id,
    d.created_at as occurred_at,
    coalesce(d.model, '(unknown model)') as model,
    d.syntax_valid,
    d.ast_valid,
    d.cost_usd,
    l.latency_ms,
    case
        when l.latency_ms > 0 then ceil(ln(l.latency_ms::float8) / 0.019802627296179713)::integer
        when l.latency_ms = 0 then -5000
        when l.latency_ms < 0 then -10000 - ceil(ln(-l.latency_ms::float8) / 0.019802627296179713)::integer
    end as latency_key
from analytics.stg_lift__session_drafts as d
cross join lateral (
    select case when abs(d.latency_ms) < 1e15 and (d.latency_ms = 0 or abs(d.latency_ms) > 1e-15) then d.latency_ms end
        as latency_ms
) as l;
comment on view analytics.lift_draft_facts is
'What the rollup of drafts is made of; latency_key is the class of the latency in its histogram. One row per session and draft.';

create view analytics.lift_session_facts with (security_invoker = true) as
select
    s.session_id, s.created_at as occurred_at, s.owner_id, s.status, s.draft_count, d.priced_drafts, d.cost_usd
from analytics.stg_lift__sessions as s
left join lateral (
    select count(r.cost_usd) as priced_drafts, sum(r.cost_usd) as cost_usd
    from analytics.lift_draft_facts as r
    where r.session_id = s.session_id
) as d on true;
comment on view analytics.lift_session_facts is
'What the rollup of sessions of lift-sys is made of. One row per session.';

create table analytics.lift_session_rollup (
    level smallint not null,
    slot integer not null,
    owner_id uuid not null,
    status text not null,
    sessions bigint not null,
    drafts numeric not null,
    priced_drafts numeric not null,
    cost_usd numeric not null,
    priced bigint not null,
    unpriced bigint not null,
    last_at timestamptz
);
comment on table analytics.lift_session_rollup is
'Sessions of lift-sys that began in level times 15 minutes from slot on, with what their drafts cost. One row per level, slot, owner and status.';
create index idx_lift_session_rollup_slot on analytics.lift_session_rollup (level, slot);
create table analytics.lift_draft_rollup (
    level smallint not null,
    slot integer not null,
    model text not null,
    drafts bigint not null,
    syntax_checked bigint not null,
    syntax_valid bigint not null,
    ast_checked bigint not null,
    ast_valid bigint not null,
    priced bigint not null,
    cost_usd numeric not null,
    least_latency_ms numeric,
    most_latency_ms numeric,
    latency_keys integer[] not null,
    latency_counts bigint[] not null
);
comment on table analytics.lift_draft_rollup is
'Drafts of lift-sys made in level times 15 minutes from slot on. One row per level, slot and model.';
create index idx_lift_draft_rollup_slot on analytics.lift_draft_rollup (level, slot);

alter table analytics.lift_session_rollup enable row level security;
alter table analytics.lift_draft_rollup enable row level security;
grant select on analytics.lift_draft_facts, analytics.lift_session_facts, analytics.lift_session_rollup,
analytics.lift_draft_rollup to authenticated;
grant select on analytics.lift_draft_facts, analytics.lift_session_facts to service_role;
grant all on analytics.lift_session_rollup, analytics.lift_draft_rollup to service_role;
create policy lift_session_rollup_select on analytics.lift_session_rollup for select to authenticated
using ((select signalbox.sees_all()));
create policy lift_draft_rollup_select on analytics.lift_draft_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- Stores sessions with lo <= slot < hi anew, from the tables, with what their drafts cost.
create function signalbox.roll_lift_sessions(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.lift_session_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as (
        select floor(date_part('epoch', f.occurred_at) / 900)::integer as slot, f.*
        from analytics.lift_session_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.lift_session_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    )
    insert into analytics.lift_session_rollup
    select
        1, f.slot, f.owner_id, f.status, count(*), coalesce(sum(f.draft_count), 0), coalesce(sum(f.priced_drafts), 0),
        coalesce(sum(f.cost_usd), 0), count(f.cost_usd), count(*) filter (where f.draft_count > f.priced_drafts),
        max(f.occurred_at) filter (where f.slot > -2147483648)
    from facts as f
    group by f.slot, f.owner_id, f.status
$$;

-- Adds up sessions of the next finer level.
create function signalbox.sum_lift_sessions(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.lift_session_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.lift_session_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.owner_id, r.status, sum(r.sessions), sum(r.drafts),
        sum(r.priced_drafts), sum(r.cost_usd), sum(r.priced), sum(r.unpriced), max(r.last_at)
    from analytics.lift_session_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4
$$;

-- Stores drafts with lo <= slot < hi anew, from the tables, with the classes of their latencies.
create function signalbox.roll_lift_drafts(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.lift_draft_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as (
        select floor(date_part('epoch', f.occurred_at) / 900)::integer as slot, f.*
        from analytics.lift_draft_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.lift_draft_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    ),
    classes as (
        select
            f.slot, f.model, f.latency_key, count(*) as drafts, count(f.latency_key) as timed,
            count(f.syntax_valid) as syntax_checked, count(*) filter (where f.syntax_valid) as syntax_valid,
            count(f.ast_valid) as ast_checked, count(*) filter (where f.ast_valid) as ast_valid,
            count(f.cost_usd) as priced, sum(f.cost_usd) as cost_usd,
            min(f.latency_ms) as least_latency_ms, max(f.latency_ms) as most_latency_ms
        from facts as f
        group by f.slot, f.model, f.latency_key
    )
    insert into analytics.lift_draft_rollup
    select
        1, c.slot, c.model, sum(c.drafts), sum(c.syntax_checked), sum(c.syntax_valid), sum(c.ast_checked),
        sum(c.ast_valid), sum(c.priced), coalesce(sum(c.cost_usd), 0), min(c.least_latency_ms), max(c.most_latency_ms),
        coalesce(array_agg(c.latency_key order by c.latency_key) filter (where c.latency_key is not null), '{}'),
        coalesce(array_agg(c.timed order by c.latency_key) filter (where c.latency_key is not null), '{}')
    from classes as c
    group by c.slot, c.model
$$;

-- Adds up drafts of the next finer level, sums and classes in one list.
create function signalbox.sum_lift_drafts(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.lift_draft_rollup where level = width and slot >= lo and slot < hi;
    with finer as materialized (
        select r.slot - (r.slot % width + width) % width as parent, r.*
        from analytics.lift_draft_rollup as r
        where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
        and r.slot > -2147483648
    ),
    counts as (
        select
            f.parent, f.model, null::integer as key, null::bigint as counted, f.drafts, f.syntax_checked, f.syntax_valid,
            f.ast_checked, f.ast_valid, f.priced, f.cost_usd, f.least_latency_ms, f.most_latency_ms
        from finer as f
        union all
        select k.parent, k.model, k.key, sum(k.counted)::bigint, 0, 0, 0, 0, 0, 0, 0, null, null
        from (
            select f.parent, f.model, unnest(f.latency_keys) as key, unnest(f.latency_counts) as counted from finer as f
        ) as k
        group by k.parent, k.model, k.key
    )
    insert into analytics.lift_draft_rollup
    select
        width, c.parent, c.model, sum(c.drafts), sum(c.syntax_checked), sum(c.syntax_valid), sum(c.ast_checked),
        sum(c.ast_valid), sum(c.priced), sum(c.cost_usd), min(c.least_latency_ms), max(c.most_latency_ms),
        coalesce(array_agg(c.key order by c.key) filter (where c.key is not null), '{}'),
        coalesce(array_agg(c.counted order by c.key) filter (where c.key is not null), '{}')
    from counts as c
    group by c.parent, c.model
$$;
revoke execute on function signalbox.roll_lift_sessions(integer, integer) from public;
revoke execute on function signalbox.sum_lift_sessions(integer, integer, integer) from public;
revoke execute on function signalbox.roll_lift_drafts(integer, integer) from public;
revoke execute on function signalbox.sum_lift_drafts(integer, integer, integer) from public;

-- What a session cost rests on its drafts.
create function signalbox.log_drafts() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    if tg_op = 'TRUNCATE' then
        insert into signalbox.change_log (source, slot) values (20, 2147483647);
    else
        insert into signalbox.change_links (source, link) select distinct 20, r.session_id from touched_rows as r;
    end if;
    return null;
end
$$;
revoke execute on function signalbox.log_drafts() from public;
create trigger change_log_costs_insert after insert on lift.session_drafts
referencing new table as touched_rows for each statement execute function signalbox.log_drafts();
create trigger change_log_costs_delete after delete on lift.session_drafts
referencing old table as touched_rows for each statement execute function signalbox.log_drafts();
create trigger change_log_costs_update_old after update on lift.session_drafts
referencing old table as touched_rows for each statement execute function signalbox.log_drafts();
create trigger change_log_costs_update_new after update on lift.session_drafts
referencing new table as touched_rows for each statement execute function signalbox.log_drafts();
create trigger change_log_costs_truncate after truncate on lift.session_drafts
for each statement execute function signalbox.log_drafts();
