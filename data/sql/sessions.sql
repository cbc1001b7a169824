-- name: count_facets
-- How many sessions of the period each value of project, status and model has, with the other filters applied.
with session_windows as materialized (
    select w.*, case w.kind when 'removed' then -1 else 1 end as sign
    from analytics.rollup_windows('sessions', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
),

live as materialized (
    select s.session_pk, s.project_name, s.status
    from session_windows as w
    cross join lateral (
        select l.session_pk, l.project_name, l.status from analytics.stg_chronicle__sessions as l
        where l.started_at >= w.from_at and l.started_at < w.until_at
        offset 0
    ) as s
    where w.kind = 'live'
    union all
    select s.session_pk, s.project_name, s.status
    from session_windows as w
    cross join analytics.stg_chronicle__sessions as s
    where
        w.kind = 'untimed'
        and (s.started_at is null or s.started_at = '-infinity' or s.started_at >= '60000-01-01 00:00+00')
),

by_model as materialized (
    select r.project_name, r.status, r.model, w.sign * r.sessions as sessions
    from session_windows as w
    cross join lateral (
        select l.* from analytics.session_model_rollup as l
        where l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select s.project_name, s.status, r.model, 1
    from live as s
    cross join lateral (
        select distinct m.model from signalbox.model_replies as m where m.session_id = s.session_pk
    ) as r
),

-- With the filter on models, if there is one.
counted as (
    select r.project_name, r.status, w.sign * r.sessions as sessions
    from session_windows as w
    cross join lateral (
        select l.* from analytics.session_rollup as l
        where %(model)s::text is null and l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind in ('stored', 'removed')
    union all
    select s.project_name, s.status, 1 from live as s where %(model)s::text is null
    union all
    select m.project_name, m.status, m.sessions from by_model as m where m.model = %(model)s
)

select 'project' as filter, c.project_name as value, sum(c.sessions)::bigint as sessions
from counted as c
where %(status)s::text is null or c.status = %(status)s
group by c.project_name
having sum(c.sessions) <> 0
union all
select 'status', c.status, sum(c.sessions)::bigint
from counted as c
where %(project)s::text is null or c.project_name = %(project)s
group by c.status
having sum(c.sessions) <> 0
union all
select 'model', m.model, sum(m.sessions)::bigint
from by_model as m
where
    m.model <> '<synthetic>'
    and (%(project)s::text is null or m.project_name = %(project)s)
    and (%(status)s::text is null or m.status = %(status)s)
group by m.model
having sum(m.sessions) <> 0
order by 1, 3 desc, 2;

-- name: count_has
-- In how many sessions of the period, with the other filters applied, something happened that one may look for. Of those
-- that hold, or held, something in a slot that changed it is looked up what they hold now.
with session_windows as materialized (
    select w.*, case w.kind when 'removed' then -1 else 1 end as sign
    from analytics.content_windows(%(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)) as w
),

chosen as materialized (
    select s.session_pk, s.project_name, s.status, false as is_stored
    from session_windows as w
    cross join lateral (
        select l.session_pk, l.project_name, l.status from analytics.stg_chronicle__sessions as l
        where l.started_at >= w.from_at and l.started_at < w.until_at
        offset 0
    ) as s
    where w.kind = 'live'
    union all
    select s.session_pk, s.project_name, s.status, false
    from session_windows as w
    cross join analytics.stg_chronicle__sessions as s
    where
        w.kind = 'untimed'
        and (s.started_at is null or s.started_at = '-infinity' or s.started_at >= '60000-01-01 00:00+00')
    union all
    select s.session_pk, s.project_name, s.status, true
    from (
        select n.session_pk from analytics.sessions_with_new_contents() as n
        where exists (select from session_windows as w where w.kind = 'stored')
    ) as t
    inner join analytics.stg_chronicle__sessions as s on s.session_pk = t.session_pk
    cross join lateral (
        select case when s.started_at > '-infinity' and s.started_at < '60000-01-01 00:00+00'
            then floor(date_part('epoch', date_bin('15 minutes', s.started_at, '4714-11-24 00:00+00 BC')) / 900)::integer
            else -2147483648 end as slot
    ) as b
    inner join session_windows as w on w.kind in ('stored', 'removed') and b.slot >= w.lo and b.slot < w.hi
    group by s.session_pk, s.project_name, s.status
    having bool_and(w.kind = 'stored')
),

held as (
    select
        s.is_stored,
        array(select distinct c.content from analytics.content_rollup as c where s.is_stored and c.session_pk = s.session_pk)
        as stored,
-- uses: sessions.contents
        as contents
    from chosen as s
    where
        (%(project)s::text is null or s.project_name = %(project)s)
        and (%(status)s::text is null or s.status = %(status)s)
        and (
            %(model)s::text is null
            or (
                select true from signalbox.model_replies as r
                where r.session_id = s.session_pk and r.model = %(model)s limit 1
            )
        )
)

select c.content as value, sum(c.sessions)::bigint as sessions
from (
    select r.content, w.sign * r.sessions as sessions
    from session_windows as w
    cross join lateral (
        select l.* from analytics.session_content_rollup as l
        where
            l.level = w.level and l.slot >= w.lo and l.slot < w.hi
            and l.is_by_model = (%(model)s::text is not null) and l.model = coalesce(%(model)s::text, '')
        offset 0
    ) as r
    where
        w.kind in ('stored', 'removed')
        and (%(project)s::text is null or r.project_name = %(project)s)
        and (%(status)s::text is null or r.status = %(status)s)
    union all
    select n.content, 1 from held as h cross join lateral unnest(h.contents) as n (content)
    where not h.is_stored or n.content <> 'stateless' and n.content <> all(h.stored)
    union all
    select o.content, -1 from held as h cross join lateral unnest(h.stored) as o (content)
    where o.content <> all(h.contents)
) as c
group by c.content
having sum(c.sessions) <> 0;

-- name: count_waiting
-- In how many sessions of the period, with the other filters applied, a notification waits that Overview counts. By
-- itself, because it is another answer each minute; those notifications are few, and their sessions looked up one by one.
select count(*) as sessions
from (
    select distinct n.session_pk
    from (
-- uses: sessions.waiting
    ) as n
) as w
inner join analytics.stg_chronicle__sessions as s on s.session_pk = w.session_pk
where
    (%(start)s::timestamptz is null or s.started_at >= %(start)s)
    and (%(end)s::timestamptz is null or s.started_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or s.started_at is null
        or s.started_at < '1970-01-02 00:00+00' or s.started_at >= '2200-12-31 00:00+00')
    and (%(project)s::text is null or s.project_name = %(project)s)
    and (%(status)s::text is null or s.status = %(status)s)
    and (
        %(model)s::text is null
        or (
            select true from signalbox.model_replies as r
            where r.session_id = s.session_pk and r.model = %(model)s limit 1
        )
    )
    and (
        %(search)s::text is null
        or s.session_pk in (select f.session_pk from analytics.sessions_saying(%(search)s) as f)
    );

-- name: count_started
-- Sessions per slice of the period by status, and those of the period before (bucket null), with the same filters.
-- `coarsest` is the widest stored row that fits into a slice.
with session_windows as materialized (
    select true as is_current, w.*
    from analytics.rollup_windows('sessions', %(start)s, %(end)s, %(untimed)s, %(coarsest)s) as w
    union all
    select false, w.*
    from analytics.rollup_windows('sessions', %(previous_start)s, %(previous_end)s) as w
    where %(previous_start)s::timestamptz is not null
),

counted as (
    select
        w.is_current, case when r.slot > -2147483648 then to_timestamp(r.slot * 900::float8) end as occurred_at, r.status,
        case w.kind when 'removed' then -1 else 1 end * r.sessions as sessions
    from session_windows as w
    cross join lateral (
        select l.slot, l.status, l.sessions, l.project_name from analytics.session_rollup as l
        where %(model)s::text is null and l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        union all
        select l.slot, l.status, l.sessions, l.project_name from analytics.session_model_rollup as l
        where l.model = %(model)s and l.level = w.level and l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where
        w.kind in ('stored', 'removed')
        and (%(project)s::text is null or r.project_name = %(project)s)
    union all
    select w.is_current, s.started_at, s.status, 1
    from session_windows as w
    cross join lateral (
        select l.session_pk, l.started_at, l.status, l.project_name from analytics.stg_chronicle__sessions as l
        where l.started_at >= w.from_at and l.started_at < w.until_at
        offset 0
    ) as s
    where
        w.kind = 'live'
        and (%(project)s::text is null or s.project_name = %(project)s)
        and (
            %(model)s::text is null
            or (
                select true from signalbox.model_replies as m
                where m.session_id = s.session_pk and m.model = %(model)s limit 1
            )
        )
    union all
    select w.is_current, null, s.status, 1
    from session_windows as w
    cross join analytics.stg_chronicle__sessions as s
    where
        w.kind = 'untimed'
        and (s.started_at is null or s.started_at = '-infinity' or s.started_at >= '60000-01-01 00:00+00')
        and (%(project)s::text is null or s.project_name = %(project)s)
        and (
            %(model)s::text is null
            or (
                select true from signalbox.model_replies as m
                where m.session_id = s.session_pk and m.model = %(model)s limit 1
            )
        )
)

select
    is_current,
    case when is_current and occurred_at >= '1970-01-02 00:00+00' and occurred_at < '2200-12-31 00:00+00'
        then date_trunc(%(bucket)s::text, occurred_at, %(zone)s::text) end as bucket,
    status,
    sum(sessions)::bigint as sessions
from counted
where %(status)s::text is null or status = %(status)s
group by 1, 2, 3
having sum(sessions) <> 0;

-- part: waiting
-- The sessions of the notifications that Overview counts: of the last 24 hours, acknowledged by nobody, and more than
-- information. `now` is the time of the page cut to the minute.
select n.session_pk
from analytics.stg_chronicle__notification_events as n
where
    not n.is_acknowledged and n.severity <> 'info'
    and n.occurred_at > coalesce(%(now)s::timestamptz, now()) - interval '24 hours'

-- part: contents
-- What a session `s` holds that one may look for, but for what waits, which is a matter of the moment. Each by the index
-- that holds nothing else, as analytics.sessions_with finds the sessions that hold one of them.
array_remove(array[
    case when exists (
        select from analytics.stg_chronicle__tool_events as t
        where
            t.session_pk = s.session_pk and t.phase = 'post' and not t.success
            and not analytics.is_refusal(t.error_message)
    ) then 'errors' end,
    case when exists (
        select from analytics.stg_chronicle__tool_events as t
        where
            t.session_pk = s.session_pk and t.phase = 'post' and not t.success
            and analytics.is_refusal(t.error_message)
    ) then 'refusals' end,
    case when exists (
        select from analytics.stg_chronicle__notification_events as n
        where n.session_pk = s.session_pk and not n.is_acknowledged
    ) then 'notifications' end,
    case when exists (
        select from analytics.stg_chronicle__events as e
        where e.session_pk = s.session_pk and e.event_type = 'compact_pre'
    ) then 'compactions' end,
    case when exists (
        select from analytics.stg_chronicle__events as e
        where e.session_pk = s.session_pk and e.metadata ? 'agent_id'
    ) then 'subagents' end,
    case when exists (
        select from analytics.stg_chronicle__tool_events as t
        where t.session_pk = s.session_pk and t.phase is distinct from 'pre' and t.phase is distinct from 'post'
    ) then 'unphased' end,
    case when s.status is null or s.status not in ('active', 'completed', 'terminated', 'error') then 'stateless' end
], null)
