-- part: outcome
-- What has become of a question; one that still waits is over from the moment on at which its time ran out.
case
    when a.stored_status = 'pending' and a.expires_at <= coalesce(%(now)s::timestamptz, now()) then 'expired'
    else a.stored_status
end

-- part: of_list
-- Whether a question stands in the list of history that is asked for; what has no status that reports know stands in
-- "stateless" alone.
case coalesce(%(shown)s::text, 'all')
    when 'decided' then not a.is_imported and a.stored_status in ('approved', 'rejected')
    when 'expired' then not a.is_imported
        and (a.stored_status = 'expired' or a.stored_status = 'pending' and a.expires_at <= coalesce(%(now)s::timestamptz, now()))
    when 'imported' then a.is_imported and a.stored_status in ('pending', 'approved', 'rejected', 'expired')
    when 'stateless' then a.stored_status is null or a.stored_status not in ('pending', 'approved', 'rejected', 'expired')
    when 'all' then a.is_imported or a.stored_status is distinct from 'pending'
        or a.expires_at <= coalesce(%(now)s::timestamptz, now())
    else false
end

-- part: of_period
-- Whether a question was asked in the period, or has no time where those are asked for.
(
    (%(start)s::timestamptz is null or a.created_at >= %(start)s)
    and (%(end)s::timestamptz is null or a.created_at < %(end)s)
    and (
        not coalesce(%(untimed)s::boolean, false)
        or a.created_at is null or a.created_at < '1970-01-02 00:00+00' or a.created_at >= '2200-12-31 00:00+00'
    )
)

-- part: chosen
-- Whether a question passes the filters.
(
    (%(agent)s::text is null or a.agent = %(agent)s)
    and (%(kind)s::text is null or a.approval_type = %(kind)s)
    and (%(risk)s::text is null or a.risk_level = %(risk)s)
    and (%(project)s::text is null or s.project_name = %(project)s)
)

-- name: summarise
-- One row: questions of a period and of the one before it by the list that they stand in, and those of one list by what
-- became of them and how long they waited (milliseconds): for the decision or, where the time ran out, until then. How
-- many wait now, with the filters (`queue`) and without, and how many of that list have no time.
with counted as (
    select
        q.is_current,
        q.outcome,
        case
            when q.outcome is null or q.outcome not in ('pending', 'approved', 'rejected', 'expired') then 'stateless'
            when q.is_imported then 'imported'
            when q.outcome in ('approved', 'rejected') then 'decided'
            when q.outcome = 'expired' then 'expired'
            else 'queue'
        end as list,
        case when q.over_at >= q.created_at and q.created_at >= '1970-01-02 00:00+00' and q.over_at < '2200-12-31 00:00+00'
            then date_part('epoch', q.over_at - q.created_at) * 1000 end as waited_ms
    from (
        select
            coalesce(
-- uses: approvals.history.of_period
                , false
            ) as is_current,
-- uses: approvals.history.outcome
            as outcome,
            a.is_imported,
            a.created_at,
            coalesce(a.decided_at, case when not a.is_imported then a.expires_at end) as over_at
        from analytics.stg_engine__human_approvals as a
        left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
        where
            (
-- uses: approvals.history.of_period
                or a.created_at >= %(previous_start)s::timestamptz and a.created_at < %(previous_end)s::timestamptz
            )
            and
-- uses: approvals.history.chosen
    ) as q
    -- With an offset of nothing each of these is worked out once, and not for every figure below.
    offset 0
),
waits as (
    select
        count(*) as waiting,
        count(*) filter (
            where
-- uses: approvals.history.chosen
        ) as queue
    from analytics.stg_engine__human_approvals as a
    left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
    where
-- uses: approvals.waits
),
without_time as (
    select count(*) as untimed
    from analytics.stg_engine__human_approvals as a
    left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
    where
        (a.created_at is null or a.created_at < '1970-01-02 00:00+00' or a.created_at >= '2200-12-31 00:00+00')
        and
-- uses: approvals.history.of_list
        and
-- uses: approvals.history.chosen
),
in_period as (
    select
        count(*) filter (where is_current and list = 'decided') as decided,
        count(*) filter (where is_current and list = 'expired') as expired,
        count(*) filter (where is_current and list = 'imported') as imported,
        count(*) filter (where is_current and list = 'stateless') as stateless,
        count(*) filter (where not is_current and list = 'decided') as previous_decided,
        count(*) filter (where not is_current and list = 'expired') as previous_expired,
        count(*) filter (where not is_current and list = 'imported') as previous_imported,
        count(*) filter (where not is_current and list = 'stateless') as previous_stateless,
        count(*) filter (where is_current and list = %(shown)s and outcome = 'approved') as approved,
        count(*) filter (where is_current and list = %(shown)s and outcome = 'rejected') as rejected,
        count(*) filter (where is_current and list = %(shown)s and outcome = 'expired') as ran_out,
        count(*) filter (where is_current and list = %(shown)s and outcome = 'pending') as unanswered,
        count(*) filter (where not is_current and list = %(shown)s and outcome = 'approved') as previous_approved,
        count(*) filter (where not is_current and list = %(shown)s and outcome = 'rejected') as previous_rejected,
        count(waited_ms) filter (where is_current and list = %(shown)s) as timed,
        count(waited_ms) filter (where not is_current and list = %(shown)s) as previous_timed,
        percentile_cont(array[0.5, 0.95]) within group (order by waited_ms)
        filter (where is_current and list = %(shown)s) as waited_ms,
        percentile_cont(0.5) within group (order by waited_ms)
        filter (where not is_current and list = %(shown)s) as previous_p50_ms
    from counted
)

