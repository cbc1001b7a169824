-- What is no number, below nothing or without end (for a cost, 10^15 dollars) is no cost, rate, confidence or duration:
-- it is read as unknown, like one that nobody told. Before, one such row made every sum over it not a number, or took
-- from it, and a session whose cost was recorded in words closed its page. A cost that was recorded and is none is counted
-- as not priced. The automation rate is what a row's counts say, where it has them; what is stored beside them may
-- disagree.
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
                and metadata -> 'cost' -> 'total_cost_usd' >= '0' and metadata -> 'cost' -> 'total_cost_usd' < '1e15'
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
            id as metric_id, agent_id as agent, user_id as owner_id, source, window_start, window_end, actions_total,
            actions_automated, human_escalations,
            case when avg_confidence between 0 and 1 then avg_confidence end as avg_confidence, confidence_count,
            coalesce(
                actions_automated::float8 / nullif(actions_total, 0),
                case when automation_rate between 0 and 1 then automation_rate end
            ) as automation_rate,
            case when total_cost >= 0 and total_cost < 1000000000000000 then total_cost end as cost_usd, metadata,
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
            user_id as owner_id, agent_id as agent, status, current_step, steps, actions_total, actions_automated,
            case when metadata @> '{"imported": true, "kind": "epic"}' then null else human_interventions end
                as human_interventions,
            -- Durations in hours that no time of this world holds have no end either.
            case when cycle_time_hours >= 0 and cycle_time_hours < 1000000000 then cycle_time_hours end
                as cycle_time_hours,
            coalesce(
                actions_automated::float8 / nullif(actions_total, 0),
                case when automation_rate between 0 and 1 then automation_rate end
            ) as automation_rate,
            case when estimated_cost >= 0 and estimated_cost < 1000000000000000 then estimated_cost end as estimated_cost_usd,
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
            case when jsonb_typeof(llm_metrics -> 'input_tokens') = 'number' and llm_metrics -> 'input_tokens' >= '0'
                then (llm_metrics ->> 'input_tokens')::numeric end as input_tokens,
            case when jsonb_typeof(llm_metrics -> 'output_tokens') = 'number' and llm_metrics -> 'output_tokens' >= '0'
                then (llm_metrics ->> 'output_tokens')::numeric end as output_tokens,
            case when jsonb_typeof(llm_metrics -> 'cost_usd') = 'number'
                and llm_metrics -> 'cost_usd' >= '0' and llm_metrics -> 'cost_usd' < '1e15'
                then (llm_metrics ->> 'cost_usd')::numeric end as cost_usd,
            case when jsonb_typeof(llm_metrics -> 'latency_ms') = 'number'
                then (llm_metrics ->> 'latency_ms')::numeric end as latency_ms,
            llm_metrics, created_at
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_lift__session_drafts') is null then 'lift.session_drafts'
            else 'analytics.adopted_lift__session_drafts as session_drafts'
        end
    );
end
$$;

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
        sum(r.input_tokens + r.output_tokens + r.cache_write_tokens + r.cache_read_tokens) as tokens
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
        select case when jsonb_typeof(i.recorded_cost) = 'number' and i.recorded_cost >= '0' and i.recorded_cost < '1e15'
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
        l.slot, sign(l.counted)::integer, m.agent, m.source, m.actions_total,
        case when a.automated is not null then m.actions_total end,
        a.automated,
        a.automated is null and (r.automation_rate is not null or m.actions_automated is not null),
        m.human_escalations,
        case when m.actions_total is not null then m.human_escalations end,
        case when r.avg_confidence is not null then m.confidence_count end,
        r.avg_confidence::numeric * m.confidence_count,
        r.avg_confidence is not null and m.confidence_count is null,
        case when m.cost_usd >= 0 and m.cost_usd < 1000000000000000 then m.cost_usd end
    from signalbox.change_log as l
    cross join lateral unnest(l.windows) as m
    cross join lateral (
        select
            case when m.avg_confidence between 0 and 1 then m.avg_confidence end as avg_confidence,
            case when m.automation_rate between 0 and 1 then m.automation_rate end as automation_rate
    ) as r
    cross join lateral (
        select case
            when m.actions_total is null then null
            when m.actions_automated is not null then m.actions_automated::numeric
            else r.automation_rate::numeric * m.actions_total
        end as automated
    ) as a
    where l.source = 17 and l.counted <> 0
$$;

-- What was summed is summed anew.
update signalbox.rollup_state set built_from = 2147483647
where subject in ('sessions', 'agent_windows', 'sop_runs', 'lift_sessions', 'lift_drafts');
