"""Rows over the HTTP interface of a Supabase project: supabase-py's requests, with the errors of this package.

Needs supabase-py, which the extra `supabase` brings. One request is one transaction there, so whatever takes several
is written such that each of them may be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from signalbox_client.errors import (
    BadArgument,
    DatabaseUnavailable,
    NotAllowed,
    RefusedByDatabase,
    SignalboxError,
    TookTooLong,
    UnfitTable,
)
from signalbox_client.translating import OF_OTHER_TABLES, OF_OTHER_WORDS, not_as_ours, of_nothing

try:
    import httpx
    from postgrest import APIError

    from supabase import Client as Client  # noqa: PLC0414 - the clients over HTTP take it from here
except ImportError as error:  # pragma: no cover - the message is the point
    raise ImportError("This part needs supabase-py: install signalbox-client with its extra, [supabase].") from error

_UNIQUE_VIOLATION = "23505"
_FOREIGN_KEY_VIOLATION = "23503"
_OF_OTHER_TABLES = {error.sqlstate for error in (*OF_OTHER_TABLES, *OF_OTHER_WORDS)}


class SchemaNotExposed(SignalboxError):
    """The project does not offer this schema over HTTP. Add it in the project's API settings (exposed schemas)."""


class Taken(RefusedByDatabase):
    """There is a row under this id or number already; nothing was written."""


class Request(Protocol):
    """A request that supabase-py has put together."""

    def execute(self) -> Any: ...


class Schema:
    """The tables of one schema of a project, through supabase-py's client. JSON columns are asked for as their text,
    `name::text`, since supabase-py does not read all that may be stored; and never of what a request has changed, since
    not every server gives those as text.

    Raises BadArgument where `client` is no client of supabase-py, or an asynchronous one.
    """

    def __init__(self, client: Client, name: str) -> None:
        if not isinstance(client, Client):
            raise BadArgument("client", "must be what supabase.create_client gives.")
        self._client = client
        self._name = name

    def table(self, name: str) -> Any:
        """A table, to put a request together."""
        return self._client.schema(self._name).table(name)

    def insert(self, name: str, row: Mapping[str, Any], wanted: str = "id") -> dict[str, Any]:
        """Add a row; the `wanted` columns of it as it is now. Raises Taken where a key of it is there already."""
        return answer(self.table(name).insert(dict(row)).select(wanted))[0]

    def find(self, name: str, wanted: str, **columns: Any) -> dict[str, Any] | None:
        """The `wanted` columns of the row with these values, None where there is none."""
        rows = answer(self.table(name).select(wanted).match(columns).limit(1))
        return rows[0] if rows else None


def answer(request: Request) -> list[dict[str, Any]]:
    """The rows of an answer.

    Raises BadArgument for the id of nobody, DatabaseUnavailable, NotAllowed, SchemaNotExposed, Taken, TookTooLong,
    UnfitTable, RefusedByDatabase.
    """
    try:
        rows: list[dict[str, Any]] = request.execute().data
    except APIError as error:
        raise _translated(error) from error
    except httpx.HTTPError as error:
        raise DatabaseUnavailable(
            "The project does not answer over HTTP. Check its address, then try again."
        ) from error
    return rows


def _translated(error: APIError) -> SignalboxError:
    code, said = str(error.code or ""), f"The database refused this: {error.message}; nothing of this call was kept."
    if code == "PGRST106":
        return SchemaNotExposed()
    if code == _UNIQUE_VIOLATION:
        return Taken()
    if code == _FOREIGN_KEY_VIOLATION and (bad := of_nothing(str(error.message))):
        return bad
    if code == "57014":
        return TookTooLong()
    if code in {"42501", "401", "403"} or code.startswith("PGRST3") or "API key" in str(error.message):
        return NotAllowed(said)
    if code.startswith(("PGRST00", "08", "53", "57", "50")):
        return DatabaseUnavailable()
    if code in _OF_OTHER_TABLES:
        return UnfitTable(f"{not_as_ours(str(error.message))}. Nothing of this call was kept.")
    return RefusedByDatabase(said)
