"""The frame of a page: who may see it, parts that fail alone, and the line with time, exports and link."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import NoReturn
from zoneinfo import ZoneInfo

import streamlit as st

from data import exports
from data.errors import NotAllowed, NotFound, SignalboxError
from ui import lacking, live, veil, viewer
from ui.acts import escaped
from ui.asking import links
from ui.drawing.markup import Child, Markup, join, tag
from ui.navigation import PAGES, VIEWS, PageEntry
from ui.view import View, view_of, zone_named
from ui.wording import figures
from ui.wording.sentences import plural

log = logging.getLogger("signalbox.pages")

PRODUCT = "Signalbox"
_gathered: ContextVar[list[Markup] | None] = ContextVar("gathered", default=None)


def begin(title: str, needs: str = "view_reports", *, page: str | None = None) -> View:
    """Open a page: its title, and the sentence instead of it for whoever may not see it. The first line of each.

    `page` is the address of the page; by default that of the page with this title. The run ends here for people who
    are not signed in, not allowed, or when the database does not answer.
    """
    entry = _entry(title, page)
    if title != entry.title:
        st.set_page_config(page_title=title_of(title))
    with st.container(
        key="sb_header",
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        gap="small",
    ):
        st.title(title, anchor=False, width="content")
        controls = st.container(key="sb_controls", horizontal=True, width="content", gap="small")
    actor, zone = viewer.current(), st.context.timezone
    if actor is None:
        _refuse("You are not signed in. Load the page again to sign in.")
    try:
        actor.must(entry.needs)
        actor.must(needs)
        view = view_of(entry, actor, zone_named(zone) or ZoneInfo("UTC"), controls)
    except SignalboxError as error:
        if actor.watcher:
            note(links.go(f"Look at the Overview as {actor.email} sees it", "overview"))
        _refuse(error.sentence, shut=isinstance(error, NotAllowed))
    if view.adopted:
        # Unlike one that is emptied, it keeps its words in the next run.
        view = replace(view, remarks=st.container())
    live.opened(view)
    veil.opened(view)
    if zone and zone != view.zone.key:
        known = "is not known to this console or not to its database, so times are in UTC."
        note(f"The time zone of your browser, “{figures.shortened(zone, 60)}”, {known}")
    for name in VIEWS:
        if name != entry.views and (asked := st.query_params.get(name)):
            note(
                f"This page has no views to choose by “{name}={figures.shortened(asked, 60)}”, so that is passed over."
            )
    return view


def end() -> None:
    """What the tables that the page turned out to rest on lack, and what row security keeps of them. After the last
    line of each."""
    view = veil.shown()
    if view is None or view.remarks is None:
        return
    if said := lacking.sentences(view):
        behind = "adopted tables or systems lack something that this page reads: what rests on that is unknown here"
        is_folded = len(said) > lacking.MOST_AT_ONCE
        with view.remarks.expander(f"{len(said)} {behind}") if is_folded else view.remarks:
            st.html(one_of([tag("p", sentence, class_="sb-note") for sentence in said]))
    if said := veil.sentences(view):
        view.remarks.html(one_of([tag("p", mark("unknown"), sentence, class_="sb-note") for sentence in said]))


def title_of(title: str) -> str:
    """What a browser calls a page."""
    return f"{title} · {PRODUCT}"


def _entry(title: str, page: str | None) -> PageEntry:
    return next(entry for entry in PAGES if (entry.url_path == page if page else entry.title == title))


def fail(error: SignalboxError) -> None:
    """What ended a page before any part of it could be shown, in a sentence."""
    st.error(escaped(error.sentence), icon=":material/error:")


def _refuse(sentence: str, *, shut: bool = True) -> NoReturn:
    (st.warning if shut else st.error)(escaped(sentence), icon=":material/lock:" if shut else ":material/error:")
    st.stop()


def put(piece: Markup) -> None:
    """Show a piece of HTML, or hand it to the block that makes one of several."""
    gathered = _gathered.get()
    if gathered is None:
        st.html(piece)
    else:
        gathered.append(piece)


@contextmanager
def gathering() -> Iterator[list[Markup]]:
    """Gather all that is put inside instead of showing it."""
    gathered: list[Markup] = []
    token = _gathered.set(gathered)
    try:
        yield gathered
    finally:
        _gathered.reset(token)


@contextmanager
def in_one() -> Iterator[None]:
    """Show all that is put inside as one element, divided only by what stands `apart`."""
    with gathering() as pieces:
        yield
        _show(pieces)


@contextmanager
def apart() -> Iterator[None]:
    """Around elements of Streamlit's own: what was put before stands before them, what is put into them in them."""
    if gathered := _gathered.get():
        _show(gathered)
    token = _gathered.set(None)
    try:
        yield
    finally:
        _gathered.reset(token)


