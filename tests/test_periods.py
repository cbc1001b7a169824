"""Periods: days in the viewer's zone, the comparison with the period before, and which one a page opens on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ui.asking.periods import Extent, choices, default_choice, period_of

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 20, 10, 37, 12, tzinfo=UTC)
FRESH = Extent(NOW - timedelta(days=90), NOW - timedelta(hours=1), 0, holds_rows=True)
OLD = Extent(datetime(2025, 7, 1, tzinfo=UTC), datetime(2025, 8, 24, 21, 30, tzinfo=UTC), 0, holds_rows=True)
NOTHING = Extent(None, None, 0, holds_rows=False)


def test_days_begin_at_midnight_of_the_viewer() -> None:
    period = period_of({"period": "7d"}, FRESH, NOW, BERLIN)
    assert period.start == datetime(2026, 11, 13, 23, tzinfo=UTC)
    assert period.end == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert period_of({"period": "7d"}, FRESH, NOW, KOLKATA).start == datetime(2026, 11, 13, 18, 30, tzinfo=UTC)


def test_a_running_period_is_compared_up_to_the_same_point_of_its_course() -> None:
    period = period_of({"period": "7d"}, FRESH, NOW, BERLIN)
    assert period.is_partial
    assert period.previous_start == datetime(2026, 11, 6, 23, tzinfo=UTC)
    assert period.previous_end == datetime(2026, 11, 13, 10, 30, tzinfo=UTC)


def test_a_period_that_is_over_is_compared_whole() -> None:
    period = period_of({"period": "custom", "from": "2026-11-02", "to": "2026-11-08"}, FRESH, NOW, BERLIN)
    assert not period.is_partial
    assert period.previous_end == period.start
    assert period.label == "2 to 8 Nov 2026"
    assert period.previous_label == "the 7 days before"


def test_a_change_of_clocks_moves_no_day() -> None:
    period = period_of({"period": "custom", "from": "2026-10-25", "to": "2026-10-25"}, FRESH, NOW, BERLIN)
    assert period.days == 25 / 24
    assert period.previous_end is not None
    assert period.previous_start is not None
    assert period.previous_end - period.previous_start == timedelta(hours=24)


def test_it_opens_on_the_last_days_when_they_hold_data_else_on_the_newest_that_do() -> None:
    assert default_choice(FRESH, NOW) == "7d"
    latest = period_of({}, OLD, NOW, BERLIN)
    assert latest.choice == "latest"
    assert latest.label == "the last 7 days with data: 18 to 24 Aug 2025"
    assert latest.query == {"period": "custom", "from": "2025-08-18", "to": "2025-08-24"}
    assert choices(OLD, NOW)[0] == "latest"
    assert "latest" not in choices(FRESH, NOW)


def test_rows_without_a_time_are_a_choice_of_their_own_and_the_default_where_there_are_no_others() -> None:
    untimed = Extent(None, None, 12, holds_rows=True)
    assert period_of({}, untimed, NOW, BERLIN).untimed
    mixed = Extent(FRESH.first, FRESH.last, 3, holds_rows=True)
    assert choices(mixed, NOW)[-1] == "untimed"
    assert period_of({}, mixed, NOW, BERLIN).choice == "7d"
    assert period_of({"period": "all"}, mixed, NOW, BERLIN).parameters == {"start": None, "end": None, "untimed": False}


@pytest.mark.parametrize(
    "asked",
    [
        {"period": "next year"},
        {"period": "custom"},
        {"period": "custom", "from": "2026-13-01", "to": "2026-01-01"},
        {"period": "custom", "from": "0001-01-01", "to": "9999-12-31"},
        {"period": "untimed"},
        {"from": "2026-01-01"},
    ],
)
def test_what_makes_no_sense_is_the_default(asked: dict[str, str]) -> None:
    assert period_of(asked, FRESH, NOW, BERLIN) == period_of({}, FRESH, NOW, BERLIN)


def test_days_the_wrong_way_round_are_turned() -> None:
    turned = period_of({"period": "custom", "from": "2026-11-08", "to": "2026-11-02"}, FRESH, NOW, BERLIN)
    assert turned.label == "2 to 8 Nov 2026"


def test_the_slices_of_a_chart_grow_with_the_period() -> None:
    buckets = {
        name: period_of({"period": name}, FRESH, NOW, BERLIN).bucket(FRESH) for name in ("24h", "7d", "90d", "all")
    }
    assert buckets == {"24h": "hour", "7d": "day", "90d": "day", "all": "day"}
    years = Extent(NOW - timedelta(days=2000), NOW, 0, holds_rows=True)
    assert period_of({"period": "all"}, years, NOW, BERLIN).bucket(years) == "month"


def test_a_database_without_rows_has_a_period_all_the_same() -> None:
    assert period_of({}, NOTHING, NOW, BERLIN).choice == "7d"
    assert period_of({"period": "latest"}, NOTHING, NOW, BERLIN).choice == "7d"


@pytest.mark.parametrize(
    ("last", "untimed", "choice"),
    [
        (NOW, 0, "30d"),
        (NOW - timedelta(days=29), 3, "30d"),
        (NOW - timedelta(days=31), 0, "latest"),
        (NOW + timedelta(days=9), 0, "latest"),
        (None, 4, "untimed"),
        (None, 0, "30d"),
    ],
)
def test_a_page_may_open_on_thirty_days_where_they_hold_something_or_nothing_does(
    last: datetime | None, untimed: int, choice: str
) -> None:
    known = Extent(last, last, untimed, last is not None or untimed > 0)
    assert default_choice(known, NOW, "30d") == choice
    assert period_of({}, known, NOW, BERLIN, "30d").choice == choice
    assert period_of({"period": "nonsense"}, known, NOW, BERLIN, "30d").choice == choice
    assert last or period_of({"period": "latest"}, known, NOW, BERLIN, "30d").choice == "30d"


def test_part_of_a_day_is_a_period_with_the_time_before_to_compare_with() -> None:
    hour = period_of({"period": "hours", "from": "2025-08-24T20:00Z", "to": "2025-08-24T21:00Z"}, OLD, NOW, BERLIN)
    assert (hour.during, hour.previous_label) == ("from 22:00 to 23:00 on 24 Aug 2025", "the hour before")
    assert hour.parameters["start"] == datetime(2025, 8, 24, 20, tzinfo=UTC)
    assert hour.end == datetime(2025, 8, 24, 21, tzinfo=UTC)
    assert hour.previous_end == hour.start
    assert period_of(hour.query, OLD, NOW, BERLIN) == hour
    night = period_of({"period": "hours", "from": "2025-08-24T21:30Z", "to": "2025-08-24T22:30Z"}, OLD, NOW, BERLIN)
    assert night.label == "23:30 on 24 Aug 2025 to 00:30 on 25 Aug 2025"
    now = period_of({"period": "hours", "from": f"{NOW - timedelta(minutes=45):%Y-%m-%dT%H:%M}Z",
                     "to": f"{NOW + timedelta(minutes=15):%Y-%m-%dT%H:%M}Z"}, FRESH, NOW, BERLIN)  # fmt: skip
    assert now.is_partial
    assert now.start is not None
    assert now.previous_end is not None
    assert now.previous_end < now.start, "as much of the hour before as has passed of this one"


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2025-08-24T20:00", "2025-08-24T21:00"),
        ("2025-08-24T21:00Z", "2025-08-24T20:00Z"),
        ("2025-08-24T21:00Z", "2025-08-27T20:00Z"),
        ("0001-01-01T00:00Z", "0001-01-01T01:00Z"),
        ("9999-12-31T22:00Z", "9999-12-31T23:00Z"),
        ("noon", "2025-08-24T21:00Z"),
    ],
)
def test_what_is_no_part_of_a_day_is_the_default(begins: str, ends: str) -> None:
    asked = {"period": "hours", "from": begins, "to": ends}
    assert period_of(asked, FRESH, NOW, BERLIN) == period_of({}, FRESH, NOW, BERLIN)
