"""The sessions that a file tells of, before and after it, and what that makes worth deriving anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from data.ingest.report import FileReport
from data.ingest.staging.session_merge import MergedSession
from data.ingest.staging.sessions import (
    BACKGROUND_AGENTS,
    LOOSE_RESULTS,
    PERMISSION_REQUESTS,
    QUESTIONS,
    SKILLS,
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
    has_jobs: bool = False  # that the file itself tells: work items and checkpoints
    has_failed_stop: bool = False
    has_transcript: bool = False
    has_tools: bool = False
    has_prompts: bool = False


@dataclass(frozen=True)
class TouchedSession:
    """One session: its id in the database, what is known of it now, and what this file holds of it."""

    id: UUID
    now: MergedSession
    told: frozenset[str]

    @property
    def by_transcript(self) -> bool:
        """Whether any transcript has told of it."""
        return "transcript" in self.now.told_by

    def is_from_before(self, raw_from: datetime) -> bool:
        """Whether it was known before and began so early that rows of it may have been dropped."""
        return self.now.existed and self.now.row["started_at"] is not None and self.now.row["started_at"] < raw_from

    @property
    def told_twice(self) -> bool:
        """Whether hooks and a transcript have told of it, so that they have to be paired."""
        return self.now.told_by >= {"hooks", "transcript"}


@dataclass(frozen=True)
class KnownSession:
    """A session of which the file does not tell, but which holds some of the same as one of its sessions."""

    id: UUID
    started_at: datetime | None


@dataclass
class Touched:
    """All sessions of a file, and those `related` to them of which something may have changed with it."""

    sessions: list[TouchedSession] = field(default_factory=list)
    related: list[KnownSession] = field(default_factory=list)

    def whole(self, raw_from: datetime | None) -> Touched:
        """Those of which every row is there: not the known ones that began before what has been dropped."""
        if raw_from is None:
            return self
        return Touched(
            [session for session in self.sessions if not session.is_from_before(raw_from)],
            [session for session in self.related if session.started_at is None or session.started_at >= raw_from],
        )

    @property
    def ids(self) -> list[UUID]:
        """The ids of the file's own."""
        return [session.id for session in self.sessions]

    @property
    def all_ids(self) -> list[UUID]:
        """The ids of all, the related ones among them."""
        return self.ids + [session.id for session in self.related]

    @property
    def any_shares(self) -> bool:
        """Whether one of them is known to hold what another session holds, too."""
        return any("shares_with" in session.now.row["metadata"] for session in self.sessions)

    @property
    def any_existed(self) -> bool:
        """Whether one of them was known before."""
        return any(session.now.existed for session in self.sessions)

    @property
    def any_begins_earlier(self) -> bool:
        """Whether the start of a known session moved."""
        return any(session.now.begins_earlier for session in self.sessions)

    @property
    def any_told_twice(self) -> bool:
        """Whether records have to be paired."""
        return any(session.told_twice for session in self.sessions)

    @property
    def any_moved(self) -> bool:
        """Whether something about a session itself is new: its times, its names, its owner."""
        return any(session.now.is_moved for session in self.sessions)

    @property
    def any_failed(self) -> bool:
        """Whether a session is known to have ended in an error."""
        return any(session.now.row["status"] == "error" for session in self.sessions)

    @property
    def any_loose_results(self) -> bool:
        """Whether results wait for their calls, in this file or from before."""
        return any(LOOSE_RESULTS in session.now.holds for session in self.sessions)

    def of_others(self, owner: UUID | None) -> int:
        """How many belong to somebody else than `owner`."""
        if owner is None:
            return 0
        return sum(session.now.row["metadata"].get("user_id") != str(owner) for session in self.sessions)

    def with_changed_approvals(self, staged: Staged) -> list[UUID]:
        """Sessions in which the file can change what people were asked, or what they answered."""
        return self._chosen(lambda session: _changes_approvals(session, staged))

    def with_changed_job(self, staged: Staged) -> list[UUID]:
        """Sessions whose own job the file can change."""
        told_anew = staged.has_prompts or staged.has_failed_stop or self.any_failed
        return self._chosen(lambda session: session.by_transcript and (session.now.is_moved or told_anew))

    def with_changed_subagents(self) -> list[UUID]:
        """Sessions in which the file can change the job of a subagent."""
        return self._chosen(_changes_subagents)

    def with_changed_skills(self, staged: Staged) -> list[UUID]:
        """Sessions in which the file can change what was done under a skill."""
        told_anew = staged.events > 0 or staged.has_replies
        return self._chosen(lambda session: SKILLS in session.now.holds and (told_anew or session.now.is_moved))

    def _chosen(self, is_changed: Callable[[TouchedSession], bool]) -> list[UUID]:
        """Those that the file can have changed: all, where it can have moved something from one to another."""
        if self.related:
            return self.all_ids
        return [session.id for session in self.sessions if is_changed(session)]


def _changes_approvals(session: TouchedSession, staged: Staged) -> bool:
    holds = session.now.holds
    if session.told & {QUESTIONS, PERMISSION_REQUESTS} or (LOOSE_RESULTS in holds and staged.has_tools):
        return True
    if PERMISSION_REQUESTS in holds and staged.has_tools:
        return True
    return QUESTIONS in holds and session.now.is_moved


def _changes_subagents(session: TouchedSession) -> bool:
    holds = session.now.holds
    if SUBAGENTS not in holds:
        return LOOSE_RESULTS in holds
    return SUBAGENTS in session.told or session.now.is_moved or bool(holds & {BACKGROUND_AGENTS, LOOSE_RESULTS})
