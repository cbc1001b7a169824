-- name: find_people
-- The accounts under an address, whatever its case, or under a user id.
select u.id as user_id, coalesce(u.email, u.id::text) as email, coalesce(m.role, 'member') as role
from auth.users as u
left join signalbox.members as m on m.user_id = u.id
where
    (lower(u.email) = lower(%(address)s) or u.id::text = lower(%(address)s))
    and to_jsonb(u) ->> 'deleted_at' is null
order by u.id;

-- name: list_people
-- People with an account whose address contains some words, with their roles; how many there are stands in each row.
select
    u.id as user_id, coalesce(u.email, u.id::text) as email, coalesce(m.role, 'member') as role,
    count(*) over () as total
from auth.users as u
left join signalbox.members as m on m.user_id = u.id
where
    strpos(lower(coalesce(u.email, u.id::text)), lower(%(search)s)) > 0
    and to_jsonb(u) ->> 'deleted_at' is null
order by email, u.id
limit %(limit)s;

-- name: grant_role
-- Gives a person a role.
insert into signalbox.members (user_id, role, granted_by)
values (%(user_id)s, %(role)s, %(granted_by)s)
on conflict (user_id) do update
    set role = excluded.role, granted_by = excluded.granted_by, granted_at = now()
    where members.role <> excluded.role;

-- name: count_admins
-- How many admins there are beside one person, taking a lock so that two of them cannot step down at once.
select count(*)
from (select user_id from signalbox.members where role = 'admin' for update) as admins
where user_id <> %(user_id)s;
