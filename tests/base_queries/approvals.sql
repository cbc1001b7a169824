-- name: count_views
-- How many questions wait, and how many of a period were decided, ran out of time, or came from an imported log.
select
    count(*) filter (where o.is_waiting) as waiting,
    count(*) filter (where o.is_waiting and o.is_chosen) as queue,
    count(*) filter (where not o.is_imported and o.outcome in ('approved', 'rejected') and o.is_chosen and o.is_of_period) as decided,
    count(*) filter (where not o.is_imported and o.outcome = 'expired' and o.is_chosen and o.is_of_period) as expired,
    count(*) filter (where o.is_imported and o.is_known and o.is_chosen and o.is_of_period) as imported,
    count(*) filter (where not o.is_known and o.is_chosen and o.is_of_period) as stateless
from (
    select
        a.*,
        not a.is_imported and a.outcome = 'pending' as is_waiting,
        coalesce(a.outcome in ('pending', 'approved', 'rejected', 'expired'), false) as is_known,
        (%(agent)s::text is null or a.agent = %(agent)s) and (%(risk)s::text is null or a.risk_level = %(risk)s) as is_chosen,
        case
            when %(untimed)s::boolean then (a.created_at >= '1970-01-02 00:00+00' and a.created_at < '2200-12-31 00:00+00') is not true
            else (%(start)s::timestamptz is null or a.created_at >= %(start)s)
                and (%(end)s::timestamptz is null or a.created_at < %(end)s)
        end as is_of_period
    from (
        select
            *,
            case
                when stored_status = 'pending' and expires_at <= coalesce(%(now)s::timestamptz, now()) then 'expired'
                else stored_status
            end as outcome
        from analytics.stg_engine__human_approvals
    ) as a
) as o;
