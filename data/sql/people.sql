-- name: read_coverage
-- From when to when people did something, how much of each kind has no time, and whether there is anything.
select
    least(c.first_at, l.first_at, j.first_at) as first_at,
    greatest(c.last_at, l.last_at, j.last_at) as last_at,
    c.untimed as untimed_session,
    l.untimed as untimed_lift,
    j.untimed as untimed_job,
    c.holds_rows or l.first_at is not null or l.untimed > 0 or j.holds_rows as holds_rows
from (
    select
        (select min(s.started_at) from analytics.stg_chronicle__sessions as s
            where s.started_at >= '1970-01-02 00:00+00' and s.started_at < '2200-12-31 00:00+00') as first_at,
        (select max(s.started_at) from analytics.stg_chronicle__sessions as s
            where s.started_at >= '1970-01-02 00:00+00' and s.started_at < '2200-12-31 00:00+00') as last_at,
        (select count(*) from analytics.stg_chronicle__sessions as s
            where (s.started_at is null
                or s.started_at < '1970-01-02 00:00+00' or s.started_at >= '2200-12-31 00:00+00')) as untimed,
        exists (select from analytics.stg_chronicle__sessions) as holds_rows
) as c
cross join (
    select
        (select min(s.created_at) from analytics.stg_lift__sessions as s
            where s.created_at >= '1970-01-02 00:00+00' and s.created_at < '2200-12-31 00:00+00') as first_at,
        (select max(s.created_at) from analytics.stg_lift__sessions as s
            where s.created_at >= '1970-01-02 00:00+00' and s.created_at < '2200-12-31 00:00+00') as last_at,
        (select count(*) from analytics.stg_lift__sessions as s
            where (s.created_at is null
                or s.created_at < '1970-01-02 00:00+00' or s.created_at >= '2200-12-31 00:00+00')) as untimed
) as l
cross join (
    select
        (select min(k.counted_at) from analytics.stg_agents__jobs as k
            where k.counted_at >= '1970-01-02 00:00+00' and k.counted_at < '2200-12-31 00:00+00') as first_at,
        (select max(k.counted_at) from analytics.stg_agents__jobs as k
            where k.counted_at >= '1970-01-02 00:00+00' and k.counted_at < '2200-12-31 00:00+00') as last_at,
        (select count(*) from analytics.stg_agents__jobs as k
            where (k.counted_at is null
                or k.counted_at < '1970-01-02 00:00+00' or k.counted_at >= '2200-12-31 00:00+00')) as untimed,
        exists (select from analytics.stg_agents__jobs) as holds_rows
) as j;

-- name: list_people
-- What each person did in a period and in the one before: sessions of agents and of lift-sys, jobs, cost. Costs are of
-- sessions that have one, those of lift-sys apart; the `unpriced` ones are not priced in full. What names nobody stands
-- under no id. Whoever did something in the period before alone is there, too, so that its sums are everybody's.
with session_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sessions', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
    union all
    select false, w.*
    from analytics.rollup_windows('sessions', %(previous_start)s, %(previous_end)s, false) as w
    where %(previous_start)s::timestamptz is not null
),
lift_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('lift_sessions', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
    union all
    select false, w.*
    from analytics.rollup_windows('lift_sessions', %(previous_start)s, %(previous_end)s, false) as w
    where %(previous_start)s::timestamptz is not null
),
owned_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('jobs', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false), 768, 4) as w
    union all
    select false, w.*
    from analytics.rollup_windows('jobs', %(previous_start)s, %(previous_end)s, false, 768, 4) as w
    where %(previous_start)s::timestamptz is not null
),
-- uses: rollups.people.people_parts,
removed as materialized (
    select 'session' as subject, range_agg(int4range(lo, hi)) as slots
    from session_windows where is_current and kind = 'removed'
    union all
    select 'lift', range_agg(int4range(lo, hi)) from lift_windows where is_current and kind = 'removed'
    union all
    select 'job', range_agg(int4range(lo, hi)) from owned_windows where is_current and kind = 'removed'
),

