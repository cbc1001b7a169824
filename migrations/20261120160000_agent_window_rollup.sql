-- Windows of agents, rolled up.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Rates and confidences are weighted by what they were counted over, as numeric: what is added up must be able to be
-- taken off again. A cost that is no number is not known.
create view analytics.agent_window_facts with (security_invoker = true) as
select
    m.agent,
    m.source,
    m.window_end as occurred_at,
    m.actions_total,
    case when a.automated is not null then m.actions_total end as rated_actions,
    a.automated,
    a.automated is null and (m.automation_rate is not null or m.actions_automated is not null) as is_countless,
    m.human_escalations,
    case when m.actions_total is not null then m.human_escalations end as counted_escalations,
    case when m.avg_confidence is not null then m.confidence_count end as decisions,
    m.avg_confidence::numeric * m.confidence_count as confidence_sum,
    m.avg_confidence is not null and m.confidence_count is null as is_confidence_countless,
    case when m.cost_usd < 'Infinity' then m.cost_usd end as cost_usd
from analytics.stg_engine__agent_metrics as m
cross join lateral (
    select case
        when m.actions_total is null then null
        when m.actions_automated is not null then m.actions_automated::numeric
        else m.automation_rate::numeric * m.actions_total
    end as automated
) as a;
comment on view analytics.agent_window_facts is
'What the rollup of windows is made of; a window counts when it ended. One row per agent, source, owner and window.';

-- No primary key: two texts without a limit may be longer together than an index takes.
create table analytics.agent_window_rollup (
    level smallint not null,
    slot integer not null,
    agent text not null,
    source text not null,
    windows bigint not null,
    counted bigint not null,
    actions numeric not null,
    rated_actions numeric not null,
    automated numeric not null,
    countless bigint not null,
    escalations numeric not null,
    counted_escalations numeric not null,
    decisions numeric not null,
    confidence_sum numeric not null,
    confidence_countless bigint not null,
    cost_usd numeric not null,
    priced bigint not null
);
comment on table analytics.agent_window_rollup is
'Windows of agents that ended in level times 15 minutes from slot on; counted ones say how many actions there were. One row per level, slot, agent and source.';
create index idx_agent_window_rollup_slot on analytics.agent_window_rollup (level, slot);
alter table analytics.agent_window_rollup enable row level security;
grant select on analytics.agent_window_facts, analytics.agent_window_rollup to authenticated;
grant select on analytics.agent_window_facts to service_role;
grant all on analytics.agent_window_rollup to service_role;
create policy agent_window_rollup_select on analytics.agent_window_rollup for select to authenticated
using ((select signalbox.sees_all()));

-- Stores what lies in lo <= slot < hi anew, from the tables; the lowest slot holds what has no time.
create function signalbox.roll_agent_windows(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.agent_window_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as (
        select floor(date_part('epoch', f.occurred_at) / 900)::integer as slot, f.*
        from analytics.agent_window_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.agent_window_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    )
    insert into analytics.agent_window_rollup
    select
        1, f.slot, f.agent, f.source,
        count(*), count(f.actions_total), coalesce(sum(f.actions_total), 0), coalesce(sum(f.rated_actions), 0),
        coalesce(sum(f.automated), 0), count(*) filter (where f.is_countless),
        coalesce(sum(f.human_escalations), 0), coalesce(sum(f.counted_escalations), 0),
        coalesce(sum(f.decisions), 0), coalesce(sum(f.confidence_sum), 0),
        count(*) filter (where f.is_confidence_countless), coalesce(sum(f.cost_usd), 0), count(f.cost_usd)
    from facts as f
    group by f.slot, f.agent, f.source
$$;

-- Adds up the rows of the next finer level to those of this width with lo <= slot < hi.
create function signalbox.sum_agent_windows(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.agent_window_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.agent_window_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.agent, r.source,
        sum(r.windows), sum(r.counted), sum(r.actions), sum(r.rated_actions), sum(r.automated), sum(r.countless),
        sum(r.escalations), sum(r.counted_escalations), sum(r.decisions), sum(r.confidence_sum),
        sum(r.confidence_countless), sum(r.cost_usd), sum(r.priced)
    from analytics.agent_window_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4
$$;
revoke execute on function signalbox.roll_agent_windows(integer, integer) from public;
revoke execute on function signalbox.sum_agent_windows(integer, integer, integer) from public;
