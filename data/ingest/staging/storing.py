"""The database's side of an import: one transaction per file, in which staged records join what is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import errors
from psycopg.types.json import Jsonb

from data.database import queries
from data.ingest.report import KEPT_PROBLEMS, FileReport
from data.ingest.staging.escaping import Escaper
from data.ingest.staging.session_merge import merge
from data.ingest.staging.statements import Statements
from data.ingest.staging.touched import Staged, Touched, TouchedSession, Write


class Store:
    """One connection that imports file after file; in autocommit mode between them.

    `is_ours` says that nobody else uses the connection: it may then keep settings and prepared statements, unless a
    pooler stands between it and the server, which is asked.
    """

    def __init__(self, connection: psycopg.Connection[Any], owner: UUID | None, *, is_ours: bool = False) -> None:
        self.owner = owner
        self.connection = connection
        self._do = Statements(connection)
        self._last_file: int | None = None
        (backend,) = self._do.rows("ingest.find_backend")
        self._keeps = is_ours and backend["pid"] == connection.info.backend_pid
        if self._keeps:
            connection.prepare_threshold = 0
            self._prepare(for_transaction=False)

    def import_file(self, fill: Callable[[Write], Staged]) -> FileReport:
        """Run one file's transaction: `fill` writes its rows into the staging table, then they join what is known.

        What was added is noted in the report of the file. Raises psycopg.Error and what `fill` raises; nothing of the
        file is kept then.
        """
        with self.connection.transaction():
            if not self._keeps:
                self._prepare(for_transaction=True)
            with self.connection.cursor() as cursor, cursor.copy(queries.find("ingest.copy_staged").text) as copy:
                staged = fill(copy.write)
            self._merge(staged)
        return staged.report

    def finish(self) -> None:
        """Wait until all files stand on disk; until then a crash of the server may lose the newest of them."""
        self._do.run("ingest.drop_staged")
        if self._last_file is not None:
            self._do.run("ingest.make_durable", file_id=self._last_file)

    def _prepare(self, *, for_transaction: bool) -> None:
        (answer,) = self._do.rows("ingest.prepare", for_transaction=for_transaction)
        if answer["needs_staging_table"]:
            self._do.run("ingest.create_temporary_staged")

    def _merge(self, staged: Staged) -> None:
        report, do = staged.report, self._do
        problems = [{"line": problem.line, "reason": problem.reason} for problem in report.problems[:KEPT_PROBLEMS]]
        (file,) = do.rows(
            "ingest.upsert_file",
            path=report.path,
            format=report.format,
            size_bytes=report.size_bytes,
            owner=self.owner,
            counts=Jsonb(report.held(), dumps=orjson.dumps),
            problems=Jsonb(problems, dumps=orjson.dumps),
        )
        self._last_file = file["id"]
        touched = self._merge_sessions(staged)
        if staged.events:
            self._merge_events(staged, touched, file["id"])
        if staged.has_replies:
            report.added["replies"] = do.run("ingest.add_replies")
        self._derive(staged, touched)
        report.added = +report.added
        report.owners_kept = touched.of_others(self.owner)
        if report.owners_kept:
            report.notes.append(f"{report.owners_kept} sessions belong to somebody else already; their owner was kept.")

    def _merge_sessions(self, staged: Staged) -> Touched:
        do = self._do
        facts = list(staged.sessions.all())
        if not facts:
            return Touched()
        escaper = Escaper()  # of its own: these characters are counted where they stand
        names = [escaper.readable(session.session_id) for session in facts]
        known = {row["session_id"]: row for row in do.rows("ingest.find_sessions", session_ids=names)}
        merged = [
            merge(session, known.get(name), self.owner, escaper) for session, name in zip(facts, names, strict=True)
        ]
        ids = {session.row["session_id"]: UUID(session.row["id"]) for session in merged}
        if changed := [session.row for session in merged if session.is_changed]:
            rows = do.rows("ingest.save_sessions", sessions=Jsonb(changed, dumps=orjson.dumps))
            ids |= {row["session_id"]: row["id"] for row in rows}
        moved = {told.key: ids[name] for told, name in zip(facts, names, strict=True) if UUID(told.key) != ids[name]}
        if moved:
            do.run("ingest.move_staged_sessions", told=list(moved), known=list(moved.values()))
        staged.report.added["sessions"] += sum(not session.existed for session in merged)
        return Touched(
            [
                TouchedSession(ids[name], session, frozenset(told.holds))
                for name, session, told in zip(names, merged, facts, strict=True)
            ]
        )

    def _merge_events(self, staged: Staged, touched: Touched, file_id: int) -> None:
        report, do = staged.report, self._do
        if staged.has_counted_records:
            do.run("ingest.number_records")
        if touched.any_begins_earlier:
            do.run("ingest.move_session_starts", file_id=file_id)
        if touched.any_existed:
            report.known = do.run("ingest.forget_known_records")
        if staged.has_counted_records:
            do.run("ingest.number_pairs", sessions_known=touched.any_existed)
            if touched.any_told_twice:
                report.paired += do.run("ingest.absorb_staged")
        shared = self._add_records(staged, file_id, carefully=touched.any_told_twice)
        if shared:
            do.run("ingest.settle_shared_events")
        if touched.any_loose_results:
            do.run("ingest.complete_results")
        if touched.any_told_twice:
            self._pair(staged)
        if staged.has_files:
            report.added["files_touched"] = do.run("ingest.add_files_touched")
        if staged.has_failed_stop or touched.any_failed:
            do.run("ingest.settle_session_status", sessions=touched.ids)

    def _add_records(self, staged: Staged, file_id: int, *, carefully: bool) -> int:
        """Add what is staged; how many records are to be joined with an event that was there already.

        Looking for those first costs more than it brings, so without a reason to expect any they are met by accident.
        """
        shared = self._set_aside_shared(staged) if carefully else 0
        try:
            with self.connection.transaction():
                added = self._do.rows("ingest.add_records", file_id=file_id)
        except errors.UniqueViolation:
            if carefully:
                raise
            return self._add_records(staged, file_id, carefully=True)
        for row in added:
            staged.report.added[row["event_type"]] = row["events"]
        return shared

    def _set_aside_shared(self, staged: Staged) -> int:
        """Leave out what is there already; how many records are to be joined with an event that is."""
        (aside,) = self._do.rows("ingest.set_aside_shared")
        staged.report.known += aside["repeated"]
        staged.report.paired += aside["shared"]
        return int(aside["shared"])

    def _pair(self, staged: Staged) -> None:
        """What hooks and a transcript both tell becomes one."""
        if staged.has_transcript:
            linked = [row["record_key"] for row in self._do.rows("ingest.link_pairs")]
            if linked:
                staged.report.paired += self._do.run("ingest.remove_absorbed", records=linked)
        if staged.has_tools:
            self._do.run("ingest.attach_outcomes")

    def _derive(self, staged: Staged, touched: Touched) -> None:
        """Approvals and jobs follow from what stands in the sessions now."""
        report, do = staged.report, self._do
        if asked := touched.with_changed_approvals(staged):
            report.added["approvals"] = do.run("ingest.derive_approvals", sessions=asked)
        told = touched.with_changed_job(staged)
        if told:
            do.run("ingest.stage_session_jobs", sessions=told)
        started = touched.with_changed_subagents()
        if started:
            do.run("ingest.stage_subagent_jobs", sessions=started)
        if not (told or started or staged.has_work_items):
            return
        if touched.any_existed or staged.has_work_items:
            do.run("ingest.drop_outdated_jobs")
            if self.owner:
                do.run("ingest.own_jobs", owner=self.owner)
        report.added["jobs"] = do.run("ingest.add_jobs", owner=self.owner)
