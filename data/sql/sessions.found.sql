-- name: count_facets
-- How many sessions of the period and search each value of each filter has, with the other filters applied, read from
-- the tables. What waits is counted by sessions.count_waiting; those that are not priced in full are counted where they
-- are asked for, because every reply has to be priced for it.
with chosen as materialized (
    select s.session_pk, s.project_name, s.status
    from analytics.stg_chronicle__sessions as s
    where
        (%(start)s::timestamptz is null or s.started_at >= %(start)s)
        and (%(end)s::timestamptz is null or s.started_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or s.started_at is null
            or s.started_at < '1970-01-02 00:00+00' or s.started_at >= '2200-12-31 00:00+00')
        and (
            %(search)s::text is null
            or s.session_pk in (select f.session_pk from analytics.sessions_saying(%(search)s) as f)
        )
),

waiting as materialized (
-- uses: sessions.waiting
),

unpriced as materialized (
    select w.session_pk from analytics.sessions_with('unpriced') as w where %(has)s::text = 'unpriced'
),

-- Session by session, as sessions.count_has does where nothing is stored.
held as materialized (
    select
        s.session_pk,
        s.project_name,
        s.status,
-- uses: sessions.contents
        as contents
    from chosen as s
),

-- Each model of a session once before they are put together, which is a fraction of its replies.
used as (
    select d.session_pk, array_agg(d.model) as models
    from (
        select r.session_id as session_pk, r.model
        from signalbox.model_replies as r
        where r.model <> '<synthetic>' and r.session_id in (select c.session_pk from chosen as c)
        group by r.session_id, r.model
    ) as d
    group by d.session_pk
),

found as (
    select
        s.*,
        m.models,
        coalesce(s.project_name = %(project)s, %(project)s::text is null) as fits_project,
        coalesce(s.status = %(status)s, %(status)s::text is null) as fits_status,
        coalesce(%(model)s::text = any(m.models), %(model)s::text is null) as fits_model,
        (
            %(has)s::text is null
            or %(has)s::text = any(s.contents)
            or %(has)s::text = 'waiting' and s.session_pk in (select w.session_pk from waiting as w)
            or s.session_pk in (select u.session_pk from unpriced as u)
        ) as fits_has
    from held as s
    left join used as m on m.session_pk = s.session_pk
)

select 'project' as filter, project_name as value, count(*) as sessions
from found where fits_status and fits_model and fits_has group by project_name
union all
select 'status', status, count(*)
from found where fits_project and fits_model and fits_has group by status
union all
select 'model', m.model, count(*)
from found cross join lateral unnest(models) as m (model)
where fits_project and fits_status and fits_has group by m.model
union all
select 'has', h.value, count(*)
from found cross join lateral unnest(contents) as h (value)
where fits_project and fits_status and fits_model group by h.value
union all
select 'has', 'unpriced', count(*)
from found where fits_project and fits_status and fits_model and session_pk in (select u.session_pk from unpriced as u)
having count(*) > 0
order by 1, 3 desc, 2;

-- name: count_started
-- As sessions.count_started, read from the tables.
select
    not b.is_before as is_current,
    case when not b.is_before and s.started_at >= '1970-01-02 00:00+00' and s.started_at < '2200-12-31 00:00+00'
        then date_trunc(%(bucket)s::text, s.started_at, %(zone)s::text) end as bucket,
    s.status,
    count(*) as sessions
from analytics.stg_chronicle__sessions as s
cross join lateral (
    select coalesce(s.started_at < %(start)s::timestamptz, false) as is_before
) as b
where
    (%(previous_start)s::timestamptz is null or s.started_at >= %(previous_start)s)
    and (%(end)s::timestamptz is null or s.started_at < %(end)s)
    and (
        %(start)s::timestamptz is null
        or s.started_at >= %(start)s
        or s.started_at < %(previous_end)s::timestamptz
    )
    and (not %(untimed)s::boolean or s.started_at is null
        or s.started_at < '1970-01-02 00:00+00' or s.started_at >= '2200-12-31 00:00+00')
    and (%(project)s::text is null or s.project_name = %(project)s)
    and (%(status)s::text is null or s.status = %(status)s)
    and (
        %(model)s::text is null
        or s.session_pk in (select r.session_pk from analytics.reply_costs as r where r.model = %(model)s)
    )
    and (
        %(has)s::text is null
        or s.session_pk in (
            select w.session_pk from analytics.sessions_with(%(has)s) as w
            union all
            select n.session_pk
            from (
-- uses: sessions.waiting
            ) as n
            where %(has)s::text = 'waiting'
        )
    )
    and (
        %(search)s::text is null
        or s.session_pk in (select f.session_pk from analytics.sessions_saying(%(search)s) as f)
    )
group by 1, 2, 3;