select
    w.waiting,
    w.queue,
    p.decided,
    p.expired,
    p.imported,
    p.stateless,
    p.previous_decided,
    p.previous_expired,
    p.previous_imported,
    p.previous_stateless,
    p.approved,
    p.rejected,
    p.ran_out,
    p.unanswered,
    p.previous_approved,
    p.previous_rejected,
    p.timed,
    p.previous_timed,
    p.waited_ms[1] as p50_ms,
    p.waited_ms[2] as p95_ms,
    p.previous_p50_ms,
    u.untimed
from in_period as p
cross join waits as w
cross join without_time as u;

-- name: count_views
-- What approvals.count_views gives of agents and risks, of kinds and projects, by which no sums are kept: read from the
-- table.
select
    count(*) filter (where o.is_waiting) as waiting,
    count(*) filter (where o.is_waiting and o.is_chosen) as queue,
    count(*) filter (where not o.is_imported and o.outcome in ('approved', 'rejected') and o.is_counted) as decided,
    count(*) filter (where not o.is_imported and o.outcome = 'expired' and o.is_counted) as expired,
    count(*) filter (where o.is_imported and not o.is_stateless and o.is_counted) as imported,
    count(*) filter (where o.is_stateless and o.is_counted) as stateless
from (
    select
        q.*,
        coalesce(not q.is_imported and q.outcome = 'pending', false) as is_waiting,
        q.outcome is null or q.outcome not in ('pending', 'approved', 'rejected', 'expired') as is_stateless,
        q.is_chosen and q.is_of_period as is_counted
    from (
        select
            a.is_imported,
-- uses: approvals.history.outcome
            as outcome,
-- uses: approvals.history.chosen
            as is_chosen,
-- uses: approvals.history.of_period
            as is_of_period
        from analytics.stg_engine__human_approvals as a
        left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
        where
            a.stored_status = 'pending'
            or
-- uses: approvals.history.of_period
    ) as q
) as o;

-- name: list_buckets
-- Questions of one list per hour, day, week or month of the viewer's zone in which they were asked, by what became of
-- them.
select
    date_trunc(%(unit)s::text, q.created_at, %(zone)s::text) as bucket,
    count(*) filter (where q.outcome = 'approved') as approved,
    count(*) filter (where q.outcome = 'rejected') as rejected,
    count(*) filter (where q.outcome = 'expired') as expired,
    count(*) filter (where q.outcome = 'pending') as pending,
    count(*) filter (where q.outcome is null or q.outcome not in ('pending', 'approved', 'rejected', 'expired')) as stateless
