"""Which page of a table is asked for, and the links to the others."""

from __future__ import annotations

from ui.asking import filters, links, url
from ui.drawing.markup import Child, Markup, span, tag
from ui.view import View
from ui.wording import figures

PAGE_SIZE = 25


def page_number(rows_total: int, page_size: int = PAGE_SIZE, name: str = filters.PAGE_NUMBER) -> int:
    """Which page of a table is asked for, from 1 to the last there is. `name` is the parameter of the URL that says
    so, which each of several tables on one page has for itself."""
    return max(1, min(url.asked_number(name) or 1, last_page(rows_total, page_size)))


def last_page(rows_total: int, page_size: int = PAGE_SIZE) -> int:
    """The number of the last page, at least 1."""
    return max(1, -(-rows_total // page_size))


def offset_of(rows_total: int, name: str = filters.PAGE_NUMBER) -> int:
    """How many rows come before the page that the URL asks for by a name, of a table of so many rows; never all."""
    return (page_number(rows_total, name=name) - 1) * PAGE_SIZE


def pager(view: View, rows_total: int, page_size: int = PAGE_SIZE, name: str = filters.PAGE_NUMBER) -> Markup | None:
    """Links to the pages of a table; None where one page holds everything."""
    last = last_page(rows_total, page_size)
    if last == 1:
        return None
    number = page_number(rows_total, page_size, name)
    first_row, last_row = (number - 1) * page_size + 1, min(number * page_size, rows_total)
    pieces: list[Child] = [
        span(
            f"{figures.count(first_row)} to {figures.count(last_row)} of {figures.count(rows_total)}",
            "sb-muted",
        )
    ]
    for target, words in (
        (1, "« first"),
        (number - 1, "‹ previous"),
        (number + 1, "next ›"),
        (last, "last »"),
    ):
        if 1 <= target <= last and target != number:
            pieces.append(links.go_to(words, filters.here(view, **{name: None if target == 1 else target})))
        else:
            pieces.append(span(words, "sb-off"))
    return tag("div", *pieces, class_="sb-pager")
