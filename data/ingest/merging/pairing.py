"""What hooks without ids and a transcript both tell becomes one, paired by tool, input and order."""

from __future__ import annotations

from typing import Any

from data.ingest.merging.statements import Statements
from data.ingest.report import EVENT_TYPES, FileReport
from data.ingest.staging.touched import Staged, Touched


def prepare(do: Statements, staged: Staged, touched: Touched) -> None:
    """Before anything is added: number what looks alike, and leave out what a transcript has told."""
    if not staged.has_counted_records:
        return
    do.run("ingest.pairing.number_pairs", sessions_known=touched.any_existed)
    if touched.any_told_twice:
        staged.report.paired += do.run("ingest.pairing.absorb_staged")


def pair(do: Statements, staged: Staged, touched: Touched) -> None:
    """After the file was added: a transcript takes over what hooks had told, and calls find their results."""
    if not touched.any_told_twice:
        return
    if staged.has_transcript:
        if do.raw_from:
            told = [row["event_id"] for row in do.rows("ingest.pairing.drop_told")]
            if told:
                _remove(do, staged.report, "ingest.pairing.remove_told", events=told)
        linked = [row["record_key"] for row in do.rows("ingest.pairing.link_pairs")]
        if linked:
            _remove(do, staged.report, "ingest.pairing.remove_absorbed", records=linked)
    if staged.has_tools:
        do.run("ingest.pairing.attach_outcomes")


def _remove(do: Statements, report: FileReport, name: str, **parameters: Any) -> None:
    """Take events out that are told by two sources, and what was made of them."""
    removed = {row["name"]: row["removed"] for row in do.rows(name, **parameters)}
    report.removed.update(removed)
    report.paired += sum(count for name, count in removed.items() if name in EVENT_TYPES)
