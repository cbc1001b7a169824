"""What people feel in a real browser over ten million events: first load, another period, the next page."""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.benchmarks import big_data, servers
from tests.benchmarks.figures import Figure, figure
from tests.browser import chromium
from tests.browser.console import ROOT, Console, running
from tests.browser.steps import COUNT_RUNS, DEMO_STRIP, sign_in, wait_until_idle

LOADS = 12
CHANGES = 20
WALKS = 2
WARM_UPS = 2
PATIENCE_MS = 120_000  # for what is asked for the first time
PERIODS = ("Last 30 days", "Last 90 days", "Last 7 days", "Last 24 hours")
_FORGETFUL = str(ROOT / "tests/benchmarks/forgetful_app.py")
_SETTLED_MS = 500

_ONE_CHART = """
import altair as alt
import pandas as pd
import streamlit as st
st.set_page_config(page_icon='🚦')
st.title('One chart')
days = pd.date_range('2026-11-01', periods=30)
rows = pd.DataFrame({'day': days, 'calls': [7 * day % 31 + 1 for day in range(30)]})
st.altair_chart(alt.Chart(rows).mark_bar().encode(x='day:T', y='calls:Q'))
"""

# Notes in the page when it was pressed, when its content changed last, and when so many drawn charts stood in it first.
_WATCH = """
window.watched = { pressed: 0, changed: 0, drawn: 0 };
addEventListener('pointerdown', () => { watched.pressed = performance.now(); watched.changed = 0; }, true);
const look = changes => {
  const here = changes.filter(({ target }) => {
    const element = target.nodeType === 1 ? target : target.parentElement;
    return element && element.closest('[data-testid="stMain"]') && !element.closest('.sb-clock');
  });
  if (here.length) watched.changed = performance.now();
  if (!watched.drawn && document.querySelectorAll('CHART').length >= COUNT) watched.drawn = performance.now();
};
new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
"""


def measure(loads: int = LOADS, changes: int = CHANGES, walks: int = WALKS) -> list[Figure]:
    """Medians, as the browser's own clock has them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium.launched() as browser,
        running(big_data.home(big_data.TEN_MILLION), program=_FORGETFUL) as console,
        servers.plain_server(Path(folder), _ONE_CHART) as (plain_url, _),
        _page(browser, ".sb-bars a", 12) as overview,
        _page(browser, '[data-testid="stVegaLiteChart"] .mark-rect path', 30) as plain,
    ):
        servers.wait_for_demo(console.url, servers.signed_in(console))
        sign_in(overview, console, "admin")
        servers.show_demo(console)
        overview.wait_for_selector(DEMO_STRIP)  # it loads itself anew when it hears of that
        wait_until_idle(overview)
        figures = [_first_load(console, overview, plain, plain_url, loads)]
        figures.append(_new_periods(console, overview, changes))
        figures.append(_kept_periods(console, overview, changes))
        figures.append(_walk(console, overview, walks))
    return figures


@contextmanager
def _page(browser: Browser, chart: str, count: int) -> Iterator[Page]:
    """A page of a browser of its own, with what it notes of itself."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, timezone_id="Europe/Berlin")
    context.add_init_script(COUNT_RUNS)
    context.add_init_script(_WATCH.replace("CHART", chart).replace("COUNT", str(count)))
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def _first_load(console: Console, overview: Page, plain: Page, plain_url: str, loads: int) -> Figure:
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(loads + WARM_UPS):
        _forget(console)
        times = _load(overview, f"{console.url}/?period=30d"), _load(plain, plain_url)
        if number >= WARM_UPS:  # the browser keeps the programs of both by now
            ours.append(times[0])
            theirs.append(times[1])
    return figure(
        "browser: Overview loads with nothing kept on the server",
        round(statistics.median(ours)),
        "ms",
        round(statistics.median(theirs)),
        at_most=1.4,
        how=f"from the navigation until all charts stand, 10 million events, 30 days, as the admin; median of {loads} "
        "interleaved loads in a browser that keeps both programs; the limit is a page of Streamlit with one chart",
    )