from (
    select
        a.created_at,
-- uses: approvals.history.outcome
        as outcome
    from analytics.stg_engine__human_approvals as a
    left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
    where
        a.created_at >= '1970-01-02 00:00+00' and a.created_at < '2200-12-31 00:00+00'
        and
-- uses: approvals.history.of_list
        and
-- uses: approvals.history.of_period
        and
-- uses: approvals.history.chosen
) as q
group by bucket
order by bucket;

-- name: list_filter_values
-- Agents, kinds, risks, projects and outcomes of the questions of one list, or of the queue, in a period, and why those
-- of the queue hurry: each with how many it leaves where the other filters are applied.
with grouped as (
    select q.agent, q.kind, q.risk, q.project, q.outcome, q.urgency, count(*) as questions
    from (
        select
            a.agent,
            a.approval_type as kind,
            a.risk_level as risk,
            s.project_name as project,
-- uses: approvals.history.outcome
            as outcome,
            case when %(shown)s::text = 'queue' then
-- uses: approvals.urgency
            end as urgency
        from analytics.stg_engine__human_approvals as a
        left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
        where
            (
                %(shown)s::text = 'queue' and
-- uses: approvals.waits
                or
-- uses: approvals.history.of_list
            )
            and
-- uses: approvals.history.of_period
    ) as q
    group by q.agent, q.kind, q.risk, q.project, q.outcome, q.urgency
),
passing as (
    select
        g.*,
        %(agent)s::text is null or g.agent = %(agent)s as has_agent,
        %(kind)s::text is null or g.kind = %(kind)s as has_kind,
        %(risk)s::text is null or g.risk = %(risk)s as has_risk,
        %(project)s::text is null or coalesce(g.project = %(project)s, false) as has_project,
        %(outcome)s::text is null or g.outcome = %(outcome)s as has_outcome,
        %(urgency)s::text is null or coalesce(%(urgency)s = any(g.urgency), false) as has_urgency
    from grouped as g
)

select v.filter, v.value, sum(p.questions)::bigint as questions
from passing as p
cross join lateral (
    values
    ('agent', p.agent, p.has_kind and p.has_risk and p.has_project and p.has_outcome and p.has_urgency),
    ('kind', p.kind, p.has_agent and p.has_risk and p.has_project and p.has_outcome and p.has_urgency),
    ('risk', p.risk, p.has_agent and p.has_kind and p.has_project and p.has_outcome and p.has_urgency),
    ('project', p.project, p.has_agent and p.has_kind and p.has_risk and p.has_outcome and p.has_urgency),
    ('outcome', p.outcome, p.has_agent and p.has_kind and p.has_risk and p.has_project and p.has_urgency)
    union all
    select 'urgency', u.value, p.has_agent and p.has_kind and p.has_risk and p.has_project and p.has_outcome
    from unnest(p.urgency) as u (value)
) as v (filter, value, is_left)
where v.is_left and v.value is not null
group by v.filter, v.value
order by v.filter, questions desc, v.value;

-- name: read_coverage
-- From when to when there are questions that are over, how many of those have no time, and whether any is seen at all.
select
    (
        select min(a.created_at) from analytics.stg_engine__human_approvals as a
        where
            a.created_at >= '1970-01-02 00:00+00' and a.created_at < '2200-12-31 00:00+00'
            and
-- uses: approvals.history.of_list
    ) as first_at,
    (
        select max(a.created_at) from analytics.stg_engine__human_approvals as a
        where
            a.created_at >= '1970-01-02 00:00+00' and a.created_at < '2200-12-31 00:00+00'
            and
-- uses: approvals.history.of_list
    ) as last_at,
    (
        select count(*) from analytics.stg_engine__human_approvals as a
        where
            (a.created_at is null or a.created_at < '1970-01-02 00:00+00' or a.created_at >= '2200-12-31 00:00+00')
            and
-- uses: approvals.history.of_list
    ) as untimed,
    exists (select from analytics.stg_engine__human_approvals) as holds_rows;
