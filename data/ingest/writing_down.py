"""The audit rows of an import: who began it with which paths, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from data import audit
from data.access import Actor
from data.database import Unit
from data.ingest.report import Report, readable_path

_TARGET_CHARACTERS = 500  # the target is indexed, and an index takes no more than 2,700 bytes


@dataclass(frozen=True)
class Act:
    """Who imports which paths for whom; without an `actor` it is the operator at the command line.

    The rows go through the connection of the import, whose last transaction the second one is part of.
    """

    actor: Actor | None
    paths: Sequence[Path | str]
    owner: str | None

    def begin(self, connection: psycopg.Connection[Any]) -> None:
        """Before anything is imported."""
        detail = {"owner": self.owner, "paths": self._paths}
        audit.record(Unit(connection), self.actor, "began importing logs", self._target, detail)

    def end(self, connection: psycopg.Connection[Any], report: Report) -> None:
        """After the last file. Where this row is missing, the import was stopped."""
        detail = {"owner": self.owner, **report.counts}
        audit.record(Unit(connection), self.actor, "import_logs", self._target, detail)

    @property
    def _paths(self) -> list[str]:
        return [readable_path(Path(path).expanduser().absolute()) for path in self.paths]

    @property
    def _target(self) -> str:
        named = ", ".join(self._paths)
        return named if len(named) <= _TARGET_CHARACTERS else f"{named[: _TARGET_CHARACTERS - 1]}…"
