"""Proves that a database is what the migrations say: all applied, none edited, every object as made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from data.migration import documents
from data.migration.connection import connected
from data.migration.errors import NoInventory
from data.migration.files import INVENTORY_FILE, SCHEMA_FILE
from data.migration.state import inventory
from data.migration.state.views import changed_views
from data.migration.status import Status, status


@dataclass(frozen=True, slots=True)
class Verification:
    """The state of the migrations, how the database compares with what they add up to, and what it has of all that
    the documents of the systems name."""

    status: Status
    checked: int
    comparison: inventory.Comparison
    systems: tuple[documents.SystemReport, ...]

    @property
    def holds(self) -> bool:
        """Whether everything is applied and there, unchanged, and nothing of the documents is missing."""
        return self.status.is_current and self.comparison.holds and all(each.holds for each in self.systems)


def verify(url: str, directory: Path) -> Verification:
    """Compare the database at `url` with the generated files beside the migrations in `directory`.

    Changes nothing. Needs no second database, so that it works on a hosted one.
    Raises NoInventory and what `status` raises.
    """
    expected = inventory.read(_text(directory / INVENTORY_FILE))
    schema_text = _text(directory / SCHEMA_FILE)
    found_status = status(url, directory)
    with connected(url) as connection:
        schemas = sorted({item.schema for item in expected})
        found = inventory.take(connection, schemas)
        published = inventory.published(connection, schemas)
        compared = inventory.compare(expected, found)
        views = changed_views(connection, schema_text)
    whole = replace(compared, different=(*compared.different, *views))
    read = [document for document in documents.read_documents() if document["schema"] in schemas]
    systems = documents.compare([*found, *published], read)
    return Verification(found_status, len(expected), whole, tuple(systems))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NoInventory(
            f"{path} cannot be read: {error.strerror}. `python -m data migrate schema --write` makes it."
        ) from error
