-- name: take_on
-- Acts as an authenticated person for the rest of this transaction, and says whom it acted as before.
select
    current_setting('role') as role,
    coalesce(current_setting('request.jwt.claims', true), '') as claims,
    set_config('request.jwt.claims', %(claims)s, true) as claims_now,
    set_config('role', 'authenticated', true) as role_now;

-- name: give_back
-- Goes on as whom it acted before.
select set_config('role', %(role)s, true), set_config('request.jwt.claims', %(claims)s, true);