def _show(pieces: list[Markup]) -> None:
    if pieces:
        st.html(one_of(pieces))
        pieces.clear()


def one_of(pieces: Sequence[Markup]) -> Markup:
    """Several pieces as one: each element costs the server and the browser a part of their time that does not depend on
    what is in it."""
    return tag("div", *pieces, class_="sb-pieces")


def say(*sentences: Child, state: str | None = None) -> None:
    """The plain sentences a page opens with. `state`: well, attention, broken, waiting or unknown, with its mark; well
    is shown as unknown where row security keeps rows of what the page has read from this viewer."""
    put(tag("p", mark(veil.at_best(state)) if state else None, join(*sentences), class_="sb-say"))


_MARKS = {
    "well": ("●", "well"),
    "attention": ("▲", "needs attention"),
    "broken": ("■", "broken"),
    "waiting": ("◆", "waits for a human"),
    "signal": ("▶", "running"),
    "unknown": ("○", "could not check"),
}


def mark(state: str, word: str | None = None) -> Markup:
    """The sign of a state, with its word for whoever does not see colours."""
    sign, meaning = _MARKS[state]
    return tag(
        "span",
        sign,
        class_=f"sb-mark sb-{state}",
        title=word or meaning,
        role="img",
        aria_label=word or meaning,
    )


def note(*words: Child) -> None:
    """A remark in the muted type: what a figure leaves out, on what it rests."""
    put(tag("p", *words, class_="sb-note"))


def heading(words: str, aside: Child = None) -> None:
    """The heading of a part of a page, with a remark beside it."""
    put(head(words, aside))


def head(words: str, aside: Child = None) -> Markup:
    """The same as a piece of a larger one: each piece of its own is a message to the browser."""
    return tag("h2", words, tag("small", aside) if aside else None, class_="sb-heading")


def empty(sentence: Child, *then: Child) -> None:
    """Why there is nothing here and what to do next."""
    put(tag("div", tag("p", sentence), tag("p", *then) if then else None, class_="sb-empty"))


@contextmanager
def panel(view: View, name: str) -> Iterator[None]:
    """A part of a page that fails alone: an error in it becomes a sentence, a number to quote and a retry.

    `name` is what the part shows, as words: "the trend of calls".
    """
    try:
        yield
    except NotFound as error:
        empty(error.sentence)
    except Exception as error:
        number = secrets.token_hex(4)
        log.exception("panel failed", extra={"error_id": number, "page": view.page.url_path, "panel": name})
        _failed(view, name, number, error)


def _failed(view: View, name: str, number: str, error: Exception) -> None:
    sentence = error.sentence if isinstance(error, SignalboxError) else f"{name.capitalize()} could not be shown."
    with apart(), st.container(border=True, key=f"sb_failed_{number}"):
        st.html(
            tag(
                "p",
                mark("unknown"),
                sentence,
                " If trying again does not help, tell whoever runs this console the number ",
                tag("code", number),
                ".",
            )
        )
        st.button("Try again", key=f"retry_{view.page.url_path}_{name}")


def footer(
    view: View,
    *,
    report: str | None = None,
    filters: Mapping[str, links.Value] | None = None,
    order: tuple[str, bool] | None = None,
    rows: int | None = None,
    noun: str = "row",
) -> None:
    """The last line of a page or table: as of when, the rows as CSV and JSON lines, a link to this very screen.

    `report` is the name of the export, `filters` its parameters, `order` what the rows are sorted by and whether
    downwards, `rows` how many it will hold (of none there is no file) and `noun` what each is.
    """
    ways: list[Child] = []
    # An export takes no longer value, which the id of a stream may have, and not more of them.
    several = [value if isinstance(value, tuple) else (str(value),) for value in (filters or {}).values()]
    is_taken = all(
        len(values) <= exports.MAX_VALUES and all(len(value) <= exports.MAX_CHARACTERS for value in values)
        for values in several
    )
    if report and rows != 0 and is_taken and view.actor.can("export_rows"):
        amount = "" if rows is None else f", {plural(rows, noun)}"
        for kind, label in (("csv", f"CSV{amount}"), ("jsonl", "JSON lines")):
            taken = {name: value for name, value in (filters or {}).items() if value is not False}
            if order:
                taken |= {"sort": order[0], "downwards": order[1]}
            address = links.href(f"export/{report}.{kind}", taken)
            ways.append(tag("a", label, href=address, title=f"Take these rows away as {label}"))
    ways.append(tag("button", "copy link", type="button", class_="sb-copy", title="Copy the address of this screen"))
    put(tag("div", live.clock(view), tag("span", *ways, class_="sb-ways"), class_="sb-footer"))
