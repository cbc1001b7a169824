"""A session as lanes: positions, folded gaps, crowds, and the steps from one happening to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ui.sessions.timeline import IDLE_GAP, MOST_MARKS, NAMED_GAP_WIDTH, arrange, name_of, neighbours, state_of

START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def item(number: int, at: timedelta | None, kind: str = "call", **more: Any) -> dict[str, Any]:
    """One happening; a call that succeeded unless said otherwise."""
    plain = {
        "item_id": str(number),
        "kind": kind,
        "occurred_at": None if at is None else START + at,
        "duration_ms": None,
        "name": "Bash",
        "words": None,
        "outcome": "succeeded" if kind == "call" else None,
        "is_open": False,
        "agent_id": None,
        "agent_type": None,
    }
    return plain | more


def test_a_happening_is_called_in_words_and_a_tool_as_it_is() -> None:
    asked = item(1, timedelta(0), "question", name="tool_use", outcome="rejected")
    assert (name_of(asked), state_of(asked)) == ("tool use", "attention")
    assert name_of(item(2, timedelta(0), name="mcp__tide_now")) == "mcp__tide_now"


def seconds(*given_seconds: float) -> list[dict[str, Any]]:
    return [item(number, timedelta(seconds=at)) for number, at in enumerate(given_seconds)]


def test_marks_lie_in_proportion_to_time_and_are_as_wide_as_they_took() -> None:
    drawn = arrange([*seconds(0, 50), item(9, timedelta(seconds=75), duration_ms=25_000)])
    [lane] = drawn.lanes
    assert [round(mark.left, 2) for mark in lane.marks] == [0, 0.5, 0.75]
    assert [round(mark.width, 2) for mark in lane.marks] == [0, 0, 0.25]
    assert drawn.gaps == ()


def test_an_idle_gap_is_folded_and_keeps_its_length() -> None:
    night = timedelta(hours=9)
    drawn = arrange([*seconds(0, 60), *[item(5 + n, night + timedelta(seconds=60 * n)) for n in range(2)]])
    [gap] = drawn.gaps
    assert gap.length == night - timedelta(seconds=60)
    assert gap.width < 0.05
    lefts = [mark.left for mark in drawn.lanes[0].marks]
    assert lefts[1] <= gap.left < gap.left + gap.width <= lefts[2]


def test_a_pause_below_the_limit_is_not_folded() -> None:
    assert arrange([item(0, timedelta()), item(1, IDLE_GAP)]).gaps == ()
    assert len(arrange([item(0, timedelta()), item(1, IDLE_GAP + timedelta(seconds=1))]).gaps) == 1


def test_during_a_long_call_nothing_is_idle() -> None:
    long = item(0, timedelta(), duration_ms=30 * 60_000)
    assert arrange([long, *[item(n, timedelta(minutes=n)) for n in (1, 29)]]).gaps == ()


def test_ticks_name_the_time_at_their_place_and_keep_apart() -> None:
    night = timedelta(hours=9)
    drawn = arrange([*seconds(0, 100), item(8, night), item(9, night + timedelta(seconds=100))])
    [gap] = drawn.gaps
    length = (1 - gap.width) / 2
    assert len(drawn.ticks) > 5
    for left, when in drawn.ticks:
        is_early = left <= gap.left
        share = (left if is_early else left - gap.left - gap.width) / length
        expected = START + (timedelta() if is_early else night) + timedelta(seconds=100 * share)
        assert abs(when - expected) < timedelta(milliseconds=1)
    crowded = arrange([item(n, timedelta(hours=n)) for n in range(30)])
    for one in (drawn, crowded):
        assert all(later[0] - earlier[0] > 0.07 for earlier, later in pairwise(one.ticks))


def test_names_of_folds_do_not_lie_on_each_other() -> None:
    gaps = arrange([item(n, timedelta(hours=n)) for n in range(30)]).gaps
    named = [gap.left for gap in gaps if gap.is_named]
    assert len(gaps) == 29
    assert gaps[0].is_named
    assert 8 < len(named) < 15, "where there is room for a name there is one"
    assert all(later - earlier > NAMED_GAP_WIDTH for earlier, later in pairwise(named))
    assert all(gap.is_named for gap in arrange([item(n, timedelta(hours=n)) for n in range(4)]).gaps)


def test_the_wait_for_a_person_does_not_stretch_the_time_of_work() -> None:
    asked = item(1, timedelta(seconds=10), "question", outcome="approved", duration_ms=36_000_000)
    drawn = arrange([*seconds(0, 20), asked])
    assert drawn.gaps == ()
    assert max(mark.left for lane in drawn.lanes for mark in lane.marks) > 0.9


def test_lanes_stand_people_first_then_tools_by_use_then_subagents() -> None:
    at = timedelta()
    items = [
        item(0, at, "lifecycle"),
        item(1, at, "compaction"),
        item(2, at, name="Read"),
        item(3, at, name="Bash"),
        item(4, at, name="Bash"),
        item(5, at, agent_id="abcdef99", agent_type="Explore"),
        item(6, at, "notification"),
        item(7, at, "question", outcome="pending"),
        item(8, at, "prompt"),
    ]
    names = [(lane.name, lane.depth, lane.items) for lane in arrange(items).lanes]
    assert names == [
        ("Prompts", 0, 1),
        ("Approvals", 0, 1),
        ("Notifications", 0, 1),
        ("Bash", 0, 2),
        ("Read", 0, 1),
        ("Explore abcdef", 1, 1),
        ("Compactions", 0, 1),
        ("Session", 0, 1),
    ]


def test_beyond_a_thousand_marks_crowds_stand_together_and_failures_stand_for_them() -> None:
    items = seconds(*range(10_000))
    items[4321]["outcome"] = "failed"
    drawn = arrange(items)
    [lane] = drawn.lanes
    assert drawn.is_summarised
    assert len(lane.marks) <= MOST_MARKS
    assert sum(len(mark.items) for mark in lane.marks) == lane.items == 10_000
    assert [mark.first["item_id"] for mark in lane.marks if state_of(mark.first) == "broken"] == ["4321"]


def test_a_gap_after_a_moment_is_as_long_as_it_was() -> None:
    drawn = arrange([item(0, timedelta(), duration_ms=41_280_000), *seconds(891_889, 893_520)])
    assert [gap.length for gap in drawn.gaps] == [timedelta(seconds=850_609), timedelta(seconds=1_631)]


def test_what_has_no_time_keeps_its_order_and_is_in_no_lane() -> None:
    drawn = arrange([item(1, timedelta()), item(2, None), item(3, None)])
    assert [one["item_id"] for one in drawn.untimed] == ["2", "3"]
    assert sum(lane.items for lane in drawn.lanes) == 1
    assert arrange([item(1, None)]).lanes == ()
    assert not arrange([item(n, None) for n in range(MOST_MARKS)]).is_summarised
    assert arrange([item(n, None) for n in range(MOST_MARKS + 1)]).is_summarised
    assert arrange([]).lanes == ()


def test_steps_go_around_the_end_for_errors_and_stop_for_neighbours() -> None:
    items = seconds(0, 1, 2, 3)
    items[1]["outcome"] = items[3]["outcome"] = "failed"
    items.append(item(4, timedelta(seconds=4), "notification", outcome="info", is_open=True))
    assert neighbours(items, "3") == {"previous": "2", "next": "4", "error": "1", "waiting": "4"}
    assert neighbours(items, "4") == {"previous": "3", "next": None, "error": "1", "waiting": None}
    assert neighbours(items, None) == {"previous": None, "next": "0", "error": "1", "waiting": "4"}


def test_a_call_without_an_answer_waits_for_nobody() -> None:
    items = [item(0, timedelta(), is_open=True, outcome="unknown"), item(1, timedelta(), "question", is_open=True)]
    assert neighbours(items, None)["waiting"] == "1"


def test_the_state_of_notifications_and_questions_is_in_their_words() -> None:
    said = {
        severity: state_of(item(0, None, "notification", outcome=severity, is_open=True))
        for severity in ("info", "warning", "error", "critical")
    }
    assert said == {"info": "unknown", "warning": "attention", "error": "broken", "critical": "broken"}
    assert state_of(item(0, None, "notification", outcome="warning")) == "unknown"
    asked = {
        status: state_of(item(0, None, "question", outcome=status))
        for status in ("pending", "approved", "rejected", "expired")
    }
    assert asked == {"pending": "waiting", "approved": "well", "rejected": "attention", "expired": "unknown"}


def test_the_state_of_a_call_is_broken_only_when_it_failed() -> None:
    states = {
        outcome: state_of(item(0, None, outcome=outcome)) for outcome in ("succeeded", "failed", "refused", "unknown")
    }
    assert states == {"succeeded": "well", "failed": "broken", "refused": "attention", "unknown": "unknown"}


@settings(database=None, deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 1e6), st.one_of(st.none(), st.integers(0, 10**8))), min_size=1, max_size=40))
def test_everything_lies_inside_in_order_and_beside_the_folds(given_items: list[tuple[float, int | None]]) -> None:
    items = [
        item(number, timedelta(seconds=at), duration_ms=took)
        for number, (at, took) in enumerate(sorted(given_items, key=lambda one: one[0]))
    ]
    drawn = arrange(items)
    marks = [mark for lane in drawn.lanes for mark in lane.marks]
    assert all(-1e-9 <= mark.left <= 1 + 1e-9 and mark.left + mark.width <= 1 + 1e-6 for mark in marks)
    assert all(one.left <= other.left + 1e-9 for one, other in pairwise(marks))
    assert all(gap.length > IDLE_GAP for gap in drawn.gaps)
    for gap in drawn.gaps:
        assert not any(gap.left + 1e-9 < mark.left < gap.left + gap.width - 1e-9 for mark in marks)
