"""The database's side of an import: one transaction per file, in which staged records join what is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from data.database import queries
from data.ingest.report import KEPT_PROBLEMS, FileReport
from data.ingest.staging.escaping import Escaper
from data.ingest.staging.session_merge import MergedSession, merge
from data.ingest.staging.sessions import (
    BACKGROUND_AGENTS,
    LOOSE_RESULTS,
    PERMISSION_REQUESTS,
    QUESTIONS,
    SUBAGENTS,
    Sessions,
)

Write = Callable[[bytes], object]


@dataclass
class Staged:
    """What the reader of a file knows about the rows it staged."""

    report: FileReport
    sessions: Sessions
    events: int = 0
    has_counted_records: bool = False
    has_files: bool = False
    has_replies: bool = False
    has_work_items: bool = False
    has_failed_stop: bool = False
    has_transcript: bool = False
    has_tools: bool = False
    has_prompts: bool = False


@dataclass
class _Sessions:
    """What the database knew about the sessions of the file before it, and knows now."""

    ids: list[UUID] = field(default_factory=list)
    any_existed: bool = False
    told_twice: bool = False  # by hooks and by a transcript
    by_transcript: bool = False
    begins_earlier: bool = False
    is_moved: bool = False  # began, ended, or was otherwise told anew
    any_failed: bool = False
    holds: set[str] = field(default_factory=set)
    of_others: int = 0

    def add(self, session: MergedSession, owner: UUID | None) -> None:
        """Take one session into account."""
        row = session.row
        self.any_existed |= session.existed
        self.told_twice |= session.told_by >= {"hooks", "transcript"}
        self.by_transcript |= "transcript" in session.told_by
        self.begins_earlier |= session.begins_earlier
        self.is_moved |= session.is_moved
        self.any_failed |= row["status"] == "error"
        self.holds |= session.holds
        self.of_others += owner is not None and row["metadata"].get("user_id") != str(owner)


class Store:
    """One connection that imports file after file; in autocommit mode between them."""

    def __init__(self, connection: psycopg.Connection[Any], owner: UUID | None) -> None:
        self.connection = connection
        self.owner = owner
        self._last_file: int | None = None

    def import_file(self, fill: Callable[[Write], Staged]) -> Staged:
        """Run one file's transaction: `fill` writes the rows of the file, then they are merged.

        What was added is noted in the report of the file. Raises psycopg.Error; nothing of the file is kept then.
        """
        with self.connection.transaction():
            if self._rows("ingest.prepare_transaction")[0]["needs_staging_table"]:
                self._run("ingest.create_temporary_staged")
            with self.connection.cursor() as cursor, cursor.copy(queries.find("ingest.copy_staged").text) as copy:
                staged = fill(copy.write)
            self._run("ingest.wait_for_turn")
            self._merge(staged)
        return staged

    def finish(self) -> None:
        """Wait until all files stand on disk; until then a crash of the server may lose the newest of them."""
        self._run("ingest.drop_staged")
        if self._last_file is not None:
            self._run("ingest.make_durable", file_id=self._last_file)

    def _merge(self, staged: Staged) -> None:
        report = staged.report
        file_id = self._rows(
            "ingest.upsert_file",
            path=report.path,
            format=report.format,
            size_bytes=report.size_bytes,
            owner=self.owner,
        )[0]["id"]
        self._last_file = file_id
        sessions = self._merge_sessions(staged)
        if staged.events:
            self._merge_events(staged, sessions, file_id)
        if staged.has_replies:
            report.added["replies"] = self._run("ingest.add_replies")
        held = {thing for session in staged.sessions.all() for thing in session.holds}
        if _touches_approvals(staged, sessions, held):
            self._run("ingest.prefer_hashing", hashing=True)
            report.added["approvals"] = self._run("ingest.derive_approvals", sessions=sessions.ids)
            self._run("ingest.prefer_hashing", hashing=False)
        if _touches_jobs(staged, sessions, held):
            self._merge_jobs(staged, sessions)
        report.added = +report.added
        report.owners_kept = sessions.of_others
        if sessions.of_others:
            report.notes.append(f"{sessions.of_others} sessions belong to somebody else already; their owner was kept.")
        problems = [{"line": problem.line, "reason": problem.reason} for problem in report.problems[:KEPT_PROBLEMS]]
        counts = report.figures() | {"problems": len(report.problems)}
        self._run("ingest.write_counts", file_id=file_id, counts=Jsonb(counts), problems=Jsonb(problems))

    def _merge_sessions(self, staged: Staged) -> _Sessions:
        now = _Sessions()
        facts = list(staged.sessions.all())
        if not facts:
            return now
        escaper = Escaper()  # of its own: these characters are counted where they stand
        names = [escaper.readable(session.session_id) for session in facts]
        known = {row["session_id"]: row for row in self._rows("ingest.find_sessions", session_ids=names)}
        merged = [
            merge(session, known.get(name), self.owner, escaper) for session, name in zip(facts, names, strict=True)
        ]
        ids = {session.row["session_id"]: UUID(session.row["id"]) for session in merged}
        if changed := [session.row for session in merged if session.is_changed]:
            rows = self._rows("ingest.save_sessions", sessions=Jsonb(changed, dumps=_dumps))
            ids |= {row["session_id"]: row["id"] for row in rows}
        moved = [
            (UUID(told.key), ids[name]) for told, name in zip(facts, names, strict=True) if UUID(told.key) != ids[name]
        ]
        if moved:
            self._run("ingest.move_staged_sessions", told=[old for old, _ in moved], known=[new for _, new in moved])
        staged.report.added["sessions"] += sum(not session.existed for session in merged)
        now.ids = list(ids.values())
        for session in merged:
            now.add(session, self.owner)
        return now

    def _merge_events(self, staged: Staged, sessions: _Sessions, file_id: int) -> None:
        report = staged.report
        if staged.has_counted_records:
            self._run("ingest.prefer_hashing", hashing=True)
            self._run("ingest.number_records")
            self._run("ingest.prefer_hashing", hashing=False)
        if sessions.any_existed:
            if sessions.begins_earlier:
                self._run("ingest.move_session_starts", file_id=file_id)
            report.known = self._run("ingest.forget_known_records")
        if staged.has_counted_records:
            self._run("ingest.prefer_hashing", hashing=True)
            self._run("ingest.number_pairs", sessions_known=sessions.any_existed)
            if sessions.told_twice:
                report.paired += self._run("ingest.absorb_staged")
            self._run("ingest.prefer_hashing", hashing=False)
        for row in self._rows("ingest.add_records", file_id=file_id):
            report.added[row["event_type"]] = row["events"]
        events_added = sum(report.added[event_type] for event_type in report.read)
        if events_added < staged.events - report.known - report.paired:
            self._run("ingest.settle_shared_events")
        if LOOSE_RESULTS in sessions.holds:
            self._run("ingest.complete_results")
        if sessions.told_twice:
            self._pair(staged)
        if staged.has_files:
            report.added["files_touched"] = self._run("ingest.add_files_touched")
        if staged.has_failed_stop or sessions.any_failed:
            self._run("ingest.settle_session_status", sessions=sessions.ids)

    def _pair(self, staged: Staged) -> None:
        """What hooks and a transcript both tell becomes one."""
        self._run("ingest.prefer_hashing", hashing=True)
        linked = [row["record_key"] for row in self._rows("ingest.link_pairs")] if staged.has_transcript else []
        if linked:
            staged.report.paired += self._run("ingest.remove_absorbed", records=linked)
        if staged.has_tools:
            self._run("ingest.attach_outcomes")
        self._run("ingest.prefer_hashing", hashing=False)

    def _merge_jobs(self, staged: Staged, sessions: _Sessions) -> None:
        if sessions.by_transcript:
            self._run("ingest.stage_session_jobs", sessions=sessions.ids)
        if SUBAGENTS in sessions.holds:
            self._run("ingest.stage_subagent_jobs", sessions=sessions.ids)
        if sessions.any_existed or staged.has_work_items:
            self._run("ingest.drop_outdated_jobs")
            if self.owner:
                self._run("ingest.own_jobs", owner=self.owner)
        staged.report.added["jobs"] = self._run("ingest.add_jobs", owner=self.owner)

    def _run(self, name: str, **parameters: Any) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(queries.find(name).text, parameters or None)
            return max(cursor.rowcount, 0)

    def _rows(self, name: str, **parameters: Any) -> list[DictRow]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(queries.find(name).text, parameters or None)
            return cursor.fetchall()


def _touches_approvals(staged: Staged, sessions: _Sessions, held: set[str]) -> bool:
    """Whether the file can change what people were asked in its sessions, and answered."""
    if held & {QUESTIONS, PERMISSION_REQUESTS}:
        return True
    waiting = LOOSE_RESULTS in sessions.holds or (PERMISSION_REQUESTS in sessions.holds and staged.has_tools)
    return waiting or (QUESTIONS in sessions.holds and sessions.is_moved)


def _touches_jobs(staged: Staged, sessions: _Sessions, held: set[str]) -> bool:
    """Whether the file can change a job: that of its session, or of a subagent of it."""
    if staged.has_work_items or SUBAGENTS in held:
        return True
    waiting = sessions.holds & {SUBAGENTS, BACKGROUND_AGENTS, LOOSE_RESULTS}
    told_anew = sessions.is_moved or staged.has_prompts or staged.has_failed_stop
    if sessions.by_transcript and told_anew:
        return True
    return bool(waiting - {SUBAGENTS}) or (bool(waiting) and sessions.is_moved)


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value)
