"""The view: who looks at which page, when, and at which state of the tables. Every cached read carries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from streamlit.delta_generator import DeltaGenerator

from data.access import Actor
from data.database import notes
from ui.navigation import PageEntry


@dataclass(frozen=True)
class View:
    """One run of one page. `versions` are the change versions of the source tables, read before any data.

    `as_of` is when they were read, in UTC; `zone` is the viewer's. `controls` is the slot beside the title.
    `rests_on` gathers the source tables behind what the page has read from the cache so far, `ran` the queries that it
    ran beside that. `adopted` are the source tables that are read where another system made them.
    """

    page: PageEntry
    actor: Actor
    versions: tuple[tuple[str, str], ...]
    as_of: datetime
    zone: ZoneInfo
    controls: DeltaGenerator = field(repr=False, compare=False)
    rests_on: set[str] = field(default_factory=set, repr=False, compare=False)
    ran: notes.Ran = field(default_factory=notes.Ran, repr=False, compare=False)
    adopted: frozenset[str] = frozenset()

    @property
    def sight(self) -> tuple[str, ...]:
        """What the viewer may see, as a key: equal keys see equal rows. Policies of adopted tables may tell apart two
        people whom ours give the same rows, so that nobody shares an answer while there are such tables."""
        if not self.adopted:
            return (self.actor.sight,)
        return self.actor.sight, str(self.actor.user_id), self.actor.client_id or ""

    @property
    def minute(self) -> datetime:
        """The time of this view cut to the minute: what a reader takes that depends on now."""
        return self.as_of.replace(second=0, microsecond=0)
