-- Where the rows of a call do not say that they belong together, the one that ends it is the call: counted beside it, the
-- row that began it made two of one. Which of those that began were never ended they do not say, so none of them counts.
set lock_timeout = '4s';
set statement_timeout = '60s';

comment on column chronicle.tool_events.call_id is
'The same in both rows of a call. Where it is null, a row that ends a call counts as that call, and one that begins it is not counted.';

create or replace view analytics.tool_calls with (security_invoker = true) as
select
    p.tool_event_id, p.session_pk, p.event_id, p.call_id, p.tool_name, p.tool_type, p.occurred_at,
    p.duration_ms, p.success, p.error_message, true as is_answered,
    case when p.success then 'succeeded' when p.success is null then null
        when analytics.is_refusal(p.error_message) then 'refused' else 'failed' end as outcome
from analytics.stg_chronicle__tool_events as p
where p.phase = 'post'
union all
select
    c.tool_event_id, c.session_pk, c.event_id, c.call_id, c.tool_name, c.tool_type, c.occurred_at,
    null, null, null, false, null
from analytics.stg_chronicle__tool_events as c
left join lateral (
    select true as is_there from analytics.stg_chronicle__tool_events as answer
    where answer.call_id = c.call_id and answer.phase = 'post'
    limit 1
) as found on true
where c.phase = 'pre' and c.call_id is not null and found.is_there is null;

create or replace view analytics.tool_facts with (security_invoker = true) as
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
from (
    select
        p.session_pk, p.tool_name, p.tool_type, p.occurred_at, p.duration_ms, true as is_answered,
        case when p.success then 'succeeded' when p.success is null then null
            when analytics.is_refusal(p.error_message) then 'refused' else 'failed' end as outcome
    from analytics.stg_chronicle__tool_events as p
    where p.phase = 'post'
    union all
    select
        a.session_pk, a.tool_name, a.tool_type, a.occurred_at, null::integer as duration_ms, false as is_answered,
        null::text as outcome
    from analytics.stg_chronicle__tool_events as a
    left join lateral (
        select true as is_there from analytics.stg_chronicle__tool_events as answer
        where answer.call_id = a.call_id and answer.phase = 'post'
        limit 1
    ) as found on true
    where a.phase = 'pre' and a.call_id is not null and found.is_there is null
) as c
left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk;

create or replace function analytics.calls_between(from_at timestamptz, until_at timestamptz) returns table (
    occurred_at timestamptz,
    session_pk uuid,
    tool_name text,
    tool_type text,
    outcome text,
    is_answered boolean,
    duration_ms integer,
    duration_key integer
) language sql stable rows 500
set search_path = ''
as $$
    with phases as materialized (
        select t.occurred_at, t.session_pk, t.call_id, t.tool_name, t.tool_type, t.phase = 'post' as is_answer,
            case when t.phase <> 'post' or t.success is null then null when t.success then 'succeeded'
                when analytics.is_refusal(t.error_message) then 'refused' else 'failed' end as outcome,
            case when t.phase = 'post' then t.duration_ms end as duration_ms
        from analytics.stg_chronicle__tool_events as t
        where t.occurred_at >= from_at and t.occurred_at < until_at and t.phase in ('pre', 'post')
    ),
    unmatched as materialized (
        select p.occurred_at, p.session_pk, p.call_id, p.tool_name, p.tool_type
        from phases as p
        where not p.is_answer and p.call_id is not null
        and not exists (select from phases as answer where answer.is_answer and answer.call_id = p.call_id)
    )
    select p.occurred_at, p.session_pk, p.tool_name, p.tool_type, p.outcome, true, p.duration_ms,
        case
            when p.duration_ms > 0 then ceil(ln(p.duration_ms::float8) / 0.019802627296179713)::integer
            when p.duration_ms = 0 then -5000
            when p.duration_ms < 0 then -10000 - ceil(ln(-p.duration_ms::float8) / 0.019802627296179713)::integer
        end
    from phases as p
    where p.is_answer
    union all
    select u.occurred_at, u.session_pk, u.tool_name, u.tool_type, null, false, null, null
    from unmatched as u
    where not exists (
        select from analytics.stg_chronicle__tool_events as answer
        where answer.call_id = u.call_id and answer.phase = 'post'
        offset 0
    )
$$;

