"""The real agent logs, imported once for a module of tests, and the figures that an independent counter found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data import embedded
from data.ingest import Report, ingest
from tests.agent_log_samples import samples
from tests.conftest import fresh_database
from tests.ingest_database import rows

FOLDER = samples() or Path()
ABSENT = not FOLDER.name
WHY = "no samples beside the checkout; the made-up logs of the other tests cover every oddity of them"
HOOK_SOURCES = ("attio-hooks", "quantstats-hooks", "task-patterns-hooks")
TRANSCRIPT_SOURCES = ("session-share-transcripts", "spotter-transcripts", "attio-hooks", "task-patterns-hooks")

# Records of one source, each with the event that it became; what another source told, too, counts for both.
RECORDS = """
    select r.record_key, r.source_kind, f.path, e.id as event_id, e.event_type, e.timestamp, e.metadata, e.data,
        s.session_id, t.tool_name, t.phase, t.success, t.error_message, t.execution_time_ms, t.call_id, t.result,
        n.notification_type, l.lifecycle_type, l.trigger_reason
    from signalbox.import_records as r
    inner join signalbox.import_files as f on f.id = r.file_id
    inner join chronicle.events as e on e.id = r.event_id
    inner join chronicle.sessions as s on s.id = e.session_id
    left join chronicle.tool_events as t on t.event_id = e.id
    left join chronicle.notification_events as n on n.event_id = e.id
    left join chronicle.lifecycle_events as l on l.event_id = e.id
"""


@dataclass
class Imported:
    """The database of this module's one import."""

    url: str
    report: Report
    records: list[dict[str, Any]]

    def of(self, source: str, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.records if row["source_kind"] == kind and source_of(row["path"]) == source]


def source_of(path: str) -> str:
    """The source that a file of the samples belongs to."""
    return Path(path).relative_to(FOLDER.resolve()).parts[0]


@contextmanager
def imported_samples(server: embedded.Lease) -> Iterator[Imported]:
    """All samples in a database of their own."""
    with fresh_database(server) as url:
        report = ingest([FOLDER], url)
        yield Imported(url, report, [dict(row) for row in rows(url, RECORDS)])


def facts_of_samples() -> dict[str, Any]:
    """The counted figures by source."""
    document = json.loads((FOLDER / "facts.json").read_text(encoding="utf-8"))
    return dict(document["sources"])


def transcript_facts(facts: dict[str, Any], source: str) -> dict[str, Any]:
    """What was counted in the transcripts of a source, which may have hooks besides."""
    return dict(facts[source].get("totals") or facts[source]["chat_json"])
