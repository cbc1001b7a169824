"""Live pages: which open page rests on which tables, and the run that follows when those have changed.

The server starts that run itself, in the place of a browser that would ask again and again: a session whose tables
stand costs a comparison a second, and its widgets, dialogs and scroll position know nothing of it. Streamlit offers no
public way: `AppSession.request_rerun` with the client state of the last run is what it does itself when a secret
changes, and tests hold what this module takes from its inside.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from streamlit import runtime
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import get_script_run_ctx

from data import database, sources
from data.access import Dataset
from data.database import Sources
from ui.drawing.markup import Markup, tag
from ui.view import View
from ui.wording import figures

CONNECTION_HEADER = "x-signalbox-connection"  # the gate says by it which of its connections a session came through

# Of each second that much may go into runs that nobody asked for; who is left out is first in the next.
BUDGET_S = 0.5
_FIRST_GUESS_S = 0.1
_AWAY_S = 300.0  # a browser may take its session up again for two minutes


@dataclass
class _Page:
    """What a session shows: the view of its last run, whether nobody asked for that run, and what it cost."""

    view: View
    took_s: float = _FIRST_GUESS_S
    is_own: bool = False
    runs_next: bool = False  # it was told to, and has not begun
    waits_since: float | None = None
    away_since: float | None = None


_pages: dict[str, _Page] = {}  # by the id of the Streamlit session


def opened(view: View) -> None:
    """Note that this session shows a page from now on."""
    if context := get_script_run_ctx():
        before = _pages.get(context.session_id) or _Page(view)
        _pages[context.session_id] = _Page(view, before.took_s, before.runs_next)


def is_own_run() -> bool:
    """Whether this run of the page is one that nobody asked for: what somebody was told before stays on the page."""
    context = get_script_run_ctx()
    page = _pages.get(context.session_id) if context else None
    return page is not None and page.is_own


@contextmanager
def measured() -> Iterator[None]:
    """Note what a run costs this thread."""
    begun = time.thread_time()
    try:
        yield
    finally:
        if (context := get_script_run_ctx()) and (page := _pages.get(context.session_id)):
            page.took_s = time.thread_time() - begun


def follow(visible: Collection[str], dataset: Dataset, polled: Sources) -> Collection[str]:
    """Run the pages again whose tables have changed since, or whose minute is over; for the event loop, every second.

    `visible` are the connections that somebody looks at, and `polled` is the newest of the dataset they look at. Gives
    the connections whose pages show what was polled.
    """
    current: list[str] = []
    behind: list[tuple[_Page, AppSession]] = []
    for session_id, page in list(_pages.items()):
        client = runtime.get_instance().get_client(session_id)
        session = runtime.get_instance().get_app_session(session_id)
        if client is None or session is None:
            page.away_since = page.away_since or time.monotonic()
            if time.monotonic() - page.away_since > _AWAY_S:
                _pages.pop(session_id, None)
            continue
        page.away_since = None
        connection = _connection_of(client)
        if (
            connection is None
            or connection not in visible
            or page.view.actor.dataset != dataset
            or not is_idle(session)
        ):
            continue
        if _is_current(page.view, polled):
            page.waits_since = None
            if page.view.ran.is_all and sources_of(page.view) is not None:
                current.append(connection)
        else:
            page.waits_since = page.waits_since or time.monotonic()
            behind.append((page, session))
    _run(behind)
    return current


def is_idle(session: AppSession) -> bool:
    """Whether nothing runs in a session, and nothing is about to."""
    return session._state is AppSessionState.APP_NOT_RUNNING and session._scriptrunner is None


def sources_of(view: View) -> Collection[str] | None:
    """The tables behind a page; None where it has also read what nobody is told the changes of."""
    shown = shown_of(view)
    return None if shown is None else shown | view.follows


def shown_of(view: View) -> Set[str] | None:
    """The same without what it follows and shows no row of."""
    beside = sources.of_queries(view.ran.queries) if view.ran.queries else frozenset()
    return None if beside is None else view.rests_on | beside


def _is_current(view: View, polled: Sources) -> bool:
    shown = dict(view.versions)
    rests_on = sources_of(view)
    names = view.rests_on if rests_on is None else rests_on
    # What depends on now is computed for the minute.
    is_of_this_minute = datetime.now(UTC).replace(second=0, microsecond=0) <= view.minute
    return is_of_this_minute and all(polled.versions.get(name) == shown.get(name) for name in names)


def _run(behind: list[tuple[_Page, AppSession]]) -> None:
    """Start runs while the budget lasts, at least one; who waits for longest is first."""
    left_s = BUDGET_S
    for page, session in sorted(behind, key=lambda waiting: waiting[0].waits_since or 0.0):
        if left_s < BUDGET_S and page.took_s > left_s:
            continue
        left_s -= page.took_s
        page.waits_since, page.runs_next = None, True
        session.request_rerun(session._client_state)


def _connection_of(client: Any) -> str | None:
    context = client.client_context
    headers: Mapping[str, str] = dict(context.headers) if context else {}
    return headers.get(CONNECTION_HEADER)


def clock(view: View) -> Markup:
    """As of when a page's figures are, and whether they follow; the gate's script moves it on while they do."""
    zone = figures.zone_name(view.as_of, view.zone)
    return tag(
        "span",
        f"as of {view.as_of.astimezone(view.zone):%H:%M:%S} {zone}{_state(view)}",
        class_="sb-clock",
        data_zone=str(view.zone),
        data_name=zone,
    )


def _state(view: View) -> str:
    if database.polled.is_lost(view.actor.dataset):
        return " (not live: the database does not answer)"
    return "" if sources_of(view) is None else " (live)"
