-- name: list_page
-- Sessions inside the filters with what happened in them and what they cost, one page of them. The page is picked by
-- what it is sorted by alone, which is counted for all sessions at once; the rest is looked up for those on the page.
with chosen as materialized (
    select
        s.session_pk,
        s.started_at,
        case when s.ended_at >= s.started_at and s.started_at >= '1970-01-02 00:00+00' and s.ended_at < '2200-12-31 00:00+00'
            then extract(epoch from s.ended_at - s.started_at) end as lasted_s
    from analytics.stg_chronicle__sessions as s
    where
        (%(start)s::timestamptz is null or s.started_at >= %(start)s)
        and (%(end)s::timestamptz is null or s.started_at < %(end)s)
        and (not coalesce(%(untimed)s::boolean, false) or s.started_at is null
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
),

-- What each cost is stored with the sums of sessions.
cost_windows as materialized (
    select w.*
    from (select where %(sort)s::text = 'cost') as s
    cross join lateral analytics.rollup_windows(
        'sessions', %(start)s, %(end)s, coalesce(%(untimed)s::boolean, false)
    ) as w
),

-- How many calls each made is stored with the sums of calls, which may lie at any time: so it is read once all are built.
built as materialized (
    select where %(sort)s::text = 'calls' and analytics.is_stored_whole('tools')
),
changed_calls as materialized (
    select c.* from built as b cross join lateral analytics.call_changes() as c
),
call_windows as materialized (
    select w.*, bool_or(w.kind = 'stored') over () as is_stored
    from built as b
    cross join lateral analytics.rollup_windows(
        'tools', null, null, coarsest => 1, with_changes => true,
        known => (select array(select c.slot from changed_calls as c where c.sign = 0))
    ) as w
),

counted as (
    select p.session_pk, count(*) as number
    from analytics.stg_chronicle__prompt_events as p
    where %(sort)s::text = 'prompts' and p.session_pk in (select c.session_pk from chosen as c)
    group by p.session_pk
    union all
    -- In the words of the index of calls without success.
    select t.session_pk, count(*)
    from analytics.stg_chronicle__tool_events as t
    where
        %(sort)s::text = 'errors' and t.phase = 'post' and not t.success and not analytics.is_refusal(t.error_message)
        and t.session_pk in (select c.session_pk from chosen as c)
    group by t.session_pk
    union all
    select r.session_pk, r.calls
    from chosen as c
    inner join analytics.session_call_rollup as r on r.session_pk = c.session_pk
    where r.slot <@ (select range_agg(int4range(w.lo, w.hi)) from call_windows as w where w.kind = 'stored')
    union all
    select r.session_pk, -r.calls
    from call_windows as w
    cross join lateral (
        select l.session_pk, l.calls from analytics.session_call_rollup as l where l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where w.kind = 'removed'
    union all
    select f.session_pk, f.sign
    from call_windows as w
    inner join changed_calls as f on f.slot >= w.lo and f.slot < w.hi and f.slot <> all(w.besides)
    where w.kind = 'changed' and f.sign <> 0
    union all
    select f.session_pk, 1
    from call_windows as w
    cross join lateral (select l.session_pk from analytics.calls_between(w.from_at, w.until_at) as l) as f
    where w.kind = 'live' and w.is_stored
    union all
    select f.session_pk, 1
    from call_windows as w
    cross join analytics.tool_calls as f
    where
        w.kind = 'untimed' and w.is_stored
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    union all
    -- Where nothing is stored: of few sessions call by call, of many with all answers looked for at once, as
    -- analytics.tool_calls has them. Those without an answer come from all sessions: the planner takes them for one, and
    -- would look for its session each time.
    select c.session_pk, k.calls
    from chosen as c
    cross join lateral (
        select count(*) as calls from analytics.tool_calls as t where t.session_pk = c.session_pk
    ) as k
    where
        %(sort)s::text = 'calls' and not exists (select from call_windows as w where w.is_stored)
        and (select count(*) from chosen) <= 500
    union all
    select k.session_pk, count(*)
    from (
        select t.session_pk
        from analytics.stg_chronicle__tool_events as t
        where
            %(sort)s::text = 'calls' and not exists (select from call_windows as w where w.is_stored)
            and t.phase = 'post' and (select count(*) from chosen) > 500
            and t.session_pk in (select c.session_pk from chosen as c)
        union all
        select t.session_pk
        from analytics.stg_chronicle__tool_events as t
        where
            %(sort)s::text = 'calls' and not exists (select from call_windows as w where w.is_stored)
            and t.phase = 'pre' and t.call_id is not null and (select count(*) from chosen) > 500
            and not exists (
                select from analytics.stg_chronicle__tool_events as a where a.call_id = t.call_id and a.phase = 'post'
            )
    ) as k
    group by k.session_pk
    union all
    select r.session_pk, r.cost_usd
    from cost_windows as w
    cross join lateral (
        select l.slot, l.session_pk, l.cost_usd from analytics.session_cost_rollup as l
        where l.slot >= w.lo and l.slot < w.hi
        offset 0
    ) as r
    where
        w.kind = 'stored'
        and not r.slot <@ (
            select coalesce(range_agg(int4range(g.lo, g.hi)), '{}') from cost_windows as g where g.kind = 'removed'
        )
    union all
    select c.session_pk, k.cost_usd
    from chosen as c
    cross join lateral (select s.cost_usd from analytics.session_costs as s where s.session_pk = c.session_pk) as k
    where
        c.started_at <@ (
            select coalesce(range_agg(tstzrange(g.from_at, g.until_at)), '{}') from cost_windows as g where g.kind = 'live'
        )
        or (c.started_at is null or c.started_at = '-infinity' or c.started_at >= '60000-01-01 00:00+00')
        and exists (select from cost_windows as g where g.kind = 'untimed')
),

-- Added up and not joined: nobody can tell the planner how many they are.
keyed as (
    select k.session_pk, sum(k.number) as key
    from (
        select
            c.session_pk,
            true as is_chosen,
            case %(sort)s::text
                when 'when' then extract(epoch from c.started_at) when 'duration' then c.lasted_s
                when 'cost' then null else 0
            end as number
        from chosen as c
        union all
        select n.session_pk, false, n.number from counted as n
    ) as k
    group by k.session_pk
    having bool_or(k.is_chosen)
),

picked as (
    select k.session_pk, k.key, (select count(*) from chosen) as sessions_in_all
    from keyed as k
    order by
        case when %(downwards)s::boolean then k.key end desc nulls last,
        case when not %(downwards)s::boolean then k.key end asc nulls last,
        k.session_pk
    limit %(most)s::bigint
    offset %(skipped)s::bigint
)

select
    s.session_pk::text as session_pk,
    s.session_key,
    s.started_at,
    s.ended_at,
    s.duration_ms,
    s.project_name,
    s.git_branch,
    s.status,
    s.prompts,
    s.first_prompt,
    s.calls,
    s.failed_calls,
    s.refused_calls,
    s.known_calls,
    s.open_notifications,
    s.cost_usd,
    s.cost_basis,
    s.tokens,
    p.sessions_in_all
from picked as p
inner join analytics.session_summary as s on s.session_pk = p.session_pk
order by
    case when %(downwards)s::boolean then p.key end desc nulls last,
    case when not %(downwards)s::boolean then p.key end asc nulls last,
    p.session_pk;

-- name: export_sessions
-- Sessions inside the filters with what happened in them and what they cost, in the order of list_page, the newest first
-- where none is asked for. What happened in those that began before rows were dropped is not known.
select
    s.session_key as session_id,
    s.started_at,
    s.ended_at,
    s.duration_ms,
    s.project_name as project,
    s.git_branch as branch,
    s.status,
    case when k.is_known then s.prompts end as prompts,
    s.first_prompt,
    case when k.is_known then s.calls end as calls,
    case when k.is_known then s.failed_calls end as failed_calls,
    case when k.is_known then s.refused_calls end as refused_calls,
    case when k.is_known then s.known_calls end as known_calls,
    case when k.is_known then s.open_notifications end as open_notifications,
    s.cost_usd,
    s.cost_basis,
    s.tokens
from analytics.session_summary as s
cross join lateral (
    select not exists (
        select from signalbox.retention as r where r.dropped_from is not null and s.started_at < r.raw_from
    ) as is_known
) as k
where
    (%(start)s::timestamptz is null or s.started_at >= %(start)s)
    and (%(end)s::timestamptz is null or s.started_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or s.started_at is null
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
order by
    case
        when coalesce(%(sort)s::text, 'when') = 'when' and coalesce(%(downwards)s::boolean, true) then s.started_at
    end desc nulls last,
    case
        when coalesce(%(sort)s::text, 'when') = 'when' and not coalesce(%(downwards)s::boolean, true) then s.started_at
    end nulls last,
    case when coalesce(%(downwards)s::boolean, true) then
-- uses: sessions.listing.counted_order
    end desc nulls last,
    case when not coalesce(%(downwards)s::boolean, true) then
-- uses: sessions.listing.counted_order
    end nulls last,
    s.session_pk;

-- part: counted_order
-- What a session `s` of the summary is sorted by that is not when it began: the same as list_page counts for it.
case %(sort)s::text
    when 'duration' then
        case when s.duration_ms is not null then extract(epoch from s.ended_at - s.started_at) end
    when 'prompts' then s.prompts
    when 'calls' then s.calls
    when 'errors' then s.failed_calls
    when 'cost' then s.cost_usd
end
