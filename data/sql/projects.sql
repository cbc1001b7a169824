-- name: list_workspaces
-- The first workspaces by name that the viewer may see, with how many projects and members each has (the owner is one of
-- them), how many of the projects fit, and how many workspaces there are in all. A workspace that is asked for by
-- `chosen` comes with them.
with seen as (
    select w.workspace_id, w.name, w.owner_id, w.created_at, count(*) over () as workspaces
    from analytics.stg_toolbox__workspaces as w
),

listed as (
    (select s.* from seen as s order by lower(s.name), s.workspace_id limit %(limit)s::bigint)
    union
    select s.* from seen as s where s.workspace_id = %(chosen)s::uuid
)

select
    w.workspace_id, w.name, w.owner_id, u.email as owner, w.created_at,
    held.projects,
    held.fitting,
    (
        select count(*) from analytics.stg_toolbox__workspace_members as m
        where m.workspace_id = w.workspace_id and m.user_id is distinct from w.owner_id
    ) + num_nonnulls(w.owner_id) as members,
    w.workspaces
from listed as w
left join analytics.stg_toolbox__users as u on u.user_id = w.owner_id
cross join lateral (
    select
        count(*) as projects,
        count(*) filter (
            where
            (%(status)s::text is null or p.status = %(status)s)
            and (%(start)s::timestamptz is null or p.created_at >= %(start)s)
            and (%(end)s::timestamptz is null or p.created_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or p.created_at is null
                or p.created_at < '1970-01-02 00:00+00' or p.created_at >= '2200-12-31 00:00+00')
            and (
                %(search)s::text is null
                or strpos(lower(p.name || ' ' || coalesce(p.description, '')), lower(%(search)s)) > 0
            )
        ) as fitting
    from analytics.stg_toolbox__projects as p
    where p.workspace_id = w.workspace_id
) as held
order by lower(w.name), w.workspace_id;

-- name: read_coverage
-- From when to when projects were made, how many do not say, and whether there is any.
select
    min(p.created_at) filter (where p.created_at >= '1970-01-02 00:00+00' and p.created_at < '2200-12-31 00:00+00') as first_at,
    max(p.created_at) filter (where p.created_at >= '1970-01-02 00:00+00' and p.created_at < '2200-12-31 00:00+00') as last_at,
    count(*) filter (where (p.created_at is null
        or p.created_at < '1970-01-02 00:00+00' or p.created_at >= '2200-12-31 00:00+00')) as untimed,
    count(*) > 0 as holds_rows
from analytics.stg_toolbox__projects as p;

-- name: count_projects
-- How many projects of each state fit, made in a period and in the one before.
select
    p.status,
    count(*) filter (
        where
            (%(start)s::timestamptz is null or p.created_at >= %(start)s)
            and (%(end)s::timestamptz is null or p.created_at < %(end)s)
            and (not coalesce(%(untimed)s::boolean, false) or p.created_at is null
                or p.created_at < '1970-01-02 00:00+00' or p.created_at >= '2200-12-31 00:00+00')
    ) as projects,
    count(*) filter (
        where p.created_at >= %(previous_start)s::timestamptz and p.created_at < %(previous_end)s::timestamptz
    ) as previous_projects
from analytics.stg_toolbox__projects as p
where
    (%(workspace)s::uuid is null or p.workspace_id = %(workspace)s)
    and (%(search)s::text is null or strpos(lower(p.name || ' ' || coalesce(p.description, '')), lower(%(search)s)) > 0)
group by p.status
order by p.status;

-- name: list_projects
-- One page of the projects that fit, or one by its id: active ones first, the newest first among them, or by name,
-- state, members or when they were made; with how many people belong to each.
with listed as (
    select
        p.project_id, p.name, p.description, p.status, p.workspace_id, p.owner_id, p.created_at, p.updated_at,
        k.words, k.number
    from analytics.stg_toolbox__projects as p
    cross join lateral (
        select
            case %(sort)s::text when 'project' then lower(p.name) when 'status' then p.status end as words,
            case %(sort)s::text
                when 'members' then (
                    select count(*) from analytics.stg_toolbox__project_members as m
                    where m.project_id = p.project_id and m.user_id is distinct from p.owner_id
                ) + num_nonnulls(p.owner_id)
                when 'created' then extract(epoch from p.created_at)
            end as number
    ) as k
    where
        (%(project)s::uuid is null or p.project_id = %(project)s)
        and (%(start)s::timestamptz is null or p.created_at >= %(start)s)
        and (%(end)s::timestamptz is null or p.created_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or p.created_at is null
            or p.created_at < '1970-01-02 00:00+00' or p.created_at >= '2200-12-31 00:00+00')
        and (%(workspace)s::uuid is null or p.workspace_id = %(workspace)s)
        and (%(status)s::text is null or p.status = %(status)s)
        and (
            %(search)s::text is null
            or strpos(lower(p.name || ' ' || coalesce(p.description, '')), lower(%(search)s)) > 0
        )
    order by
        case when %(downwards)s::boolean then k.number end desc nulls last,
        case when not %(downwards)s::boolean then k.number end nulls last,
        case when %(downwards)s::boolean then k.words end desc nulls last,
        case when not %(downwards)s::boolean then k.words end nulls last,
        p.status, p.created_at desc nulls last, p.project_id
    limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0)
)

select
    p.project_id, p.name, p.description, p.status, p.workspace_id, w.name as workspace, p.owner_id, u.email as owner,
    (
        select count(*) from analytics.stg_toolbox__project_members as m
        where m.project_id = p.project_id and m.user_id is distinct from p.owner_id
    ) + num_nonnulls(p.owner_id) as members,
    p.created_at, p.updated_at
from listed as p
left join analytics.stg_toolbox__workspaces as w on w.workspace_id = p.workspace_id
left join analytics.stg_toolbox__users as u on u.user_id = p.owner_id
order by
    case when %(downwards)s::boolean then p.number end desc nulls last,
    case when not %(downwards)s::boolean then p.number end nulls last,
    case when %(downwards)s::boolean then p.words end desc nulls last,
    case when not %(downwards)s::boolean then p.words end nulls last,
    p.status, p.created_at desc nulls last, p.project_id;

-- name: list_members
-- Who belongs to a project or a workspace, its owner first; an address is missing where the viewer may not know it.
select m.user_id, u.email as address, u.full_name, m.role, m.joined_at
from (
    select p.owner_id as user_id, 'owner' as role, p.created_at as joined_at
    from analytics.stg_toolbox__projects as p
    where p.project_id = %(project)s::uuid and p.owner_id is not null
    union all
    select x.user_id, x.role, x.joined_at
    from analytics.stg_toolbox__project_members as x
    join analytics.stg_toolbox__projects as p on p.project_id = x.project_id
    where x.project_id = %(project)s::uuid and x.user_id is distinct from p.owner_id
    union all
    select w.owner_id, 'owner', w.created_at
    from analytics.stg_toolbox__workspaces as w
    where w.workspace_id = %(workspace)s::uuid and w.owner_id is not null
    union all
    select y.user_id, y.role, y.joined_at
    from analytics.stg_toolbox__workspace_members as y
    join analytics.stg_toolbox__workspaces as w on w.workspace_id = y.workspace_id
    where y.workspace_id = %(workspace)s::uuid and y.user_id is distinct from w.owner_id
) as m
left join analytics.stg_toolbox__users as u on u.user_id = m.user_id
order by m.role = 'owner' desc, address nulls last, m.user_id
limit %(limit)s::bigint offset coalesce(%(offset)s::bigint, 0);
