-- part: origin
-- What the event of a decision follows: the event that the question came of, where the log knows causes, and the
-- correlation of that.
coalesce(
    a.correlation_id,
    (select e.correlation_id from analytics.stg_engine__events as e where e.event_id = a.event_id)
) as correlation_id,
case when not signalbox.lacks('engine', 'events', 'causation_id') then a.event_id end as cause_id

-- name: decide
-- Decides a question that still waits and says what was read; no row when somebody was faster, its time has run out or
-- it says something else by now. A table that knows people by their ids alone gets no name.
update analytics.stg_engine__human_approvals as a
set
    stored_status = %(decision)s::text,
    decided_at = now(),
    decided_by = %(actor_id)s::uuid,
    decided_by_name = case
        when not signalbox.lacks('engine', 'human_approvals', 'decided_by_name') then %(actor_name)s::text
    end,
    decision_note = %(note)s::text
where
    a.approval_id = %(approval_id)s::uuid
    and a.stored_status = 'pending'
    and (a.expires_at is null or a.expires_at > now())
    and not a.is_imported
    and (
        %(said)s::text is null or %(said)s::text =
-- uses: approvals.said
    )
returning
    a.approval_id, a.agent, a.approval_type, a.title, a.risk_level, a.decided_at, a.created_at,
-- uses: approvals.deciding.origin
;

-- name: expire_due
-- Notes on questions whose time has run out that it has, past those that somebody is deciding at the moment.
update analytics.stg_engine__human_approvals as a
set stored_status = 'expired'
from (
    select d.approval_id
    from analytics.stg_engine__human_approvals as d
    where d.stored_status = 'pending' and d.expires_at <= now() and not d.is_imported
    order by d.expires_at, d.approval_id
    limit %(limit)s::bigint
    for update skip locked
) as due
where a.approval_id = due.approval_id
returning
    a.approval_id, a.approval_type, a.title, a.expires_at,
-- uses: approvals.deciding.origin
;

-- name: find_state
-- How a question stands now, for the loser of a race; it waits for a decision that is being made, for that one may have
-- come just before the time ran out.
select
    stored_status,
    expires_at,
    decided_at,
    decided_by_name,
    is_imported,
    stored_status = 'pending' and not is_imported and coalesce(expires_at > now(), true) as is_waiting
from analytics.stg_engine__human_approvals
where approval_id = %(approval_id)s::uuid
for share;