-- The newest time of a stored row may be that of something which is gone, if a slot in it changed: then the finest rows
-- in it that did not change know better.
placed as materialized (
    select
        p.*,
        p.is_current and p.kind = 'stored'
        and coalesce(int4range(p.slot, p.slot + p.level) && m.slots, false) as is_doubtful
    from people_parts as p
    left join removed as m on m.subject = p.subject
),
doubtful as (
    select distinct d.subject, d.level, d.slot from placed as d where d.is_doubtful
),
finest as (
    select 'session' as subject, r.owner_id, r.slot, r.last_at
    from doubtful as d
    cross join lateral (
        select l.* from analytics.session_owner_rollup as l
        where l.level = 1 and l.slot >= d.slot and l.slot < d.slot + d.level
        offset 0
    ) as r
    where d.subject = 'session'
    union all
    select 'lift', r.owner_id::text, r.slot, r.last_at
    from doubtful as d
    cross join lateral (
        select l.* from analytics.lift_session_rollup as l
        where l.level = 1 and l.slot >= d.slot and l.slot < d.slot + d.level
        offset 0
    ) as r
    where d.subject = 'lift'
    union all
    select 'job', r.owner_id::text, r.slot, r.last_at
    from doubtful as d
    cross join lateral (
        select l.* from analytics.job_owner_rollup as l
        where l.level = 4 and l.slot >= d.slot and l.slot < d.slot + d.level
        offset 0
    ) as r
    where d.subject = 'job'
),

counted as (
    select
        p.is_current, p.subject, p.owner_id, p.state, p.happened, p.cost_usd, p.priced, p.unpriced, p.estimated,
        case when p.is_current and p.kind <> 'removed' and not p.is_doubtful then p.last_at end as last_at
    from placed as p
    union all
    select true, f.subject, f.owner_id, null, 0, 0, 0, 0, 0, f.last_at
    from finest as f
    left join removed as m on m.subject = f.subject
    where not f.slot <@ m.slots
),

summed as (
    select
        owner_id,
        coalesce(sum(happened) filter (where is_current and subject = 'session'), 0)::bigint as sessions,
        coalesce(sum(happened) filter (where is_current and subject = 'lift'), 0)::bigint as lift_sessions,
        coalesce(sum(happened) filter (where is_current and subject = 'lift' and state = 'finalized'), 0)::bigint
            as finalized,
        coalesce(sum(happened) filter (where is_current and subject = 'lift' and state in ('abandoned', 'error')), 0)::bigint
            as lost,
        coalesce(sum(happened) filter (where is_current and subject = 'job' and state = 'completed'), 0)::bigint
            as completed_jobs,
        coalesce(sum(happened) filter (where is_current and subject = 'job' and state = 'failed'), 0)::bigint
            as failed_jobs,
        coalesce(sum(happened) filter (where is_current and subject = 'job'), 0)::bigint as jobs,
        case when sum(priced) filter (where is_current) > 0 then sum(cost_usd) filter (where is_current) end as cost_usd,
        case when sum(priced) filter (where is_current and subject = 'session') > 0
            then sum(cost_usd) filter (where is_current and subject = 'session') end as session_cost_usd,
        coalesce(sum(priced) filter (where is_current and subject = 'session'), 0)::bigint as priced_sessions,
        coalesce(sum(unpriced) filter (where is_current and subject = 'session'), 0)::bigint as unpriced_sessions,
        coalesce(sum(estimated) filter (where is_current and subject = 'session'), 0)::bigint as estimated_sessions,
        case when sum(priced) filter (where is_current and subject = 'lift') > 0
            then sum(cost_usd) filter (where is_current and subject = 'lift') end as lift_cost_usd,
        coalesce(sum(priced) filter (where is_current and subject = 'lift'), 0)::bigint as priced_lift_sessions,
        coalesce(sum(unpriced) filter (where is_current and subject = 'lift'), 0)::bigint as unpriced_lift_sessions,
        max(last_at) filter (where last_at >= '1970-01-02 00:00+00' and last_at < '2200-12-31 00:00+00') as last_active_at,
        coalesce(sum(happened) filter (where not is_current and subject = 'session'), 0)::bigint as previous_sessions,
        coalesce(sum(happened) filter (where not is_current and subject = 'lift'), 0)::bigint as previous_lift_sessions,
        coalesce(sum(happened) filter (where not is_current and subject = 'lift' and state = 'finalized'), 0)::bigint
            as previous_finalized,
        coalesce(
            sum(happened) filter (where not is_current and subject = 'lift' and state in ('abandoned', 'error')), 0
        )::bigint as previous_lost,
        coalesce(sum(happened) filter (where not is_current and subject = 'job' and state = 'completed'), 0)::bigint
            as previous_completed_jobs,
        coalesce(sum(happened) filter (where not is_current and subject = 'job' and state = 'failed'), 0)::bigint
            as previous_failed_jobs,
        case when sum(priced) filter (where not is_current) > 0 then sum(cost_usd) filter (where not is_current) end
            as previous_cost_usd
    from counted
    where %(person)s::text is null or owner_id = %(person)s
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

-- name: list_activity
-- The newest of what one person did: sessions of agents, sessions of lift-sys (`lift`) and jobs, each with its state and
-- cost, which `cost_basis` says is recorded or estimated. The state "ended" takes the jobs and the sessions of lift-sys
-- over which success is taken. A session's title is its first prompt. Titles and costs are looked up for what is on the
-- page alone.
with picked as (
    select d.kind, d.key, d.key::text as id, d.happened_at, d.project_or_agent, d.state
    from (
-- uses: people.did
    ) as d
    where
        (%(kind)s::text is null or d.kind = %(kind)s)
        and (
            %(state)s::text is null or d.state = %(state)s
            or %(state)s = 'ended' and case d.kind
                when 'job' then d.state in ('completed', 'failed')
                when 'lift' then d.state in ('finalized', 'abandoned', 'error')
            end
        )
    order by d.happened_at desc nulls last, id
    limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0)
)