def _load(page: Page, address: str) -> float:
    page.goto(address)
    wait_until_idle(page, PATIENCE_MS)
    page.wait_for_function("() => watched.drawn > 0")
    return float(page.evaluate("watched.drawn"))


def _new_periods(console: Console, page: Page, changes: int) -> Figure:
    page.goto(f"{console.url}/?period=7d")
    wait_until_idle(page)
    page.evaluate(
        "const link = document.body.appendChild(document.createElement('a')); link.className = 'sb-go sb-measured';"
        "link.style.cssText = 'position: fixed; top: 0; right: 0; z-index: 10000000'"
    )
    link, last = page.locator(".sb-measured"), datetime.now(UTC).date() - timedelta(days=1)

    def change(number: int) -> None:
        first = last - timedelta(days=29 + number)
        link.evaluate(
            "(link, to) => { link.href = to; link.textContent = 'next'; }",
            f"/?period=custom&from={first}&to={last}",
        )
        link.click()

    took = [_settled(page, change, number) for number in range(changes + WARM_UPS)][WARM_UPS:]
    return _changed("asked for by nobody before", took, 350, "from the press on a link to it, thirty to fifty days")


def _kept_periods(console: Console, page: Page, changes: int) -> Figure:
    page.goto(f"{console.url}/?period=7d")
    wait_until_idle(page)
    picker = page.get_by_role("combobox", name="Period", exact=False)

    def change(number: int) -> None:
        picker.click()
        page.get_by_role("option", name=PERIODS[number % len(PERIODS)]).click()

    took = [_settled(page, change, number) for number in range(changes + len(PERIODS))][len(PERIODS) :]
    return _changed("kept", took, 250, "from the press on it in the picker")


def _changed(which: str, took: list[float], limit_ms: float, how: str) -> Figure:
    return figure(
        f"browser: another period of Overview, {which}",
        round(statistics.median(took)),
        "ms",
        limit_ms,
        at_most=1.0,
        how=f"{how}, to the last change of the page, 10 million events; median of {len(took)}, 90 % within "
        f"{statistics.quantiles(took, n=10)[-1]:.0f} ms",
    )


def _walk(console: Console, page: Page, walks: int) -> Figure:
    page.goto(console.url)
    wait_until_idle(page)
    titles = page.locator(".sb-menu a span").all_inner_texts()
    took: dict[str, list[float]] = {title: [] for title in titles}

    def follow(title: str) -> None:
        page.locator(".sb-menu a", has_text=title).first.click()

    for number in range(walks + 1):
        for title in (*titles[1:], titles[0]):
            times = _settled(page, follow, title)
            if number:
                took[title].append(times)
    each = {title: statistics.median(times) for title, times in took.items()}
    slowest = max(each, key=lambda title: each[title])
    return figure(
        "browser: from page to page",
        round(statistics.median(time for times in took.values() for time in times)),
        "ms",
        400,
        at_most=1.0,
        how=f"from the press on the menu to the last change of the page, 10 million events, {len(titles)} pages "
        f"{walks} times each; the slowest is {slowest} with {each[slowest]:.0f} ms",
    )


def _settled(page: Page, act: Callable[[Any], None], given: Any) -> float:
    """Milliseconds from the press in an act to the last change of the page's content."""
    page.evaluate("watched.changed = 0")
    act(given)
    page.wait_for_function(
        "settled => watched.changed > watched.pressed && performance.now() > watched.changed + settled", arg=_SETTLED_MS
    )
    wait_until_idle(page, PATIENCE_MS)
    page.wait_for_function("settled => performance.now() > watched.changed + settled", arg=_SETTLED_MS)
    return float(page.evaluate("watched.changed - watched.pressed"))


def _forget(console: Console) -> None:
    os.kill(console.process.pid, signal.SIGUSR1)
    time.sleep(0.05)
