"""The console's migrations on what a hosted project gives: an owner who is no superuser, on each server at hand."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from data import adoption, embedded, migration
from tests import adoption_documents as documents
from tests.migration_scratch import connected, empty_database, rows, value
from tests.servers import any_server, give_publication, look_alike_owner

MIGRATIONS = Path(__file__).parent.parent / "migrations"
__all__ = ["any_server"]


def test_owner_without_superuser_can_apply_and_verify(any_server: embedded.Lease) -> None:
    with empty_database(any_server) as url, look_alike_owner(url) as owner_url:
        assert value(owner_url, "select rolsuper from pg_roles where rolname = current_user") is False
        give_publication(url, owner_url)
        done = migration.up(owner_url, MIGRATIONS, print)
        assert [each.outcome for each in done] == ["applied"] * len(list(MIGRATIONS.glob("2*.sql")))
        assert migration.verify(owner_url, MIGRATIONS).holds
        owners = rows(url, "select distinct tableowner from pg_tables where schemaname in ('chronicle', 'signalbox')")
        assert [row["tableowner"] for row in owners] == [conninfo_to_dict(owner_url)["user"]]


def test_what_the_owner_of_the_publication_has_to_add_is_missing_until_then(server: embedded.Lease) -> None:
    """Where Realtime is another role's, the migrations go through without it, and verifying says what is left to do."""
    with empty_database(server) as url, look_alike_owner(url) as owner_url:
        migration.up(owner_url, MIGRATIONS, print)
        found = migration.verify(owner_url, MIGRATIONS)
        assert found.comparison.holds
        assert not found.holds
        left = sorted(f"{each.schema}.{named.name}" for each in found.systems for named in each.missing)
        assert left == [
            "agents.jobs", "chronicle.events", "engine.events", "engine.human_approvals", "engine.sop_executions"
        ]  # fmt: skip
        with connected(url) as connection:
            connection.execute(f"alter publication supabase_realtime add table {', '.join(left)}".encode())
        assert migration.verify(owner_url, MIGRATIONS).holds


def test_owner_without_superuser_adopts_moves_and_gives_back(server: embedded.Lease) -> None:
    with empty_database(server) as url, look_alike_owner(url) as owner_url:
        give_publication(url, owner_url)
        migration.up(owner_url, MIGRATIONS, print)
        with connected(owner_url) as owner:
            for schema in ("one", "two"):
                owner.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
                owner.execute(documents.tables_in(schema, documents.AGENTS))
        adoption.adopt(owner_url, "agents", "one", managers_read=True)
        assert migration.verify(owner_url, MIGRATIONS).holds
        adoption.release(owner_url, "agents")
        assert adoption.adopt(owner_url, "agents", "two", move=True, dry_run=True).obstacles == ()
        adoption.adopt(owner_url, "agents", "two", move=True)
        assert adoption.point_again(owner_url) == []
        assert [each.wrong for each in adoption.examine(owner_url)] == [()]
        assert migration.verify(owner_url, MIGRATIONS).holds


def test_owner_without_superuser_may_take_on_the_reader(any_server: embedded.Lease) -> None:
    with empty_database(any_server) as url, look_alike_owner(url) as owner_url:
        migration.up(owner_url, MIGRATIONS, print)
        with connected(owner_url) as connection, connection.transaction():
            connection.execute("set local role authenticated")
            connection.execute("""set local request.jwt.claims = '{"sub": "00000000-0000-0000-0000-000000000001"}'""")
            assert connection.execute("select * from chronicle.sessions").fetchall() == []


def test_owner_look_alike_is_refused_what_a_hosted_project_refuses(server: embedded.Lease) -> None:
    """Else the tests above would prove nothing."""
    with empty_database(server) as url, look_alike_owner(url) as owner_url, connected(owner_url) as connection:
        for refused in (
            "create or replace function auth.uid() returns uuid language sql as 'select null::uuid'",
            "create table auth.mine ()",
            "alter system set work_mem = '4MB'",
            "create event trigger e on ddl_command_end execute function auth.uid()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused.encode())


def test_database_without_what_supabase_brings_is_refused_in_words(any_server: embedded.Lease) -> None:
    name = f"bare_{uuid4().hex[:8]}"
    with connected(any_server.url("postgres")) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    try:
        with pytest.raises(migration.MigrationError, match=r"auth(.|\n)*python -m data db bootstrap"):
            migration.up(any_server.url(name), MIGRATIONS, print)
        assert value(any_server.url(name), "select to_regnamespace('signalbox')") is None
    finally:
        any_server.drop_database(name)


def test_older_servers_are_the_versions_they_claim(any_server: embedded.Lease) -> None:
    said = subprocess.run([any_server.binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
    major = re.search(r"(\d+)\.", said.stdout)
    assert major is not None
    assert value(any_server.url("postgres"), "select current_setting('server_version_num')::int / 10000") == int(
        major[1]
    )