create or replace function analytics.calls_counted(from_at timestamptz, until_at timestamptz) returns table (
    occurred_at timestamptz, tool_name text, calls bigint, succeeded bigint, failed bigint, refused bigint
) language sql stable rows 25
set search_path = ''
as $$
    with phases as materialized (
        select floor(date_part('epoch', t.occurred_at) / 900)::integer as slot, t.call_id, t.tool_name,
            t.phase = 'post' as is_answer, t.success,
            case when t.phase = 'post' and not t.success then analytics.is_refusal(t.error_message) end as is_refused
        from analytics.stg_chronicle__tool_events as t
        where t.occurred_at >= from_at and t.occurred_at < until_at and t.phase in ('pre', 'post')
    ),
    unmatched as materialized (
        select p.slot, p.call_id, p.tool_name
        from phases as p
        where not p.is_answer and p.call_id is not null
        and not exists (select from phases as answer where answer.is_answer and answer.call_id = p.call_id)
    )
    select
        to_timestamp(p.slot * 900.0), p.tool_name, count(*), count(*) filter (where p.success),
        count(*) filter (where not p.is_refused), count(*) filter (where p.is_refused)
    from phases as p
    where p.is_answer
    group by p.slot, p.tool_name
    union all
    select to_timestamp(u.slot * 900.0), u.tool_name, count(*), 0, 0, 0
    from unmatched as u
    where not exists (
        select from analytics.stg_chronicle__tool_events as answer
        where answer.call_id = u.call_id and answer.phase = 'post'
        offset 0
    )
    group by u.slot, u.tool_name
$$;

create or replace function signalbox.calls_in(slots int4multirange) returns setof analytics.tool_rollup
language sql stable
set search_path = ''
as $$
    with phases as materialized (
        select floor(date_part('epoch', t.occurred_at) / 900)::integer as slot,
            t.session_pk, t.call_id, t.tool_name, t.tool_type, t.phase, t.success, t.error_message, t.duration_ms
        from unnest(slots) as r (slots)
        cross join lateral (
            select e.* from analytics.stg_chronicle__tool_events as e
            where e.occurred_at >= analytics.slot_start(lower(r.slots))
            and e.occurred_at < analytics.slot_start(upper(r.slots))
            offset 0
        ) as t
        union all
        select -2147483648,
            t.session_pk, t.call_id, t.tool_name, t.tool_type, t.phase, t.success, t.error_message, t.duration_ms
        from analytics.stg_chronicle__tool_events as t
        where slots @> -2147483648
        and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= '60000-01-01 00:00+00')
    ),
    unmatched as materialized (
        select p.slot, p.session_pk, p.call_id, p.tool_name, p.tool_type
        from phases as p
        where p.phase = 'pre' and p.call_id is not null
        and not exists (select from phases as answer where answer.phase = 'post' and answer.call_id = p.call_id)
    ),
    facts as (
        select p.slot, p.session_pk, p.tool_name, p.tool_type, true as is_answered, p.duration_ms,
            case when p.success is null then null when p.success then 'succeeded'
                when analytics.is_refusal(p.error_message) then 'refused' else 'failed' end as outcome,
            case
                when p.duration_ms > 0 then ceil(ln(p.duration_ms::float8) / 0.019802627296179713)::integer
                when p.duration_ms = 0 then -5000
                when p.duration_ms < 0 then -10000 - ceil(ln(-p.duration_ms::float8) / 0.019802627296179713)::integer
            end as duration_key
        from phases as p
        where p.phase = 'post'
        union all
        select u.slot, u.session_pk, u.tool_name, u.tool_type, false, null, null, null
        from unmatched as u
        where not exists (
            select from analytics.stg_chronicle__tool_events as answer
            where answer.call_id = u.call_id and answer.phase = 'post'
            offset 0
        )
    ),
    classes as materialized (
        select
            f.slot, s.project_name, f.tool_name, f.duration_key,
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
        left join analytics.stg_chronicle__sessions as s on s.session_pk = f.session_pk
        group by 1, 2, 3, 4
    ),
    slices as (
        select true as is_by_project, c.* from classes as c where c.project_name is not null
        union all
        select
            false, c.slot, '', c.tool_name, c.duration_key, min(c.tool_type), sum(c.calls)::bigint,
            sum(c.succeeded)::bigint, sum(c.failed)::bigint, sum(c.refused)::bigint, sum(c.unanswered)::bigint,
            sum(c.timed)::bigint, sum(c.total_ms)::bigint, min(c.least_ms), max(c.most_ms)
        from classes as c
        group by c.slot, c.tool_name, c.duration_key
    )
    select
        1::smallint, c.is_by_project, c.project_name, c.slot, c.tool_name, min(c.tool_type),
        sum(c.calls)::bigint, sum(c.succeeded)::bigint, sum(c.failed)::bigint, sum(c.refused)::bigint,
        sum(c.unanswered)::bigint, sum(c.timed)::bigint, coalesce(sum(c.total_ms), 0)::bigint,
        min(c.least_ms), max(c.most_ms),
        coalesce(array_agg(c.duration_key order by c.duration_key) filter (where c.duration_key is not null), '{}'),
        coalesce(array_agg(c.timed order by c.duration_key) filter (where c.duration_key is not null), '{}')
    from slices as c
    group by c.slot, c.project_name, c.tool_name, c.is_by_project
$$;

create or replace function analytics.call_changes(taken integer [] default null) returns setof analytics.call_change
language plpgsql stable rows 100
set search_path = ''
as $$
declare
    lowest constant integer := -2147483648;
    links uuid[];
    named integer[];
