-- name: count_facets
-- How many calls of the period each value of tool, project and outcome would leave, with the other filters applied; the
-- outcome "timed" takes those of which it is known how long they took, whatever came of them, "known" those that are known to
-- have succeeded or failed.
with windows as materialized (
    select w.*
    from analytics.rollup_windows(
        'tools', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false), with_changes => true
    ) as w
),
stored as (
    select
        r.tool_name,
        r.project_name,
        r.is_by_project,
        r.is_by_project = (%(project)s::text is not null) and r.project_name = coalesce(%(project)s::text, '')
            as is_of_project,
        s.sign * case
            when %(outcome)s::text is null then r.calls
            when %(outcome)s = 'succeeded' then r.succeeded
            when %(outcome)s = 'failed' then r.failed
            when %(outcome)s = 'refused' then r.refused
            when %(outcome)s = 'unknown' then r.calls - r.succeeded - r.failed - r.refused
            when %(outcome)s = 'timed' then r.timed
            when %(outcome)s = 'known' then r.succeeded + r.failed
            else 0
        end as calls,
        s.sign * r.succeeded as succeeded,
        s.sign * r.failed as failed,
        s.sign * r.refused as refused,
        s.sign * (r.calls - r.succeeded - r.failed - r.refused) as unknown,
        s.sign * r.timed as timed
    from windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    -- With an offset of nothing the planner takes the index for each window, and does not read the whole table.
    cross join lateral (
        select t.* from analytics.tool_rollup as t where t.level = w.level and t.slot >= w.lo and t.slot < w.hi offset 0
    ) as r
    where w.kind in ('stored', 'removed')
),
live_calls as materialized (
    -- Each call's answer is looked for beside it first.
    select
        f.session_pk, f.tool_name, coalesce(f.outcome, 'unknown') as outcome, f.duration_ms is not null as is_timed, 1 as sign
    from windows as w
    cross join lateral (select l.* from analytics.calls_between(w.from_at, w.until_at) as l) as f
    where w.kind = 'live'
    union all
    select
        f.session_pk, f.tool_name,
        case when f.success is null then 'unknown' when f.success then 'succeeded'
            when f.is_refused then 'refused' else 'failed' end,
        f.duration_ms is not null,
        f.sign
    from windows as w
    inner join analytics.call_changes() as f
        on f.sign <> 0 and f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    where w.kind = 'changed'
),
-- Only those that these few calls belong to.
live_sessions as materialized (
    select s.session_pk, s.project_name
    from analytics.stg_chronicle__sessions as s
    where s.session_pk = any(array(select distinct c.session_pk from live_calls as c))
),
live as (
    select c.tool_name, s.project_name, c.outcome, c.is_timed, c.sign
    from live_calls as c
    left join live_sessions as s on s.session_pk = c.session_pk
    union all
    select f.tool_name, f.project_name, coalesce(f.outcome, 'unknown'), f.duration_ms is not null, 1
    from windows as w
    cross join analytics.tool_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
),
counted as (
    select 'tool' as filter, tool_name as value, calls from stored where is_of_project
    union all
    select 'project', project_name, calls
    from stored
    where is_by_project and (%(tool)s::text is null or tool_name = %(tool)s)
    union all
    select 'outcome', o.outcome, o.calls
    from stored as r
    cross join lateral (
        values
            ('succeeded', r.succeeded), ('failed', r.failed), ('refused', r.refused), ('unknown', r.unknown),
            ('timed', r.timed), ('known', r.succeeded + r.failed)
    ) as o (outcome, calls)
    where r.is_of_project and (%(tool)s::text is null or r.tool_name = %(tool)s)
    union all
    select v.filter, v.value, c.sign
    from live as c
    cross join lateral (
        select
            %(tool)s::text is null or c.tool_name = %(tool)s as is_of_tool,
            %(project)s::text is null or c.project_name is not distinct from %(project)s as is_of_project,
            c.outcome in ('succeeded', 'failed') as is_known,
            %(outcome)s::text is null or c.outcome = %(outcome)s or %(outcome)s = 'timed' and c.is_timed
            or %(outcome)s = 'known' and c.outcome in ('succeeded', 'failed') as is_of_outcome
    ) as i
    cross join lateral (
        values
            ('tool', c.tool_name, i.is_of_project and i.is_of_outcome),
            ('project', c.project_name, i.is_of_tool and i.is_of_outcome and c.project_name is not null),
            ('outcome', c.outcome, i.is_of_tool and i.is_of_project),
            ('outcome', 'timed', i.is_of_tool and i.is_of_project and c.is_timed),
            ('outcome', 'known', i.is_of_tool and i.is_of_project and i.is_known)
    ) as v (filter, value, is_left)
    where v.is_left
)

select filter, value, sum(calls)::bigint as calls
from counted
group by filter, value
having sum(calls) <> 0
order by filter, calls desc, value;

-- name: count_facets_of_errors
-- What count_facets gives, of the failed calls of one kind, read from the tables.
with failed as materialized (
    select c.tool_name, s.project_name
    from analytics.stg_chronicle__tool_events as c
    left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
    where
        -- As tool_calls has it, in the words of the index.
        c.phase = 'post' and not c.success and not analytics.is_refusal(c.error_message)
        and (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
        and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or c.occurred_at is null
            or c.occurred_at < '1970-01-02 00:00+00' or c.occurred_at >= '2200-12-31 00:00+00')
        and analytics.error_group(left(c.error_message, 500)) = %(error_group)s
)

select v.filter, v.value, count(*) as calls
from failed as c
cross join lateral (
    select
        %(tool)s::text is null or c.tool_name = %(tool)s as is_of_tool,
        %(project)s::text is null or c.project_name is not distinct from %(project)s as is_of_project,
        coalesce(%(outcome)s::text, 'failed') = 'failed' as is_of_outcome
) as i
cross join lateral (
    values
        ('tool', c.tool_name, i.is_of_project and i.is_of_outcome),
        ('project', c.project_name, i.is_of_tool and i.is_of_outcome and c.project_name is not null),
        ('outcome', 'failed', i.is_of_tool and i.is_of_project)
) as v (filter, value, is_left)
where v.is_left
group by v.filter, v.value
order by v.filter, calls desc, v.value;
