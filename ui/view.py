"""The view: who looks at which page, when, and at which state of the tables. Every cached read carries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streamlit.delta_generator import DeltaGenerator

from data import database
from data.access import Actor
from data.database import Added, Sight, notes
from ui.navigation import PageEntry


@dataclass(frozen=True)
class View:
    """One run of one page. `versions` are the change versions of the source tables, read before any data.

    `as_of` is when they were read, in UTC; `zone` is the viewer's. `controls` is the slot beside the title.
    `rests_on` gathers the source tables behind what the page has read from the cache so far, `ran` the queries that it
    ran beside that, `follows` the tables that it is run again for without showing their rows, `recalls` those behind
    what it shows from an earlier run. `adopted` are the source tables that are read where another system made them,
    `opened` those of them that show this viewer every row, `missing_tables` those that such a system did not bring,
    `lacks` the columns that adopted ones do not have, `absent` those of them that cannot be written either, `added`
    those that they got when they were moved here, and `veiled` the tables of which row security keeps rows from this
    viewer. `remarks` is the slot below the title.
    """

    page: PageEntry
    actor: Actor
    versions: tuple[tuple[str, str], ...]
    as_of: datetime
    zone: ZoneInfo
    controls: DeltaGenerator = field(repr=False, compare=False)
    rests_on: set[str] = field(default_factory=set, repr=False, compare=False)
    ran: notes.Ran = field(default_factory=notes.Ran, repr=False, compare=False)
    follows: set[str] = field(default_factory=set, repr=False, compare=False)
    recalls: set[str] = field(default_factory=set, repr=False, compare=False)
    adopted: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()
    missing_tables: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)
    lacks: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)
    absent: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)
    added: Mapping[str, Added] = field(default_factory=dict, compare=False)
    veiled: Mapping[str, Sight] = field(default_factory=dict, compare=False)
    remarks: DeltaGenerator | None = field(default=None, repr=False, compare=False)

    @property
    def sight(self) -> tuple[str, ...]:
        """What the viewer may see, as a key: equal keys see equal rows. Policies of adopted tables may tell apart two
        people whom ours give the same rows, so that nobody shares an answer while there are such tables; which of them
        they veil is part of what is drawn."""
        if not self.adopted:
            return (self.actor.sight,)
        veiled = sorted(f"{name} {sight.hides(sees_all=self.actor.sees_all)}" for name, sight in self.veiled.items())
        return self.actor.sight, str(self.actor.user_id), self.actor.client_id or "", *veiled, *sorted(self.opened)

    def lacks_column(self, table: str, column: str) -> bool:
        """Whether a source table is an adopted one without that column, which reads as unknown therefore."""
        return column in self.lacks.get(table, ())

    def sees_all_of(self, *tables: str) -> bool:
        """Whether every row of these source tables is the viewer's to see: whoever is, or as adopted ones have it."""
        return self.actor.sees_all or self.opened.issuperset(tables)

    @property
    def minute(self) -> datetime:
        """The time of this view cut to the minute: what a reader takes that depends on now."""
        return self.as_of.replace(second=0, microsecond=0)


def view_of(entry: PageEntry, actor: Actor, zone: ZoneInfo, controls: DeltaGenerator) -> View:
    """A page as somebody sees it now, whether it is shown or only got ready. Raises what reading the state of the
    tables raises. Its zone is UTC where the database does not know the given one."""
    if zone.key != "UTC" and not database.knows_zone(actor.dataset, zone.key):
        zone = ZoneInfo("UTC")
    sources = database.polled_sources(actor.dataset) or database.read_sources(actor)
    return View(
        entry,
        actor,
        tuple(sorted(sources.versions.items())),
        sources.read_at,
        zone,
        controls,
        ran=notes.started(),
        adopted=sources.adopted,
        opened=frozenset(name for name, sight in sources.sights.items() if sight.shows_all(sees_all=actor.sees_all)),
        missing_tables=sources.missing_tables,
        lacks=sources.missing_columns,
        absent=sources.absent,
        added=sources.added,
        veiled={name: sight for name, sight in sources.sights.items() if sight.hides(sees_all=actor.sees_all)},
    )


def zone_named(name: str | None) -> ZoneInfo | None:
    """The time zone that a browser names; None for one that is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the name of a folder of zones, or one that no file has
        return None
