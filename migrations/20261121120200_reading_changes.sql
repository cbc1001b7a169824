-- Reading: what changed since a slot was stored is counted beside it; slots to be counted anew are read live.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- The slots of a subject that have to be counted anew; with is_all also those where what changed can be counted beside
-- what is stored.
create function analytics.slots_anew(subject text, is_all boolean default false) returns integer []
language plpgsql stable
set search_path = ''
as $$
declare
    logged smallint;
    links uuid[];
begin
    select s.source into logged from signalbox.rollup_state as s where s.subject = slots_anew.subject;
    if logged = 3 then
        return array(select distinct c.slot from analytics.call_changes() as c where is_all or c.sign = 0);
    end if;
    links := array(select distinct k.link from signalbox.change_links as k where k.source = logged);
    return array(
        select l.slot from signalbox.change_log as l
        where l.source = logged and l.slot < 2147483647
        group by l.slot
        -- Many rows in one slot are counted with their slot at once, and so are those without a time.
        having is_all or bool_or(l.counted = 0) or sum(abs(l.counted)) > 100 or l.slot = -2147483648
        union
        select s.slot from analytics.linked_slots(logged, links, null) as s (slot)
        union
        select l.slot from signalbox.change_log as l
        cross join lateral unnest(l.sessions) as s
        where l.source = logged and logged = 1 and s.session_pk = any(links)
    );
end
$$;
revoke execute on function analytics.slots_anew(text, boolean) from public;
grant execute on function analytics.slots_anew(text, boolean) to authenticated, service_role;

