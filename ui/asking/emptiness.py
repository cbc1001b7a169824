"""What a list says that holds nothing: which filter stands between, and the way to all time."""

from __future__ import annotations

from collections.abc import Mapping

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


def ways_out(view: View, period: Period, unfiltered: Child) -> tuple[Child, ...]:
    """What to do about an empty list, as the end of a sentence: the way to it `unfiltered`, and to all time, with the
    filters that are set, unless that is what was looked at."""
    return (unfiltered, ".") if period.choice == "all" else (unfiltered, " or ", to_all_time(view), ".")


def to_all_time(view: View) -> Markup:
    """The way from an empty list to all time, with the filters that are set."""
    address = filters.here(view, period="all", **dict.fromkeys(("from", "to", filters.PAGE_NUMBER)))
    return links.go_to("look at all time", address)
