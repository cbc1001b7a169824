-- name: find_sessions
-- The sessions as they are known, held until the file is merged.
select
    s.id, s.session_id, s.project_name, s.git_branch, s.working_directory, s.started_at, s.ended_at, s.status, s.metadata
from chronicle.sessions as s
where s.session_id = any(%(session_ids)s::text[])
for update;

-- name: save_sessions
-- Adds new sessions and rewrites changed ones; says which id each has, which is another's where one was faster.
insert into chronicle.sessions (
    id, session_id, project_name, git_branch, working_directory, started_at, ended_at, status, metadata
)
select t.id, t.session_id, t.project_name, t.git_branch, t.working_directory, t.started_at, t.ended_at, t.status, t.metadata
from jsonb_to_recordset(%(sessions)s::jsonb) as t (
    id uuid, session_id text, project_name text, git_branch text, working_directory text,
    started_at timestamptz, ended_at timestamptz, status text, metadata jsonb
)
on conflict (session_id) do update
set project_name = excluded.project_name,
    git_branch = excluded.git_branch,
    working_directory = excluded.working_directory,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    metadata = excluded.metadata
returning id, session_id;

-- name: move_staged_sessions
-- Points staged records to the session as the database knows it, where it was made by something else under another id.
update staged_records as r
set session_key = m.known
from unnest(%(told)s::uuid[], %(known)s::uuid[]) as m (told, known)
where r.session_key = m.told;

-- name: move_session_starts
-- A file with earlier entries of a known session moves the derived start of that session.
with starts as materialized (
    select s.event_id, s.happened_at, s.data, s.line, s.place, s.part
    from staged_records as s
    where s.event_type = 'session_start' and s.metadata ? 'derived'
),
earlier as materialized (
    select s.event_id, s.happened_at, s.data, s.line, s.place, s.part
    from starts as s
    inner join chronicle.events as e
        on e.id = any(array(select k.event_id from starts as k)) and e.id = s.event_id
    where s.happened_at < e.timestamp or (e.timestamp is null and s.happened_at is not null)
),
moved as (
    update chronicle.events as e
    set timestamp = s.happened_at, data = s.data
    from earlier as s
    where e.id = any(array(select k.event_id from earlier as k)) and e.id = s.event_id
),
moved_detail as (
    update chronicle.lifecycle_events as l
    set created_at = s.happened_at
    from earlier as s
    where l.id = any(array(select k.event_id from earlier as k)) and l.id = s.event_id
)
update signalbox.import_records as r
set file_id = %(file_id)s, line = s.line, place = s.place, part = s.part
from earlier as s
where r.record_key = any(array(select k.event_id from earlier as k)) and r.record_key = s.event_id;

-- name: settle_session_status
-- A session ended in an error when the last stop of a log of it is a failure and no log tells its end.
update chronicle.sessions as s
set status = j.status
from (
    select
        l.session_id,
        case when bool_or(l.lifecycle_type = 'SessionEnd') or not bool_or(l.is_last and l.lifecycle_type = 'StopFailure')
            then 'completed' else 'error' end as status
    from (
        select
            e.session_id,
            e.lifecycle_type,
            row_number() over (
                partition by e.session_id, r.file_id
                order by r.line desc, r.place desc nulls last, r.record_key
            ) = 1 as is_last
        from chronicle.lifecycle_events as e
        cross join lateral (
            select i.file_id, i.line, i.place, i.record_key
            from signalbox.import_records as i
            where i.event_id = e.event_id
            offset 0
        ) as r
        where e.session_id = any(%(sessions)s::uuid[])
            and e.lifecycle_type in ('Stop', 'StopFailure', 'SessionEnd')
    ) as l
    group by l.session_id
) as j
where s.id = any(%(sessions)s::uuid[])
    and s.id = j.session_id
    and s.status in ('completed', 'error')
    and s.status <> j.status;
