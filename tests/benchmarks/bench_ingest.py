"""How fast agent logs are imported, against parsing the same bytes and a bare COPY of the very same rows."""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import orjson
import psycopg
from psycopg import sql

from data import embedded, migration
from data.ingest import ingest
from data.ingest.reading.walking import walk
from tests.agent_log_samples import samples

ROUNDS = 7
BOUND = 2.5
# In an order in which foreign keys are satisfied.
TABLES = (
    "chronicle.sessions",
    "chronicle.events",
    "chronicle.tool_events",
    "chronicle.prompt_events",
    "chronicle.notification_events",
    "chronicle.lifecycle_events",
    "chronicle.project_context",
    "signalbox.import_files",
    "signalbox.import_records",
    "signalbox.model_replies",
    "agents.jobs",
    "engine.human_approvals",
)


class Figure(TypedDict):
    """As tests/benchmarks/__main__.py wants it."""

    name: str
    value: float
    unit: str
    limit: float
    ratio: float
    bound: str
    holds: bool
    how: str


def measure() -> list[Figure]:
    """Interleaved rounds on an embedded server of its own; the medians of both."""
    folder = samples()
    if folder is None:
        print("no samples beside the checkout: SIGNALBOX_SAMPLES names their folder", file=sys.stderr)
        return []
    with _database() as url:
        ingest([folder], url)
        rows = _copied(url)
        imported: list[float] = []
        bare: list[float] = []
        for _ in range(ROUNDS):
            _empty(url)
            bare.append(_seconds(lambda: _parse_and_copy(folder, url, rows)))
            _empty(url)
            imported.append(_seconds(lambda: ingest([folder], url)))
    value, limit = statistics.median(imported), statistics.median(bare)
    count = sum(content.count(b"\n") for content in rows.values())
    return [
        {
            "name": "import of the samples",
            "value": value,
            "unit": "s",
            "limit": limit,
            "ratio": value / limit,
            "bound": f"at most {BOUND}",
            "holds": value / limit <= BOUND,
            "how": (
                f"{count} rows; limit: orjson over the same bytes, then COPY of the same rows into the same tables, "
                f"medians of {ROUNDS} interleaved rounds; "
                f"largest memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB"
            ),
        }
    ]


@contextmanager
def _database() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="signalbox-bench-") as home, embedded.lease(Path(home)) as lease:
        migration.up(lease.url(), migration.FOLDER, lambda _: None)
        yield lease.url()


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _empty(url: str) -> None:
    names = sql.SQL(", ").join(sql.Identifier(*name.split(".")) for name in (*TABLES, "signalbox.change_log"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("truncate {} cascade").format(names))
        connection.execute("checkpoint")


def _copied(url: str) -> dict[str, bytes]:
    rows: dict[str, bytes] = {}
    with psycopg.connect(url) as connection:
        for name in TABLES:
            statement = sql.SQL("copy {} to stdout").format(sql.Identifier(*name.split(".")))
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                rows[name] = b"".join(bytes(piece) for piece in copy)
    return rows


def _parse_and_copy(folder: Path, url: str, rows: dict[str, bytes]) -> None:
    for file in walk([folder]).files:
        content = file.path.read_bytes()
        if content.startswith(b"["):
            orjson.loads(content)
            continue
        for line in content.splitlines():
            try:
                orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
    with psycopg.connect(url) as connection, connection.transaction():
        for name, content in rows.items():
            statement = sql.SQL("copy {} from stdin").format(sql.Identifier(*name.split(".")))
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(content)
