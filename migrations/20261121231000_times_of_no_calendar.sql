-- A time that no period can name is no time: periods name the days from 1970 to 2200, in every zone. Such are the zero
-- and the end of time of Go and .NET, and infinite ones. Sums of them stay under their slots; whoever asks for what has
-- no time is given those slots, too.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before, but untimed windows have what no period can name as well.
create or replace function analytics.rollup_windows(
    subject text,
    start_at timestamptz,
    end_at timestamptz,
    is_untimed boolean default false,
    coarsest integer default 768,
    finest integer default 1,
    known integer [] default null,
    with_changes boolean default false
) returns table (
    kind text, level smallint, lo integer, hi integer, from_at timestamptz, until_at timestamptz, besides integer []
)
language plpgsql stable rows 8
set search_path = ''
as $$
declare
    lowest constant integer := -2147483648; -- the slot of rows without a time
    first_at constant timestamptz := '4714-11-24 00:00+00 BC'; -- the first that PostgreSQL knows
    last_at constant timestamptz := '60000-01-01 00:00+00'; -- later ones, and infinite ones, are in the lowest slot
    first_named constant timestamptz := '1970-01-02 00:00+00'; -- what is before it or not before the end is untimed
    end_named constant timestamptz := '2200-12-31 00:00+00';
    raw_at timestamptz;
    state signalbox.rollup_state;
    a bigint; -- whole slots of the window
    b bigint;
    changed integer[];
begin
    select s.* into state from signalbox.rollup_state as s where s.subject = rollup_windows.subject
    and not exists (
        select from signalbox.adopted_tables as t
        inner join signalbox.change_sources as c on c.name = t.system || '.' || t.table_name
        inner join signalbox.change_sources as own on own.source = s.source
        where not t.is_logged and c.source = s.source
        or split_part(own.name, '.', 1) = t.system and signalbox.hides_rows(t.system, t.table_name)
    );
    if state.built_from is null then
        state.built_from := 2147483647;
        state.raw_from := lowest;
    elsif coarsest < finest or exists (
        select from signalbox.change_log as l where l.source = state.source and l.slot = 2147483647
    ) then
        state.built_from := 2147483647;
    end if;

    if known is null and state.built_from < 2147483647 then
        known := analytics.slots_anew(state.subject, not with_changes);
    end if;
    changed := known;
    if is_untimed or start_at is null and end_at is null then
        if state.built_from > lowest or lowest = any(changed) then
            return query select 'untimed', null::smallint, null::integer, null::integer, null::timestamptz,
                null::timestamptz, null::integer[];
        else
            return query select 'stored', finest::smallint, lowest, lowest + 1, null::timestamptz, null::timestamptz,
                null::integer[];
        end if;
    end if;
    if is_untimed then
        return query select w.* from analytics.rollup_windows(
            rollup_windows.subject, null, first_named, false, coarsest, finest, known, with_changes
        ) as w;
        return query select w.* from analytics.rollup_windows(
            rollup_windows.subject, end_named, null, false, coarsest, finest, known, with_changes
        ) as w;
        return;
    end if;
    if start_at >= end_at then
        return;
    end if;

    start_at := greatest(start_at, first_at);
    if state.raw_from > lowest then
        raw_at := to_timestamp(state.raw_from * 900.0);
        if start_at < raw_at then
            a := case when start_at > first_at
                then floor(date_part('epoch', start_at) / (900 * finest)) * finest else -240000000 end;
            b := case when end_at < raw_at
                then ceil(date_part('epoch', greatest(end_at, first_at)) / (900 * finest)) * finest else state.raw_from end;
            if a < b then
                return query select 'stored', r.level, r.from_slot, r.until_slot, null::timestamptz, null::timestamptz,
                    null::integer[]
                from analytics.rollup_levels(a, b, finest, coarsest) as r;
                return query select 'live', null::smallint, null::integer, null::integer,
                    case when start_at > first_at then to_timestamp(a * 900.0) else first_at end, to_timestamp(b * 900.0),
                    null::integer[];
            end if;
            if end_at <= raw_at then
                return;
            end if;
            start_at := raw_at;
        end if;
    end if;

    a := case when start_at > first_at
        then ceil(date_part('epoch', least(start_at, last_at)) / (900 * finest)) * finest else -240000000 end;
    b := case when end_at < last_at
        then floor(date_part('epoch', greatest(end_at, first_at)) / (900 * finest)) * finest else 2147483646 end;
    a := greatest(a, state.built_from);
    if a >= b then
        return query select 'live', null::smallint, null::integer, null::integer, start_at, least(end_at, last_at),
            null::integer[];
        return;
    end if;

    select array_agg(distinct c.slot - (c.slot % finest + finest) % finest) into changed
    from unnest(changed) as c (slot)
    where c.slot >= a and c.slot < b;
    -- Where more than a third changed, the tables are read faster.
    if cardinality(changed) * finest > (b - a) / 3 then
        return query select 'live', null::smallint, null::integer, null::integer, start_at, least(end_at, last_at),
            null::integer[];
        return;
    end if;

    -- The two ends that are no whole slots, and what is not stored yet.
    if a > -240000000 and start_at < to_timestamp(a * 900.0) then
        return query select 'live', null::smallint, null::integer, null::integer, start_at, to_timestamp(a * 900.0),
            null::integer[];
    end if;
    if end_at > to_timestamp(b * 900.0) then
        return query select 'live', null::smallint, null::integer, null::integer,
            to_timestamp(b * 900.0), least(end_at, last_at), null::integer[];
    end if;

    -- Slots that follow each other are read at once.
    return query
    select 'live', null::smallint, null::integer, null::integer,
        to_timestamp(min(c.slot) * 900.0), to_timestamp((max(c.slot) + finest) * 900.0), null::integer[]
    from (select u.slot, u.slot - finest * row_number() over (order by u.slot) as island from unnest(changed) as u (slot)) as c
    group by c.island;
    return query
    select 'removed', finest::smallint, min(c.slot), max(c.slot) + finest, null::timestamptz, null::timestamptz, null::integer[]
    from (select u.slot, u.slot - finest * row_number() over (order by u.slot) as island from unnest(changed) as u (slot)) as c
    group by c.island;
    return query
    select 'stored', r.level, r.from_slot, r.until_slot, null::timestamptz, null::timestamptz, null::integer[]
    from analytics.rollup_levels(a, b, finest, coarsest) as r;
    if with_changes then
        return query
        select 'changed', null::smallint, a::integer, b::integer, null::timestamptz, null::timestamptz,
            array(select c.slot + n.slot from unnest(changed) as c (slot), generate_series(0, finest - 1) as n (slot));
    end if;
