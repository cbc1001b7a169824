"""Replay: rows made from events alone, to compare with the rows that are stored, or to put in their place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from signalbox_client import checking, queries
from signalbox_client.connection import Database, Source
from signalbox_client.errors import BadArgument
from signalbox_client.projections.comparing import Comparing, Comparison
from signalbox_client.projections.folding import Read, fold_all
from signalbox_client.projections.projection import Projection, Projections, Row
from signalbox_client.projections.rebuilding import Rebuilding, Rebuilt

ROWS_AT_ONCE = 500


class Replay:
    """Replays projections over one database. Raises BadArgument.

    `read(name, **parameters)` gives the rows of a statement that reads (`projections.read_events`, for one), for
    whoever keeps the tables somewhere else; by default those of this package are run. A rebuild takes no notice of it.
    """

    def __init__(self, source: Source | Database, projections: Projections, *, read: Read | None = None) -> None:
        if not isinstance(projections, Projections):
            raise BadArgument("projections", f"must be Projections, not {type(projections).__name__}.")
        if read is not None and not callable(read):
            raise BadArgument("read", f"must be a function, not {type(read).__name__}.")
        self._database = Database.of(source)
        self._projections = projections
        self._read = read or self._database.at_once

    def rows(self, name: str) -> Iterator[tuple[str, Row]]:
        """Each row that events tell of, by its key, folded from them alone. Raises BadArgument, ProjectionFailed."""
        projection = self._projections.named(name)
        return ((folded.key, folded.row) for folded in fold_all(self._read, projection, None))

    def compare(self, name: str, *, limit: int = 100) -> Comparison:
        """The stored rows against a replay; lists hold at most `limit` entries. Raises BadArgument."""
        projection = self._with_table(name)
        comparing = Comparing(projection, checking.whole_number("limit", limit, least=0))
        folded = fold_all(self._read, projection, comparing.failures)
        while some := list(islice(folded, ROWS_AT_ONCE)):
            comparing.take(self._read, some)
        unsourced = self._read(
            f"projections.count_unsourced_{name}",
            aggregate_type=projection.aggregate_type,
            event_types=sorted(projection.event_types),
        )[0]["unsourced"]
        return comparing.comparison(unsourced)

    def rebuild(self, name: str, *, skip_failed: bool = False) -> Rebuilt:
        """Make the stored rows what the events tell; rows without events stay as they are. All in one transaction, for
        which others who write the table wait.

        Events that cannot be projected are refused by ProjectionFailed, which names them, and then nothing is changed;
        with `skip_failed` their rows stay as they are, and the sentences are given back, a hundred at most.
        Raises BadArgument, and what the database raises.
        """
        projection = self._with_table(name)
        checking.flag("skip_failed", skip_failed)
        with self._database.transaction() as work:
            # Before the events are read, so that the newest are among them where a row is newer.
            work.run(f"projections.lock_{projection.name}")
            # On the very connection: in the same transaction, and where a pool has no second one to lend.
            rebuilding = Rebuilding(work, projection)
            folded = fold_all(Database(work.connection).at_once, projection, rebuilding.failures)
            while some := list(islice(folded, ROWS_AT_ONCE)):
                rebuilding.take(some)
            if rebuilding.failures.number and not skip_failed:
                raise rebuilding.refused()
        return rebuilding.rebuilt()

    def _with_table(self, name: object) -> Projection:
        projection = self._projections.named(name)
        if f"projections.read_{projection.name}" not in queries.all_queries():
            raise BadArgument(
                "name", f"{projection.name} has no table that this package knows; only its rows can be replayed."
            )
        return projection
