"""Proves that a database is what the migrations say: all applied, none edited, every object as made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from data.migration.connection import connected
from data.migration.errors import NoInventory
from data.migration.files import INVENTORY_FILE, SCHEMA_FILE
from data.migration.state import inventory
from data.migration.state.views import changed_views
from data.migration.status import Status, status


@dataclass(frozen=True, slots=True)
class Verification:
    """The state of the migrations, and how the database compares with what they add up to."""

    status: Status
    checked: int
    comparison: inventory.Comparison

    @property
    def holds(self) -> bool:
        """Whether everything is applied and there, unchanged."""
        return self.status.is_current and self.comparison.holds


def verify(url: str, directory: Path) -> Verification:
    """Compare the database at `url` with the generated files beside the migrations in `directory`.

    Changes nothing. Needs no second database, so that it works on a hosted one.
    Raises NoInventory and what `status` raises.
    """
    expected = inventory.read(_text(directory / INVENTORY_FILE))
    schema_text = _text(directory / SCHEMA_FILE)
    found_status = status(url, directory)
    with connected(url) as connection:
        found = inventory.take(connection, sorted({item.schema for item in expected}))
        compared = inventory.compare(expected, found)
        views = changed_views(connection, schema_text)
    whole = replace(compared, different=(*compared.different, *views))
    return Verification(found_status, len(expected), whole)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NoInventory(
            f"{path} cannot be read: {error.strerror}. `python -m data migrate schema --write` makes it."
        ) from error
