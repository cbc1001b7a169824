-- A count below nothing or of a million million is no count, and more acts without a person than acts there were are
-- none that anybody counted: they are read as unknown, like those that nobody told, so that no sum of counts leaves
-- what a number can hold. The same holds for tokens, and for a cost or price that is not nothing and below 10^-15
-- dollars, which may be too little for a floating number. Before, one such row closed the pages that sum over it.
-- Confidences, scores, percentages and latencies beyond their bounds are unknown, too.
set lock_timeout = '4s';
set statement_timeout = '60s';

do $$
begin
    execute format(
        $view$
        create or replace view analytics.stg_chronicle__sessions with (security_invoker = true) as
        select
            id as session_pk, session_id as session_key, coalesce(project_name, '(no project)') as project_name,
            git_branch, working_directory, started_at, ended_at, status, metadata ->> 'user_id' as owner_id, metadata,
            case when jsonb_typeof(metadata -> 'cost' -> 'total_cost_usd') = 'number'
                and (
                    metadata -> 'cost' -> 'total_cost_usd' = '0'
                    or metadata -> 'cost' -> 'total_cost_usd' >= '1e-15'
                    and metadata -> 'cost' -> 'total_cost_usd' < '1e15'
                )
                then (metadata -> 'cost' ->> 'total_cost_usd')::numeric end as recorded_cost_usd,
            created_at as recorded_at
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_chronicle__sessions') is null then 'chronicle.sessions'
            else 'analytics.adopted_chronicle__sessions as sessions'
        end
    );
    execute format(
        $view$
        create or replace view analytics.stg_engine__agent_metrics with (security_invoker = true) as
        select
            id as metric_id, agent_id as agent, user_id as owner_id, source, window_start, window_end,
            case when actions_total >= 0 and actions_total < 1000000000000 then actions_total end as actions_total,
            case
                when actions_automated >= 0 and actions_automated < 1000000000000
                    and (actions_automated <= actions_total or (actions_total >= 0) is not true) then actions_automated
            end as actions_automated,
            case when human_escalations >= 0 and human_escalations < 1000000000000 then human_escalations end
                as human_escalations,
            case when avg_confidence between 0 and 1 then avg_confidence end as avg_confidence,
            case when confidence_count >= 0 and confidence_count < 1000000000000 then confidence_count end
                as confidence_count,
            case
                when actions_automated >= 0 and actions_automated <= actions_total
                    and actions_total > 0 and actions_total < 1000000000000
                    then actions_automated::float8 / actions_total
                when automation_rate between 0 and 1 then automation_rate
            end as automation_rate,
            case when total_cost = 0 or total_cost >= 1e-15 and total_cost < 1e15 then total_cost end as cost_usd,
            metadata,
            case when automation_rate between 0 and 1 then automation_rate end as stored_automation_rate
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_engine__agent_metrics') is null then 'engine.agent_metrics'
            else 'analytics.adopted_engine__agent_metrics as agent_metrics'
        end
    );
    execute format(
        $view$
        create or replace view analytics.stg_engine__sop_executions with (security_invoker = true) as
        select
            id as execution_id, sop_id, sop_version, correlation_id, client_id, session_id as session_pk,
            user_id as owner_id, agent_id as agent, status, current_step, steps,
            case when actions_total >= 0 and actions_total < 1000000000000 then actions_total end as actions_total,
            case
                when actions_automated >= 0 and actions_automated < 1000000000000
                    and (actions_automated <= actions_total or (actions_total >= 0) is not true) then actions_automated
            end as actions_automated,
            case when human_interventions >= 0 and human_interventions < 1000000000000
                and (metadata @> '{"imported": true, "kind": "epic"}') is not true then human_interventions end
                as human_interventions,
            -- Durations in hours that no time of this world holds have no end either.
            case when cycle_time_hours >= 0 and cycle_time_hours < 1000000000 then cycle_time_hours end
                as cycle_time_hours,
            case
                when actions_automated >= 0 and actions_automated <= actions_total
                    and actions_total > 0 and actions_total < 1000000000000
                    then actions_automated::float8 / actions_total
                when automation_rate between 0 and 1 then automation_rate
            end as automation_rate,
            case when estimated_cost = 0 or estimated_cost >= 1e-15 and estimated_cost < 1e15 then estimated_cost end
                as estimated_cost_usd,
            error_message, started_at, completed_at, coalesce(metadata ->> 'imported' = 'true', false) as is_imported,
            metadata, created_at as recorded_at,
            case when automation_rate between 0 and 1 then automation_rate end as stored_automation_rate
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_engine__sop_executions') is null then 'engine.sop_executions'
            else 'analytics.adopted_engine__sop_executions as sop_executions'
        end
    );
    execute format(
        $view$
        create or replace view analytics.stg_lift__session_drafts with (security_invoker = true) as
        select
            id as draft_id, session_id, user_id as owner_id, draft_number, code, syntax_valid, ast_valid,
            llm_metrics ->> 'model' as model,
            case when jsonb_typeof(llm_metrics -> 'input_tokens') = 'number'
                and llm_metrics -> 'input_tokens' >= '0' and llm_metrics -> 'input_tokens' < '1e12'
                then (llm_metrics ->> 'input_tokens')::numeric end as input_tokens,
            case when jsonb_typeof(llm_metrics -> 'output_tokens') = 'number'
                and llm_metrics -> 'output_tokens' >= '0' and llm_metrics -> 'output_tokens' < '1e12'
                then (llm_metrics ->> 'output_tokens')::numeric end as output_tokens,
            case when jsonb_typeof(llm_metrics -> 'cost_usd') = 'number'
                and (
                    llm_metrics -> 'cost_usd' = '0'
                    or llm_metrics -> 'cost_usd' >= '1e-15' and llm_metrics -> 'cost_usd' < '1e15'
                )
                then (llm_metrics ->> 'cost_usd')::numeric end as cost_usd,
            case when jsonb_typeof(llm_metrics -> 'latency_ms') = 'number'
                and (
                    llm_metrics -> 'latency_ms' = '0'
                    or llm_metrics -> 'latency_ms' >= '1e-15' and llm_metrics -> 'latency_ms' < '1e15'
                )
                then (llm_metrics ->> 'latency_ms')::numeric end as latency_ms,
            llm_metrics, created_at
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_lift__session_drafts') is null then 'lift.session_drafts'
            else 'analytics.adopted_lift__session_drafts as session_drafts'
        end
    );
    execute format(
        $view$
        create or replace view analytics.stg_engine__client_health with (security_invoker = true) as
        select
            id as assessment_id, client_id, event_id,
            case when health_score between 0 and 100 then health_score end as health_score, status, signals,
            risk_factors, computed_at
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_engine__client_health') is null then 'engine.client_health'
            else 'analytics.adopted_engine__client_health as client_health'
        end
    );
    execute format(
        $view$
        create or replace view analytics.stg_engine__chaos_experiments with (security_invoker = true) as
        select
            id as experiment_id, name, hypothesis, target, blast_radius,
            case when blast_radius_percent between 0 and 100 then blast_radius_percent end as blast_radius_percent,
            status, outcome, findings, correlation_id, started_at, ended_at, created_at, metadata
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_engine__chaos_experiments') is null then 'engine.chaos_experiments'
            else 'analytics.adopted_engine__chaos_experiments as chaos_experiments'
        end
    );
    execute format(
        $view$
        create or replace view analytics.stg_lift__hole_resolutions with (security_invoker = true) as
        select
            id as resolution_id, session_id, user_id as owner_id, hole_id, hole_type, resolution, resolution_method,
            case when confidence between 0 and 1 then confidence end as confidence, created_at
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_lift__hole_resolutions') is null then 'lift.hole_resolutions'
            else 'analytics.adopted_lift__hole_resolutions as hole_resolutions'
        end
    );
