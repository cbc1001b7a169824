"""The tables of the database: size, rows, vacuum, and who reaches them through which rules."""

from __future__ import annotations

from typing import Any

from data.operations.inspection import TABLE_SORTS, Table
from ui import page
from ui.asking import filters, links, paging
from ui.database.looking import Looked
from ui.drawing import tables as drawing
from ui.drawing.markup import Child, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural
from ui.wording.sizes import size

_PROTECTION = {
    "open": ("broken", "no row-level security"),
    "no policy": ("attention", "no policy"),
    "unguarded": ("attention", "no row-level security"),
    "well": ("well", "on"),
    "foreign": ("unknown", "Supabase's own"),
}


def tables(view: View, looked: Looked[list[Table]]) -> None:
    """Every table, the largest first, or sorted by what the URL asks for."""
    if looked.found is None:
        return
    page.heading(
        "Tables",
        f"{plural(len(looked.found), 'table')}, {size(sum(one.size_bytes for one in looked.found))} with indexes; each "
        "leads to its policies and indexes",
    )
    sorted_by = filters.sorting(TABLE_SORTS, "-size")
    rows = drawing.ordered([_row(one) for one in looked.found], sorted_by, TABLE_SORTS)
    offset = paging.offset_of(len(rows))
    largest = max((row["size_bytes"] for row in rows), default=0)
    drawing.table(
        view,
        rows[offset : offset + paging.PAGE_SIZE],
        [
            drawing.Column("Table", _name, hint=lambda row: row["name"]),
            drawing.Column("Size", drawing.bar("size_bytes", largest, size), is_number=True, sort="size"),
            drawing.Column("Rows, about", _estimate, is_number=True, sort="rows"),
            drawing.Column("Dead rows", _dead, is_number=True, sort="dead"),
            drawing.Column("Vacuumed", lambda row: _vacuumed(view, row), hint=lambda row: _analyzed(view, row)),
            drawing.Column("Row-level security", _protection, sort="security"),
            drawing.Column(
                "Policies",
                lambda row: links.go(figures.count(len(row["policies"])), view.page.url_path, table=row["name"]),
                is_number=True,
                hint=lambda row: "\n".join(row["policies"]) or None,
            ),
            drawing.Column("Reached by", _open_to, wide=True),
        ],
        label="Tables",
        total=len(rows),
        sorted_by=sorted_by,
    )
    page.footer(view, report="database_tables", order=sorted_by, rows=len(rows), noun="table")


def _name(row: drawing.Row) -> Child:
    """Leads to its policies and indexes."""
    return links.go(figures.middle(row["name"], 60), "database", table=row["name"])


def _row(one: Table) -> dict[str, Any]:
    known = {name: getattr(one, name) for name in Table.__dataclass_fields__}
    told = {name: getattr(one, name) for name in ("name", "protection", "exposure", "needs_vacuum")}
    return known | told


def _estimate(row: drawing.Row) -> Child:
    return figures.compact(row["estimated_rows"]) if row["estimated_rows"] is not None else drawing.muted("not counted")


def _dead(row: drawing.Row) -> Child:
    number = figures.count(row["dead_rows"] or 0)
    if not row["needs_vacuum"]:
        return number
    return tag("span", page.mark("attention", "many dead rows"), number, class_="sb-state sb-attention")


def _vacuumed(view: View, row: drawing.Row) -> Child:
    when = row["vacuumed_at"]
    return figures.moment(when, view.zone, view.as_of) if when else drawing.muted("not yet")


def _analyzed(view: View, row: drawing.Row) -> str:
    when = row["analyzed_at"]
    return f"analysed {figures.exact(when, view.zone)}" if when else "not analysed since the statistics began"


def _protection(row: drawing.Row) -> Child:
    state, words = _PROTECTION[row["protection"]]
    return tag("span", page.mark(state, words), words, class_=f"sb-state sb-{state}")


def _open_to(row: drawing.Row) -> Child:
    return ", ".join(row["open_to"]) or drawing.muted("the owner alone")
