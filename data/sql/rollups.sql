-- part: tool_parts
-- Calls of tools in the windows, stored and live: sums of calls, with `sign` -1 for what is taken off again. Queries name
-- their windows first. A stored row lies within one bucket where the window was asked for no coarser rows than that.
changed_calls as materialized (
    select c.* from analytics.call_changes() as c
    where c.sign <> 0 and exists (select from windows as w where w.kind = 'changed')
),
tool_parts as (
    select
        w.is_current,
        case when r.slot > -2147483648 then to_timestamp(r.slot * 900.0) end as occurred_at,
        r.tool_name,
        r.tool_type,
        s.sign,
        s.sign * r.calls as calls,
        s.sign * r.succeeded as succeeded,
        s.sign * r.failed as failed,
        s.sign * r.refused as refused,
        s.sign * r.unanswered as unanswered,
        s.sign * r.timed as timed,
        s.sign * r.total_ms as total_ms,
        r.least_ms,
        r.most_ms,
        r.duration_keys,
        r.duration_counts
    from windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    -- With an offset of nothing the planner takes the index for each window, and does not read the whole table.
    cross join lateral (
        select t.* from analytics.tool_rollup as t
        where
            t.level = w.level and t.slot >= w.lo and t.slot < w.hi
            and t.is_by_project = (%(project)s::text is not null)
            and t.project_name = coalesce(%(project)s::text, '')
        offset 0
    ) as r
    where w.kind in ('stored', 'removed') and (%(tool)s::text is null or r.tool_name = %(tool)s)
    union all
    select
        w.is_current, f.occurred_at, f.tool_name, f.tool_type, 1, 1,
        (f.outcome is not distinct from 'succeeded')::integer, (f.outcome is not distinct from 'failed')::integer,
        (f.outcome is not distinct from 'refused')::integer, (not f.is_answered)::integer,
        (f.duration_ms is not null)::integer, f.duration_ms, f.duration_ms, f.duration_ms,
        array[f.duration_key], array[1]
    from windows as w
    -- Each call's answer is looked for beside it first.
    cross join lateral (select l.* from analytics.calls_between(w.from_at, w.until_at) as l) as f
    left join analytics.stg_chronicle__sessions as p on p.session_pk = f.session_pk
    where
        w.kind = 'live'
        and (%(tool)s::text is null or f.tool_name = %(tool)s)
        and (%(project)s::text is null or p.project_name = %(project)s)
    union all
    select
        w.is_current, analytics.slot_start(f.slot), f.tool_name, f.tool_type,
        case when f.sign > 0 then 1 else -1 end, f.sign,
        case when f.success then f.sign else 0 end, case when not f.is_refused then f.sign else 0 end,
        case when f.is_refused then f.sign else 0 end, case when not f.is_answer then f.sign else 0 end,
        case when f.duration_ms is not null then f.sign else 0 end, f.sign * f.duration_ms::bigint,
        f.duration_ms, f.duration_ms, array[analytics.histogram_key(f.duration_ms)], array[abs(f.sign)]
    from windows as w
    inner join changed_calls as f on f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    left join analytics.stg_chronicle__sessions as p on p.session_pk = f.session_pk
    where
        w.kind = 'changed'
        and (%(tool)s::text is null or f.tool_name = %(tool)s)
        and (%(project)s::text is null or p.project_name = %(project)s)
    union all
    select
        w.is_current, null, f.tool_name, f.tool_type, 1, 1,
        (f.outcome is not distinct from 'succeeded')::integer, (f.outcome is not distinct from 'failed')::integer,
        (f.outcome is not distinct from 'refused')::integer, (not f.is_answered)::integer,
        (f.duration_ms is not null)::integer, f.duration_ms, f.duration_ms, f.duration_ms,
        array[f.duration_key], array[1]
    from windows as w
    cross join analytics.tool_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
        and (%(tool)s::text is null or f.tool_name = %(tool)s)
        and (%(project)s::text is null or f.project_name = %(project)s)
)

