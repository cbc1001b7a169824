"""What a list says that holds nothing: which filter stands between, and the way to all time."""

from __future__ import annotations

from collections.abc import Mapping

from ui import page
from ui.asking import filters, links
from ui.asking.periods import Period
from ui.drawing.markup import Child, Markup
from ui.view import View
from ui.wording import figures


def unmatched(thing: str, period: Period, asked: Mapping[str, str | None], *, narrowed: bool = False) -> str:
    """Why a list is empty, by name where one filter alone stands between: `asked` are those that take any value, with
    what each asks for, `narrowed` says whether something else leaves rows out as well."""
    values = [(name, value) for name, value in asked.items() if value]
    if len(values) != 1 or narrowed:
        return f"No {thing} {period.during} matches these filters."
    name, value = values[0]
    return f"No {thing} {period.during} has the {name} “{figures.shortened(value, 60)}”."


def ways_out(view: View, period: Period) -> tuple[Child, ...]:
    """What to do about an empty list, as a sentence: the way to it without its filters, where some are set, and to all
    time, unless that is what was looked at."""
    unfiltered = links.go("Take the filters away", view.page.url_path, period.query)
    if period.choice == "all":
        return (unfiltered, ".") if filters.are_set() else ()
    if filters.are_set():
        return unfiltered, " or ", to_all_time(view, "look at all time"), "."
    return to_all_time(view, "Look at all time"), "."


def say_none(view: View, period: Period, none: str, untimed: str) -> None:
    """Says that a period holds nothing, or nothing that fits the filters, and what to do about it: `none` as "No call",
    `untimed` as "the calls without a time"."""
    where = f"among {untimed}" if period.untimed else period.during
    why = f"{none} {where} fits these filters." if filters.are_set() else f"{none} is recorded {where}."
    page.empty(why, *ways_out(view, period))


def to_all_time(view: View, words: str) -> Markup:
    """The way from an empty list to all time, with the filters that are set."""
    address = filters.here(view, period="all", **dict.fromkeys(("from", "to", filters.PAGE_NUMBER)))
    return links.go_to(words, address)