end
$$;

create or replace view analytics.reply_costs with (security_invoker = true) as
select
    r.message_id, r.session_id as session_pk, r.model, r.replied_at, r.input_tokens, r.output_tokens,
    r.cache_write_tokens, r.cache_read_tokens,
    (
        r.input_tokens * p.input_usd_per_million + r.output_tokens * p.output_usd_per_million
        + (r.cache_write_tokens - r.cache_write_1h_tokens) * p.cache_write_usd_per_million
        + r.cache_write_1h_tokens * p.cache_write_1h_usd_per_million
        + r.cache_read_tokens * p.cache_read_usd_per_million
    ) / 1000000 as estimated_cost_usd
from (
    select
        t.message_id, t.session_id, t.model, t.replied_at,
        case when t.input_tokens >= 0 and t.input_tokens < 1000000000000 then t.input_tokens end
            as input_tokens,
        case when t.output_tokens >= 0 and t.output_tokens < 1000000000000 then t.output_tokens end
            as output_tokens,
        case when t.cache_write_tokens >= 0 and t.cache_write_tokens < 1000000000000 then t.cache_write_tokens end
            as cache_write_tokens,
        case when t.cache_write_1h_tokens >= 0 and t.cache_write_1h_tokens < 1000000000000
            then t.cache_write_1h_tokens end as cache_write_1h_tokens,
        case when t.cache_read_tokens >= 0 and t.cache_read_tokens < 1000000000000 then t.cache_read_tokens end
            as cache_read_tokens
    from signalbox.model_replies as t
) as r
left join (
    select
        m.*,
        lead(m.valid_from) over (partition by m.model order by m.valid_from) as next_valid_from,
        least(
            m.input_usd_per_million, m.output_usd_per_million, m.cache_write_usd_per_million,
            m.cache_write_1h_usd_per_million, m.cache_read_usd_per_million
        ) >= 0 and greatest(
            m.input_usd_per_million, m.output_usd_per_million, m.cache_write_usd_per_million,
            m.cache_write_1h_usd_per_million, m.cache_read_usd_per_million
        ) < 1000000000000000 and 1e-15 <= all(array[
            coalesce(nullif(m.input_usd_per_million, 0), 1), coalesce(nullif(m.output_usd_per_million, 0), 1),
            coalesce(nullif(m.cache_write_usd_per_million, 0), 1),
            coalesce(nullif(m.cache_write_1h_usd_per_million, 0), 1),
            coalesce(nullif(m.cache_read_usd_per_million, 0), 1)
        ]) as is_price
    from signalbox.model_prices as m
) as p on p.is_price and p.model = r.model and (
    p.valid_from <= (r.replied_at at time zone 'UTC')::date
    and (p.next_valid_from is null or p.next_valid_from > (r.replied_at at time zone 'UTC')::date)
    or r.replied_at is null and p.next_valid_from is null
);

