-- name: read_coverage
-- From when to when clients were assessed, and how many assessments have no time, those of one client where it is named.
select
    (select min(c.computed_at) from analytics.stg_engine__client_health as c
        where c.computed_at >= '1970-01-02 00:00+00' and c.computed_at < '2200-12-31 00:00+00') as first_at,
    (select max(c.computed_at) from analytics.stg_engine__client_health as c
        where c.computed_at >= '1970-01-02 00:00+00' and c.computed_at < '2200-12-31 00:00+00') as last_at,
    (
        select count(*) from analytics.stg_engine__client_health as c
        where
            (c.computed_at is null or c.computed_at < '1970-01-02 00:00+00' or c.computed_at >= '2200-12-31 00:00+00')
            and (%(client)s::text is null or c.client_id = %(client)s)
    ) as untimed,
    exists (select from analytics.stg_engine__client_health) as holds_rows;

-- name: count_clients
-- Clients by how they stand at the end of a period, how they stood before it, and the one that fell furthest. A client
-- is compared where both assessments have a score; a fall is one of `least_fall` points or more.
with known as (
    select
        c.client_id,
        count(*) filter (where %(start)s::timestamptz is null or c.computed_at >= %(start)s) as assessments,
        count(*) filter (
            where (%(start)s::timestamptz is null or c.computed_at >= %(start)s) and c.event_id is null
        ) as unsourced
    from analytics.stg_engine__client_health as c
    where
        (%(end)s::timestamptz is null or c.computed_at < %(end)s)
        and c.computed_at >= '1970-01-02 00:00+00' and c.computed_at < '2200-12-31 00:00+00'
        and (%(search)s::text is null or strpos(lower(c.client_id), lower(%(search)s)) > 0)
    group by c.client_id
),

standing as (
    select
        k.client_id, k.assessments, k.unsourced, present.status, present.health_score,
        before.health_score as previous_score, before.status as previous_status, before.assessment_id as previous_id
    from known as k
    cross join lateral (
        select c.status, c.health_score
        from analytics.stg_engine__client_health as c
        where c.client_id = k.client_id and (%(end)s::timestamptz is null or c.computed_at < %(end)s)
            and c.computed_at >= '1970-01-02 00:00+00' and c.computed_at < '2200-12-31 00:00+00'
        order by c.computed_at desc, c.assessment_id desc
        limit 1
    ) as present
    left join lateral (
        select c.assessment_id, c.status, c.health_score
        from analytics.stg_engine__client_health as c
        where c.client_id = k.client_id and c.computed_at < %(start)s::timestamptz
        order by c.computed_at desc, c.assessment_id desc
        limit 1
    ) as before on true
),

-- The one that fell furthest.
fallen as (
    select s.client_id, s.previous_score, s.health_score
    from standing as s
    where s.previous_score - s.health_score >= %(least_fall)s::float8
    order by s.previous_score - s.health_score desc, s.client_id
    limit 1
)

select
    count(*) as clients,
    count(*) filter (where s.status = 'critical') as critical,
    count(*) filter (where s.status = 'at_risk') as at_risk,
    count(*) filter (where s.status = 'healthy') as healthy,
    count(*) filter (where coalesce(s.status, '') not in ('critical', 'at_risk', 'healthy')) as unknown,
    count(s.previous_id) as known_before,
    count(*) filter (where s.previous_status = 'critical') as previous_critical,
    count(*) filter (where s.previous_status = 'at_risk') as previous_at_risk,
    count(*) filter (where s.previous_status = 'healthy') as previous_healthy,
    count(s.previous_id) filter (where coalesce(s.previous_status, '') not in ('critical', 'at_risk', 'healthy'))
        as previous_unknown,
    count(*) filter (where s.assessments = 0) as not_assessed,
    count(s.previous_score - s.health_score) as compared,
    count(*) filter (where s.previous_score - s.health_score >= %(least_fall)s::float8) as fell,
    count(*) filter (where s.health_score - s.previous_score >= %(least_fall)s::float8) as rose,
    coalesce(sum(s.assessments), 0)::bigint as assessments,
    coalesce(sum(s.unsourced), 0)::bigint as unsourced,
    (select f.client_id from fallen as f) as fallen_client,
    (select f.previous_score from fallen as f) as fallen_from,
    (select f.health_score from fallen as f) as fallen_to
from standing as s;