begin
    links := array(select distinct k.link from signalbox.change_links as k where k.source = 3);
    named := array(
        select distinct l.slot from signalbox.change_log as l
        where l.source = 3 and l.counted = 0 and l.slot < 2147483647
    );
    return query
    with images as materialized (
        select l.slot, sign(l.counted)::integer as sign, taken is null or l.slot = any(taken) as is_taken, i.*
        from signalbox.change_log as l
        cross join lateral unnest(l.calls) as i
        where l.source = 3
    ),
    called as materialized (
        select
            i.call_id,
            coalesce(sum(i.sign) filter (where i.is_answer), 0) as answers_since,
            bool_or(not i.is_taken or i.slot = any(named)) or i.call_id = any(links) as is_unknown
        from images as i
        where i.call_id is not null
        group by i.call_id
        having bool_or(i.is_taken)
    ),
    present as materialized (
        select
            c.call_id, t.session_pk, t.tool_name, t.tool_type, t.is_answer,
            case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
                then floor(date_part('epoch', t.occurred_at) / 900)::integer else lowest end as slot
        from called as c
        cross join lateral (
            select e.occurred_at, e.session_pk, e.tool_name::text, e.tool_type::text, e.phase = 'post' as is_answer
            from analytics.stg_chronicle__tool_events as e
            where e.call_id = c.call_id and e.phase in ('pre', 'post')
            offset 0
        ) as t
    ),
    answered as materialized (
        select
            c.call_id,
            c.is_unknown or coalesce(bool_or(p.slot = any(named)), false) as is_unknown,
            count(*) filter (where p.is_answer) > 0 as is_answered,
            count(*) filter (where p.is_answer) - c.answers_since > 0 as was_answered
        from called as c
        left join present as p on p.call_id = c.call_id
        group by c.call_id, c.answers_since, c.is_unknown
    ),
    anew as materialized (
        select n.slot from unnest(named) as n (slot) where taken is null or n.slot = any(taken)
        union
        select s.slot from analytics.linked_slots(
            3::smallint, links, array(select n.slot from unnest(named) as n (slot) where taken is null or n.slot = any(taken))
        ) as s (slot)
        union
        select i.slot from images as i inner join answered as a on a.call_id = i.call_id where a.is_unknown
        union
        select p.slot from present as p inner join answered as a on a.call_id = p.call_id where a.is_unknown
        union
        select i.slot from images as i where i.is_taken and i.session_pk = any(links)
        union
        select i.slot from images as i where i.is_taken and i.event_id = any(links)
        union
        select i.slot from images as i
        where i.is_taken and i.session_pk is not null
        and not exists (select from analytics.stg_chronicle__sessions as s where s.session_pk = i.session_pk offset 0)
        union
        select i.slot from images as i
        where i.is_taken and i.is_answer and i.event_id is not null
        and not exists (select from analytics.stg_chronicle__events as e where e.event_id = i.event_id offset 0)
        union
        select i.slot from images as i where i.is_taken group by i.slot having count(*) > 100
    ),
    -- Rows of calls that ask: as they are, and as they were.
    asked as (
        select p.slot, p.session_pk, p.tool_name, p.tool_type, p.call_id, 1 as now, 1 as before
        from present as p
        where not p.is_answer
        union all
        select i.slot, i.session_pk, i.tool_name, i.tool_type, i.call_id, 0, -i.sign
        from images as i
        inner join called as c on c.call_id = i.call_id
        where not i.is_answer
    ),
    facts as (
        select i.slot, i.sign, i.session_pk, i.event_id, i.tool_name, i.tool_type, true as is_answer, i.success,
            i.is_refused, i.duration_ms
        from images as i
        where i.is_taken and i.is_answer
        union all
        select q.slot, (not a.is_answered)::integer * q.now - (not a.was_answered)::integer * q.before,
            q.session_pk, null, q.tool_name, q.tool_type, false, null, null, null
        from asked as q
        inner join answered as a on a.call_id = q.call_id
        where not (a.is_answered and a.was_answered)
    )
    select n.slot, 0, null::uuid, null::uuid, null, null, null::boolean, null::boolean, null::boolean, null::integer
    from anew as n
    union all
    select f.slot, case when f.slot > lowest then sum(f.sign)::integer else 0 end, f.session_pk, f.event_id, f.tool_name, f.tool_type, f.is_answer, f.success,
        f.is_refused, f.duration_ms
    from facts as f
    where f.slot not in (select n.slot from anew as n)
    group by f.slot, f.session_pk, f.event_id, f.tool_name, f.tool_type, f.is_answer, f.success, f.is_refused,
        f.duration_ms
    having sum(f.sign) <> 0;
end
$$;

-- What is stored of such calls is counted anew.
insert into signalbox.change_log (source, slot)
select distinct 3, case when t.created_at > '-infinity' and t.created_at < '60000-01-01 00:00+00'
    then floor(date_part('epoch', t.created_at) / 900)::integer else -2147483648 end
from chronicle.tool_events as t
where t.call_id is null and t.phase = 'pre';
