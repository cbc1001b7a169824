-- name: derive_epic_executions
-- Every epic among the work items is a run of a procedure, with the items below it as its steps; made anew. How much of
-- it agents did without people, and what it cost, no work item says. Says how many came, changed and went.
with items as materialized (
    select
        j.id,
        j.user_id,
        j.agent_identifier as agent,
        j.status::text as status,
        j.job_data ->> 'id' as name,
        j.job_data ->> 'title' as title,
        j.job_data ->> 'type' as type,
        j.job_data ->> 'status' as told_status,
        j.job_data -> 'dependencies' as links,
        j.created_at,
        j.started_at,
        j.completed_at
    from agents.jobs as j
    where j.job_data @> '{"kind": "work_item"}'
),
children as materialized (
    select distinct on (i.id, l.parent) l.parent, i.*
    from items as i
    cross join lateral (
        select t.link ->> 'depends_on_id' as parent
        from jsonb_array_elements(case when jsonb_typeof(i.links) = 'array' then i.links else '[]' end) as t (link)
        where t.link ->> 'type' = 'parent-child'
    ) as l
),
below as materialized (
    select
        e.id,
        count(*) as items,
        count(*) filter (where c.status = 'completed') as completed,
        (array_agg(c.title order by c.status <> 'running', c.created_at nulls last, c.name)
            filter (where c.status in ('running', 'pending')))[1] as current_step,
        jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'step', c.title,
            'item', c.name,
            'agent', c.agent,
            'created_at', c.created_at,
            'started_at', c.started_at,
            'completed_at', c.completed_at,
            'outcome', c.told_status
        )) order by c.created_at nulls last, c.name, c.id) as steps
    from items as e
    inner join children as c on c.parent = e.name and c.id <> e.id and c.user_id is not distinct from e.user_id
    where e.type = 'epic'
    group by e.id
),
derived as (
    select
        md5('sop:' || e.id)::uuid as id,
        e.user_id,
        e.agent as agent_id,
        case when e.status in ('pending', 'running') then 'running' else e.status end as status,
        case when e.status in ('pending', 'running') then b.current_step end as current_step,
        coalesce(b.steps, '[]') as steps,
        e.created_at as started_at,
        e.completed_at,
        jsonb_strip_nulls(jsonb_build_object(
            'imported', true,
            'kind', 'epic',
            'source', 'work_items',
            'job_id', e.id,
            'item', e.name,
            'title', e.title,
            'items', coalesce(b.items, 0),
            'items_completed', coalesce(b.completed, 0)
        )) as metadata
    from items as e
    left join below as b on b.id = e.id
    where e.type = 'epic'
),
gone as (
    delete from engine.sop_executions as x
    where x.sop_id = 'epic'
        and x.metadata @> '{"imported": true, "kind": "epic"}'
        and x.id not in (select d.id from derived as d)
    returning x.id
),
saved as (
    insert into engine.sop_executions as x (
        id, sop_id, user_id, agent_id, status, current_step, steps, cycle_time_hours, started_at, completed_at, metadata
    )
    select
        d.id, 'epic', d.user_id, d.agent_id, d.status, d.current_step, d.steps,
        -- An end before the beginning is a mistake of the log, and no time at all.
        case when d.completed_at >= d.started_at then extract(epoch from d.completed_at - d.started_at) / 3600 end,
        d.started_at, d.completed_at, d.metadata
    from derived as d
    on conflict (id) do update
    set user_id = excluded.user_id,
        agent_id = excluded.agent_id,
        status = excluded.status,
        current_step = excluded.current_step,
        steps = excluded.steps,
        cycle_time_hours = excluded.cycle_time_hours,
        started_at = excluded.started_at,
        completed_at = excluded.completed_at,
        metadata = excluded.metadata
    where (x.user_id, x.agent_id, x.status, x.current_step, x.steps, x.started_at, x.completed_at, x.metadata)
        is distinct from (excluded.user_id, excluded.agent_id, excluded.status, excluded.current_step, excluded.steps,
            excluded.started_at, excluded.completed_at, excluded.metadata)
    returning x.xmax = 0 as is_new
)
select
    count(*) filter (where v.is_new) as added,
    count(*) filter (where not v.is_new) as renewed,
    (select count(*) from gone) as removed
from saved as v;
