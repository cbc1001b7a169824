-- part: engine_event_parts
-- Events of the engine in `event_windows`, stored and live. What kind of window a row is from and, where it is stored,
-- its level and slot tell whether `last_at`, a maximum, still holds.
engine_event_parts as (
    select
        w.is_current,
        w.kind,
        r.level,
        r.slot,
        case when r.slot > -2147483648 then to_timestamp(r.slot * 900::float8) end as occurred_at,
        r.event_type,
        r.aggregate_type,
        r.emitted_by,
        s.sign * r.events as events,
        s.sign * r.decisions as decisions,
        s.sign * r.confidence_sum as confidence_sum,
        r.last_at
    from event_windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    -- An offset of nothing here as well: joined to all rows of a level, most of them would be read in vain.
    cross join lateral (
        select l.* from analytics.engine_event_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select
        w.is_current, w.kind, null, null, f.occurred_at, f.event_type, f.aggregate_type, f.emitted_by, 1,
        coalesce(f.confidence between 0 and 1, false)::integer,
        case when f.confidence between 0 and 1 then f.confidence end::numeric, f.occurred_at
    from event_windows as w
    cross join lateral (
        select l.event_type, l.aggregate_type, l.emitted_by, l.confidence, l.occurred_at
        from analytics.stg_engine__events as l
        where l.occurred_at >= w.from_at and l.occurred_at < w.until_at
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, w.kind, null, null, null, f.event_type, f.aggregate_type, f.emitted_by, 1,
        coalesce(f.confidence between 0 and 1, false)::integer,
        case when f.confidence between 0 and 1 then f.confidence end::numeric, f.occurred_at
    from event_windows as w
    cross join analytics.stg_engine__events as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
)

-- part: sop_run_parts
-- Runs of procedures in `run_windows`, stored and live: those that count there (at their end or, while open, at their
-- beginning), with cycle times in microseconds and costs in US dollars, and as `started` those that began there. Of all agents: whoever
-- asks for one chooses from all.
sop_run_parts as (
    select
        w.is_current,
        case when r.slot > -2147483648 then to_timestamp(r.slot * 900::float8) end as occurred_at,
        r.sop_id,
        r.agent,
        r.status,
        s.sign,
        s.sign * r.executions as executions,
        s.sign * r.started as started,
        s.sign * r.timed as timed,
        s.sign * r.cycle_us as cycle_us,
        r.least_cycle_us,
        r.most_cycle_us,
        r.cycle_keys,
        r.cycle_counts,
        s.sign * r.actions as actions,
        s.sign * r.rated_actions as rated_actions,
        s.sign * r.automated as automated,
        s.sign * r.countless as countless,
        s.sign * r.interventions as interventions,
        s.sign * r.stepped_in as stepped_in,
        s.sign * r.cost_usd as cost_usd,
        s.sign * r.priced as priced
    from run_windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    cross join lateral (
        select l.* from analytics.sop_run_rollup as l
        where
            l.level = w.level and l.slot >= w.lo and l.slot < w.hi
            and (%(sop)s::text is null or l.sop_id = %(sop)s)
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select
        w.is_current, f.occurred_at, f.sop_id, f.agent, f.status, 1, 1, 0, (f.cycle_us is not null)::integer, f.cycle_us,
        f.cycle_us, f.cycle_us, array[f.cycle_key], array[1], f.actions_total, f.rated_actions, f.automated,
        f.is_countless::integer, f.human_interventions, (f.human_interventions > 0)::integer, f.cost_usd,
        (f.cost_usd is not null)::integer
    from run_windows as w
    cross join lateral (
        select l.* from analytics.sop_run_facts as l
        where
            l.occurred_at >= w.from_at and l.occurred_at < w.until_at
            and (%(sop)s::text is null or l.sop_id = %(sop)s)
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, f.started_at, f.sop_id, f.agent, f.status, 1, 0, 1, 0, null, null, null, null, null, null, null,
        null, 0, null, 0, null, 0
    from run_windows as w
    cross join lateral (
        select l.started_at, l.sop_id, l.agent, l.status from analytics.sop_run_facts as l
        where
            l.started_at >= w.from_at and l.started_at < w.until_at
            and (%(sop)s::text is null or l.sop_id = %(sop)s)
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, null, f.sop_id, f.agent, f.status, 1, 1, 0, (f.cycle_us is not null)::integer, f.cycle_us,
        f.cycle_us, f.cycle_us, array[f.cycle_key], array[1], f.actions_total, f.rated_actions, f.automated,
        f.is_countless::integer, f.human_interventions, (f.human_interventions > 0)::integer, f.cost_usd,
        (f.cost_usd is not null)::integer
    from run_windows as w
    cross join analytics.sop_run_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
        and (%(sop)s::text is null or f.sop_id = %(sop)s)
    union all
    select
        w.is_current, null, f.sop_id, f.agent, f.status, 1, 0, 1, 0, null, null, null, null, null, null, null,
        null, 0, null, 0, null, 0
    from run_windows as w
    cross join analytics.sop_run_facts as f
    where
        w.kind = 'untimed'
        and (f.started_at = '-infinity' or f.started_at >= '60000-01-01 00:00+00')
        and (%(sop)s::text is null or f.sop_id = %(sop)s)
)
