"""Bars and the labels of time below them in a browser: no label touches another, no bar is a slab, at any width."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from tests.test_charts import drawn, view
from ui.asking.periods import Period
from ui.drawing.tokens import STYLE
from ui.sessions import lanes
from ui.sessions.timeline import Timeline

BERLIN = ZoneInfo("Europe/Berlin")
WIDTHS_PX = (230, 300, 316, 347, 420, 640, 1130)
LEAST_GAP_PX = 6
MOST_BAR_PX = 120
_FONT = (STYLE.parents[1] / "static" / "inter-latin-wght-normal.woff2").read_bytes()
_HEAD = (
    f"<style>{STYLE.read_text()} @font-face {{ font-family: Inter; "
    f"src: url(data:font/woff2;base64,{b64encode(_FONT).decode()}); }}</style>"
)
_SHOWN = """
    width => (document.getElementById('frame').style.width = `${width}px`) && document.fonts.ready.then(() =>
        [...document.querySelectorAll('.sb-times i')]
        .filter(label => label.getBoundingClientRect().top < label.parentElement.getBoundingClientRect().bottom - 2)
        .map(label => ({words: label.textContent, ...label.getBoundingClientRect().toJSON()}))
        .sort((one, other) => one.left - other.left))
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1300, "height": 400})
    yield opened
    opened.close()


def put(page: Page, bucket: str, first: datetime, slices: int, step: timedelta) -> None:
    """Draw bars in some of the slices of a period that they do not fill."""
    end = first + slices * step
    rows = [{"bucket": first + number * step, "calls": 1} for number in range(0, slices, 3)]
    period = Period("custom", first.astimezone(UTC), end.astimezone(UTC), "", BERLIN)
    chart = drawn(rows, bucket=bucket, period=period, view=view(as_of=end))
    page.set_content(f'{_HEAD}<div id="frame" style="font-family:Inter">{chart}</div>')


def shown(page: Page, width_px: int) -> list[dict[str, Any]]:
    """The labels that can be read where the chart is that wide."""
    found: list[dict[str, Any]] = page.evaluate(_SHOWN, width_px)
    return found


@pytest.mark.parametrize("slices", [1, 2, 7, 8, 28, 31])
@pytest.mark.parametrize(
    ("bucket", "step"), [("week", timedelta(weeks=1)), ("day", timedelta(days=1)), ("hour", timedelta(hours=1))]
)
def test_labels_keep_a_gap(page: Page, bucket: str, step: timedelta, slices: int) -> None:
    put(page, bucket, datetime(2025, 8, 4, tzinfo=BERLIN), slices, step)
    for width_px in WIDTHS_PX:
        labels = shown(page, width_px)
        gaps = [right["left"] - left["right"] for left, right in pairwise(labels)]
        assert labels
        assert all(gap >= LEAST_GAP_PX for gap in gaps), (width_px, labels)


def test_no_more_labels_are_left_out_than_must_be(page: Page) -> None:
    put(page, "week", datetime(2025, 8, 4, tzinfo=BERLIN), 28, timedelta(weeks=1))
    every = ["4 Aug", "1 Sep", "29 Sep", "27 Oct", "24 Nov", "22 Dec", "19 Jan"]
    assert [label["words"] for label in shown(page, 1130)] == every
    assert [label["words"] for label in shown(page, 316)] == every[::2]


@pytest.mark.parametrize("slices", [7, 8, 28, 31])
def test_labels_stand_at_even_distances(page: Page, slices: int) -> None:
    """Where one of a rank has no room, all go: dates in uneven steps are read wrongly."""
    put(page, "day", datetime(2025, 10, 28, tzinfo=BERLIN), slices, timedelta(days=1))
    every = [label["words"] for label in shown(page, 1130)]
    for width_px in range(230, 430, 8):
        labels = [label["words"] for label in shown(page, width_px)]
        assert labels in [every[:: 2**rank] for rank in range(4)], width_px


def test_labels_make_a_page_no_wider(page: Page) -> None:
    """Also the boxes in which they look for room stay within the chart."""
    put(page, "day", datetime(2025, 8, 4, tzinfo=BERLIN), 7, timedelta(days=1))
    shown(page, 1300 - 16)
    assert page.evaluate("document.documentElement.scrollWidth") == 1300


@pytest.mark.parametrize("slices", [1, 2])
def test_a_bar_stands_above_its_label_and_is_no_slab(page: Page, slices: int) -> None:
    put(page, "day", datetime(2025, 8, 4, tzinfo=BERLIN), slices, timedelta(days=1))
    for width_px in WIDTHS_PX:
        label = shown(page, width_px)[0]
        bar = page.locator(".sb-bars a").first.bounding_box()
        assert bar
        assert 0 < bar["width"] <= MOST_BAR_PX
        assert bar["x"] + bar["width"] / 2 == pytest.approx((label["left"] + label["right"]) / 2, abs=1)


@pytest.mark.parametrize("width_px", [300, 420, 1130])
def test_the_times_above_the_lanes_of_a_session_stay_inside_their_card(page: Page, width_px: int) -> None:
    at = datetime(2026, 11, 17, 11, tzinfo=UTC)
    places = tuple((share, at + timedelta(seconds=40 * share)) for share in (0.0, 0.31, 0.62, 0.78, 0.93))
    ticks = "".join(lanes._ticks(view(as_of=at), Timeline((), (), places, (), is_summarised=False)))
    row = f'<div><div class="sb-lane-name"></div><div class="sb-track sb-ticks">{ticks}</div></div>'
    page.set_viewport_size({"width": width_px + 20, "height": 400})
    page.set_content(
        f'{_HEAD}<div id="frame" style="font-family:Inter;width:{width_px}px"><div class="sb-lanes">{row}</div></div>'
    )
    labels: list[dict[str, Any]] = page.evaluate(
        """() => document.fonts.ready.then(() => [...document.querySelectorAll('.sb-ticks span')]
            .filter(label => label.getClientRects().length)
            .map(label => {
                const words = document.createRange();
                words.selectNodeContents(label);
                const card = document.querySelector('.sb-lanes').getBoundingClientRect();
                const [at, box] = [words.getBoundingClientRect(), label.getBoundingClientRect()];
                return {shown: at.top < box.bottom - 2, over_px: at.right - card.right};
            }))"""
    )
    assert labels[0]["shown"]
    assert [label for label in labels if label["shown"] and label["over_px"] > 0] == []
    assert [label["shown"] for label in labels].count(False) == (1 if width_px < 640 else 0)