create or replace view analytics.session_costs with (security_invoker = true) as
select
    s.session_pk,
    s.started_at,
    s.project_name,
    coalesce(s.recorded_cost_usd, e.estimated_cost_usd) as cost_usd,
    case
        when s.recorded_cost_usd is not null then 'recorded'
        when e.estimated_cost_usd is not null and e.unpriced_replies > 0 then 'partial estimate'
        when e.estimated_cost_usd is not null then 'estimate'
        when e.replies > 0 or jsonb_typeof(s.metadata -> 'cost' -> 'total_cost_usd') <> 'null' then 'not priced'
        else 'none recorded'
    end as cost_basis,
    coalesce(e.tokens, 0) as tokens
from analytics.stg_chronicle__sessions as s
-- Per session, so that a page of 25 sessions reads the replies of 25.
left join lateral (
    select
        count(*) as replies, sum(r.estimated_cost_usd) as estimated_cost_usd,
        count(*) filter (where r.estimated_cost_usd is null and r.model <> '<synthetic>') as unpriced_replies,
        sum(
            coalesce(r.input_tokens, 0) + coalesce(r.output_tokens, 0) + coalesce(r.cache_write_tokens, 0)
            + coalesce(r.cache_read_tokens, 0)
        ) as tokens
    from analytics.reply_costs as r
    where r.session_pk = s.session_pk
) as e on true;

