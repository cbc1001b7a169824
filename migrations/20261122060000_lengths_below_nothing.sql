-- What ended before it began, as clocks that disagree say it, took no known time, like what a period cannot name: how
-- long a job ran and waited, a session lasted and a call took is known where it is not below nothing. In percentiles of
-- such lengths the neighbours of one that lies between could be of either sign, and no class is near to what is then
-- left of them.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before, but for calls that say they took less than nothing; stored_duration_ms is what indexes know.
do $$
begin
    execute format(
        $view$
        create or replace view analytics.stg_chronicle__tool_events with (security_invoker = true) as
        select
            id as tool_event_id, session_id as session_pk, event_id, call_id, tool_name, tool_type, phase, parameters,
            result, case when execution_time_ms >= 0 then execution_time_ms end as duration_ms, success, error_message,
            created_at as occurred_at, execution_time_ms as stored_duration_ms
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_chronicle__tool_events') is null then 'chronicle.tool_events'
            else 'analytics.adopted_chronicle__tool_events as tool_events'
        end
    );
end
$$;
comment on view analytics.stg_chronicle__tool_events is
'Phases of tool calls; duration_ms is null where it is below nothing, stored_duration_ms as it is. One row per phase of a call.';

create or replace function analytics.call_changes(taken integer[] default null) returns setof analytics.call_change
language plpgsql stable rows 100 set search_path = '' as $$
declare
    lowest constant integer := -2147483648;
    links uuid[];
    named integer[];
