-- A subject that cannot be refreshed does not stop the others, and what went wrong is on record.
set lock_timeout = '4s';
set statement_timeout = '60s';

alter table signalbox.rollup_state add column failed_at timestamptz;
alter table signalbox.rollup_state add column failure text;
comment on table signalbox.rollup_state is
'Slots from built_from on are stored in the rollup of the subject, or named in the change log; rows before raw_from were dropped and live in the rollup alone; failure is why the last pass left the subject as it was, since failed_at. One row per subject.';

-- Each subject within a savepoint of its own: what it took out of the log comes back when it fails, so its slots are read
-- live until a pass succeeds. Neither part of a failure is written again while it lasts.
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
end
$$;
