"""Why the last attempt failed, kept between the post and the form that is shown again.

The form is shown by a redirect, so that Back never leads to a page the browser wants to send again. The sentence and
the address stay here rather than in a URL.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEPT_S = 120.0
MAX_KEPT = 1000


@dataclass(frozen=True)
class Problem:
    """The sentence to show and the address to fill in again."""

    sentence: str
    email: str = ""


FORGOTTEN = Problem("Signing in did not work. Try again.")


class Problems:
    """Those of the last two minutes, by an id that cannot be guessed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Problem]] = OrderedDict()

    def keep(self, problem: Problem) -> str:
        """Keep a problem; the id to find it by."""
        key = secrets.token_urlsafe(12)
        self._kept[key] = (self._clock(), problem)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return key

    def find(self, key: str | None) -> Problem | None:
        """The problem of an id: None without an id, a general one where it is forgotten, here or by another process."""
        if not key:
            return None
        at, problem = self._kept.get(key, (0.0, FORGOTTEN))
        return problem if self._clock() - at < KEPT_S else FORGOTTEN