select p.kind, p.id, p.happened_at, t.title, p.project_or_agent, p.state, c.cost_usd, c.cost_basis
from picked as p
left join lateral (
    (
        select left(q.prompt_text, 300) as title
        from analytics.stg_chronicle__prompt_events as q
        where p.kind = 'session' and q.session_pk = p.key
        order by q.occurred_at, q.prompt_id
        limit 1
    )
    union all
    select l.prompt from analytics.stg_lift__sessions as l where p.kind = 'lift' and l.session_id = p.key
    union all
    select
-- uses: jobs.title
    from analytics.stg_agents__jobs as j
    where p.kind = 'job' and j.job_id = p.key
    limit 1
) as t on true
left join lateral (
    select k.cost_usd, k.cost_basis from analytics.session_costs as k where p.kind = 'session' and k.session_pk = p.key
    union all
    select l.cost_usd, 'recorded' from analytics.lift_session_summary as l
    where p.kind = 'lift' and l.session_id = p.key
    limit 1
) as c on true
order by p.happened_at desc nulls last, p.id;

-- name: count_activity
-- How many things of each kind and state one person did in a period.
select d.kind, d.state, count(*) as things
from (
-- uses: people.did
) as d
group by d.kind, d.state
order by things desc, d.kind, d.state;

-- part: did
-- What one person did in a period, or what names none (the person "nobody"): sessions of agents, sessions of lift-sys and jobs; or those of the sessions that have
-- a cost ("priced"), or that are not priced in full ("unpriced"), which may be both.
select d.*
from (
    select
        'session' as kind, s.session_pk as key, s.started_at as happened_at,
        s.project_name as project_or_agent, s.status as state
    from analytics.stg_chronicle__sessions as s
    where s.owner_id = %(person)s or %(person)s = 'nobody' and s.owner_id is null
    union all
    select 'lift', l.session_id, l.created_at, null, l.status
    from analytics.stg_lift__sessions as l
    where l.owner_id::text = %(person)s or %(person)s = 'nobody' and l.owner_id is null
    union all
    select 'job', j.job_id, j.counted_at, j.agent, j.status
    from analytics.stg_agents__jobs as j
    where j.owner_id::text = %(person)s or %(person)s = 'nobody' and j.owner_id is null
) as d
where
    (%(start)s::timestamptz is null or d.happened_at >= %(start)s)
    and (%(end)s::timestamptz is null or d.happened_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or d.happened_at is null
        or d.happened_at < '1970-01-02 00:00+00' or d.happened_at >= '2200-12-31 00:00+00')
    and (
        %(has)s::text is null
        or d.kind = 'session' and exists (
            select from analytics.session_costs as k
            where
                k.session_pk = d.key
                and case %(has)s when 'priced' then k.cost_usd is not null
                    else k.cost_basis in ('not priced', 'partial estimate') end
        )
        or d.kind = 'lift' and exists (
            select from analytics.lift_session_summary as l
            where
                l.session_id = d.key
                and case %(has)s when 'priced' then l.priced_drafts > 0 else l.draft_count > l.priced_drafts end
        )
    )
