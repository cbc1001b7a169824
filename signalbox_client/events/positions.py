"""Positions: how far a subscriber has come in the log of all events, and which earlier places may still be filled.

Events get their position when they are appended and become visible when their transaction ends, so a later position
may be seen first. The place left out is a gap. A transaction has its number before its event has a position: when all
transactions below the number that was next when the gap was seen have ended, nothing can fill the gap any more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self

from signalbox_client import checking
from signalbox_client.errors import BadArgument

_WRITTEN = re.compile(
    r"(?P<through>\d{1,19})(?:;(?P<gaps>\d{1,19}-\d{1,19}@\d{1,20}(?:,\d{1,19}-\d{1,19}@\d{1,20})*))?"
)


@dataclass(frozen=True)
class Gap:
    """Places from `first` to `last` where no event was seen; empty for good when all transactions below
    `until_transaction` have ended."""

    first: int
    last: int
    until_transaction: int


@dataclass(frozen=True)
class Position:
    """Everything up to `through` was seen, but for the gaps. Keep `str(position)`; `Position.parse` reads it again."""

    through: int = 0
    gaps: tuple[Gap, ...] = ()

    def __str__(self) -> str:
        gaps = ",".join(f"{gap.first}-{gap.last}@{gap.until_transaction}" for gap in self.gaps)
        return f"{self.through};{gaps}" if gaps else str(self.through)

    def checked(self, argument: str = "position") -> Position:
        """The same one. Raises BadArgument for what nobody could have reached, as `parse` does."""
        if not isinstance(self.gaps, tuple) or not all(isinstance(gap, Gap) for gap in self.gaps):
            raise BadArgument(argument, "has gaps that are none.")
        return self.parse(str(self), argument)

    @classmethod
    def parse(cls, written: object, argument: str = "position") -> Self:
        """A position as it was written down. Raises BadArgument for any other text."""
        found = _WRITTEN.fullmatch(checking.text(argument, written, longest=None))
        if not found:
            raise BadArgument(argument, "is no position of a subscription.")
        gaps = []
        for gap in (found["gaps"] or "").split(",") if found["gaps"] else ():
            places, _, until = gap.partition("@")
            first, _, last = places.partition("-")
            gaps.append(Gap(int(first), int(last), int(until)))
        position = cls(int(found["through"]), tuple(gaps))
        ends = [0, *(place for gap in gaps for place in (gap.first - 1, gap.last)), position.through]
        if ends != sorted(ends) or position.through > checking.MAX_BIGINT or any(gap.first > gap.last for gap in gaps):
            raise BadArgument(argument, "has gaps that are not in order.")
        return position

    def after(self, positions: list[int]) -> Position:
        """How far one has come by taking events at `positions`, some late ones in gaps, some beyond."""
        taken = set(positions)
        gaps = tuple(piece for gap in self.gaps for piece in _without(gap, taken))
        return Position(max([self.through, *positions]), gaps)

    def with_gaps(self, holes: list[tuple[int, int]], until_transaction: int) -> Position:
        """With the gaps that were seen on the way to `through`."""
        known = [
            Gap(first, min(last, self.through), until_transaction) for first, last in holes if first <= self.through
        ]
        return replace(self, gaps=self.gaps + tuple(known))

    def settled(self, oldest_running: int) -> Position:
        """Without the gaps that nothing can fill any more."""
        return replace(self, gaps=tuple(gap for gap in self.gaps if gap.until_transaction > oldest_running))


def _without(gap: Gap, taken: set[int]) -> list[Gap]:
    """What is left of a gap when some of its places have been taken."""
    pieces, first = [], gap.first
    for place in sorted(place for place in taken if gap.first <= place <= gap.last):
        if place > first:
            pieces.append(replace(gap, first=first, last=place - 1))
        first = place + 1
    if first <= gap.last:
        pieces.append(replace(gap, first=first))
    return pieces
