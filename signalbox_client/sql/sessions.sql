-- name: create
-- Adds a session, or says nothing where one with this id is there.
insert into lift.sessions (id, user_id, prompt, status, current_ir, metadata)
values (%(id)s, %(user_id)s, %(prompt)s, %(status)s, %(current_ir)s::jsonb, %(metadata)s::jsonb)
on conflict (id) do nothing
returning *;

-- name: find
-- One session.
select * from lift.sessions where id = %(session_id)s;

-- name: update
-- Changes what is named in `names` of a session that is as it was when it was read, or whatever it is where no time is
-- given.
update lift.sessions
set prompt = case when 'prompt' = any(%(names)s::text[]) then %(prompt)s::text else prompt end,
    status = case when 'status' = any(%(names)s::text[]) then %(status)s::text else status end,
    current_ir = case when 'current_ir' = any(%(names)s::text[]) then %(current_ir)s::jsonb else current_ir end,
    metadata = case when 'metadata' = any(%(names)s::text[]) then %(metadata)s::jsonb else metadata end
where id = %(session_id)s and (%(read_at)s::timestamptz is null or updated_at = %(read_at)s)
returning *;

-- name: delete
-- Removes a session and all that belongs to it.
delete from lift.sessions where id = %(session_id)s;

-- name: list
-- A person's sessions, the newest first, from where the page before ended.
select *
from lift.sessions
where
    user_id = %(user_id)s
    and (%(status)s::text is null or status = %(status)s)
    and (
        %(before_at)s::timestamptz is null
        or (created_at, id) < (%(before_at)s::timestamptz, %(before_id)s::uuid)
    )
order by created_at desc, id desc
limit %(limit)s;

-- name: lock
-- Whose session it is; until the transaction ends nobody else numbers its revisions and drafts.
select user_id from lift.sessions where id = %(session_id)s for no key update;

-- name: save_revision
-- Adds a revision under the next number or the one given; says nothing where its id is taken.
insert into lift.session_revisions as r (
    id, session_id, user_id, revision_number, ir_content, change_summary, changed_by, changes, metadata
)
select
    %(id)s, %(session_id)s, %(user_id)s,
    coalesce(%(revision_number)s::integer, (
        select coalesce(max(o.revision_number), 0) + 1
        from lift.session_revisions as o
        where o.session_id = %(session_id)s
    )),
    %(ir_content)s::jsonb, %(change_summary)s::text, %(changed_by)s::text, %(changes)s::jsonb, %(metadata)s::jsonb
on conflict do nothing
returning r.revision_number as number;

-- name: find_revision
-- The number of a revision that was saved before, with this very IR.
select revision_number as number
from lift.session_revisions
where id = %(id)s and session_id = %(session_id)s and ir_content::jsonb = %(ir_content)s::jsonb;

-- name: save_draft
-- Adds a draft under the next number or the one given; says nothing where its id is taken.
insert into lift.session_drafts as d (
    id, session_id, user_id, draft_number, code, syntax_valid, ast_valid, llm_metrics, metadata
)
select
    %(id)s, %(session_id)s, %(user_id)s,
    coalesce(%(draft_number)s::integer, (
        select coalesce(max(o.draft_number), 0) + 1
        from lift.session_drafts as o
        where o.session_id = %(session_id)s
    )),
    %(code)s::text, %(syntax_valid)s::boolean, %(ast_valid)s::boolean, %(llm_metrics)s::jsonb, %(metadata)s::jsonb
on conflict do nothing
returning d.draft_number as number;

-- name: find_draft
-- The number of a draft that was saved before, with this very code.
select draft_number as number
from lift.session_drafts
where id = %(id)s and session_id = %(session_id)s and code = %(code)s::text;

-- name: save_resolution
-- Adds what a hole was filled with; says nothing where its id is taken.
insert into lift.hole_resolutions as h (
    id, session_id, user_id, hole_id, hole_type, resolution, resolution_method, confidence
)
values (
    %(id)s, %(session_id)s, %(user_id)s, %(hole_id)s, %(hole_type)s, %(resolution)s::jsonb, %(resolution_method)s,
    %(confidence)s
)
on conflict (id) do nothing
returning h.id;

-- name: find_resolution
-- A resolution that was saved before, of this hole and with this very value.
select id
from lift.hole_resolutions
where id = %(id)s and session_id = %(session_id)s and hole_id = %(hole_id)s::text
and resolution::jsonb = %(resolution)s::jsonb;
