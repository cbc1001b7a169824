"""What a file says about a session, joined with what is known of it; the same whichever came first.

A transcript knows better than hooks. Of two transcripts the one with the earlier entries says where the session ran,
the one with the later entries on which branch and with which version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from data.ingest.staging.escaping import Escaper
from data.ingest.staging.sessions import SessionFacts, cost_order, project_of

Row = Mapping[str, Any]
TRANSCRIPT = "transcript"


@dataclass(frozen=True)
class MergedSession:
    """The row of a session as it should be, and how it differs from the row that was there."""

    row: dict[str, Any]
    existed: bool
    is_changed: bool
    begins_earlier: bool  # as transcripts tell it
    is_moved: bool  # began, ended, or was otherwise told anew: jobs made of it change

    @property
    def told_by(self) -> frozenset[str]:
        """The kinds of sources that have told of the session."""
        return frozenset(self.row["metadata"]["told_by"])

    @property
    def holds(self) -> frozenset[str]:
        """What later files of the session have to be compared with."""
        return frozenset(self.row["metadata"].get("holds", ()))


def merge(facts: SessionFacts, known: Row | None, owner: UUID | None, escaper: Escaper) -> MergedSession:
    """Join `facts` with the row that the database has. `known` is None for a new session."""
    before: Row = known or {}
    metadata: dict[str, Any] = dict(before.get("metadata") or {})
    tells_directory = _tells_directory(facts, before, metadata)
    tells_branch = _tells_branch(facts, before, metadata)
    directory, branch = before.get("working_directory"), before.get("git_branch")
    project = None if tells_directory else before.get("project_name")
    if tells_directory and facts.directory:
        directory = escaper.readable(facts.directory)
        project = escaper.readable(project_of(facts.directory) or "")[:255] or None
    if facts.branch and (tells_branch or not branch):
        branch = escaper.readable(facts.branch)[:255]
    start, end = before.get("started_at"), before.get("ended_at")
    row: dict[str, Any] = {
        "id": str(before.get("id") or UUID(facts.key)),
        "session_id": facts.session_id,
        "project_name": project,
        "git_branch": branch,
        "working_directory": directory,
        "started_at": min((at for at in (start, facts.first_at) if at), default=None),
        "ended_at": max((at for at in (end, facts.last_at) if at), default=None),
        "status": before.get("status") or "completed",
        "metadata": _metadata(facts, metadata, owner, escaper, tells_version=tells_branch),
    }
    changed = known is None or any(row[name] != before.get(name) for name in row if name not in ("id", "session_id"))
    begins_earlier = known is not None and row["metadata"].get("first_entry_at") != metadata.get("first_entry_at")
    moved = known is None or row["started_at"] != start or row["ended_at"] != end
    told_anew = any(row[name] != before.get(name) for name in ("git_branch", "project_name"))
    gained_owner = row["metadata"].get("user_id") != metadata.get("user_id")
    return MergedSession(row, known is not None, changed, begins_earlier, moved or told_anew or gained_owner)


def _tells_directory(facts: SessionFacts, before: Row, metadata: Mapping[str, Any]) -> bool:
    known = before.get("working_directory")
    if known is None:
        return True
    if facts.directory is None:
        return False
    by_transcript = TRANSCRIPT in facts.told_by
    if by_transcript != (TRANSCRIPT in metadata.get("told_by", ())):
        return by_transcript
    if by_transcript:
        return _is_before(facts.first_entry_at, metadata.get("first_entry_at"))
    return (len(facts.directory), facts.directory) < (len(known), known)


def _tells_branch(facts: SessionFacts, before: Row, metadata: Mapping[str, Any]) -> bool:
    if TRANSCRIPT not in facts.told_by:
        return not before
    if TRANSCRIPT not in metadata.get("told_by", ()):
        return True
    return not _is_before(facts.last_entry_at, metadata.get("last_entry_at"))


def _is_before(at: datetime | None, known: str | None) -> bool:
    return at is not None and (known is None or iso(at) < known)


def _metadata(
    facts: SessionFacts, known: dict[str, Any], owner: UUID | None, escaper: Escaper, *, tells_version: bool
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "user_id": known.get("user_id") or (str(owner) if owner else None),
        "told_by": sorted({*known.get("told_by", ()), *facts.told_by}),
        "first_entry_at": min(_times(known.get("first_entry_at"), facts.first_entry_at), default=None),
        "last_entry_at": max(_times(known.get("last_entry_at"), facts.last_entry_at), default=None),
        "version": known.get("version"),
        "transcript_path": _least(known.get("transcript_path"), facts.transcript_path, escaper),
        "source": _least(known.get("source"), facts.start_source, escaper),
        "model": _least(known.get("model"), facts.model, escaper),
        "models": sorted({*known.get("models", ()), *map(escaper.readable, facts.models)}),
        "agents": _agents(facts, known.get("agents", {}), escaper),
        "tasks": {**known.get("tasks", {}), **_tasks(facts, escaper)},
        "holds": sorted({*known.get("holds", ()), *facts.holds}),
        "cost": known.get("cost"),
    }
    if facts.version and (tells_version or not told["version"]):
        told["version"] = escaper.readable(facts.version)
    cost = told["cost"]
    if facts.cost and (cost is None or cost_order(facts.cost) >= cost_order(cost)):
        told["cost"] = {
            name: escaper.readable(value) if isinstance(value, str) else value for name, value in facts.cost.items()
        }
    return {**known, **{name: value for name, value in told.items() if value}}


def _agents(facts: SessionFacts, known: Mapping[str, Any], escaper: Escaper) -> dict[str, Any]:
    agents = {name: dict(times) for name, times in known.items()}
    for name, agent in facts.agents.items():
        times = agents.setdefault(escaper.readable(name), {})
        if agent.first_at and agent.last_at:
            times["first_at"] = min(filter(None, (times.get("first_at"), iso(agent.first_at))))
            times["last_at"] = max(filter(None, (times.get("last_at"), iso(agent.last_at))))
    return agents


def _tasks(facts: SessionFacts, escaper: Escaper) -> dict[str, Any]:
    tasks: dict[str, Any] = {}
    for name, (at, outcome) in facts.tasks.items():
        ended = {"ended_at": iso(at)} if at else {}
        tasks[escaper.readable(name)] = {**ended, "outcome": escaper.readable(outcome)}
    return tasks


def _least(known: str | None, told: str | None, escaper: Escaper) -> str | None:
    """One of several values that no order decides between."""
    given = [value for value in (known, escaper.readable(told) if told else None) if value]
    return min(given, default=None)


def _times(known: str | None, told: datetime | None) -> list[str]:
    return [at for at in (known, iso(told) if told else None) if at]


def iso(at: datetime) -> str:
    """One form for all times in metadata, so that their texts compare as they do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
