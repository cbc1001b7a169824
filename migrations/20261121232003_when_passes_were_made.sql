-- When the last pass was made, whether it found anything to store or not: where changes wait and none is made, nothing
-- sums up, and that is to be said before many of them wait.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.rollup_state add column passed_at timestamptz;
comment on column signalbox.rollup_state.passed_at is
'When the last pass over all rollups was made, to 20 seconds.';

create or replace function signalbox.refresh_rollups(
    most_slots integer default 500, out refreshed_slots integer, out is_unfinished boolean
) language plpgsql
set search_path = ''
as $$
declare
    next_subject text;
    source smallint;
    refreshed integer;
    is_building boolean;
    reason text;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('signalbox.refresh_rollups', 20261120)) then
        return;
    end if;
    begin
        lock table signalbox.rollup_state in share row exclusive mode nowait;
    exception when lock_not_available then
        return;
    end;
    refreshed_slots := 0;
    is_unfinished := false;
    for source in
        select distinct l.source from signalbox.change_log as l
        where not exists (select from signalbox.rollup_state as s where s.source = l.source)
    loop
        perform signalbox.take_marks(source);
    end loop;
    for next_subject in select s.subject from signalbox.rollup_state as s order by s.subject loop
        begin
            refreshed := signalbox.refresh_rollup(next_subject, most_slots);
            is_building := signalbox.build_rollup(next_subject);
            reason := null;
        exception
            -- Two at once: the whole pass begins anew.
            when serialization_failure or deadlock_detected then raise;
            when others then
                refreshed := 0;
                is_building := false;
                reason := left(sqlstate || ' ' || sqlerrm, 1000);
        end;
        refreshed_slots := refreshed_slots + refreshed;
        is_unfinished := is_unfinished or is_building;
        update signalbox.rollup_state as s
        set failure = reason, failed_at = case when reason is not null then coalesce(s.failed_at, clock_timestamp()) end
        where s.subject = next_subject and s.failure is distinct from reason;
    end loop;
    -- Not with every pass: most find nothing to do.
    update signalbox.rollup_state as s set passed_at = clock_timestamp()
    where s.passed_at is null or s.passed_at < clock_timestamp() - interval '20 s';
end
$$;
