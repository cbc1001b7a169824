-- Storing calls: each row of a piece is read once, and nearly every answer is found among them.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before: what `tool_facts` says of each call, but answers are looked for in the piece first, by one hash, and only
-- for the calls without one there in the whole table.
create or replace function signalbox.roll_tools(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.tool_rollup
    where level = width and is_by_project = (width > 1) and slot >= lo and slot < hi;
    with phases as materialized (
        select (floor(date_part('epoch', t.occurred_at) / (900 * width)) * width)::integer as slot,
            t.session_pk, t.call_id, t.tool_name, t.tool_type, t.phase, t.success, t.error_message, t.duration_ms
        from analytics.stg_chronicle__tool_events as t
        where t.occurred_at >= analytics.slot_start(lo) and t.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648,
            t.session_pk, t.call_id, t.tool_name, t.tool_type, t.phase, t.success, t.error_message, t.duration_ms
        from analytics.stg_chronicle__tool_events as t
        where lo = -2147483648
        and (t.occurred_at is null or t.occurred_at = '-infinity' or t.occurred_at >= '60000-01-01 00:00+00')
    ),
    unmatched as materialized (
        select p.slot, p.session_pk, p.call_id, p.tool_name, p.tool_type
        from phases as p
        where p.phase = 'pre'
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
    classes as (
        select
            f.slot, case when width > 1 then s.project_name else '' end as project_name, f.tool_name, f.duration_key,
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
        left join analytics.stg_chronicle__sessions as s on width > 1 and s.session_pk = f.session_pk
        where width = 1 or s.project_name is not null
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
