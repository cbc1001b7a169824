"""How figures are written: never rounded to all or nothing, absent in words, times in the viewer's zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from streamlit.delta_generator import DeltaGenerator

from data.access import Actor
from data.backup.state import BackupRun, BackupState
from data.database import Added
from ui import lacking
from ui.backups import telling as backups
from ui.drawing import tables
from ui.drawing.markup import Markup, join, tag
from ui.navigation import FIRST
from ui.view import View
from ui.wording import figures, sentences
from ui.wording.sizes import size

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 10, 37, 12, 345_000, tzinfo=UTC)


def view_in_berlin() -> View:
    return View(FIRST, Actor(uuid4(), "m@example.com", "manager"), (), NOW, BERLIN, DeltaGenerator())


def spaced(words: str) -> str:
    """With plain spaces, as they are read."""
    return " ".join(words.split())


@pytest.mark.parametrize(
    "written",
    [
        *[figures.percent(part, 1000) for part in (0, 0.1, 943, 999.9, 1000)],
        *[figures.duration(ms) for ms in (320, 4_812, 125_000, 11_520_000, 187_200_000)],
        *[figures.compact(number) for number in (480_000, 1_200_000)],
        *[size(number) for number in (950, 12_300_000, 999_900)],
        str(sentences.change(108, 100)),
        str(sentences.change(2_000, 10)),
        str(sentences.point_change(941, 1000, 952, 1000)),
    ],
)
def test_no_line_ends_between_a_figure_and_its_unit(written: str) -> None:
    whole = written.removeprefix("more than ")
    assert "\u00a0" in whole
    assert " " not in whole


@pytest.mark.parametrize(
    ("ms", "written"),
    [
        (None, "none recorded"),
        (0, "0 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (4_812, "4.8 s"),
        (59_960, "1 min 00 s"),
        (125_000, "2 min 05 s"),
        (3_599_900, "1 h 00 min"),
        (11_520_000, "3 h 12 min"),
        (187_200_000, "2 d 4 h"),
    ],
)
def test_durations(ms: float | None, written: str) -> None:
    assert spaced(figures.duration(ms)) == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (0, 0, "none recorded"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 9999, "<0.1 %"),
        (9998, 9999, ">99.9 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_rates_are_never_rounded_to_all_or_nothing(part: int, whole: int, written: str) -> None:
    assert spaced(figures.percent(part, whole)) == written


def test_costs_are_never_zero_by_rounding_or_absence() -> None:
    assert [figures.money(usd) for usd in (None, 0.001, 0, 23.649)] == ["not priced", "<$0.01", "$0.00", "$23.65"]


def test_a_time_of_the_other_side_of_a_change_of_clocks_names_its_own_offset() -> None:
    """Beside the page's clock and under headers, which name the one of now."""
    summer = datetime(2026, 10, 10, 5, 6, tzinfo=UTC)
    assert figures.moment(summer, BERLIN, NOW) == "10 Oct 07:06 UTC+2"
    assert figures.moment(datetime(2026, 11, 10, 5, 6, tzinfo=UTC), BERLIN, NOW) == "10 Nov 06:06"
    assert figures.moment(summer, ZoneInfo("UTC"), NOW) == "10 Oct 05:06"
    cell = tables.when(view_in_berlin(), "at")
    assert "10 Oct 07:06 UTC+2" in str(cell({"at": summer}))


def test_a_sentence_that_names_the_zone_names_that_of_the_time_it_tells() -> None:
    """Not that of now: each of two times has its own."""
    summer = datetime(2026, 10, 10, 5, 6, tzinfo=UTC)
    assert figures.moment_with_zone(summer, BERLIN, NOW) == "10 Oct 07:06 UTC+2"
    assert figures.moment_with_zone(NOW, BERLIN, NOW) == "11:37 UTC+1"
    assert figures.moment_with_zone(None, BERLIN, NOW) == "no time"
    view = replace(view_in_berlin(), added={"engine.events": Added(("position",), summer)})
    assert "from before 10 Oct 07:06 UTC+2:" in str(lacking.untold(view, "engine.events", "position"))
    good = BackupRun(
        1, "manual", "succeeded", summer, summer, None, "here", 1, "postgres", None, None, None, 1, None, 1, 1, (), None
    )
    cards = backups.figures_of(view, BackupState(good, (), None, None, None, None, 24))
    assert [card.note for card in cards if card.label in ("Last good backup", "Next due")] == [
        "10 Oct 07:06 UTC+2",
        "11 Oct 07:06 UTC+2, every 24\u00a0h",
    ]


def test_times_are_in_the_viewers_zone_and_as_short_as_can_be() -> None:
    assert figures.moment(NOW, BERLIN, NOW) == "11:37"
    assert figures.moment(datetime(2026, 11, 18, 23, 30, tzinfo=UTC), BERLIN, NOW) == "19 Nov 00:30"
    assert figures.moment(datetime(2025, 8, 24, 10, tzinfo=UTC), BERLIN, NOW) == "24 Aug 2025 12:00 UTC+2"
    assert figures.exact(NOW, BERLIN) == "2026-11-20 11:37:12.345 UTC+1"
    assert figures.zone_name(NOW, ZoneInfo("Asia/Kolkata")) == "UTC+5:30"
    assert figures.zone_name(NOW, ZoneInfo("America/New_York")) == "UTC−5"


def test_changes_are_given_only_where_there_is_enough_to_compare() -> None:
    assert sentences.change(108, 100) == "+8\u00a0%"
    assert sentences.change(88, 100) == "−12\u00a0%"
    assert sentences.change(100, 100) == "unchanged"
    assert sentences.change(2_000, 10) == "more than +900\u00a0%"
    assert sentences.change(18, 9) is None
    assert sentences.change(5, 0) is None
    assert sentences.point_change(941, 1000, 952, 1000) == "−1.1\u00a0pt"
    assert sentences.point_change(9, 9, 952, 1000) is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("why does <div> not close in <header>?", "why does <div> not close in <header>?"),
        ("<command-name>/clear</command-name> <command-args></command-args>", "/clear"),
        ("<system-reminder>Mind the gap</system-reminder>\n\x1b[31mred\x1b[0m", "Mind the gap red"),
        ("a sentence that is too long", "a sentence that is…"),
        ("/code/shop/src/handlers/call.ts", "/code/s…lers/call.ts"),
    ],
)
def test_an_excerpt_leaves_out_wrappers_and_keeps_what_tells_it_apart(text: str, written: str) -> None:
    assert figures.shortened(text, 20 if "<" not in text else 60) == written


def test_markup_escapes_what_is_not_markup() -> None:
    made = tag("p", "<b>", Markup("<i>x</i>"), title='"><script>')
    assert made == '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;<i>x</i></p>'
    assert join("a & b", None, 3) == "a &amp; b3"


@pytest.mark.parametrize(
    "address", ["https://example.com", "//example.com", "javascript:alert(1)", "/\\example.com", ""]
)
def test_a_link_that_leaves_the_console_cannot_be_made(address: str) -> None:
    with pytest.raises(ValueError, match="stay on this console"):
        tag("a", "x", href=address)
