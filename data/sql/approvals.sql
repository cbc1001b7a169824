-- name: count_views
-- How many questions wait, whatever their time, and how many of a period were decided, ran out of time, or came from an
-- imported log, or have no status that reports know (`stateless`). Whether the time of one that waits ran out is a matter of the moment, so those are looked at one by one;
-- they are few. `waiting` counts past the filters.
with approval_windows as materialized (
    select w.*, case w.kind when 'removed' then -1 else 1 end as sign
    from analytics.rollup_windows(
        'approvals', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)
    ) as w
),

counted as (
    select r.stored_status, r.is_imported, w.sign * r.approvals as approvals
    from approval_windows as w
    cross join lateral (
        select l.* from analytics.approval_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where
        w.kind in ('stored', 'removed')
        and (%(agent)s::text is null or r.agent = %(agent)s)
        and (%(risk)s::text is null or r.risk_level = %(risk)s)
    union all
    select a.stored_status, a.is_imported, 1
    from approval_windows as w
    cross join lateral (
        select l.stored_status, l.is_imported, l.agent, l.risk_level from analytics.stg_engine__human_approvals as l
        where l.created_at >= w.from_at and l.created_at < w.until_at
        offset 0
    ) as a
    where
        w.kind = 'live'
        and (%(agent)s::text is null or a.agent = %(agent)s)
        and (%(risk)s::text is null or a.risk_level = %(risk)s)
    union all
    select a.stored_status, a.is_imported, 1
    from approval_windows as w
    cross join analytics.stg_engine__human_approvals as a
    where
        w.kind = 'untimed'
        and (a.created_at is null or a.created_at = '-infinity' or a.created_at >= '60000-01-01 00:00+00')
        and (%(agent)s::text is null or a.agent = %(agent)s)
        and (%(risk)s::text is null or a.risk_level = %(risk)s)
)

select
    p.waiting,
    p.queue,
    coalesce(sum(c.approvals) filter (where not c.is_imported and c.stored_status in ('approved', 'rejected')), 0)::bigint
        as decided,
    p.late + coalesce(sum(c.approvals) filter (where not c.is_imported and c.stored_status = 'expired'), 0)::bigint
        as expired,
    coalesce(sum(c.approvals) filter (where c.is_imported and c.stored_status in ('pending', 'approved', 'rejected', 'expired')), 0)::bigint as imported,
    coalesce(sum(c.approvals) filter (where c.stored_status is null or c.stored_status not in ('pending', 'approved', 'rejected', 'expired')), 0)::bigint
        as stateless
from (
    select
        count(*) filter (where not o.is_late) as waiting,
        count(*) filter (where not o.is_late and o.is_chosen) as queue,
        count(*) filter (where o.is_late and o.is_chosen and o.is_of_period) as late
    from (
        select
            coalesce(a.expires_at <= coalesce(%(now)s::timestamptz, now()), false) as is_late,
            (%(agent)s::text is null or a.agent = %(agent)s)
            and (%(risk)s::text is null or a.risk_level = %(risk)s) as is_chosen,
-- uses: approvals.history.of_period
            as is_of_period
        from analytics.stg_engine__human_approvals as a
        where a.stored_status = 'pending' and not a.is_imported
    ) as o
) as p
left join counted as c on true
group by p.waiting, p.queue, p.late;

-- part: waits
-- Whether a question waits for a decision: nobody has decided it, its time has not run out, and an agent waits for it,
-- which none does for what an imported log holds.
(
    a.stored_status = 'pending' and not a.is_imported
    and (a.expires_at is null or a.expires_at > coalesce(%(now)s::timestamptz, now()))
)

-- part: urgency
-- Why a question that waits hurries: it runs out within soon_s seconds, has waited for more than overdue_s, is risky.
array_remove(array[
    case when a.expires_at <= coalesce(%(now)s::timestamptz, now()) + make_interval(secs => coalesce(%(soon_s)s::float8, 3600))
        then 'expiring' end,
    case when a.created_at >= '1970-01-02 00:00+00'
        and a.created_at < coalesce(%(now)s::timestamptz, now()) - make_interval(secs => coalesce(%(overdue_s)s::float8, 86400))
        then 'overdue' end,
    case when a.risk_level in ('critical', 'high') then 'risky' end
], null)

-- name: list_queue
-- What waits for a decision and passes the filters: first what runs out within soon_s seconds, then by risk, then the
-- longest waiting.
select
    a.approval_id,
    a.agent,
    a.approval_type,
    a.title,
    a.reason,
    a.risk_level,
    a.created_at,
    a.expires_at,
    s.project_name,
    count(*) over () as waiting
from analytics.stg_engine__human_approvals as a
left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
where
-- uses: approvals.waits
    and
-- uses: approvals.history.chosen
    and (
        %(urgency)s::text is null
        or %(urgency)s = any(
-- uses: approvals.urgency
        )
    )
order by
    coalesce(a.expires_at <= coalesce(%(now)s::timestamptz, now()) + make_interval(secs => coalesce(%(soon_s)s::float8, 3600)), false) desc,
    array_position(array['critical', 'high', 'medium', 'unknown', 'low'], a.risk_level),
    case when a.created_at >= '1970-01-02 00:00+00' then a.created_at end nulls last,
    a.approval_id
limit %(limit)s::bigint offset %(offset)s::bigint;

-- name: list_history
-- Questions of a period that are over and pass the filters, the latest first: decided ones, ones whose time ran out, ones
-- found in imported logs, ones whose status no report knows, or all.
select
    a.approval_id,
    a.agent,
    a.approval_type,
    a.title,
    a.risk_level,
-- uses: approvals.history.outcome
    as outcome,
    a.created_at,
    a.expires_at,
    a.decided_at,
    a.decided_by_name,
    a.decision_note,
    case when a.decided_at >= a.created_at and a.created_at >= '1970-01-02 00:00+00' and a.decided_at < '2200-12-31 00:00+00'
        then (extract(epoch from a.decided_at - a.created_at) * 1000)::float8 end as waited_ms,
    s.project_name
from analytics.stg_engine__human_approvals as a
left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
where
-- uses: approvals.history.of_list
    and
-- uses: approvals.history.of_period
    and
-- uses: approvals.history.chosen
    and (
        %(outcome)s::text is null
        or %(outcome)s =
-- uses: approvals.history.outcome
    )
order by coalesce(a.decided_at, a.expires_at, a.created_at) desc nulls last, a.approval_id
limit %(limit)s::bigint offset %(offset)s::bigint;

-- part: said
-- The mark of all that a question says, by which whoever decides it shows what was read.
encode(
    sha256(convert_to(jsonb_build_array(
        a.agent, a.approval_type, a.title, a.reason, a.risk_level, a.request_payload, a.context
    )::text, 'UTF8')),
    'hex'
)

-- name: find_approval
-- One question with all it says, the mark of that, and the session it was asked in; `is_event_sourced`: events tell of
-- it.
select
    a.approval_id,
    a.event_id,
    a.correlation_id,
    a.session_pk,
    a.agent,
    a.approval_type,
    a.title,
    a.reason,
    a.risk_level,
    a.request_payload,
    a.context,
    case
        when a.stored_status = 'pending' and a.expires_at <= coalesce(%(now)s::timestamptz, now()) then 'expired' else a.stored_status
    end as status,
    a.created_at,
    a.expires_at,
    a.decided_at,
    a.decided_by_name,
    a.decision_note,
    a.is_imported,
-- uses: approvals.said
    as said,
    s.session_key,
    s.project_name,
    exists (
        select from analytics.stg_engine__events as e
        where e.aggregate_type = 'HumanApproval' and e.aggregate_id = a.approval_id::text
    ) as is_event_sourced
from analytics.stg_engine__human_approvals as a
left join analytics.stg_chronicle__sessions as s on s.session_pk = a.session_pk
where a.approval_id = %(approval_id)s::uuid;

-- name: list_evidence
-- What happened around one question in its session and in the engine's stream it belongs to, by its correlation or that
-- of the event it came of, in the order of time; is_question marks the moment itself.
with question as (
    select
        a.approval_id, a.session_pk, a.created_at, a.decided_at,
        coalesce(
            a.correlation_id, (select e.correlation_id from analytics.stg_engine__events as e where e.event_id = a.event_id)
        ) as correlation_id,
        greatest(a.created_at, '4000-01-01 BC') - interval '1 day' as from_at,
        least(a.created_at, '60000-01-01 00:00+00') + interval '1 hour' as until_at
    from analytics.stg_engine__human_approvals as a
    where a.approval_id = %(approval_id)s::uuid and a.created_at is not null
),

session_happenings as (
    -- Both phases of a call are one happening, at the time it was asked for.
    select
        min(t.occurred_at) as occurred_at,
        'tool call' as kind,
        min(t.tool_name) as what,
        left(max(t.parameters::text), 2000) as detail,
        case
            when bool_or(t.success) then 'succeeded'
            when bool_or(analytics.is_refusal(t.error_message)) then 'refused'
            when bool_or(not t.success) then 'failed'
        end as outcome
    from question as q
    inner join analytics.stg_chronicle__tool_events as t on t.session_pk = q.session_pk
    where t.occurred_at between q.from_at and q.until_at
    group by coalesce(t.call_id, t.tool_event_id)
    union all
    select p.occurred_at, 'prompt', 'a person wrote', left(p.prompt_text, 300), null
    from question as q
    inner join analytics.stg_chronicle__prompt_events as p on p.session_pk = q.session_pk
    where p.occurred_at between q.from_at and q.until_at
    union all
    select n.occurred_at, 'notification', coalesce(n.notification_type, 'notification'), left(n.message, 300), n.severity
    from question as q
    inner join analytics.stg_chronicle__notification_events as n on n.session_pk = q.session_pk
    where n.occurred_at between q.from_at and q.until_at
),

stream as (
    select e.occurred_at, 'engine' as kind, e.event_type as what, left(nullif(e.payload, '{}')::text, 2000) as detail,
        e.emitted_by as outcome
    from question as q
    inner join analytics.stg_engine__events as e on e.correlation_id = q.correlation_id
    union all
    select e.occurred_at, 'engine', e.event_type, left(nullif(e.payload, '{}')::text, 2000), e.emitted_by
    from question as q
    inner join analytics.stg_engine__events as e
        on e.aggregate_type = 'HumanApproval' and e.aggregate_id = q.approval_id::text
    where e.correlation_id is distinct from q.correlation_id
),

happenings as (
    select * from session_happenings
    union all
    select * from stream where what <> 'HUMAN_APPROVAL_REQUESTED'
),

placed as (
    select h.*, h.occurred_at <= q.created_at as is_before
    from happenings as h
    cross join question as q
),

nearest as (
    select
        p.*,
        row_number() over (
            partition by p.is_before
            order by case when p.is_before then p.occurred_at end desc, p.occurred_at
        ) as distance
    from placed as p
)

select n.occurred_at, n.kind, n.what, n.detail, n.outcome, false as is_question
from nearest as n
where n.distance <= case when n.is_before then 10 else 8 end
union all
select q.created_at, 'question', null, null, null, true from question as q
order by occurred_at, is_question;

-- name: list_similar
-- The last decided questions of the same kind, those of the same agent first, and the last thing the engine's stream
-- of each says happened after the decision.
select
    a.approval_id,
    a.agent,
    a.title,
    a.stored_status as outcome,
    a.risk_level,
    a.decided_at,
    a.decided_by_name,
    a.decision_note,
    a.is_imported,
    case when a.decided_at >= a.created_at and a.created_at >= '1970-01-02 00:00+00' and a.decided_at < '2200-12-31 00:00+00'
        then (extract(epoch from a.decided_at - a.created_at) * 1000)::float8 end as waited_ms,
    later.event_type as came_of_it,
    later.occurred_at as came_at
from analytics.stg_engine__human_approvals as this
inner join analytics.stg_engine__human_approvals as a
    on a.approval_type = this.approval_type and a.approval_id <> this.approval_id
left join lateral (
    select e.event_type, e.occurred_at
    from analytics.stg_engine__events as e
    where
        e.correlation_id = a.correlation_id
        and e.occurred_at > a.decided_at
        and e.aggregate_type <> 'HumanApproval'
    order by e.occurred_at desc, e.event_id
    limit 1
) as later on true
where this.approval_id = %(approval_id)s::uuid and a.stored_status in ('approved', 'rejected')
order by a.agent = this.agent desc, a.decided_at desc nulls last, a.approval_id
limit %(limit)s::bigint;
