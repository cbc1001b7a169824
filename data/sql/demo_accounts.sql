-- name: add_account
-- Adds a demo account to the embedded server's own list of users, unless it is there.
insert into auth.users (id, email)
values (%(user_id)s, %(email)s)
on conflict do nothing;

-- name: add_client
-- Has a demo account speak for a client of the engine, unless it speaks for one.
update auth.users
set raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || jsonb_build_object('client_id', %(client_id)s::text)
where id = %(user_id)s::uuid and not coalesce(raw_app_meta_data, '{}') ? 'client_id';

-- name: add_role
-- Gives a demo account its role, unless somebody has given it one.
insert into signalbox.members (user_id, role)
values (%(user_id)s, %(role)s)
on conflict (user_id) do nothing;
