-- name: find_owners
-- The accounts with this address, whatever its case, or with this id; deleted ones are nobody's any more.
select u.id from auth.users as u
where
    (lower(u.email) = lower(%(address)s) or u.id::text = lower(%(address)s))
    and to_jsonb(u) ->> 'deleted_at' is null
order by u.id;
