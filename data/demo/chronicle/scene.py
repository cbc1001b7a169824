"""All that is drawn for one stretch of sessions, before it is written as rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data.demo.chronicle.calls import Calls, Stretch, draw_calls
from data.demo.chronicle.inputs import pick_inputs
from data.demo.chronicle.plan import HOOK_LOG
from data.demo.chronicle.timeline import POST, PRE, Endings, Timeline, draw_endings, draw_timeline
from data.demo.columns import UNKNOWN_TIME, Flags, Integers, uuids
from data.demo.request import Request

_IMPORT_DELAY_MS = 7_200_000
_IMPORT_STEP_MS, _IMPORT_LASTS_MS = 1_237, 2_999_999


@dataclass(frozen=True)
class Scene:
    """One stretch. `at_ms` are the times as recorded: UNKNOWN_TIME in sessions of a log without times."""

    request: Request
    stretch: Stretch
    calls: Calls
    endings: Endings
    timeline: Timeline
    session_ids: list[str]
    event_ids: list[str]
    call_ids: list[str]
    call_inputs: list[str]
    call_positions: Integers

    @cached_property
    def project(self) -> Integers:
        """The project of each session."""
        return self.stretch.plan.project[self.stretch.sessions]

    @cached_property
    def source(self) -> Integers:
        """How each session was recorded."""
        return self.stretch.plan.source[self.stretch.sessions]

    @cached_property
    def is_untimed(self) -> Flags:
        """Per happening: whether its time was not recorded."""
        return np.asarray(self.source[self.timeline.session] == HOOK_LOG)

    @cached_property
    def at_ms(self) -> Integers:
        """Per happening: its time."""
        return np.where(self.is_untimed, UNKNOWN_TIME, self.timeline.at_ms)

    @cached_property
    def recorded_ms(self) -> Integers:
        """Per happening: when its row was written."""
        return np.where(self.is_untimed, self.imported_ms[self.timeline.session], self.timeline.at_ms)

    @cached_property
    def imported_ms(self) -> Integers:
        """Per session: when an import would have read it, one session after another."""
        number = np.arange(self.stretch.first, self.stretch.last)
        return self.request.anchor_ms - _IMPORT_DELAY_MS + number * _IMPORT_STEP_MS % _IMPORT_LASTS_MS

    @cached_property
    def made(self) -> Integers:
        """Per call: the position of its happening, -1 where it lies beyond the anchor."""
        return self._positions(PRE)

    @cached_property
    def answered(self) -> Integers:
        """Per call: the position of its result, -1 where there is none."""
        return self._positions(POST)

    def _positions(self, kind: int) -> Integers:
        found = np.full(self.calls.count, -1)
        at = self.timeline.of(kind)
        found[self.timeline.call[at]] = at
        return found

    def sessions_of(self, positions: Integers) -> list[str]:
        """The ids of the sessions of some happenings."""
        return [self.session_ids[number] for number in self.timeline.session[positions].tolist()]

    def events_of(self, positions: Integers) -> list[str]:
        """The ids of some happenings."""
        return [self.event_ids[number] for number in positions.tolist()]


def draw_scene(random: np.random.Generator, request: Request, stretch: Stretch) -> Scene:
    """Everything of a stretch."""
    calls = draw_calls(random, request, stretch)
    endings = draw_endings(random, request, stretch)
    timeline = draw_timeline(random, request, stretch, calls, endings)
    given, positions = pick_inputs(random, calls, stretch.plan.project[stretch.sessions][calls.session])
    session_ids = uuids(random, stretch.last - stretch.first)
    if stretch.first <= stretch.plan.live < stretch.last:
        session_ids[stretch.plan.live - stretch.first] = request.live_session_id
    return Scene(
        request,
        stretch,
        calls,
        endings,
        timeline,
        session_ids=session_ids,
        event_ids=uuids(random, len(timeline.kind)),
        call_ids=uuids(random, calls.count),
        call_inputs=given,
        call_positions=positions,
    )
