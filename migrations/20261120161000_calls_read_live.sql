-- Calls that are read live: those of a short window, each row once, and nearly every answer found among them. Where the
-- planner may choose, it takes all answers there are for each window. And those of rows that were added since.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- What `tool_facts` says, with the session in place of its project; only for calls without an answer in the window is
-- one looked for in the whole table.
create function analytics.calls_between(from_at timestamptz, until_at timestamptz) returns table (
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
        where not p.is_answer
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
comment on function analytics.calls_between(timestamptz, timestamptz) is
'Calls with from_at <= time < until_at that the viewer may see. One row per call.';
revoke execute on function analytics.calls_between(timestamptz, timestamptz) from public;
grant execute on function analytics.calls_between(timestamptz, timestamptz) to authenticated, service_role;

-- The same by slot, tool and outcome, without what counting does not need.
create function analytics.calls_counted(from_at timestamptz, until_at timestamptz) returns table (
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
        where not p.is_answer
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
comment on function analytics.calls_counted(timestamptz, timestamptz) is
'Calls with from_at <= time < until_at that the viewer may see; occurred_at is when their slot begins. One row per slot and tool, and one more where calls are unanswered.';
revoke execute on function analytics.calls_counted(timestamptz, timestamptz) from public;
grant execute on function analytics.calls_counted(timestamptz, timestamptz) to authenticated, service_role;

-- Calls that these rows alone make up: answers, and calls without one, as calls_between has them.
create function analytics.calls_added(added uuid []) returns table (
    occurred_at timestamptz, session_pk uuid, tool_name text, tool_type text, outcome text, is_answered boolean,
    duration_ms integer, duration_key integer
) language sql stable rows 100
set search_path = ''
as $$
    select
        t.occurred_at, t.session_pk, t.tool_name, t.tool_type,
        case when t.phase <> 'post' or t.success is null then null when t.success then 'succeeded'
            when analytics.is_refusal(t.error_message) then 'refused' else 'failed' end,
        t.phase = 'post',
        case when t.phase = 'post' then t.duration_ms end,
        case
            when t.phase <> 'post' then null
            when t.duration_ms > 0 then ceil(ln(t.duration_ms::float8) / 0.019802627296179713)::integer
            when t.duration_ms = 0 then -5000
            when t.duration_ms < 0 then -10000 - ceil(ln(-t.duration_ms::float8) / 0.019802627296179713)::integer
        end
    from analytics.stg_chronicle__tool_events as t
    where t.tool_event_id = any(added)
    and (
        t.phase = 'post'
        or t.phase = 'pre' and not exists (
            select from analytics.stg_chronicle__tool_events as answer
            where answer.call_id = t.call_id and answer.phase = 'post'
            offset 0
        )
    )
$$;
comment on function analytics.calls_added(uuid []) is
'Calls that rows of tool_events are of themselves and that the viewer may see: answers, and calls that have none. One row per call.';
revoke execute on function analytics.calls_added(uuid []) from public;
grant execute on function analytics.calls_added(uuid []) to authenticated, service_role;
