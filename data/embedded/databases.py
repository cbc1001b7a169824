"""Databases of a server: made, given what Supabase brings, dropped; several processes may do so at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors, sql

from data.database.reaching import reaching
from data.embedded import probe
from data.embedded.errors import BootstrapNotAllowed, DatabaseNameRefused, DiskFull, SupabaseIsThere
from data.errors import DatabaseUnavailable

_SYSTEM_DATABASES = frozenset({"postgres", "template0", "template1"})
_LONGEST_NAME_BYTES = 63
_LOCK = 7_283_640_021  # of all that is done here; only the number counts
_ROUNDS = 5  # roles belong to the whole server, and two databases of it may be given them at once
_SUPABASE = """
    select exists (select from pg_catalog.pg_roles where rolname in ('supabase_admin', 'supabase_auth_admin'))
"""


def ensure(port: int, password: str, name: str) -> None:
    """Make the database where it is missing, and see that it has the roles and `auth` of a Supabase project.

    Raises DatabaseNameRefused, DiskFull, DatabaseUnavailable.
    """
    _check(name)
    with _one_at_a_time(port, password) as connection:
        known = connection.execute("select from pg_catalog.pg_database where datname = %s", [name]).fetchone()
        if known is None:
            # template0: no session can be in it, which would stand in the way.
            connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        with psycopg.connect(**probe.arguments(port, password, name), autocommit=True) as inside:
            _run_bootstrap(inside)


def drop(port: int, password: str, name: str) -> None:
    """Drop the database if it is there, ending its sessions. Raises as `ensure` does."""
    _check(name)
    with _one_at_a_time(port, password) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def names(port: int, password: str) -> list[str]:
    """The databases that were made here, in order of their names. Raises DatabaseUnavailable."""
    query = """
        select datname from pg_catalog.pg_database where not datistemplate and datname <> 'postgres' order by
        datname
    """
    with _translated(), psycopg.connect(**probe.arguments(port, password), autocommit=True) as connection:
        return [str(row[0]) for row in connection.execute(query)]


def bootstrap(url: str) -> None:
    """Give the plain PostgreSQL at `url` what Supabase brings. May be repeated.

    Raises SupabaseIsThere, BootstrapNotAllowed, WrongSetting, DatabaseUnavailable.
    """
    try:
        with reaching(url):
            connected = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        with connected as connection:
            found = connection.execute(_SUPABASE).fetchone()
            if found is not None and found[0]:
                raise SupabaseIsThere
            _run_bootstrap(connection)
    except errors.InsufficientPrivilege as error:
        raise BootstrapNotAllowed(
            f"The role of this URL may not do all that is needed ({error.diag.message_primary}). "
            "Run `db bootstrap` with the URL of a superuser of that server."
        ) from error
    except psycopg.OperationalError:
        raise DatabaseUnavailable from None


def _run_bootstrap(connection: psycopg.Connection[Any]) -> None:
    script = Path(__file__).with_name("bootstrap.sql").read_bytes()
    for round_number in range(1, _ROUNDS + 1):
        try:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
                connection.execute("set local client_min_messages = warning")
                connection.execute(script)  # bytes: many statements, without parameters
        except (errors.UniqueViolation, errors.DuplicateObject, errors.InternalError_):
            # Another database of the server is being given the same roles: they will be there in a moment.
            if round_number == _ROUNDS:
                raise
        else:
            return


@contextmanager
def _one_at_a_time(port: int, password: str) -> Iterator[psycopg.Connection[Any]]:
    with _translated(), psycopg.connect(**probe.arguments(port, password), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except errors.DiskFull as error:
        raise DiskFull from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error


def _check(name: str) -> None:
    if not name or "\0" in name or len(name.encode()) > _LONGEST_NAME_BYTES or name in _SYSTEM_DATABASES:
        raise DatabaseNameRefused(
            f"A database of the console cannot be named {name[:80]!r}: a name has 1 to "
            f"{_LONGEST_NAME_BYTES} bytes, "
            "and PostgreSQL keeps postgres, template0 and template1 for itself."
        )
