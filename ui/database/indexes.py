"""Indexes that cost and do not help: invalid, there twice, never read; each with the SQL that removes it."""

from __future__ import annotations

from typing import Any

from data.operations.inspection import IndexFinding, Server
from ui import page
from ui.asking import paging
from ui.database.looking import Looked
from ui.drawing import tables
from ui.drawing.markup import Child, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural
from ui.wording.sizes import size

_STATES = {"invalid": "broken", "duplicate": "attention", "unused": "unknown"}
_MOST_SHOWN = paging.PAGE_SIZE
_LONGEST_NAME = 34
_LEAST_UNUSED_BYTES = 1_000_000  # a smaller one that nobody reads costs next to nothing


def indexes(view: View, server: Looked[Server], looked: Looked[list[IndexFinding]]) -> None:
    """The table of findings, and since when the server counts reads."""
    if looked.found is None:
        return
    page.heading("Indexes", _since(view, server))
    if not looked.found:
        page.note("None is invalid, there twice, or never read.")
        return
    small = [one for one in looked.found if one.finding == "unused" and one.size_bytes < _LEAST_UNUSED_BYTES]
    telling = [one for one in looked.found if one not in small]
    rows = [{name: getattr(one, name) for name in IndexFinding.__dataclass_fields__} for one in telling]
    if rows:
        _table(view, rows)
    else:
        page.note("None is invalid, there twice, or larger than 1 MB and never read.")
    if (left := len(rows) - _MOST_SHOWN) > 0:
        page.note(f"{plural(left, 'more is', 'more are')} not listed; the largest of each kind are.")
    if small:
        words = plural(len(small), "index of less than 1 MB was", "indexes of less than 1 MB were")
        page.note(f"{words} never read either ({size(sum(one.size_bytes for one in small))} together).")
    page.footer(view, report="database_indexes", rows=len(looked.found), noun="finding")


def _table(view: View, rows: list[dict[str, Any]]) -> None:
    tables.table(
        view,
        rows[:_MOST_SHOWN],
        [
            tables.Column(
                "Index",
                lambda row: figures.middle(row["index_name"], _LONGEST_NAME),
                hint=lambda row: row["index_name"],
            ),
            tables.Column("Finding", _finding),
            tables.Column("Size", lambda row: size(row["size_bytes"]), is_number=True),
            tables.Column("Reads", tables.count("scans"), is_number=True),
            tables.Column("Table", _table_name, hint=_whole_table_name),
            tables.Column("To remove it, in a migration of its own", _removal, wide=True),
        ],
        label="Indexes that cost and do not help",
    )


def _whole_table_name(row: tables.Row) -> str:
    return f"{row['schema_name']}.{row['table_name']}"


def _table_name(row: tables.Row) -> Child:
    return figures.middle(_whole_table_name(row), _LONGEST_NAME)


def _since(view: View, server: Looked[Server]) -> str:
    reset = server.found.facts["stats_reset"] if server.found else None
    since = f"since {figures.moment(reset, view.zone, view.as_of)}" if reset else "since the statistics began"
    return f"reads are counted {since}, those on replicas are not; one may wait for its day, such as the end of a month"


def _finding(row: tables.Row) -> Child:
    words = str(row["finding"])
    if row["is_being_built"]:
        return tag("span", page.mark("signal", "being built"), "being built", class_="sb-state sb-signal")
    told = {
        "unused": "never read",
        "duplicate": f"the same as {figures.middle(row['same_as'] or '', _LONGEST_NAME)}",
    }.get(words, words)
    return tag("span", page.mark(_STATES[words], told), told, class_=f"sb-state sb-{_STATES[words]}")


def _removal(row: tables.Row) -> Child:
    if row["is_being_built"]:
        return tables.muted("wait for its end")
    name = ".".join(_quoted(row[part]) for part in ("schema_name", "index_name"))
    return tag("code", f"drop index concurrently if exists {name}")


def _quoted(name: Any) -> str:
    text = str(name)
    plain = text.replace("_", "a").isalnum() and text.islower() and text.isascii() and not text[0].isdigit()
    return text if plain else '"{}"'.format(text.replace('"', '""'))
