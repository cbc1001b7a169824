"""Charts: what bars say and where they stand, over changes of the clock, and never more of them than can be seen."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from streamlit.delta_generator import DeltaGenerator

from data.access import Actor
from ui.asking.periods import Period
from ui.drawing import charts, scales
from ui.navigation import FIRST
from ui.view import View

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 10, 29, 12, tzinfo=BERLIN)
_BAR = re.compile(
    r'<a href="([^"]*)" class="([^"]*)" aria-label="([^"]*)" '
    r'style="left:([\d.]+)%;right:([\d.]+)%;bottom:([\d.]+)%;height:([\d.]+)%"></a>'
)


def view(zone: ZoneInfo = BERLIN, as_of: datetime = NOON) -> View:
    actor = Actor(uuid4(), "a@example.com", "manager", "real", None)
    return View(FIRST, actor, (), as_of.astimezone(UTC), zone, DeltaGenerator())


def drawn(rows: Any, **look: Any) -> str:
    given = {"value": "calls", "bucket": "day", "title": "calls", "opens": "tools"} | look
    return charts.chart_over_time(given.pop("view", view()), rows, **given)


def days(count: int, first: datetime = datetime(2026, 10, 22, tzinfo=BERLIN), **more: Any) -> list[dict[str, Any]]:
    return [{"bucket": first + timedelta(days=number), "calls": number + 1, **more} for number in range(count)]


def labels(chart: str) -> list[str]:
    times = chart[chart.index('class="sb-times"') :]
    return re.findall(r"<span[^>]*><i>([^<]*)</i></span>", times)


def told(chart: str) -> list[str]:
    return [html.unescape(bar[2]) for bar in _BAR.findall(chart)]


@pytest.mark.parametrize("as_frame", [True, False])
def test_days_begin_at_midnight_of_the_viewer_on_both_sides_of_a_change_of_the_clock(as_frame: bool) -> None:
    rows = [{**row, "bucket": row["bucket"].astimezone(UTC)} for row in days(8)]
    period = Period("custom", rows[0]["bucket"], NOON.astimezone(UTC), "", BERLIN)
    chart = drawn(pd.DataFrame(rows) if as_frame else rows, period=period)
    assert labels(chart) == [f"{day} Oct" for day in range(22, 30)]
    bars = _BAR.findall(chart)
    assert [bar[0].rpartition("=")[2] for bar in bars] == [f"2026-10-{day}" for day in range(22, 30)]
    widths = [100 - float(bar[4]) - float(bar[3]) for bar in bars]
    assert widths[3] / widths[2] == pytest.approx(25 / 24, abs=0.001), "the day on which the clocks go back is longer"


def test_an_hour_that_the_clock_shows_twice_is_two_bars_beside_each_other() -> None:
    begin = datetime(2026, 10, 25, 0, tzinfo=UTC)
    rows = [{"bucket": begin + timedelta(hours=number), "calls": 1} for number in range(3)]
    bars = _BAR.findall(drawn(rows, bucket="hour"))
    assert [bar[2].split(",")[0] for bar in bars] == ["25 Oct 02:00", "25 Oct 02:00", "25 Oct 03:00"]
    assert [round(float(bar[3])) for bar in bars] == [0, 33, 67]
    widths = [100 - float(bar[3]) - float(bar[4]) for bar in bars]
    assert widths == pytest.approx([widths[0]] * 3, abs=0.002), "each is an hour long"


def test_bars_of_one_slice_stand_on_each_other_in_the_given_order() -> None:
    at = datetime(2026, 10, 22, tzinfo=BERLIN)
    rows = [{"bucket": at, "calls": number, "state": name} for name, number in (("a", 1), ("failed", 3), ("b", 4))]
    bars = _BAR.findall(drawn(rows, series="state", series_colours={"failed": "broken"}))
    assert [bar[2].split(", ")[1] for bar in bars] == ["failed", "a", "b"]
    assert [float(bar[5]) for bar in bars] == [0, 37.5, 50]
    assert [float(bar[6]) for bar in bars] == [37.5, 12.5, 50]
    assert [re.search(r"sb-(fill|series)-\w+", bar[1])[0] for bar in bars] == [  # type: ignore[index]  # None fails the test
        "sb-fill-broken",
        "sb-series-2",
        "sb-series-3",
    ]


def test_the_first_and_the_last_slice_lead_to_their_days_inside_the_period() -> None:
    period = Period("custom", datetime(2026, 10, 7, tzinfo=BERLIN), datetime(2026, 10, 21, tzinfo=BERLIN), "", BERLIN)
    rows = [{"bucket": datetime(2026, 10, day, tzinfo=BERLIN), "calls": 1} for day in (5, 12, 19)]
    addresses = [bar[0].partition("from=")[2] for bar in _BAR.findall(drawn(rows, bucket="week", period=period))]
    assert addresses == ["2026-10-07&amp;to=2026-10-11", "2026-10-12&amp;to=2026-10-18", "2026-10-19&amp;to=2026-10-20"]


def test_a_slice_of_none_has_no_coloured_bar_and_leads_nowhere_but_says_so() -> None:
    rows = [{**row, "calls": row["calls"] - 1} for row in days(2)]
    chart = drawn(rows, kind="broken")
    assert chart.count("sb-fill-broken") == 1
    assert [words.rpartition(": ")[2] for words in told(chart)] == ["1"], "a link"
    assert re.search(r'<b tabindex="0" class="sb-fill-none" aria-label="Thu 22 Oct 2026, calls: 0"', chart)
    score = drawn(rows, decimals=1)
    assert [words.rpartition(": ")[2] for words in told(score)] == ["0.0", "1.0"], "a score of zero has its rows"


def test_only_the_slice_that_is_not_over_is_so_far() -> None:
    chart = drawn(days(9))
    assert [words for words in told(chart) if "(so far)" in words] == ["Thu 29 Oct 2026 (so far), calls: 8"]
    assert ["sb-so-far" in bar[1] for bar in _BAR.findall(chart)] == [False] * 7 + [True, False]


def test_names_of_series_are_text() -> None:
    chart = drawn(days(1, kind='<b>"x"</b>'), series="kind")
    assert "<b>" not in chart
    assert told(chart) == ['Thu 22 Oct 2026, <b>"x"</b>, calls: 1']


@pytest.mark.parametrize(
    ("bucket", "step", "count", "series"),
    [
        ("hour", timedelta(hours=1), 5_000, 8),
        ("day", timedelta(days=1), 3_000, 1),
        ("week", timedelta(weeks=1), 1_000, 30),
        ("month", timedelta(days=31), 2_600, 8),
    ],
)
def test_no_chart_has_more_bars_than_can_be_told_apart(bucket: str, step: timedelta, count: int, series: int) -> None:
    begin = datetime(1971, 1, 4, tzinfo=UTC)
    rows = [
        {"bucket": begin + number * step, "calls": 1, "kind": f"kind {name}"}
        for number in range(count)
        for name in range(series)
    ]
    bars = told(drawn(rows, bucket=bucket, series="kind", view=view(ZoneInfo("UTC"))))
    assert len(bars) <= charts.MOST_BARS
    assert len({words.split(", ")[0] for words in bars}) <= charts.MOST_SLICES
    assert sum(int(words.rpartition(": ")[2].replace(",", "")) for words in bars) == count * series, "none is left out"


def test_a_score_is_not_added_up_when_slices_become_one() -> None:
    rows = [{"bucket": datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day), "calls": day} for day in range(500)]
    bars = told(drawn(rows, together="newest", view=view(ZoneInfo("UTC"))))
    assert bars[-1] == "week of 10 May 2021, calls: 499"


def test_the_axis_of_the_figures_has_round_steps_that_reach_over_all() -> None:
    for highest in (0.004, 0.7, 1, 3, 9, 10, 44, 99.5, 101, 12_345, 7_000_001):
        scale = scales.scale_of(highest)
        assert scale.steps[-1] == scale.top >= highest
        assert 2 <= len(scale.steps) <= 6
        assert scale.top < 2 * highest
    assert scales.scale_of(3, least_step=1).steps == (0, 1, 2, 3)
    assert [scales.scale_of(12_345).written(step) for step in (0, 5_000, 15_000)] == ["0", "5k", "15k"]
    assert scales.scale_of(0.7).written(0.2 + 0.1) == "0.3"


def test_nothing_is_said_to_be_nothing() -> None:
    assert "None recorded" in drawn([])
