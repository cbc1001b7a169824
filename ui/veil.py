"""What row security keeps of adopted tables from whoever looks: each page says it of the tables that it rests on, and
nothing that rests on them, or on columns that they lack, is called well. Their policies are not ours, so nobody here
knows how much they keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from ui import live
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed

# The columns by which it is told whether something went wrong: without them nothing of that is known.
_TOLD_BY = {
    "agents.jobs": "status",
    "chronicle.sessions": "status",
    "engine.agent_metrics": "human_escalations",
    "engine.sop_executions": "status",
    "lift.sessions": "status",
}

_drawn_for: ContextVar[View | None] = ContextVar("drawn_for", default=None)


def opened(view: View) -> None:
    """Note for whom this thread draws from now on."""
    _drawn_for.set(view)


def shown() -> View | None:
    """For whom this thread draws; None where no page has begun."""
    return _drawn_for.get()


@contextmanager
def beside(view: View) -> Iterator[None]:
    """Draw for a view that gathers by itself what it rests on."""
    token = _drawn_for.set(view)
    try:
        yield
    finally:
        _drawn_for.reset(token)


def veiled(view: View) -> list[str]:
    """The tables behind what the page has read so far of which row security keeps rows from this viewer."""
    return read_of(view, view.veiled)


def read_of(view: View, names: Iterable[str]) -> list[str]:
    """Those of these tables that the page has read so far, in the order of their names."""
    rests_on = live.shown_of(view)
    of_page = [name for name in sorted(names) if view.page.reads(name)]
    return of_page if rests_on is None else [name for name in of_page if name in rests_on or name in view.recalls]


def hides(*tables: str) -> bool:
    """Whether row security keeps rows of any of these tables from whoever this is drawn for; without names, of any that
    the page has read so far."""
    view = _drawn_for.get()
    if view is None or not view.veiled:
        return False
    return not view.veiled.keys().isdisjoint(tables) if tables else bool(veiled(view))


def hides_all(table: str) -> bool:
    """Whether row security keeps every row of this table from whoever this is drawn for, so that none is no number."""
    view = _drawn_for.get()
    return view is not None and table in view.veiled and _left(view, table) == "none"


def at_best(state: str) -> str:
    """A state as it may be shown: what rests on rows that are kept from this viewer, or on columns that adopted tables
    do not have, could not be checked."""
    return "unknown" if state == "well" and (hides() or _is_untold()) else state


def _is_untold() -> bool:
    view = _drawn_for.get()
    if view is None or not view.lacks:
        return False
    rests_on = live.shown_of(view)
    return any(
        view.lacks_column(table, column)
        for table, column in _TOLD_BY.items()
        if view.page.reads(table) and (rests_on is None or table in rests_on)
    )


def of_the_seen(nothing: str, *, is_untold: bool = False) -> str:
    """What there is none of, narrowed to what this viewer sees or could be checked where that is not all; `is_untold`:
    rows do not say it."""
    if hides():
        return seen(nothing)
    return f"{nothing} that could be checked" if is_untold or _is_untold() else nothing


def seen(nothing: str, *tables: str) -> str:
    """What no row of these tables is, or of any that the page has read so far, narrowed to what this viewer sees where
    row security keeps rows of them."""
    view = _drawn_for.get()
    return f"{nothing} that {_who_sees(view)}" if view is not None and hides(*tables) else nothing


def counted(number: int, table: str) -> str:
    """A number of rows of a table as it is written: none of those that this viewer sees is no number where row security
    keeps some."""
    return "unknown" if not number and hides(table) else figures.count(number)


def sentences(view: View) -> list[str]:
    """What is kept from this viewer of that which the page rests on; empty where nothing is."""
    names = veiled(view)
    whole = [view.veiled[name].place for name in names if _left(view, name) == "none"]
    parts = [view.veiled[name].place for name in names if _left(view, name) == "some"]
    who = whose(view)
    said = []
    if whole:
        said.append(
            f"Row security keeps every row of {listed(whole)} from {who}: what rests on {_them(whole)} is unknown here."
        )
    if parts:
        said.append(
            f"Row security decides which rows of {listed(parts)} {who} may see: what rests on {_them(parts)} may leave "
            "some out."
        )
    return said


def whose(view: View) -> str:
    """Who it is kept from, in words."""
    if view.actor.watcher:
        return view.actor.email
    return "your role" if view.actor.sees_all else "you"


def _who_sees(view: View) -> str:
    if view.actor.watcher:
        return f"{view.actor.email} sees"
    return "your role sees" if view.actor.sees_all else "you see"


def _left(view: View, name: str) -> str | None:
    return view.veiled[name].hides(sees_all=view.actor.sees_all)


def _them(tables: Sequence[str]) -> str:
    return "it" if len(tables) == 1 else "them"
