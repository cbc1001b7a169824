-- Calls of tools, rolled up: per tool, over all projects and within each.
set lock_timeout = '4s';
set statement_timeout = '60s';

create view analytics.tool_facts with (security_invoker = true) as
select
    c.occurred_at,
    c.tool_name,
    c.tool_type,
    s.project_name,
    c.outcome,
    c.is_answered,
    c.duration_ms,
    case
        when c.duration_ms > 0 then ceil(ln(c.duration_ms::float8) / 0.019802627296179713)::integer
        when c.duration_ms = 0 then -5000
        when c.duration_ms < 0 then -10000 - ceil(ln(-c.duration_ms::float8) / 0.019802627296179713)::integer
    end as duration_key
from analytics.tool_calls as c
left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk;
comment on view analytics.tool_facts is
'What the rollup of calls is made of; duration_key is the class of the duration in its histogram. One row per call.';

create table analytics.tool_rollup (
    level smallint not null,
    is_by_project boolean not null,
    project_name text not null,
    slot integer not null,
    tool_name text not null,
    tool_type text,
    calls bigint not null,
    succeeded bigint not null,
    failed bigint not null,
    refused bigint not null,
    unanswered bigint not null,
    timed bigint not null,
    total_ms bigint not null,
    least_ms integer,
    most_ms integer,
    duration_keys integer[] not null,
    duration_counts bigint[] not null,
    primary key (level, is_by_project, project_name, slot, tool_name)
);
comment on table analytics.tool_rollup is
'Calls of tools in level times 15 minutes from slot on, over all projects (project_name is empty then) or in one. One row per level, slot, tool and project or all projects.';
alter table analytics.tool_rollup enable row level security;
grant select on analytics.tool_facts, analytics.tool_rollup to authenticated;
grant select on analytics.tool_facts to service_role;
grant all on analytics.tool_rollup to service_role;
create policy tool_rollup_select on analytics.tool_rollup for select to authenticated
using ((select signalbox.sees_all()));
insert into signalbox.rollup_state (subject, source) values ('tools', 3);

-- Stores what lies in lo <= slot < hi anew, from the tables; the lowest slot holds what has no time. Width 1 is over all
-- projects. By project an hour is the finest (width 4): in a quarter of one there are nearly as many rows as calls.
create function signalbox.roll_tools(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.tool_rollup
    where level = width and is_by_project = (width > 1) and slot >= lo and slot < hi;
    with facts as (
        select (floor(date_part('epoch', f.occurred_at) / (900 * width)) * width)::integer as slot, f.*
        from analytics.tool_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.tool_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    ),
    classes as (
        select
            f.slot, case when width > 1 then f.project_name else '' end as project_name, f.tool_name, f.duration_key,
            min(f.tool_type) as tool_type,
            count(*) as calls,
            count(*) filter (where f.outcome = 'succeeded') as succeeded,
            count(*) filter (where f.outcome = 'failed') as failed,
            count(*) filter (where f.outcome = 'refused') as refused,
            count(*) filter (where not f.is_answered) as unanswered,
            count(f.duration_ms) as timed,
            sum(f.duration_ms) as total_ms,
            min(f.duration_ms) as least_ms,
            max(f.duration_ms) as most_ms
        from facts as f
        where width = 1 or f.project_name is not null
        group by 1, 2, 3, 4
    )
    insert into analytics.tool_rollup
    select
        width, width > 1, c.project_name, c.slot, c.tool_name, min(c.tool_type),
        sum(c.calls), sum(c.succeeded), sum(c.failed), sum(c.refused), sum(c.unanswered),
        sum(c.timed), coalesce(sum(c.total_ms), 0), min(c.least_ms), max(c.most_ms),
        coalesce(array_agg(c.duration_key order by c.duration_key) filter (where c.duration_key is not null), '{}'),
        coalesce(array_agg(c.timed order by c.duration_key) filter (where c.duration_key is not null), '{}')
    from classes as c
    group by c.project_name, c.slot, c.tool_name
$$;

-- Adds up the rows of the next finer level to those of this width with lo <= slot < hi.
create function signalbox.sum_tools(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.tool_rollup
    where level = width and (width > 4 or not is_by_project) and slot >= lo and slot < hi;
    with finer as (
        select t.slot - (t.slot % width + width) % width as parent, t.*
        from analytics.tool_rollup as t
        where t.level = case width when 4 then 1 when 96 then 4 else 96 end and t.slot >= lo and t.slot < hi
        and t.slot > -2147483648
    ),
    classes as (
        select c.is_by_project, c.project_name, c.parent, c.tool_name, c.key, sum(c.counted)::bigint as counted
        from (
            select f.is_by_project, f.project_name, f.parent, f.tool_name,
                unnest(f.duration_keys) as key, unnest(f.duration_counts) as counted
            from finer as f
        ) as c
        group by c.is_by_project, c.project_name, c.parent, c.tool_name, c.key
    ),
    histograms as (
        select c.is_by_project, c.project_name, c.parent, c.tool_name,
            array_agg(c.key order by c.key) as keys, array_agg(c.counted order by c.key) as counts
        from classes as c
        group by c.is_by_project, c.project_name, c.parent, c.tool_name
    ),
    sums as (
        select f.is_by_project, f.project_name, f.parent, f.tool_name, min(f.tool_type) as tool_type,
            sum(f.calls) as calls, sum(f.succeeded) as succeeded, sum(f.failed) as failed, sum(f.refused) as refused,
            sum(f.unanswered) as unanswered, sum(f.timed) as timed, sum(f.total_ms) as total_ms,
            min(f.least_ms) as least_ms, max(f.most_ms) as most_ms
        from finer as f
        group by f.is_by_project, f.project_name, f.parent, f.tool_name
    )
    insert into analytics.tool_rollup
    select
        width, s.is_by_project, s.project_name, s.parent, s.tool_name, s.tool_type,
        s.calls, s.succeeded, s.failed, s.refused, s.unanswered, s.timed, s.total_ms, s.least_ms, s.most_ms,
        coalesce(h.keys, '{}'), coalesce(h.counts, '{}')
    from sums as s
    left join histograms as h
        on h.is_by_project = s.is_by_project and h.project_name = s.project_name
        and h.parent = s.parent and h.tool_name = s.tool_name
$$;
