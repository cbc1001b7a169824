"""Tables: rows that can be read, sorted and followed; 25 at a time, right-aligned numbers, full values on hover.

They are HTML and not a canvas: links are links, a screen reader reads them, and a test can too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from ui.asking import filters, links, paging
from ui.drawing.markup import Child, Markup, join, span, tag
from ui.page import mark, put
from ui.view import View
from ui.wording import figures

Row = Mapping[str, Any]
Cell = Callable[[Row], Child]


@dataclass(frozen=True)
class Column:
    """One column: its header (with the unit), what it shows of a row, whether it holds numbers.

    `sort` is its name in the URL's `sort`; `hint` gives the full value on hover; `down_first` sorts from the top first.
    """

    title: str
    cell: Cell
    is_number: bool = False
    sort: str | None = None
    hint: Callable[[Row], str | None] | None = None
    down_first: bool = True
    wide: bool = False  # wraps, and takes what the others leave
    line: bool = False  # takes what the others leave, on one line that is cut where it ends


def table(
    view: View,
    rows: pd.DataFrame | Iterable[Row],
    columns: Sequence[Column],
    *,
    label: str,
    total: int | None = None,
    sorted_by: tuple[str, bool] | None = None,
    paged_by: str = filters.PAGE_NUMBER,
) -> None:
    """Draw one page of rows. `label` says what they are, `total` how many there are over all pages (default: these
    are all), `sorted_by` is what `filters.sorting` gave, which makes the headers of sortable columns links, `paged_by`
    the parameter of the URL with the number of the page."""
    shown = records(rows)
    header = tag("tr", *[_header(view, column, sorted_by) for column in columns])
    lines = [tag("tr", *[_cell(column, row) for column in columns]) for row in shown]
    whole = tag("table", tag("thead", header), tag("tbody", *lines), class_="sb-table", aria_label=label)
    below = paging.pager(view, total, name=paged_by) if total is not None else None
    put(tag("div", tag("div", whole, class_="sb-scroll", tabindex=0, role="region", aria_label=label), below))


def records(rows: pd.DataFrame | Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as dictionaries in which nothing known is None, whatever a frame has made of it."""
    if not isinstance(rows, pd.DataFrame):
        return [dict(row) for row in rows]
    plain = rows.astype(object).where(rows.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


def ordered(rows: Iterable[Row], sorted_by: tuple[str, bool], columns: Mapping[str, str]) -> list[Row]:
    """Rows by the one of `columns` that `filters.sorting` gave, as the file of them is (`sorts` of its report): equal
    ones stay in the order they come in, what is not known stands last either way."""
    every, name = list(rows), columns[sorted_by[0]]
    known = [row for row in every if row[name] is not None]
    return sorted(known, key=lambda row: row[name], reverse=sorted_by[1]) + [row for row in every if row[name] is None]


def _header(view: View, column: Column, sorted_by: tuple[str, bool] | None) -> Markup:
    class_ = "sb-number" if column.is_number else None
    if sorted_by is None or column.sort is None:
        return tag("th", column.title, class_=class_, scope="col")
    is_sorted = sorted_by[0] == column.sort
    downwards = not sorted_by[1] if is_sorted else column.down_first
    arrow = (" ↓" if sorted_by[1] else " ↑") if is_sorted else ""
    address = filters.here(view, sort=f"{'-' if downwards else ''}{column.sort}", page=None)
    order = ("descending" if sorted_by[1] else "ascending") if is_sorted else None
    return tag("th", links.go_to(f"{column.title}{arrow}", address), class_=class_, scope="col", aria_sort=order)


def _cell(column: Column, row: Row) -> Markup:
    given = (("sb-number", column.is_number), ("sb-wide", column.wide), ("sb-line", column.line))
    classes = " ".join(name for name, on in given if on)
    return tag("td", column.cell(row), class_=classes or None, title=column.hint(row) if column.hint else None)


def text(name: str, length: int = 80) -> Cell:
    """The text of a field, cut at a length."""
    return lambda row: figures.shortened(row[name], length) or muted(figures.DASH)


def count(name: str) -> Cell:
    """A whole number; absent is a muted word."""
    return lambda row: figures.count(row[name]) if row[name] is not None else muted(figures.NONE_RECORDED)


def duration(name: str) -> Cell:
    """A duration in milliseconds, as 4.8 s."""
    return lambda row: figures.duration(row[name]) if row[name] is not None else muted(figures.NONE_RECORDED)


def rate(part: str, whole: str) -> Cell:
    """A share of cases with a known outcome; "unknown" where there are none."""
    return lambda row: figures.percent(row[part], row[whole]) if row[whole] else muted("unknown")


def moment(view: View, name: str) -> Column:
    """A column of times as 12:03 or 18 Nov 12:03, the exact time on hover; its header names the offset of now, and
    times that have another one name theirs."""
    return Column(
        f"When ({figures.zone_name(view.as_of, view.zone)})",
        when(view, name),
        sort="when",
        hint=lambda row: figures.exact(row[name], view.zone),
    )


def when(view: View, name: str) -> Cell:
    """A time as 12:03 or 18 Nov 12:03, with its offset where that is not the one of now."""
    return lambda row: (
        tag("span", figures.moment(row[name], view.zone, view.as_of), class_="sb-when")
        if row[name] is not None
        else muted("no time")
    )


def identifier(name: str) -> Cell:
    """The first characters of an id in the mono type, the whole one copied on a click."""

    def cell(row: Row) -> Child:
        if row[name] is None:
            return muted(figures.NONE_RECORDED)
        return tag(
            "button",
            figures.short_id(row[name]),
            type="button",
            class_="sb-copy sb-id",
            data_copy=str(row[name]),
            title=f"{row[name]} (click to copy)",
        )

    return cell


def money(usd: float | Decimal, *, is_estimate: bool) -> Child:
    """An amount, with the sign that estimates have on every page."""
    written = figures.money(usd)
    return join(span("≈\u00a0", "sb-muted"), written) if is_estimate else written


def state(name: str, states: Mapping[str, str]) -> Cell:
    """A status with its mark and word; `states` says which status is well, broken, attention, waiting, signal."""

    def cell(row: Row) -> Child:
        if row[name] is None:
            return muted(figures.NONE_RECORDED)
        value = str(row[name])
        kind = states.get(value, "unknown")
        return tag("span", mark(kind, value), f" {value}", class_=f"sb-state sb-{kind}")

    return cell


def bar(name: str, top: float, written: Callable[[Any], str] = figures.count, kind: str = "signal") -> Cell:
    """A figure with a bar behind it, as long as its share of `top`."""

    def cell(row: Row) -> Child:
        value = row[name]
        if value is None:
            return muted(figures.NONE_RECORDED)
        width = 100 * float(value) / top if top else 0
        return tag(
            "span",
            tag("i", style=f"width:{min(width, 100):.1f}%", class_=f"sb-fill-{kind}"),
            tag("b", written(value)),
            class_="sb-bar",
        )

    return cell


def muted(words: str) -> Markup:
    """Words that say something is absent."""
    return tag("span", words, class_="sb-muted")
