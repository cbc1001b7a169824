"""The history of backups: what was tried, and what became of its file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data.backup import BackupRun
from ui import page
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural
from ui.wording.sizes import size

_OUTCOMES = {"succeeded": ("well", "made"), "failed": ("broken", "failed"), "running": ("signal", "running")}
_FILES = {
    "gone": ("broken", "file gone"),
    "changed": ("broken", "file changed"),
    "elsewhere": ("unknown", "on another machine"),
    "unseen": ("unknown", "file not seen"),
    "removed": ("unknown", "removed"),
}


def history(view: View, runs: Sequence[BackupRun], total: int) -> None:
    """The table of runs, the newest first."""
    page.heading("What was tried")
    if not runs:
        page.empty("No backup has been tried yet.", "Each one that is tried here or on the command line is recorded.")
        return
    rows = [_row(run) for run in runs]
    largest = max((row["size_bytes"] or 0 for row in rows), default=0)
    tables.table(
        view,
        rows,
        [
            tables.moment(view, "started_at"),
            tables.Column("Outcome", _outcome, hint=lambda row: row["error_message"]),
            tables.Column("File, or why not", _file, wide=True, hint=lambda row: row["sha256"]),
            tables.Column("Size", _absent(tables.bar("size_bytes", largest, size), "size_bytes"), is_number=True),
            tables.Column("Took", _absent(tables.duration("duration_ms"), "duration_ms"), is_number=True),
            tables.Column(
                "Tables", _absent(tables.count("listed_tables"), "listed_tables"), is_number=True, hint=_entries
            ),
            tables.Column("By", tables.text("started_by_email", 40), hint=_process),
        ],
        label="Backups that were tried",
        total=total,
    )


def _row(run: BackupRun) -> dict[str, Any]:
    known = {name: getattr(run, name) for name in BackupRun.__dataclass_fields__}
    return known | {"duration_ms": run.duration_ms, "lacking": run.lacking}


def _absent(cell: tables.Cell, name: str) -> tables.Cell:
    """A dash where a run never came so far that there is a figure."""
    return lambda row: cell(row) if row[name] is not None else tables.muted(figures.DASH)


def _outcome(row: tables.Row) -> Markup:
    found = _FILES.get(row["file_state"] or "")
    if found is None and row["lacking"]:
        found = ("attention", f"made without {plural(len(row['lacking']), 'table')}")
    state, words = found or _OUTCOMES[row["status"]]
    return tag("span", page.mark(state, words), words, class_=f"sb-state sb-{state}")


def _entries(row: tables.Row) -> str | None:
    return f"{row['listed_entries']:,} entries in the file's list" if row["listed_entries"] is not None else None


def _process(row: tables.Row) -> str:
    return f"{row['kind']}, process {row['process_id']} on {row['host']}"


def _file(row: tables.Row) -> Child:
    if row["error_message"]:
        return figures.shortened(row["error_message"], 300)
    if row["removed_at"] is not None:
        return tag("span", tag("code", row["file_name"]), f", removed by {row['removed_by_email']}")
    if row["file_name"] is None:
        return tables.muted("not whole yet")
    left_out = f", without {plural(len(row['missing_tables']), 'table')}" if row["missing_tables"] else None
    return tag("span", tag("code", row["file_name"]), left_out)
