"""A session as lanes over time: where each happening lies, with idle gaps folded and crowds put together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ui.wording.sentences import OUTCOMES

IDLE_GAP = timedelta(minutes=10)
MOST_MARKS = 1000
SLOTS = 160  # per lane, where there are more than MOST_MARKS happenings
FOLD_WIDTH = 0.028  # of the whole width, for each gap that is folded away
NAMED_GAP_WIDTH = 0.09

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Gap:
    """A stretch without happenings that is drawn as a narrow fold at `left` (0 to 1)."""

    left: float
    width: float
    length: timedelta
    is_named: bool = True  # its length is written above it; not where gaps lie too close


@dataclass(frozen=True)
class Mark:
    """One happening, or a crowd of them, in a lane; `left` and `width` are shares of the whole width."""

    left: float
    width: float
    items: tuple[Item, ...]

    @property
    def first(self) -> Item:
        """The item that the mark stands for: the first that went wrong, else the first."""
        return next((item for item in self.items if state_of(item) == "broken"), self.items[0])


@dataclass(frozen=True)
class Lane:
    """Marks of one kind. `depth` is 1 for what a subagent did."""

    name: str
    depth: int
    marks: tuple[Mark, ...]
    items: int


@dataclass(frozen=True)
class Timeline:
    """The lanes of a session, its folded gaps, ticks (position, time), and what has no time in recorded order."""

    lanes: tuple[Lane, ...]
    gaps: tuple[Gap, ...]
    ticks: tuple[tuple[float, datetime], ...]
    untimed: tuple[Item, ...]
    is_summarised: bool


def name_of(item: Item) -> str:
    """What a happening is called: a call by its tool as it is, the others in words."""
    name = item["name"] or ""
    return name if item["kind"] == "call" else name.replace("_", " ")


def state_of(item: Item) -> str:
    """The state of a happening as the marks of a page say it."""
    outcome = item["outcome"]
    if outcome == "failed" or (item["kind"] == "notification" and outcome in ("error", "critical")):
        return "broken"
    if item["kind"] == "question":
        return OUTCOMES.get(outcome or "", "unknown")
    if item["kind"] == "notification":
        return "attention" if item["is_open"] and outcome == "warning" else "unknown"
    if outcome == "refused":
        return "attention"
    if item["kind"] == "call":
        return "well" if outcome == "succeeded" else "unknown"
    return "signal"


def waits(item: Item) -> bool:
    """Whether somebody has something to do about a happening: a question to decide, a notification to acknowledge."""
    return bool(item["is_open"]) and item["kind"] in ("question", "notification")


def words_of(item: Item) -> str:
    """How a happening went, in words."""
    if item["kind"] == "call":
        return {"unknown": "no outcome recorded", "refused": "refused by a person"}.get(
            item["outcome"] or "unknown", str(item["outcome"])
        )
    if item["kind"] == "notification":
        return "not acknowledged" if item["is_open"] else "acknowledged"
    return str(item["outcome"] or item["kind"])


def arrange(items: Sequence[Item]) -> Timeline:
    """Lay out the happenings of a session. They come in order, those without a time last."""
    timed = [item for item in items if item["occurred_at"] is not None]
    untimed = tuple(item for item in items if item["occurred_at"] is None)
    if not timed:
        return Timeline((), (), (), untimed, is_summarised=len(untimed) > MOST_MARKS)
    scale = _Scale.over(timed)
    lanes: dict[tuple[str, int], list[Item]] = {}
    for item in timed:
        lanes.setdefault(_lane_of(item), []).append(item)
    is_crowded = len(timed) > MOST_MARKS
    drawn = [
        Lane(name, depth, tuple(_marks(members, scale, is_crowded)), len(members))
        for (name, depth), members in sorted(lanes.items(), key=lambda lane: _rank(lane[0], len(lane[1])))
    ]
    return Timeline(tuple(drawn), tuple(scale.gaps), tuple(scale.ticks()), untimed, is_summarised=is_crowded)


def _lane_of(item: Item) -> tuple[str, int]:
    fixed = {
        "prompt": "Prompts",
        "question": "Approvals",
        "notification": "Notifications",
        "compaction": "Compactions",
        "lifecycle": "Session",
        "system": "System",
    }
    depth = 1 if item["agent_id"] else 0
    if item["kind"] != "call":
        return (fixed[item["kind"]], 0)
    return (f"{item['agent_type'] or 'Subagent'} {str(item['agent_id'])[:6]}", 1) if depth else (item["name"], 0)


def _rank(lane: tuple[str, int], members: int) -> tuple[int, int, str]:
    name, depth = lane
    order = {"Prompts": 0, "Approvals": 1, "Notifications": 2, "Compactions": 6, "Session": 7, "System": 8}
    return (4 if depth else order.get(name, 3), -members, name)


def _marks(members: Sequence[Item], scale: _Scale, is_crowded: bool) -> list[Mark]:
    if not is_crowded:
        return [Mark(*scale.place(item), (item,)) for item in members]
    slots: dict[int, list[Item]] = {}
    for item in members:
        slots.setdefault(int(scale.position(item["occurred_at"]) * SLOTS), []).append(item)
    marks = []
    for crowd in slots.values():
        left, width = scale.place(crowd[0])
        marks.append(Mark(left, width if len(crowd) == 1 else max(width, 1 / SLOTS), tuple(crowd)))
    return marks


@dataclass(frozen=True)
class _Scale:
    """Time to share of the width: busy stretches get their part of it, gaps between them a narrow fold each."""

    stretches: list[tuple[datetime, datetime, float, float]]  # from, to, left, width
    gaps: list[Gap] = field(default_factory=list)

    @classmethod
    def over(cls, timed: Sequence[Item]) -> _Scale:
        spans = _busy(timed)
        lengths = _drawn_lengths(spans)
        total = sum(lengths, timedelta())
        folds = len(spans) - 1
        fold = min(FOLD_WIDTH, 0.5 / folds) if folds else 0.0
        room = 1 - fold * folds
        scale = cls([])
        left = 0.0
        for number, (start, end) in enumerate(spans):
            width = room * (lengths[number] / total)
            scale.stretches.append((start, end, left, width))
            left += width
            if number < folds:
                named = next((gap for gap in reversed(scale.gaps) if gap.is_named), None)
                is_free = named is None or left - named.left > NAMED_GAP_WIDTH
                scale.gaps.append(Gap(left, fold, spans[number + 1][0] - end, is_free))
                left += fold
        return scale

    def position(self, when: datetime) -> float:
        for start, end, left, width in self.stretches:
            if when <= end:
                share = (when - start) / (end - start) if end > start else 0.0
                return left + width * min(max(share, 0.0), 1.0)
        return 1.0

    def place(self, item: Item) -> tuple[float, float]:
        left = self.position(item["occurred_at"])
        return left, max(self.position(_end(item)) - left, 0.0)

    def ticks(self) -> list[tuple[float, datetime]]:
        ticks: list[tuple[float, datetime]] = []
        for start, end, left, width in self.stretches:
            for part in range(max(1, round(width * 7))):
                share = part / max(1, round(width * 7))
                ticks.append((left + width * share, start + (end - start) * share))
        kept = ticks[:1]
        for tick in ticks[1:]:
            if tick[0] - kept[-1][0] > 0.07:
                kept.append(tick)
        return kept


def _end(item: Item) -> datetime:
    start: datetime = item["occurred_at"]
    # A question waits for a person and not for the agent: its wait is no work to draw as wide.
    if item["duration_ms"] is None or item["kind"] == "question":
        return start
    return start + timedelta(milliseconds=int(item["duration_ms"]))


def _busy(timed: Sequence[Item]) -> list[tuple[datetime, datetime]]:
    """Stretches in which something happened, parted where nothing did for IDLE_GAP."""
    spans: list[tuple[datetime, datetime]] = []
    for item in timed:
        start, end = item["occurred_at"], _end(item)
        if spans and start - spans[-1][1] <= IDLE_GAP:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans


def _drawn_lengths(spans: Sequence[tuple[datetime, datetime]]) -> list[timedelta]:
    """How long each stretch is drawn: a moment alone still needs some width, without taking it from the gap after."""
    least = max((end - start for start, end in spans), default=timedelta()) / 40 or timedelta(seconds=1)
    return [max(end - start, least) for start, end in spans]


def neighbours(items: Sequence[Item], item_id: str | None) -> dict[str, str | None]:
    """The ids of the item before and after, of the next that went wrong and of the next that waits; around the end."""
    ids = [str(item["item_id"]) for item in items]
    at = ids.index(item_id) if item_id in ids else -1
    later = list(range(at + 1, len(items))) + list(range(max(at, 0)))
    failing = next((ids[position] for position in later if state_of(items[position]) == "broken"), None)
    waiting = next((ids[position] for position in later if waits(items[position])), None)
    return {
        "previous": ids[at - 1] if at > 0 else None,
        "next": ids[at + 1] if at + 1 < len(ids) else None,
        "error": failing,
        "waiting": waiting,
    }
