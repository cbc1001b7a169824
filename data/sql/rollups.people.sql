-- part: people_parts
-- What people did in `session_windows`, `lift_windows` and `owned_windows` (jobs, of which an hour is the finest row),
-- stored and live: sessions, sessions of lift-sys and jobs by owner and state, with costs (US dollars). What kind of
-- window a row is from and, where it is stored, its level and slot tell whether `last_at`, a maximum, still holds.
people_parts as (
    select
        w.is_current, w.kind, 'session' as subject, r.level, r.slot, r.owner_id, null::text as state,
        s.sign * r.sessions as happened, s.sign * r.cost_usd as cost_usd, s.sign * r.priced as priced,
        s.sign * r.unpriced as unpriced, s.sign * r.estimated as estimated, r.last_at
    from session_windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    cross join lateral (
        select l.* from analytics.session_owner_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select
        w.is_current, w.kind, 'session', null, null, f.owner_id, null, 1, f.cost_usd, (f.cost_usd is not null)::integer,
        (f.cost_basis in ('not priced', 'partial estimate'))::integer,
        (f.cost_usd is not null and f.cost_basis in ('estimate', 'partial estimate'))::integer, f.occurred_at
    from session_windows as w
    cross join lateral (
        select l.* from analytics.session_facts as l where l.occurred_at >= w.from_at and l.occurred_at < w.until_at offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, w.kind, 'session', null, null, f.owner_id, null, 1, f.cost_usd, (f.cost_usd is not null)::integer,
        (f.cost_basis in ('not priced', 'partial estimate'))::integer,
        (f.cost_usd is not null and f.cost_basis in ('estimate', 'partial estimate'))::integer, null
    from session_windows as w
    cross join analytics.session_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    union all
    select
        w.is_current, w.kind, 'lift', r.level, r.slot, r.owner_id::text, r.status, s.sign * r.sessions,
        s.sign * r.cost_usd, s.sign * r.priced, s.sign * r.unpriced, 0, r.last_at
    from lift_windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    cross join lateral (
        select l.* from analytics.lift_session_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select
        w.is_current, w.kind, 'lift', null, null, f.owner_id::text, f.status, 1, f.cost_usd,
        (f.cost_usd is not null)::integer, (f.draft_count > f.priced_drafts)::integer, 0, f.occurred_at
    from lift_windows as w
    cross join lateral (
        select l.* from analytics.lift_session_facts as l
        where l.occurred_at >= w.from_at and l.occurred_at < w.until_at
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, w.kind, 'lift', null, null, f.owner_id::text, f.status, 1, f.cost_usd,
        (f.cost_usd is not null)::integer, (f.draft_count > f.priced_drafts)::integer, 0, null
    from lift_windows as w
    cross join analytics.lift_session_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    union all
    select
        w.is_current, w.kind, 'job', r.level, r.slot, r.owner_id::text, r.status,
        case w.kind when 'removed' then -1 else 1 end * r.jobs, 0, 0, 0, 0, r.last_at
    from owned_windows as w
    cross join lateral (
        select l.* from analytics.job_owner_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select w.is_current, w.kind, 'job', null, null, f.owner_id::text, f.status, 1, 0, 0, 0, 0, f.counted_at
    from owned_windows as w
    cross join lateral (
        select l.owner_id, l.status, l.counted_at from analytics.stg_agents__jobs as l
        where l.counted_at >= w.from_at and l.counted_at < w.until_at
        offset 0
    ) as f
    where w.kind = 'live'
    union all
    select w.is_current, w.kind, 'job', null, null, f.owner_id::text, f.status, 1, 0, 0, 0, 0, null
    from owned_windows as w
    cross join analytics.stg_agents__jobs as f
    where
        w.kind = 'untimed'
        and (f.counted_at is null or f.counted_at = '-infinity' or f.counted_at >= '60000-01-01 00:00+00')
)
