"""Databases of the embedded server: made once however many ask, and given what a Supabase project has."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
from psycopg import conninfo, errors, sql

from data import embedded
from data.embedded.errors import BootstrapNotAllowed, DatabaseNameRefused, SupabaseIsThere
from data.errors import DatabaseUnavailable, WrongSetting
from tests.embedded_holders import do, value

AUTH_FUNCTIONS = "select auth.uid()::text, auth.role(), auth.email(), auth.jwt() ->> 'aal'"


def claims(url: str, **settings: str) -> tuple[str | None, ...]:
    """What the functions say in a transaction with these settings."""
    with psycopg.connect(url) as connection:
        for name, text in settings.items():
            connection.execute("select set_config(%s, %s, true)", [name.replace("__", "."), text])
        row = connection.execute(AUTH_FUNCTIONS).fetchone()
        assert row is not None
        return row


def test_many_who_ask_at_once_make_one(server: embedded.Lease) -> None:
    names = [f"made_{uuid4().hex[:8]}" for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(server.ensure_database, names * 4))
    for name in names:
        assert value(server.url(name), "select to_regprocedure('auth.uid()') is not null")
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(server.drop_database, names * 4))
    assert not value(server.url("postgres"), "select count(*) from pg_database where datname like 'made_%%'")


def test_names_that_need_quoting_work_everywhere(server: embedded.Lease) -> None:
    name = "we\"ird %20/ñ?'&"
    server.ensure_database(name)
    try:
        assert value(server.url(name), "select current_database()") == name
        assert conninfo.conninfo_to_dict(server.url(name))["dbname"] == name
    finally:
        server.drop_database(name)


@pytest.mark.parametrize("name", ["", "postgres", "template1", "ä" * 32, "a\0b"])
def test_names_that_cannot_be_used_are_refused(server: embedded.Lease, name: str) -> None:
    with pytest.raises(DatabaseNameRefused):
        server.ensure_database(name)
    with pytest.raises(DatabaseNameRefused):
        server.drop_database(name)


def test_dropping_ends_whoever_is_connected(server: embedded.Lease) -> None:
    name = f"dropped_{uuid4().hex[:8]}"
    server.ensure_database(name)
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        server.drop_database(name)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    server.drop_database(name)


def test_nothing_that_is_printed_tells_the_password(server: embedded.Lease) -> None:
    password = conninfo.conninfo_to_dict(server.url())["password"]
    assert isinstance(password, str)
    place = server.data_directory.parent
    told = [repr(server), str(server), repr(embedded.inspect(place.parent))]
    told += [path.read_text(encoding="utf-8") for path in place.iterdir() if path.is_file() and path.name != "password"]
    assert not [text for text in told if password in text]


def test_claims_are_read_as_in_a_project(database_url: str) -> None:
    someone, other = str(uuid4()), str(uuid4())
    whole = json.dumps({"sub": someone, "role": "authenticated", "email": "a@example.com", "aal": "aal1"})
    assert claims(database_url) == (None, None, None, None)
    assert claims(database_url, request__jwt__claims="") == (None, None, None, None)
    told = (someone, "authenticated", "a@example.com", "aal1")
    assert claims(database_url, request__jwt__claims=whole) == told
    # One claim under its own name wins, as in a project.
    by_name = claims(database_url, **{"request__jwt__claims": whole, "request.jwt.claim.sub": other})
    assert by_name == (other, *told[1:])
    by_name = claims(database_url, request__jwt__claims=whole, request__jwt__claim=json.dumps({"aal": "aal2"}))
    assert by_name == (*told[:3], "aal2")
    with pytest.raises(errors.InvalidTextRepresentation):
        claims(database_url, request__jwt__claims=json.dumps({"sub": "nobody"}))


def test_a_claim_of_one_transaction_is_gone_in_the_next(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        with connection.transaction():
            for name in ("claims", "claim", "claim.sub", "claim.role", "claim.email"):
                connection.execute("select set_config(%s, '{}', true)", [f"request.jwt.{name}"])
        assert connection.execute(AUTH_FUNCTIONS).fetchone() == (None, None, None, None)


def test_roles_are_those_of_a_project(database_url: str) -> None:
    query = """
        select jsonb_object_agg(rolname, array[rolcanlogin, rolinherit, rolbypassrls, rolsuper])
        from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'authenticator')
    """
    assert value(database_url, query) == {
        "anon": [False, True, False, False],
        "authenticated": [False, True, False, False],
        "service_role": [False, True, True, False],
        "authenticator": [True, False, False, False],
    }
    members = "select bool_and(pg_has_role('authenticator', name, 'member')) from unnest(%s::text[]) as name"
    assert value(database_url, members, ["anon", "authenticated", "service_role"])


def test_a_reader_may_ask_who_they_are_but_not_who_there_is(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("set local role authenticated")
        assert connection.execute(AUTH_FUNCTIONS).fetchone() == (None, None, None, None)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select from auth.users")


def test_what_a_project_has_besides_is_there(database_url: str) -> None:
    assert value(database_url, "select count(*) from pg_publication where pubname = 'supabase_realtime'") == 1
    lies_in = "select extnamespace::regnamespace::text from pg_extension where extname = 'pg_stat_statements'"
    assert value(database_url, lies_in) == "extensions"


def test_bootstrap_may_be_repeated_and_keeps_what_is_there(server: embedded.Lease, database_url: str) -> None:
    do(database_url, "insert into auth.users (id, email) values (gen_random_uuid(), 'kept@example.com')")
    do(database_url, "alter role anon set statement_timeout = '5s'")
    embedded.bootstrap(database_url)
    server.ensure_database(value(database_url, "select current_database()"))
    assert value(database_url, "select count(*) from auth.users where email = 'kept@example.com'") == 1
    assert "statement_timeout=5s" in value(database_url, "select rolconfig from pg_roles where rolname = 'anon'")
    do(database_url, "alter role anon set statement_timeout = '3s'")


def test_bootstrap_of_a_plain_database_and_two_at_once(server: embedded.Lease) -> None:
    names = [f"plain_{uuid4().hex[:8]}" for _ in range(2)]
    for name in names:
        do(server.url("postgres"), f"create database {name}")
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(embedded.bootstrap, [server.url(name) for name in names] * 2))
        for name in names:
            assert claims(server.url(name)) == (None, None, None, None)
    finally:
        for name in names:
            server.drop_database(name)


def test_bootstrap_refuses_where_supabase_is(server: embedded.Lease) -> None:
    name = f"hosted_{uuid4().hex[:8]}"
    do(server.url("postgres"), f"create database {name}")
    do(server.url("postgres"), "create role supabase_auth_admin")
    try:
        with pytest.raises(SupabaseIsThere):
            embedded.bootstrap(server.url(name))
        assert value(server.url(name), "select to_regnamespace('auth') is null")
    finally:
        do(server.url("postgres"), "drop role supabase_auth_admin")
        server.drop_database(name)


def test_bootstrap_says_when_the_role_is_too_weak(server: embedded.Lease) -> None:
    name, secret = f"weak_{uuid4().hex[:8]}", uuid4().hex
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} login password {}").format(sql.Identifier(name), sql.Literal(secret))
        )
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    try:
        url = conninfo.make_conninfo(server.url(name), user=name, password=secret)
        with pytest.raises(BootstrapNotAllowed) as caught:
            embedded.bootstrap(url)
        assert secret not in str(caught.value)
    finally:
        server.drop_database(name)
        do(server.url("postgres"), f"drop role {name}")


def test_bootstrap_tells_no_secret_of_a_url_it_cannot_use() -> None:
    for url, kind in (
        ("postgresql//postgres:secret-1@host/x", WrongSetting),
        ("postgresql://postgres:secret@secret-1@127.0.0.1:1/x", DatabaseUnavailable),
    ):
        with pytest.raises(kind) as caught:
            embedded.bootstrap(url)
        assert "secret-1" not in str(caught.value)
        assert caught.value.__cause__ is None
