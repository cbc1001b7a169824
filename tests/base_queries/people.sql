-- name: list_people
-- What each person did in a period and in the one before: sessions of agents and of lift-sys, jobs, cost. Costs are of
-- sessions that have one, those of lift-sys apart; the `unpriced` ones are not priced in full. What names nobody stands
-- under no id. Whoever did something in the period before alone is there, too, so that its sums are everybody's.
with acts as (
    select
        'session' as kind, s.owner_id, s.started_at as happened_at, s.status as state, k.cost_usd,
        k.cost_basis in ('not priced', 'partial estimate') as is_unpriced,
        k.cost_usd is not null and k.cost_basis in ('estimate', 'partial estimate') as is_estimated
    from analytics.stg_chronicle__sessions as s
    left join analytics.session_costs as k on k.session_pk = s.session_pk
    where
        (%(start)s::timestamptz is null or s.started_at >= least(%(start)s, coalesce(%(previous_start)s, %(start)s)))
        and (%(end)s::timestamptz is null or s.started_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or (s.started_at >= '1970-01-02 00:00+00' and s.started_at < '2200-12-31 00:00+00') is not true)
    union all
    select 'lift', l.owner_id::text, l.created_at, l.status, l.cost_usd, l.draft_count > l.priced_drafts, false
    from analytics.lift_session_summary as l
    where
        (%(start)s::timestamptz is null or l.created_at >= least(%(start)s, coalesce(%(previous_start)s, %(start)s)))
        and (%(end)s::timestamptz is null or l.created_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or (l.created_at >= '1970-01-02 00:00+00' and l.created_at < '2200-12-31 00:00+00') is not true)
    union all
    select 'job', j.owner_id::text, j.counted_at, j.status, null, false, false
    from analytics.stg_agents__jobs as j
    where
        (
            %(start)s::timestamptz is null
            or j.counted_at >= least(%(start)s, coalesce(%(previous_start)s, %(start)s))
        )
        and (%(end)s::timestamptz is null or j.counted_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or (j.counted_at >= '1970-01-02 00:00+00' and j.counted_at < '2200-12-31 00:00+00') is not true)
),

placed as (
    select
        a.*,
        %(start)s::timestamptz is null or a.happened_at >= %(start)s as is_current,
        a.happened_at >= %(previous_start)s::timestamptz and a.happened_at < %(previous_end)s::timestamptz as is_before
    from acts as a
    where %(person)s::text is null or a.owner_id = %(person)s
),

summed as (
    select
        owner_id,
        count(*) filter (where is_current and kind = 'session') as sessions,
        count(*) filter (where is_current and kind = 'lift') as lift_sessions,
        count(*) filter (where is_current and kind = 'lift' and state = 'finalized') as finalized,
        count(*) filter (where is_current and kind = 'lift' and state in ('abandoned', 'error')) as lost,
        count(*) filter (where is_current and kind = 'job' and state = 'completed') as completed_jobs,
        count(*) filter (where is_current and kind = 'job' and state = 'failed') as failed_jobs,
        count(*) filter (where is_current and kind = 'job') as jobs,
        sum(cost_usd) filter (where is_current) as cost_usd,
        sum(cost_usd) filter (where is_current and kind = 'session') as session_cost_usd,
        count(*) filter (where is_current and kind = 'session' and cost_usd is not null) as priced_sessions,
        count(*) filter (where is_current and kind = 'session' and is_unpriced) as unpriced_sessions,
        count(*) filter (where is_current and kind = 'session' and is_estimated) as estimated_sessions,
        sum(cost_usd) filter (where is_current and kind = 'lift') as lift_cost_usd,
        count(*) filter (where is_current and kind = 'lift' and cost_usd is not null) as priced_lift_sessions,
        count(*) filter (where is_current and kind = 'lift' and is_unpriced) as unpriced_lift_sessions,
        max(happened_at) filter (where is_current and happened_at >= '1970-01-02 00:00+00' and happened_at < '2200-12-31 00:00+00') as last_active_at,
        count(*) filter (where is_before and kind = 'session') as previous_sessions,
        count(*) filter (where is_before and kind = 'lift') as previous_lift_sessions,
        count(*) filter (where is_before and kind = 'lift' and state = 'finalized') as previous_finalized,
        count(*) filter (where is_before and kind = 'lift' and state in ('abandoned', 'error')) as previous_lost,
        count(*) filter (where is_before and kind = 'job' and state = 'completed') as previous_completed_jobs,
        count(*) filter (where is_before and kind = 'job' and state = 'failed') as previous_failed_jobs,
        sum(cost_usd) filter (where is_before) as previous_cost_usd
    from placed
    group by owner_id
)

select
    s.owner_id as person, coalesce(a.email, s.owner_id) as address, s.sessions, s.lift_sessions, s.finalized, s.lost,
    s.jobs, s.completed_jobs, s.failed_jobs, s.cost_usd, s.session_cost_usd, s.priced_sessions,
    s.unpriced_sessions, s.estimated_sessions, s.lift_cost_usd, s.priced_lift_sessions, s.unpriced_lift_sessions, s.last_active_at,
    s.previous_sessions, s.previous_lift_sessions, s.previous_finalized, s.previous_lost, s.previous_completed_jobs,
    s.previous_failed_jobs, s.previous_cost_usd
from summed as s
left join signalbox.addresses() as a on a.user_id::text = s.owner_id
where
    s.sessions + s.lift_sessions + s.jobs > 0
    or s.previous_sessions + s.previous_lift_sessions + s.previous_completed_jobs + s.previous_failed_jobs > 0
order by s.sessions + s.lift_sessions + s.jobs desc, address;
