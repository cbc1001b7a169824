-- Who is behind an id: managers and admins read everybody's address, others their own.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- Security definer: the table of accounts belongs to Supabase Auth, and nobody but its owner reads it.
create function signalbox.addresses() returns table (user_id uuid, email text)
language sql stable security definer
set search_path = ''
as $$
    select u.id, u.email::text from auth.users as u
    where (select signalbox.sees_all()) or u.id = (select auth.uid())
$$;
comment on function signalbox.addresses() is 'The accounts that the viewer may know of, with their addresses.';
revoke execute on function signalbox.addresses() from public;
grant execute on function signalbox.addresses() to authenticated, service_role;