end
$$;

-- As before, but how long something lasted is known between two such times alone.
create or replace view analytics.session_summary with (security_invoker = true) as
select
    s.session_pk,
    s.session_key,
    s.project_name,
    s.git_branch,
    s.status,
    s.started_at,
    s.ended_at,
    case when s.started_at >= '1970-01-02 00:00+00' and s.started_at < '2200-12-31 00:00+00'
        and s.ended_at >= '1970-01-02 00:00+00' and s.ended_at < '2200-12-31 00:00+00'
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

create or replace view analytics.job_stats with (security_invoker = true) as
select
    count(*) as total_jobs,
    count(*) filter (where status = 'pending') as pending_jobs,
    count(*) filter (where status = 'running') as running_jobs,
    count(*) filter (where status = 'completed') as completed_jobs,
    count(*) filter (where status = 'failed') as failed_jobs,
    count(*) filter (where status = 'cancelled') as cancelled_jobs,
    avg(
        case when started_at >= '1970-01-02 00:00+00' and started_at < '2200-12-31 00:00+00'
            and completed_at >= '1970-01-02 00:00+00' and completed_at < '2200-12-31 00:00+00'
            then extract(epoch from (completed_at - started_at)) end
    ) filter (where status = 'completed') as avg_processing_time
from analytics.stg_agents__jobs;

create or replace view analytics.lift_session_summary with (security_invoker = true) as
select
    s.session_id, s.owner_id, s.prompt, s.status, s.created_at, s.updated_at,
    case when s.created_at >= '1970-01-02 00:00+00' and s.created_at < '2200-12-31 00:00+00'
        and s.updated_at >= '1970-01-02 00:00+00' and s.updated_at < '2200-12-31 00:00+00'
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
