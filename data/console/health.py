"""Whether the console itself is well: is the database reachable, and is its schema the one this version expects."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from data import database, migration
from data.console.opening import Console
from data.errors import SignalboxError

BELIEVED_S = 15.0  # how long a schema that was found current is taken to be so: nothing un-applies a migration


@dataclass(frozen=True)
class OwnHealth:
    """What was found; `unknown` where something else was in the way, and in a sentence what it was."""

    database: Literal["reachable", "unreachable", "slow"]
    migrations: Literal["current", "pending", "unknown"]
    reason: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether pages can be expected to work."""
        return self.database == "reachable" and self.migrations == "current"


class Examination:
    """Examines one console again and again; remembers what need not be asked each time."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._current_until = 0.0

    def run(self) -> OwnHealth:
        """Ask the database now. Blocks for as long as a connection takes; raises nothing that a person can meet."""
        try:
            with database.operating() as unit:
                unit.value("console.answer")
            if self._console.settings.read_database_url:
                with database.watching("real") as unit:
                    unit.value("console.answer")
        except SignalboxError as error:
            return OwnHealth("unreachable", "unknown", error.sentence)
        if self._clock() < self._current_until:
            return OwnHealth("reachable", "current")
        try:
            found = migration.status(self._console.admin_url, migration.FOLDER)
        except SignalboxError as error:
            return OwnHealth("reachable", "unknown", error.sentence)
        # What others applied to a shared database, and what was edited since, is no reason to take the console down.
        if found.count("pending") or found.count("out of order"):
            return OwnHealth("reachable", "pending")
        self._current_until = self._clock() + BELIEVED_S
        return OwnHealth("reachable", "current")
