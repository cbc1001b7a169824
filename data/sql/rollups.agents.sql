-- part: agent_window_parts
-- Windows of agents in `metric_windows`, stored and live, by agent and source; they count when they ended. Amounts are
-- sums of numeric, so that nothing is left of what is taken off again.
agent_window_parts as (
    select
        w.is_current,
        case when r.slot > -2147483648 then to_timestamp(r.slot * 900::float8) end as occurred_at,
        r.agent,
        r.source,
        s.sign * r.windows as windows,
        s.sign * r.counted as counted,
        s.sign * r.actions as actions,
        s.sign * r.rated_actions as rated_actions,
        s.sign * r.automated as automated,
        s.sign * r.countless as countless,
        s.sign * r.escalations as escalations,
        s.sign * r.counted_escalations as counted_escalations,
        s.sign * r.decisions as decisions,
        s.sign * r.confidence_sum as confidence_sum,
        s.sign * r.confidence_countless as confidence_countless,
        s.sign * r.cost_usd as cost_usd,
        s.sign * r.priced as priced
    from metric_windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    cross join lateral (
        select l.* from analytics.agent_window_rollup as l
        where
            l.level = w.level and l.slot >= w.lo and l.slot < w.hi
            and (%(agent)s::text is null or l.agent = %(agent)s)
            and (%(source)s::text is null or l.source = %(source)s)
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select
        w.is_current, f.occurred_at, f.agent, f.source, 1, (f.actions_total is not null)::integer, f.actions_total,
        f.rated_actions, f.automated, f.is_countless::integer, f.human_escalations, f.counted_escalations, f.decisions,
        f.confidence_sum, f.is_confidence_countless::integer, f.cost_usd, (f.cost_usd is not null)::integer
    from metric_windows as w
    cross join lateral (
        select l.* from analytics.agent_window_facts as l
        where
            l.occurred_at >= w.from_at and l.occurred_at < w.until_at
            and (%(agent)s::text is null or l.agent = %(agent)s)
            and (%(source)s::text is null or l.source = %(source)s)
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, analytics.slot_start(f.slot), f.agent, f.source, f.sign, f.sign * (f.actions_total is not null)::integer,
        f.sign * f.actions_total, f.sign * f.rated_actions, f.sign * f.automated, f.sign * f.is_countless::integer,
        f.sign * f.human_escalations, f.sign * f.counted_escalations, f.sign * f.decisions, f.sign * f.confidence_sum,
        f.sign * f.is_confidence_countless::integer, f.sign * f.cost_usd, f.sign * (f.cost_usd is not null)::integer
    from metric_windows as w
    inner join analytics.agent_window_changes() as f on f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    where
        w.kind = 'changed'
        and (%(agent)s::text is null or f.agent = %(agent)s)
        and (%(source)s::text is null or f.source = %(source)s)
    union all
    select
        w.is_current, null, f.agent, f.source, 1, (f.actions_total is not null)::integer, f.actions_total,
        f.rated_actions, f.automated, f.is_countless::integer, f.human_escalations, f.counted_escalations, f.decisions,
        f.confidence_sum, f.is_confidence_countless::integer, f.cost_usd, (f.cost_usd is not null)::integer
    from metric_windows as w
    cross join analytics.agent_window_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
        and (%(agent)s::text is null or f.agent = %(agent)s)
        and (%(source)s::text is null or f.source = %(source)s)
)
