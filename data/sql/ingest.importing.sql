-- name: find_owner
-- The account with this address.
select u.id from auth.users as u
where lower(u.email) = lower(%(address)s)
order by u.id
limit 1;
