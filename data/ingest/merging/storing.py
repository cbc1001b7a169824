"""The database's side of an import: one transaction per file, in which staged records join what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import Jsonb

from data.adoption import moving
from data.database import queries
from data.errors import KeptElsewhere
from data.ingest.merging import epics, metrics, skills
from data.ingest.merging.approvals import derive_approvals
from data.ingest.merging.jobs import derive_jobs
from data.ingest.merging.records import merge_records
from data.ingest.merging.sessions import merge_sessions
from data.ingest.merging.statements import Statements
from data.ingest.report import KEPT_PROBLEMS, FileReport
from data.ingest.staging.touched import Staged, Write
from data.wording import plural
from signalbox_client.errors import UnfitTable

_APPROVALS, _JOBS = "engine.human_approvals", "agents.jobs"
_EXECUTIONS, _METRICS = "engine.sop_executions", "engine.agent_metrics"


class Store:
    """One connection that imports file after file; in autocommit mode between them.

    `is_ours` says that nobody else uses the connection: it may then keep settings and prepared statements, unless a
    pooler stands between it and the server, which is asked.
    """

    def __init__(self, connection: psycopg.Connection[Any], owner: UUID | None, *, is_ours: bool = False) -> None:
        self.owner = owner
        self.connection = connection
        self._do = Statements(connection)
        self._closed = self._find_closed()
        (backend,) = self._do.rows("ingest.storing.find_backend")
        (boundary,) = self._do.rows("ingest.storing.find_boundary") or [{"raw_from": None}]
        self._do.raw_from = boundary["raw_from"]
        self._keeps = is_ours and backend["pid"] == connection.info.backend_pid
        if self._keeps:
            connection.prepare_threshold = 0
            self._prepare(for_transaction=False)

    def reprice(self) -> None:
        """Estimate anew what was estimated at other prices."""
        with self._transaction():
            metrics.await_turn(self._do)
            if self._takes(_EXECUTIONS) and (sessions := skills.sessions_with_skills(self._do, self._do.raw_from)):
                skills.rederive(self._do, sessions)
            metrics.mark_all(self._do)

    def import_file(self, fill: Callable[[Write], Staged]) -> FileReport:
        """Run one file's transaction: `fill` writes its rows into the staging table, then they join what is known.

        What was added is noted in the report of the file. Raises psycopg.Error and what `fill` raises; nothing of the
        file is kept then.
        """
        with self._transaction():
            with (
                self.connection.cursor() as cursor,
                cursor.copy(queries.find("ingest.storing.copy_staged").text) as copy,
            ):
                staged = fill(copy.write)
            self._merge(staged)
        return staged.report

    def finish(self, write_down: Callable[[], None]) -> None:
        """Count the days that changed and `write_down` that all is done."""
        with self._transaction():
            if self._takes(_METRICS):  # else the days stay noted
                metrics.count(self._do)
            write_down()
        self._do.run("ingest.storing.drop_staged")

    @property
    def left_out(self) -> list[str]:
        """What is not derived from logs because another table is read than ours, or a moved one cannot take it, in
        sentences."""
        return [self._closed[name] for name in (_APPROVALS, _EXECUTIONS, _JOBS, _METRICS) if not self._takes(name)]

    def _takes(self, table: str) -> bool:
        return table not in self._closed

    def _find_closed(self) -> dict[str, str]:
        """The tables that take no rows of an import, each with why. Raises KeptElsewhere or UnfitTable for one of
        Chronicle, without which there is nothing to import."""
        closed = {}
        for row in self._do.rows("ingest.storing.list_kept_elsewhere"):
            name, source = row["name"], row["source"]
            if name.startswith("chronicle."):
                raise KeptElsewhere(
                    f"{name} is kept as {source}, which the console reads, and an import fills the console's own "
                    "tables alone: it would never be seen. Nothing was imported."
                )
            closed[name] = f"{source} is read instead of {name}, so nothing was derived into that."
        for row in self._do.rows("ingest.storing.list_moved_systems"):
            for each in moving.unfit(self.connection, row["system"]):
                if each.is_whole and each.table.startswith("chronicle."):
                    raise UnfitTable(f"{each.why}. Nothing was imported.")
                if each.is_whole:
                    closed.setdefault(each.table, f"{each.why}, so nothing was derived into it.")
        return closed

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self.connection.transaction():
            if not self._keeps:
                self._prepare(for_transaction=True)
            yield

    def _prepare(self, *, for_transaction: bool) -> None:
        (answer,) = self._do.rows("ingest.storing.prepare", for_transaction=for_transaction)
        if answer["needs_staging_table"]:
            self._do.run("ingest.storing.create_temporary_staged")

    def _merge(self, staged: Staged) -> None:
        report, do = staged.report, self._do
        problems = [{"line": problem.line, "reason": problem.reason} for problem in report.problems[:KEPT_PROBLEMS]]
        (file,) = do.rows(
            "ingest.storing.upsert_file",
            path=report.path,
            format=report.format,
            size_bytes=report.size_bytes,
            owner=self.owner,
            counts=Jsonb(report.held(), dumps=orjson.dumps),
            problems=Jsonb(problems, dumps=orjson.dumps),
        )
        touched = merge_sessions(do, staged, self.owner)
        merge_records(do, staged, touched, file["id"])
        whole = touched.whole(do.raw_from)
        if self._takes(_APPROVALS):
            derive_approvals(do, staged, whole)
        if self._takes(_JOBS):
            derive_jobs(do, staged, whole, self.owner)
        if self._takes(_EXECUTIONS):
            skills.derive_executions(do, staged, whole)
            epics.derive_executions(do, staged)
        metrics.mark(do, staged, touched, file["id"])
        report.added, report.renewed, report.removed = +report.added, +report.renewed, +report.removed
        if do.raw_from and len(whole.sessions) < len(touched.sessions) and report.has_changed:
            left = len(touched.sessions) - len(whole.sessions)
            report.notes.append(
                f"{plural(left, 'session')} began before {do.raw_from:%d %B %Y}, of which only sums are kept: what is "
                "new in them was added, their jobs, questions and runs of skills were left as they are."
            )
        report.owners_kept = touched.of_others(self.owner)
        if report.owners_kept:
            theirs = plural(report.owners_kept, "session belongs", "sessions belong")
            report.notes.append(f"{theirs} to somebody else already; the owner was kept.")
