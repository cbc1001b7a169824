-- name: count_views
-- How many questions wait, were decided, ran out of time, or came from an imported log.
select
    count(*) filter (
        where not is_imported and stored_status = 'pending' and (expires_at is null or expires_at > coalesce(%(now)s::timestamptz, now()))
    ) as queue,
    count(*) filter (where not is_imported and stored_status in ('approved', 'rejected')) as decided,
    count(*) filter (
        where not is_imported
        and (stored_status = 'expired' or stored_status = 'pending' and expires_at <= coalesce(%(now)s::timestamptz, now()))
    ) as expired,
    count(*) filter (where is_imported) as imported
from analytics.stg_engine__human_approvals;