begin
    links := array(select distinct k.link from signalbox.change_links as k where k.source = 3);
    if links = '{}' and not exists (select from signalbox.change_log as l where l.source = 3) then
        return;
    end if;
    named := array(
        select distinct l.slot from signalbox.change_log as l
        where l.source = 3 and l.counted = 0 and l.slot < 2147483647
    );
    return query
    with images as materialized (
        select l.slot, sign(l.counted)::integer as sign, taken is null or l.slot = any(taken) as is_taken,
            i.session_pk, i.event_id, i.call_id, i.tool_name, i.tool_type, i.is_answer, i.success, i.is_refused,
            case when i.duration_ms >= 0 then i.duration_ms end as duration_ms
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
                then floor(date_part('epoch', date_bin('15 minutes', t.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer else lowest end as slot
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

create or replace view analytics.job_facts with (security_invoker = true) as
select
    j.counted_at as occurred_at, j.agent, j.status, r.run_us, w.wait_us,
    case
        when r.run_us > 0 then ceil(ln(r.run_us::float8) / 0.019802627296179713)::integer
        when r.run_us = 0 then -5000
    end as run_key,
    case
        when w.wait_us > 0 then ceil(ln(w.wait_us::float8) / 0.019802627296179713)::integer
        when w.wait_us = 0 then -5000
    end as wait_key,
    j.job_id
from analytics.stg_agents__jobs as j
cross join lateral (
    select case when j.status = 'completed' and j.completed_at >= j.started_at
        and j.started_at >= '1970-01-02 00:00+00' and j.completed_at < '2200-12-31 00:00+00'
        then (extract(epoch from j.completed_at - j.started_at) * 1000000)::bigint end as run_us
) as r
cross join lateral (
    select case when j.started_at >= j.created_at
        and j.created_at >= '1970-01-02 00:00+00' and j.started_at < '2200-12-31 00:00+00'
        then (extract(epoch from j.started_at - j.created_at) * 1000000)::bigint end as wait_us
) as w;

create or replace function analytics.job_changes() returns table (
    slot integer, sign integer, agent text, status text, run_us bigint, wait_us bigint, run_key integer, wait_key integer
)
language sql stable rows 100
set search_path = ''
as $$
    select
        l.slot, sign(l.counted)::integer, i.agent, i.status, u.run_us, u.wait_us,
        analytics.histogram_key(u.run_us), analytics.histogram_key(u.wait_us)
    from signalbox.change_log as l
    cross join lateral unnest(l.jobs) as i
    cross join lateral (
        select
            case when i.ran >= interval '0' then (extract(epoch from i.ran) * 1000000)::bigint end as run_us,
            case when i.waited >= interval '0' then (extract(epoch from i.waited) * 1000000)::bigint end as wait_us
    ) as u
    where l.source = 8 and l.counted <> 0
$$;

create or replace view analytics.job_stats with (security_invoker = true) as
select
    count(*) as total_jobs,
    count(*) filter (where status = 'pending') as pending_jobs,
    count(*) filter (where status = 'running') as running_jobs,
    count(*) filter (where status = 'completed') as completed_jobs,
    count(*) filter (where status = 'failed') as failed_jobs,
    count(*) filter (where status = 'cancelled') as cancelled_jobs,
    avg(
        case when completed_at >= started_at and started_at >= '1970-01-02 00:00+00' and completed_at < '2200-12-31 00:00+00'
            then extract(epoch from (completed_at - started_at)) end
    ) filter (where status = 'completed') as avg_processing_time
from analytics.stg_agents__jobs;

create or replace view analytics.session_summary with (security_invoker = true) as
select
    s.session_pk,
    s.session_key,
    s.project_name,
    s.git_branch,
    s.status,
    s.started_at,
    s.ended_at,
    case when s.ended_at >= s.started_at and s.started_at >= '1970-01-02 00:00+00' and s.ended_at < '2200-12-31 00:00+00'
        then round(extract(epoch from s.ended_at - s.started_at) * 1000)::bigint end as duration_ms,
    p.prompts,
    p.first_prompt,
    t.calls,
    t.failed_calls,
    t.refused_calls,
    t.known_calls,
    n.open_notifications,
    k.cost_usd,
    k.cost_basis,
    k.tokens
from analytics.stg_chronicle__sessions as s
left join lateral (
    select
        count(*) as prompts,
        (array_agg(left(q.prompt_text, 300) order by q.occurred_at, q.prompt_id))[1] as first_prompt
    from analytics.stg_chronicle__prompt_events as q
    where q.session_pk = s.session_pk
) as p on true
left join lateral (
    select
        count(*) as calls,
        count(*) filter (where c.outcome = 'failed') as failed_calls,
        count(*) filter (where c.outcome = 'refused') as refused_calls,
        count(*) filter (where c.outcome in ('succeeded', 'failed')) as known_calls
    from analytics.tool_calls as c
    where c.session_pk = s.session_pk
) as t on true
left join lateral (
    select count(*) as open_notifications
    from analytics.stg_chronicle__notification_events as m
    where m.session_pk = s.session_pk and not m.is_acknowledged
) as n on true
left join lateral (
    select c.cost_usd, c.cost_basis, c.tokens from analytics.session_costs as c where c.session_pk = s.session_pk
) as k on true;

create or replace view analytics.lift_session_summary with (security_invoker = true) as
select
    s.session_id, s.owner_id, s.prompt, s.status, s.created_at, s.updated_at,
    case when s.updated_at >= s.created_at and s.created_at >= '1970-01-02 00:00+00' and s.updated_at < '2200-12-31 00:00+00'
        then round(extract(epoch from s.updated_at - s.created_at) * 1000)::bigint end as duration_ms,
    s.revision_count, s.draft_count, s.hole_count,
    d.valid_drafts, d.checked_drafts, d.priced_drafts, d.cost_usd, d.input_tokens, d.output_tokens
from analytics.stg_lift__sessions as s
left join lateral (
    select
        count(*) filter (where r.syntax_valid and r.ast_valid) as valid_drafts,
        count(r.syntax_valid and r.ast_valid) as checked_drafts,
        count(r.cost_usd) as priced_drafts,
        sum(r.cost_usd) as cost_usd, sum(r.input_tokens) as input_tokens, sum(r.output_tokens) as output_tokens
    from analytics.stg_lift__session_drafts as r
    where r.session_id = s.session_id
) as d on true;

-- What is stored of such calls and jobs is counted anew.
insert into signalbox.change_log (source, slot)
select distinct 3, case when t.occurred_at > '-infinity' and t.occurred_at < '60000-01-01 00:00+00'
    then floor(date_part('epoch', date_bin('15 minutes', t.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer
    else -2147483648 end
from analytics.stg_chronicle__tool_events as t
where t.phase = 'post' and t.stored_duration_ms < 0;

insert into signalbox.change_log (source, slot)
select distinct 8, case when j.counted_at > '-infinity' and j.counted_at < '60000-01-01 00:00+00'
    then floor(date_part('epoch', date_bin('15 minutes', j.counted_at, '4714-11-24 00:00+00 BC')) / 900)::integer
    else -2147483648 end
from analytics.stg_agents__jobs as j
where j.started_at < j.created_at or j.completed_at < j.started_at;
