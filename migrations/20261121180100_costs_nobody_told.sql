-- What events tell of a run is folded anew where it was stored as less or more than they say: a cost of nothing where no
-- step told one is unknown, and a time was rounded to a third of a second. Tables that were elsewhere before may have
-- other types; replaying brings theirs up to date.
set lock_timeout = '4s';
set statement_timeout = '60s';

do $$
begin
    if exists (select from signalbox.adopted_tables as a where a.system = 'engine') then
        return;
    end if;
    update engine.sop_executions as x
    set estimated_cost = case
            when x.estimated_cost <> 0 or exists (
                select from engine.events as e
                where e.aggregate_type = 'SopExecution' and e.aggregate_id = x.id::text and e.payload ? 'cost_usd'
            ) then x.estimated_cost
        end,
        cycle_time_hours = case
            when x.started_at > '-infinity' and x.completed_at < '60000-01-01 00:00+00'
            and x.cycle_time_hours = round(extract(epoch from x.completed_at - x.started_at) / 3600, 4)::float8
                then round(extract(epoch from x.completed_at - x.started_at) / 3600, 10)::float8
            else x.cycle_time_hours
        end
    where exists (
        select from engine.events as e
        where e.aggregate_type = 'SopExecution' and e.aggregate_id = x.id::text and e.event_type = 'SOP_EXECUTION_STARTED'
    );
end
$$;
