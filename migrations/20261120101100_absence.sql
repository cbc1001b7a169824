-- Why a page is empty: asked as the viewer and as the owner of the database, the two answers tell hidden rows from none.
set lock_timeout = '4s';
set statement_timeout = '60s';

create function signalbox.has_rows(table_name text) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
    found boolean;
begin
    if to_regclass(table_name) is null then
        return null;
    end if;
    execute format('select exists (select from %s)', to_regclass(table_name)) into found;
    return found;
end
$$;
comment on function signalbox.has_rows(text) is
'Whether the caller sees any row of a table or view, null where there is none of that name.';
revoke execute on function signalbox.has_rows(text) from public;
grant execute on function signalbox.has_rows(text) to authenticated, service_role;