-- What changed of sessions and of windows, read as the views read the tables.
create or replace function analytics.session_changes() returns table (
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
            when e.replies > 0 or jsonb_typeof(i.recorded_cost) <> 'null' then 'not priced'
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
    cross join lateral (
        select case when jsonb_typeof(i.recorded_cost) = 'number'
            and (i.recorded_cost = '0' or i.recorded_cost >= '1e-15' and i.recorded_cost < '1e15')
            then (i.recorded_cost #>> '{}')::numeric end as cost_usd
    ) as r
    cross join lateral (
        select
            count(*) as replies, sum(c.estimated_cost_usd) as cost_usd,
            count(*) filter (where c.estimated_cost_usd is null and c.model <> '<synthetic>') as unpriced_replies
        from analytics.reply_costs as c
        where c.session_pk = i.session_pk and i.is_priced
    ) as e
$$;

create or replace function analytics.agent_window_changes() returns table (
    slot integer, sign integer, agent text, source text, actions_total bigint, rated_actions bigint, automated numeric,
    is_countless boolean, human_escalations bigint, counted_escalations bigint, decisions bigint, confidence_sum numeric,
    is_confidence_countless boolean, cost_usd numeric
) language sql stable rows 100
set search_path = ''
as $$
    select
        l.slot, sign(l.counted)::integer, m.agent, m.source, r.actions_total,
        case when a.automated is not null then r.actions_total end,
        a.automated,
        a.automated is null and (r.automation_rate is not null or o.actions_automated is not null),
        r.human_escalations,
        case when r.actions_total is not null then r.human_escalations end,
        case when r.avg_confidence is not null then r.confidence_count end,
        r.avg_confidence::numeric * r.confidence_count,
        r.avg_confidence is not null and r.confidence_count is null,
        case when m.cost_usd = 0 or m.cost_usd >= 1e-15 and m.cost_usd < 1e15 then m.cost_usd end
    from signalbox.change_log as l
    cross join lateral unnest(l.windows) as m
    cross join lateral (
        select
            case when m.actions_total >= 0 and m.actions_total < 1000000000000 then m.actions_total end
                as actions_total,
            case when m.human_escalations >= 0 and m.human_escalations < 1000000000000 then m.human_escalations end
                as human_escalations,
            case when m.confidence_count >= 0 and m.confidence_count < 1000000000000 then m.confidence_count end
                as confidence_count,
            case when m.avg_confidence between 0 and 1 then m.avg_confidence end as avg_confidence,
            case when m.automation_rate between 0 and 1 then m.automation_rate end as automation_rate
    ) as r
    cross join lateral (
        select case when m.actions_automated >= 0 and m.actions_automated <= coalesce(r.actions_total, 999999999999)
            then m.actions_automated end as actions_automated
    ) as o
    cross join lateral (
        select case
            when r.actions_total is null then null
            when o.actions_automated is not null then o.actions_automated::numeric
            else r.automation_rate::numeric * r.actions_total
        end as automated
    ) as a
    where l.source = 17 and l.counted <> 0
$$;

create or replace function signalbox.roll_engine_events(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.engine_event_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as (
        select floor(date_part('epoch', date_bin('15 minutes', e.occurred_at, '4714-11-24 00:00+00 BC')) / 900)::integer as slot,
            e.event_type, e.aggregate_type, e.emitted_by,
            case when e.confidence between 0 and 1 then e.confidence end as confidence, e.occurred_at
        from analytics.stg_engine__events as e
        where e.occurred_at >= analytics.slot_start(lo) and e.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, e.event_type, e.aggregate_type, e.emitted_by,
            case when e.confidence between 0 and 1 then e.confidence end, e.occurred_at
        from analytics.stg_engine__events as e
        where lo = -2147483648
        and (e.occurred_at is null or e.occurred_at = '-infinity' or e.occurred_at >= '60000-01-01 00:00+00')
    )
    insert into analytics.engine_event_rollup
    select
        1, f.slot, f.event_type, f.aggregate_type, f.emitted_by,
        count(*), count(f.confidence), coalesce(sum(f.confidence::numeric), 0), max(f.occurred_at)
    from facts as f
    group by f.slot, f.event_type, f.aggregate_type, f.emitted_by
$$;

-- What was summed is summed anew.
update signalbox.rollup_state set built_from = 2147483647
where subject in ('sessions', 'agent_windows', 'sop_runs', 'lift_sessions', 'lift_drafts');
update signalbox.rollup_state set built_from = 2147483647
where subject = 'engine_events'
and exists (select from signalbox.adopted_tables as a where a.system = 'engine' and a.table_name = 'events');
