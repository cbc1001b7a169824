"""What was asked for: how many events, from which seed, up to when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from data.demo.calendar import milliseconds
from data.demo.columns import uuids


@dataclass(frozen=True)
class Request:
    """A demo to be made. Equal requests give equal rows."""

    events: int
    seed: int
    anchor: datetime

    def random(self, *stream: int) -> np.random.Generator:
        """A generator of its own for each part, so that one part does not change another."""
        return np.random.default_rng([self.seed, self.events, *stream])

    @property
    def live_session_id(self) -> str:
        """The id of a session that runs at the end, and of which an agent asks something at that moment."""
        return uuids(self.random(5), 1)[0]

    @property
    def anchor_ms(self) -> int:
        """The moment the demo ends at, in milliseconds since 1970."""
        return milliseconds(self.anchor)
