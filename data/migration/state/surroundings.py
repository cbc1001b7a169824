"""What lies in none of our schemas and yet decides over our tables: publications, and the roles of visitors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data.database.queries import find
from data.migration.connection import Connection


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that keeps our tables from doing what they are for, as a sentence without its end, and the statement
    that mends it. People turn tables of Realtime on and off in Supabase's dashboard, so no migration does it."""

    what: str
    mended_by: str


def faults(connection: Connection, schemas: Sequence[str], told: Sequence[str]) -> tuple[Fault, ...]:
    """What is wrong around the tables of `schemas`, of which Realtime is to tell everything of those in `told`."""
    return (*_untold(connection), *_narrowed(connection, told), *_nameless(connection, schemas), *_unfenced(connection))


def _untold(connection: Connection) -> Iterator[Fault]:
    row = connection.execute(find("inventory.find_realtime").text).fetchone()
    if row and row["untold_acts"]:
        yield Fault(
            "Not told by the publication supabase_realtime, so pages learn of it late: "
            f"{', '.join(row['untold_acts'])}",
            "alter publication supabase_realtime set (publish = 'insert, update, delete, truncate')",
        )


def _narrowed(connection: Connection, told: Sequence[str]) -> Iterator[Fault]:
    for row in connection.execute(find("surroundings.list_narrowed").text, {"tables": list(told)}):
        some = [
            f"the columns {row['columns']}" if row["columns"] else None,
            f"the rows where {row['condition']}" if row["condition"] else None,
        ]
        yield Fault(
            f"Told of {row['identity']} by the publication supabase_realtime are {' and '.join(filter(None, some))} "
            "alone, so pages learn late of the rest, or writing it is refused",
            f"alter publication supabase_realtime drop table {row['identity']}; "
            f"alter publication supabase_realtime add table {row['identity']}",
        )


def _nameless(connection: Connection, schemas: Sequence[str]) -> Iterator[Fault]:
    for row in connection.execute(find("surroundings.list_nameless").text, {"schemas": list(schemas)}):
        yield Fault(
            f"Refused is every update and deletion of {row['identity']}: a publication tells of them, and its replica "
            "identity knows no row",
            f"alter table {row['identity']} replica identity {'default' if row['has_key'] else 'full'}",
        )


def _unfenced(connection: Connection) -> Iterator[Fault]:
    for row in connection.execute(find("surroundings.list_unfenced").text):
        how = [word for word, is_so in (("superuser", row["is_superuser"]), ("bypassrls", row["passes_by"])) if is_so]
        yield Fault(
            f"Held by no row security is the role {row['name']} ({', '.join(how)}), so its visitors may see every row",
            f"alter role {row['name']} {' '.join(f'no{word}' for word in how)}",
        )
