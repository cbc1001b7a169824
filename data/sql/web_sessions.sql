-- name: start
-- Records a browser that has just signed in, under the hash of its cookie.
insert into signalbox.web_sessions (token_hash, user_id, dataset, signed_in_with, expires_at, client)
values (
    %(token_hash)s, %(user_id)s, %(dataset)s, %(signed_in_with)s,
    now() + make_interval(secs => %(lifetime_s)s), %(client)s
);

-- name: find_people
-- The people behind signed-in browsers; a session that ended or lapsed and a closed account give no row. A borrowed
-- sight goes with the role of admin, and with time; whose it is stands in the database that is shown.
select
    s.token_hash,
    s.user_id,
    coalesce(u.email, s.user_id::text) as email,
    coalesce(m.role, 'member') as role,
    s.dataset,
    nullif(account -> 'raw_app_meta_data' ->> 'client_id', '') as client_id,
    s.last_seen_at < now() - interval '1 minute' as was_seen_long_ago,
    case
        when m.role = 'admin' and s.seen_as_since > now() - make_interval(secs => %(seen_as_s)s) then s.seen_as
    end as seen_id,
    s.seen_as_since + make_interval(secs => %(seen_as_s)s) as seen_until
from signalbox.web_sessions as s
join auth.users as u on u.id = s.user_id
left join signalbox.members as m on m.user_id = s.user_id
-- Read through jsonb, because an auth schema older than these columns is no reason to lock everybody out.
cross join lateral to_jsonb(u) as account
where
    s.token_hash = any(%(token_hashes)s)
    and s.ended_at is null
    and s.expires_at > now()
    and s.last_seen_at > now() - make_interval(secs => %(idle_s)s)
    and account ->> 'deleted_at' is null
    and coalesce((account ->> 'banned_until')::timestamptz <= now(), true);

-- name: mark_seen
-- Notes that the pages of these browsers are in use.
update signalbox.web_sessions
set last_seen_at = now()
where token_hash = any(%(token_hashes)s) and ended_at is null;

-- name: end_one
-- Ends the session of one browser.
update signalbox.web_sessions
set ended_at = now(), end_reason = %(reason)s
where token_hash = %(token_hash)s and ended_at is null
returning user_id;

-- name: end_all_of
-- Ends every session of a person.
update signalbox.web_sessions
set ended_at = now(), end_reason = %(reason)s
where user_id = %(user_id)s and ended_at is null;

-- name: show
-- Turns the pages of one browser to the real or to the demo database.
update signalbox.web_sessions
set dataset = %(dataset)s
where token_hash = %(token_hash)s and ended_at is null and dataset <> %(dataset)s;

-- name: see_as
-- Lends the sight of a person to one browser that is not their own.
update signalbox.web_sessions
set seen_as = %(user_id)s, seen_as_since = now()
where token_hash = %(token_hash)s and ended_at is null and user_id <> %(user_id)s;

-- name: find_seen
-- Those of these people who have an account, with what they may see; closed accounts give no row.
select
    u.id as user_id,
    coalesce(u.email, u.id::text) as email,
    coalesce(m.role, 'member') as role,
    nullif(to_jsonb(u) -> 'raw_app_meta_data' ->> 'client_id', '') as client_id
from auth.users as u
left join signalbox.members as m on m.user_id = u.id
where u.id = any(%(user_ids)s::uuid[]) and to_jsonb(u) ->> 'deleted_at' is null;

-- name: see_as_oneself
-- Takes a lent sight back from one browser.
update signalbox.web_sessions
set seen_as = null, seen_as_since = null
where token_hash = %(token_hash)s and seen_as is not null;

-- name: leave_demo
-- Turns every browser that shows the demo to the real database.
update signalbox.web_sessions
set dataset = 'real'
where dataset = 'demo';

-- name: forget_old
-- Removes sessions that have been over for a month.
delete from signalbox.web_sessions
where least(coalesce(ended_at, 'infinity'), expires_at) < now() - interval '30 days';

-- name: count_live
-- How many browsers are signed in now.
select count(*)
from signalbox.web_sessions
where ended_at is null and expires_at > now() and last_seen_at > now() - make_interval(secs => %(idle_s)s);