-- name: list_clients
-- Clients with their newest assessment in or before a period and the newest one before it, the worst first unless asked
-- otherwise; `assessments` and `not_event_sourced` are of the period.
with known as (
    select
        c.client_id,
        count(*) filter (where %(start)s::timestamptz is null or c.computed_at >= %(start)s) as assessments,
        count(*) filter (
            where (%(start)s::timestamptz is null or c.computed_at >= %(start)s) and c.event_id is null
        ) as unsourced
    from analytics.stg_engine__client_health as c
    where
        (%(end)s::timestamptz is null or c.computed_at < %(end)s)
        and c.computed_at >= '1970-01-02 00:00+00' and c.computed_at < '2200-12-31 00:00+00'
        and (%(client)s::text is null or c.client_id = %(client)s)
        and (%(search)s::text is null or strpos(lower(c.client_id), lower(%(search)s)) > 0)
    group by c.client_id
)

select
    k.client_id, present.status, present.health_score, before.status as previous_status,
    before.health_score as previous_score, present.health_score - before.health_score as change,
    present.risk_factors, present.computed_at, k.assessments, k.unsourced as not_event_sourced
from known as k
cross join lateral (
    select c.status, c.health_score, c.risk_factors, c.computed_at
    from analytics.stg_engine__client_health as c
    where c.client_id = k.client_id and (%(end)s::timestamptz is null or c.computed_at < %(end)s)
        and c.computed_at >= '1970-01-02 00:00+00' and c.computed_at < '2200-12-31 00:00+00'
    order by c.computed_at desc, c.assessment_id desc
    limit 1
) as present
left join lateral (
    select c.status, c.health_score
    from analytics.stg_engine__client_health as c
    where c.client_id = k.client_id and c.computed_at < %(start)s::timestamptz
    order by c.computed_at desc, c.assessment_id desc
    limit 1
) as before on true
where
    %(status)s::text is null
    or case when present.status in ('critical', 'at_risk', 'healthy') then present.status else 'unknown' end = %(status)s
order by
    case when coalesce(%(sort)s::text, 'worst') = 'worst' then
        case present.status when 'critical' then 0 when 'at_risk' then 1 when 'healthy' then 3 else 2 end
        * case when coalesce(%(downwards)s::boolean, true) then 1 else -1 end
    end,
    case when coalesce(%(sort)s, 'worst') = 'worst' then present.health_score
        * case when coalesce(%(downwards)s, true) then 1 else -1 end end nulls last,
    case when %(sort)s = 'score' then present.health_score when %(sort)s = 'change'
        then present.health_score - before.health_score when %(sort)s = 'assessments' then k.assessments
        when %(sort)s = 'when' then extract(epoch from present.computed_at) end
    * case when coalesce(%(downwards)s, true) then -1 else 1 end nulls last,
    case when %(sort)s = 'client' and coalesce(%(downwards)s, true) then k.client_id end desc,
    k.client_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);

-- name: list_trends
-- The newest score of each client in each of `slices` equal parts of a span; parts without one are left out.
select k.client_id, n.slice, newest.health_score
from unnest(%(clients)s::text[]) as k (client_id)
cross join generate_series(0, %(slices)s::integer - 1) as n (slice)
cross join lateral (
    select c.health_score
    from analytics.stg_engine__client_health as c
    where
        c.client_id = k.client_id
        and c.computed_at
        >= %(start)s::timestamptz + (%(end)s::timestamptz - %(start)s::timestamptz) * n.slice / %(slices)s::integer
        and c.computed_at
        < %(start)s::timestamptz + (%(end)s::timestamptz - %(start)s::timestamptz) * (n.slice + 1) / %(slices)s::integer
    order by c.computed_at desc, c.assessment_id desc
    limit 1
) as newest
order by k.client_id, n.slice;

-- name: list_scores
-- The newest assessment of one client in each hour, day, week or month of the viewer's zone.
select distinct on (bucket)
    date_trunc(%(unit)s::text, c.computed_at, %(zone)s::text) as bucket, c.status, c.health_score
from analytics.stg_engine__client_health as c
where
    c.client_id = %(client)s::text
    and c.computed_at >= '1970-01-02 00:00+00' and c.computed_at < '2200-12-31 00:00+00'
    and (%(start)s::timestamptz is null or c.computed_at >= %(start)s)
    and (%(end)s::timestamptz is null or c.computed_at < %(end)s)
order by bucket, c.computed_at desc, c.assessment_id desc;

-- name: list_history
-- Assessments of one client or of all, the newest first, or else those without a time, with where the event lies that
-- each was projected from.
select
    c.assessment_id, c.client_id, c.computed_at, c.status, c.health_score, c.signals, c.risk_factors, c.event_id,
    e.aggregate_type, e.aggregate_id, e.sequence_number
