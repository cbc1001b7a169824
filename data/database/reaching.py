"""Opening connections: what stands in the way, by the name of the setting that led there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from data.errors import DatabaseUnavailable, WrongSetting
from data.settings import DatabaseUrl
from signalbox_client.reaching import sentence_of

# The console makes the address of the embedded database itself: nobody can put anything right there.
_OWN = (
    "The embedded database takes no connection: it was ended, or is starting again. Try again in a moment; its log in "
    "SIGNALBOX_HOME (postgres/server.log) says why."
)


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Around the opening of a connection to `url`. Raises DatabaseUnavailable that says why there is none, and
    WrongSetting where the address is none; neither repeats a part of it."""
    try:
        yield
    except psycopg.OperationalError as error:
        # Without a cause: libpq may quote a part of the password as the host.
        raise DatabaseUnavailable(sentence_of(error, url.setting) if isinstance(url, DatabaseUrl) else _OWN) from None
    except psycopg.ProgrammingError as error:
        if error.sqlstate is not None:
            raise
        name = url.setting if isinstance(url, DatabaseUrl) else "The address of the database"
        raise WrongSetting(
            f"{name} is no connection string: it should read postgresql://user:password@host/database."
        ) from None