-- part: session_parts
-- Sessions in `session_windows`, stored and live, by status and by what their cost rests on (US dollars).
session_parts as (
    select
        w.is_current,
        case when r.slot > -2147483648 then to_timestamp(r.slot * 900.0) end as occurred_at,
        r.project_name,
        r.status,
        r.cost_basis,
        s.sign * r.sessions as sessions,
        s.sign * r.cost_usd as cost_usd
    from session_windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    cross join lateral (
        select t.* from analytics.session_rollup as t
        where t.level = w.level and t.slot >= w.lo and t.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select w.is_current, f.occurred_at, f.project_name, f.status, f.cost_basis, 1, f.cost_usd
    from session_windows as w
    cross join lateral (
        select l.* from analytics.session_facts as l where l.occurred_at >= w.from_at and l.occurred_at < w.until_at offset 0
    ) as f
    where w.kind = 'live'
    union all
    select
        w.is_current, analytics.slot_start(f.slot), f.project_name, f.status, f.cost_basis, f.sign, f.sign * f.cost_usd
    from session_windows as w
    inner join analytics.session_changes() as f on f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    where w.kind = 'changed'
    union all
    select w.is_current, null, f.project_name, f.status, f.cost_basis, 1, f.cost_usd
    from session_windows as w
    cross join analytics.session_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
)

-- part: prompt_parts
-- Human prompts in `prompt_windows`, stored and live.
prompt_parts as (
    select
        w.is_current,
        case when r.slot > -2147483648 then to_timestamp(r.slot * 900.0) end as occurred_at,
        case w.kind when 'removed' then -1 else 1 end * r.prompts as prompts
    from prompt_windows as w
    cross join lateral (
        select t.* from analytics.prompt_rollup as t
        where t.level = w.level and t.slot >= w.lo and t.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select w.is_current, f.occurred_at, 1
    from prompt_windows as w
    cross join lateral (
        select l.occurred_at from analytics.stg_chronicle__prompt_events as l
        where l.occurred_at >= w.from_at and l.occurred_at < w.until_at offset 0
    ) as f
    where w.kind = 'live'
    union all
    select w.is_current, analytics.slot_start(f.slot), f.prompts
    from prompt_windows as w
    inner join analytics.prompt_changes() as f on f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    where w.kind = 'changed'
    union all
    select w.is_current, null, 1
    from prompt_windows as w
    cross join analytics.stg_chronicle__prompt_events as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
)

-- part: job_parts
-- Jobs in `job_windows`, stored and live, with how long completed ones ran and all waited (microseconds).
job_parts as (
    select
        w.is_current,
        case when r.slot > -2147483648 then to_timestamp(r.slot * 900.0) end as occurred_at,
        r.agent,
        r.status,
        s.sign,
        s.sign * r.jobs as jobs,
        s.sign * r.timed as timed,
        r.least_run_us,
        r.most_run_us,
        r.run_keys,
        r.run_counts,
        r.least_wait_us,
        r.most_wait_us,
        r.wait_keys,
        r.wait_counts
    from job_windows as w
    cross join lateral (select case w.kind when 'removed' then -1 else 1 end as sign) as s
    cross join lateral (
        select t.* from analytics.job_rollup as t
        where t.level = w.level and t.slot >= w.lo and t.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed') and (%(agent)s::text is null or r.agent = %(agent)s)
    union all
    select
        w.is_current, f.occurred_at, f.agent, f.status, 1, 1, (f.run_us is not null)::integer, f.run_us, f.run_us,
        array[f.run_key], array[1], f.wait_us, f.wait_us, array[f.wait_key], array[1]
    from job_windows as w
    cross join lateral (
        select l.* from analytics.job_facts as l where l.occurred_at >= w.from_at and l.occurred_at < w.until_at offset 0
    ) as f
    where w.kind = 'live' and (%(agent)s::text is null or f.agent = %(agent)s)
    union all
    select
        w.is_current, analytics.slot_start(f.slot), f.agent, f.status, f.sign, f.sign,
        f.sign * (f.run_us is not null)::integer, f.run_us, f.run_us,
        array[f.run_key], array[1], f.wait_us, f.wait_us, array[f.wait_key], array[1]
    from job_windows as w
    inner join analytics.job_changes() as f on f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    where w.kind = 'changed' and (%(agent)s::text is null or f.agent = %(agent)s)
    union all
    select
        w.is_current, null, f.agent, f.status, 1, 1, (f.run_us is not null)::integer, f.run_us, f.run_us,
        array[f.run_key], array[1], f.wait_us, f.wait_us, array[f.wait_key], array[1]
    from job_windows as w
    cross join analytics.job_facts as f
    where
        w.kind = 'untimed'
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
        and (%(agent)s::text is null or f.agent = %(agent)s)
)

-- name: take_time
-- How long the next statement of this transaction may run: a pass of the refresher is no page.
select set_config('statement_timeout', %(seconds)s::integer || 's', true);

-- name: refresh
-- One pass of the refresher: how many slots were stored anew and whether anything is left to build.
select refreshed_slots, is_unfinished from signalbox.refresh_rollups(%(most_slots)s);

-- name: list_failures
-- The rollups that the last pass had to leave as they were, and why.
select s.subject, s.failed_at, s.failure from signalbox.rollup_state as s where s.failure is not null order by s.subject;

-- name: list_states
-- How far each rollup is built and when it was last refreshed, and how many changes wait for it.
select
    s.subject,
    s.built_from = -2147483648 as is_built,
    s.built_from,
    s.raw_from,
    s.refreshed_at,
    s.failed_at,
    s.failure,
    (select count(distinct l.slot) from signalbox.change_log as l where l.source = s.source) as changed_slots
from signalbox.rollup_state as s
order by s.subject;