from analytics.stg_engine__client_health as c
left join analytics.stg_engine__events as e on e.event_id = c.event_id
where
    (%(client)s::text is null or c.client_id = %(client)s)
    and (c.computed_at is null
        or c.computed_at < '1970-01-02 00:00+00' or c.computed_at >= '2200-12-31 00:00+00') = coalesce(%(untimed)s::boolean, false)
    and (%(start)s::timestamptz is null or c.computed_at >= %(start)s)
    and (%(end)s::timestamptz is null or c.computed_at < %(end)s)
order by c.computed_at desc, c.assessment_id desc
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);

-- name: count_executions
-- How many runs of procedures were about one client, and how they stand.
select
    count(*) as executions,
    count(*) filter (where x.status = 'failed') as failed,
    count(*) filter (where x.status = 'running') as running
from analytics.stg_engine__sop_executions as x
where x.client_id = %(client)s::text;

-- name: list_executions
-- Runs of procedures about one client, the newest first; `is_event_sourced`: events tell of the run.
select
    x.execution_id, x.sop_id, x.status, x.agent, x.current_step, x.started_at, x.completed_at, x.cycle_time_hours,
    x.automation_rate, x.human_interventions, x.estimated_cost_usd, x.error_message,
    exists (
        select from analytics.stg_engine__events as e
        where e.aggregate_type = 'SopExecution' and e.aggregate_id = x.execution_id::text
    ) as is_event_sourced
from analytics.stg_engine__sop_executions as x
where x.client_id = %(client)s::text
order by x.started_at desc nulls last, x.execution_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);

-- name: read_experiment_coverage
-- From when to when there are chaos experiments; one counts when it began, or else when it was planned.
select
    min(c.at) filter (where c.at >= '1970-01-02 00:00+00' and c.at < '2200-12-31 00:00+00') as first_at,
    max(c.at) filter (where c.at >= '1970-01-02 00:00+00' and c.at < '2200-12-31 00:00+00') as last_at,
    count(*) filter (where (c.at is null or c.at < '1970-01-02 00:00+00' or c.at >= '2200-12-31 00:00+00')) as untimed,
    count(*) > 0 as holds_rows
from analytics.stg_engine__chaos_experiments as x
cross join lateral (select coalesce(x.started_at, x.created_at) as at) as c;

-- name: count_experiments
-- Chaos experiments of a period by status and outcome, "stateless" and "none" where those are none that reports know.
select
    case when x.status in ('planned', 'running', 'completed', 'aborted') then x.status else 'stateless' end as status,
    case when x.outcome in ('confirmed', 'refuted', 'inconclusive') then x.outcome else 'none' end as outcome,
    count(*) as experiments
from analytics.stg_engine__chaos_experiments as x
where
    (%(start)s::timestamptz is null or coalesce(x.started_at, x.created_at) >= %(start)s)
    and (%(end)s::timestamptz is null or coalesce(x.started_at, x.created_at) < %(end)s)
group by 1, 2
order by 1, 2;

-- name: list_experiments
-- Chaos experiments of a period: running ones first, then those that refuted what was expected, then the newest. The
-- status "stateless" and the outcome "none" take those whose own is none that reports know.
select
    x.experiment_id, x.name, x.hypothesis, x.target, x.blast_radius, x.blast_radius_percent, x.status, x.outcome,
    x.findings, x.correlation_id, x.started_at, x.ended_at, x.created_at
from analytics.stg_engine__chaos_experiments as x
where
    (%(start)s::timestamptz is null or coalesce(x.started_at, x.created_at) >= %(start)s)
    and (%(end)s::timestamptz is null or coalesce(x.started_at, x.created_at) < %(end)s)
    and (
        %(status)s::text is null or x.status = %(status)s
        or %(status)s = 'stateless' and (x.status is null or x.status not in ('planned', 'running', 'completed', 'aborted'))
    )
    and (
        %(outcome)s::text is null or x.outcome = %(outcome)s
        or %(outcome)s = 'none' and (x.outcome is null or x.outcome not in ('confirmed', 'refuted', 'inconclusive'))
    )
order by
    case when x.status = 'running' then 0 when x.outcome = 'refuted' then 1 when x.status = 'aborted' then 2
        when x.outcome = 'inconclusive' then 3 when x.status = 'planned' then 4 else 5 end,
    coalesce(x.started_at, x.created_at) desc, x.experiment_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);
