-- Imports counted what agents did by days in UTC, which belong to no day of another zone. They count by quarters of an
-- hour now: the days that stand as one row each are noted here, and the next import counts them anew.
set lock_timeout = '4s';
set statement_timeout = '60s';

update signalbox.import_files as f
set counts = f.counts
    || jsonb_build_object('days_to_count', coalesce(f.counts -> 'days_to_count', '[]'::jsonb) || d.days)
from (
    select jsonb_agg(distinct m.window_start::date) as days
    from analytics.stg_engine__agent_metrics as m
    where m.source = 'agent-logs' and m.window_end - m.window_start > interval '15 minutes'
) as d
where f.id = (select min(o.id) from signalbox.import_files as o) and d.days is not null;