-- What changed of sessions, as session_facts has them; what their models replied is as it was, or their slots are counted
-- anew.
create function analytics.session_changes() returns table (
    slot integer, sign integer, project_name text, status text, cost_basis text, cost_usd numeric
) language sql stable rows 100
set search_path = ''
as $$
    select
        i.slot, i.sign, coalesce(i.project_name, '(no project)'), i.status,
        case
            when r.cost_usd is not null then 'recorded'
            when e.cost_usd is not null and e.unpriced_replies > 0 then 'partial estimate'
            when e.cost_usd is not null then 'estimate'
            when e.replies > 0 then 'not priced'
            else 'none recorded'
        end,
        coalesce(r.cost_usd, e.cost_usd)
    -- What came to nothing need not be priced, as where only the status changed: sessions are touched more often than
    -- they change.
    from (
        select
            l.slot, c.session_pk, c.project_name, c.status, c.recorded_cost, sum(sign(l.counted))::integer as sign,
            sum(sum(sign(l.counted))) over (
                partition by l.slot, c.session_pk, c.project_name, c.recorded_cost
            ) <> 0 as is_priced
        from signalbox.change_log as l
        cross join lateral unnest(l.sessions) as c
        where l.source = 1 and l.counted <> 0
        group by l.slot, c.session_pk, c.project_name, c.status, c.recorded_cost
        having sum(sign(l.counted)) <> 0
    ) as i
    cross join lateral (select (i.recorded_cost #>> '{}')::numeric as cost_usd) as r
    cross join lateral (
        select
            count(*) as replies, sum(c.estimated_cost_usd) as cost_usd,
            count(*) filter (where c.estimated_cost_usd is null and c.model <> '<synthetic>') as unpriced_replies
        from analytics.reply_costs as c
        where c.session_pk = i.session_pk and i.is_priced
    ) as e
$$;
comment on function analytics.session_changes() is
'Sessions that came to be counted in a slot since it was stored (sign 1), or are counted no more (-1). One row per session, slot and state.';
revoke execute on function analytics.session_changes() from public;
grant execute on function analytics.session_changes() to authenticated, service_role;

-- What changed of prompts: so many more, or below 0 fewer.
create function analytics.prompt_changes() returns table (slot integer, prompts integer)
language sql stable rows 100
set search_path = ''
as $$
    select l.slot, l.counted from signalbox.change_log as l where l.source = 4 and l.counted <> 0
$$;
comment on function analytics.prompt_changes() is
'How many more prompts there are in a slot than are stored, below 0 fewer. One row per slot and statement.';
revoke execute on function analytics.prompt_changes() from public;
grant execute on function analytics.prompt_changes() to authenticated, service_role;

-- What changed of jobs, as job_facts has them.
create function analytics.job_changes() returns table (
    slot integer, sign integer, agent text, status text, run_us bigint, wait_us bigint, run_key integer, wait_key integer
) language sql stable rows 100
set search_path = ''
as $$
    select
        l.slot, sign(l.counted)::integer, i.agent, i.status, u.run_us, u.wait_us,
        analytics.histogram_key(u.run_us), analytics.histogram_key(u.wait_us)
    from signalbox.change_log as l
    cross join lateral unnest(l.jobs) as i
    cross join lateral (
        select
            (extract(epoch from i.ran) * 1000000)::bigint as run_us,
            (extract(epoch from i.waited) * 1000000)::bigint as wait_us
    ) as u
    where l.source = 8 and l.counted <> 0
$$;
comment on function analytics.job_changes() is
'Jobs that came to be counted in a slot since it was stored (sign 1), or are counted no more (-1). One row per job and change.';
revoke execute on function analytics.job_changes() from public;
grant execute on function analytics.job_changes() to authenticated, service_role;

-- What changed of windows of agents, as agent_window_facts has them.
create function analytics.agent_window_changes() returns table (
    slot integer, sign integer, agent text, source text, actions_total bigint, rated_actions bigint, automated numeric,
    is_countless boolean, human_escalations bigint, counted_escalations bigint, decisions bigint, confidence_sum numeric,
    is_confidence_countless boolean, cost_usd numeric
) language sql stable rows 100
set search_path = ''
as $$
    select
        l.slot, sign(l.counted)::integer, m.agent, m.source, m.actions_total,
        case when a.automated is not null then m.actions_total end,
        a.automated,
        a.automated is null and (m.automation_rate is not null or m.actions_automated is not null),
        m.human_escalations,
        case when m.actions_total is not null then m.human_escalations end,
        case when m.avg_confidence is not null then m.confidence_count end,
        m.avg_confidence::numeric * m.confidence_count,
        m.avg_confidence is not null and m.confidence_count is null,
        case when m.cost_usd < 'Infinity' then m.cost_usd end
    from signalbox.change_log as l
    cross join lateral unnest(l.windows) as m
    cross join lateral (
        select case
            when m.actions_total is null then null
            when m.actions_automated is not null then m.actions_automated::numeric
            else m.automation_rate::numeric * m.actions_total
        end as automated
    ) as a
    where l.source = 17 and l.counted <> 0
$$;
comment on function analytics.agent_window_changes() is
'Windows of agents that came to be counted in a slot since it was stored (sign 1), or are counted no more (-1). One row per window and change.';
revoke execute on function analytics.agent_window_changes() from public;
grant execute on function analytics.agent_window_changes() to authenticated, service_role;

-- What changed of runs of procedures, by status.
create function analytics.sop_run_changes() returns table (slot integer, sign integer, status text)
language sql stable rows 100
set search_path = ''
as $$
    select l.slot, sign(l.counted)::integer, i.status
    from signalbox.change_log as l
    cross join lateral unnest(l.runs) as i
    where l.source = 16 and l.counted <> 0 and i.is_counted_here
$$;
comment on function analytics.sop_run_changes() is
'Runs that came to be counted in a slot since it was stored (sign 1), or are counted no more (-1). One row per run and change.';
revoke execute on function analytics.sop_run_changes() from public;
grant execute on function analytics.sop_run_changes() to authenticated, service_role;

-- As before, but:
-- changed: what changed in lo <= slot < hi is counted beside what is stored, but for the slots in `besides`. Only
-- with_changes has whoever asks do so; without it the slots where something changed are read live.
-- `known` are the slots to be counted anew where whoever asks knows them: for several windows that is found out once.
-- squawk-ignore ban-drop-function
drop function analytics.rollup_windows(
    text, timestamptz, timestamptz, boolean, integer, integer, analytics.changes, boolean
);
create function analytics.rollup_windows(
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
    last_at constant timestamptz := '60000-01-01 00:00+00'; -- later ones, and infinite ones, count as no time
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
    if is_untimed or start_at >= end_at then
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
revoke execute on function analytics.rollup_windows(
    text, timestamptz, timestamptz, boolean, integer, integer, integer [], boolean
) from public;
grant execute on function analytics.rollup_windows(
    text, timestamptz, timestamptz, boolean, integer, integer, integer [], boolean
) to authenticated, service_role;
