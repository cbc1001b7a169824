"""Sessions of lift-sys with revisions, drafts and filled holes, as blocks; counters are those of the rows written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from data.demo.calendar import moments
from data.demo.columns import Block
from data.demo.engine.records import Chance, rows, stamp
from data.demo.lift.drafts import Draft, write_drafts
from data.demo.lift.revising import Revision, revise
from data.demo.lift.tasks import TASKS
from data.demo.people import PEOPLE, Person
from data.demo.prices import Prices
from data.demo.request import Request

EVENTS_PER_SESSION = 800
SESSIONS_AT_LEAST = 30
_AT_ONCE = 500
_STAFF = tuple(person for person in PEOPLE if person.user_id is not None)
_RUNNING_MS = 3 * 3_600_000
_BEGAN_MINUTES_AGO = (104, 38, 7)  # somebody is always at work


@dataclass
class _Written:
    """Rows of the four tables."""

    sessions: list[tuple[object, ...]] = field(default_factory=list)
    revisions: list[tuple[object, ...]] = field(default_factory=list)
    drafts: list[tuple[object, ...]] = field(default_factory=list)
    holes: list[tuple[object, ...]] = field(default_factory=list)

    def blocks(self) -> list[Block]:
        """Sessions before what belongs to them."""
        return [
            rows("demo.copy_lift_sessions", self.sessions),
            rows("demo.copy_session_revisions", self.revisions),
            rows("demo.copy_session_drafts", self.drafts),
            rows("demo.copy_hole_resolutions", self.holes),
        ]


def blocks(request: Request, prices: Prices) -> Iterator[list[Block]]:
    """Everything of lift-sys, some hundred sessions at a time."""
    count = max(request.events // EVENTS_PER_SESSION, SESSIONS_AT_LEAST)
    at_ms, person = moments(request.random(10), request.anchor, _STAFF, count)
    at_ms[-len(_BEGAN_MINUTES_AGO) :] = [request.anchor_ms - minutes * 60_000 for minutes in _BEGAN_MINUTES_AGO]
    for number, first in enumerate(range(0, count, _AT_ONCE)):
        chance = Chance(request.random(11, number))
        written = _Written()
        for place in range(first, min(first + _AT_ONCE, count)):
            _Session(chance, request, prices, _STAFF[int(person[place])], int(at_ms[place])).write(written)
        yield written.blocks()


class _Session:
    """One session: revisions and drafts in turn, up to where its author left it or the demo ends."""

    def __init__(self, chance: Chance, request: Request, prices: Prices, owner: Person, at_ms: int) -> None:
        self._chance = chance
        self._until_ms = request.anchor_ms
        self._owner = owner
        self._began_ms = self._now_ms = at_ms
        self._task = chance.draw.choice(TASKS)
        self._revisions = revise(chance.draw, self._task)
        self._drafts = write_drafts(chance.draw, prices, self._task)
        self._id = chance.new_id()
        self._ids = (self._id, owner.user_id)

    def write(self, written: _Written) -> None:
        """Append its rows."""
        draw = self._chance.draw
        is_left = draw.random() < 0.16 or self._began_ms > self._until_ms - _RUNNING_MS
        stays = draw.randrange(1, len(self._revisions)) if is_left else len(self._revisions)
        revised = list(takewhile(lambda revision: self._revise(written, revision), self._revisions[:stays]))
        planned = [] if is_left or len(revised) < stays else self._drafts
        drafted = list(takewhile(lambda draft: self._draft(written, draft), planned))
        is_whole = len(revised) == stays and len(drafted) == len(planned)
        filled = sum(revision.filled is not None for revision in revised)
        written.sessions.append(
            (
                *self._ids,
                self._task.prompt,
                self._status(is_left, is_whole, drafted),
                revised[-1].representation,
                {"source": draw.choice(("web", "web", "command line")), "language": "python"},
                len(revised),
                len(drafted),
                filled,
                stamp(self._began_ms),
                stamp(self._now_ms),
            )
        )

    def _status(self, is_left: bool, is_whole: bool, drafted: list[Draft]) -> str:
        if not is_whole or (is_left and self._began_ms > self._until_ms - _RUNNING_MS):
            return "active"
        if is_left:
            return "abandoned"
        return "finalized" if drafted[-1].is_good or drafted[-1].syntax_valid is None else "error"

    def _revise(self, written: _Written, revision: Revision) -> bool:
        """Write a revision, and what it filled; False where the demo ends before it."""
        number = len([row for row in written.revisions[-20:] if row[1] == self._id]) + 1
        if number > 1 and not self._pass(1.4):
            return False
        at = stamp(self._now_ms)
        author = self._owner.email if revision.by_person else "lift"
        told = (revision.representation, revision.summary, author, revision.changes or None)
        written.revisions.append((self._chance.new_id(), *self._ids, number, *told, {}, at))
        if (filled := revision.filled) is not None:
            answer = {"value": filled.value, "alternatives": [filled.hole.answer, *filled.hole.others]}
            hole = (filled.hole.name, filled.hole.kind, answer, filled.method)
            written.holes.append((self._chance.new_id(), *self._ids, *hole, filled.confidence, at))
        return True

    def _draft(self, written: _Written, draft: Draft) -> bool:
        """Write a draft; False where the demo ends before it."""
        number = len([row for row in written.drafts[-6:] if row[1] == self._id]) + 1
        if not self._pass(0.6):
            return False
        told = (draft.code, draft.syntax_valid, draft.ast_valid, draft.metrics)
        written.drafts.append((self._chance.new_id(), *self._ids, number, *told, {}, stamp(self._now_ms)))
        return True

    def _pass(self, median_minutes: float) -> bool:
        """Let some time pass; False, and none passes, where the demo ends before."""
        then_ms = self._now_ms + self._chance.lasting_ms(median_minutes, 0.8)
        if then_ms > self._until_ms:
            return False
        self._now_ms = then_ms
        return True
