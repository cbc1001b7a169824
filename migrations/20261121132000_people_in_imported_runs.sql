-- Epics of imported logs do not say whether a person stepped in, and the column holds no null: read as unknown, where the
-- staging view stands over an adopted table as well.
set lock_timeout = '4s';
set statement_timeout = '60s';

do $$
begin
    execute format(
        $view$
        create or replace view analytics.stg_engine__sop_executions with (security_invoker = true) as
        select
            id as execution_id, sop_id, sop_version, correlation_id, client_id, session_id as session_pk,
            user_id as owner_id, agent_id as agent, status, current_step, steps, actions_total, actions_automated,
            case when metadata @> '{"imported": true, "kind": "epic"}' then null else human_interventions end
                as human_interventions,
            cycle_time_hours, automation_rate, estimated_cost as estimated_cost_usd, error_message, started_at,
            completed_at, coalesce(metadata ->> 'imported' = 'true', false) as is_imported, metadata,
            created_at as recorded_at
        from %s
        $view$,
        case
            when to_regclass('analytics.adopted_engine__sop_executions') is null then 'engine.sop_executions'
            else 'analytics.adopted_engine__sop_executions as sop_executions'
        end
    );
end
$$;
