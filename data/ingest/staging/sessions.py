"""What the records of one file say about each session: when it began and ended, where, with what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from data.ingest.sources import tools
from data.ingest.staging.keys import key_of

LONGEST_SESSION_ID = 255
_FOLDERS = re.compile(r"[/\\]+")


# What a session may hold that later files have to be compared with.
QUESTIONS = "questions"
PERMISSION_REQUESTS = "permission requests"
SUBAGENTS = "subagents"
BACKGROUND_AGENTS = "subagents in the background"
LOOSE_RESULTS = "results without a call"
SKILLS = "skills"


@dataclass(slots=True)
class Agent:
    """A subagent of a session: its first and its last time."""

    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(slots=True)
class SessionFacts:
    """Gathered from the records of one session in one file."""

    session_id: str  # as it is kept
    key: str
    told_by: set[str] = field(default_factory=set)
    first_entry_at: datetime | None = None
    last_entry_at: datetime | None = None
    first_hook_at: datetime | None = None
    last_hook_at: datetime | None = None
    first_line: int = 0
    first_place: int = 0
    directory: str | None = None
    branch: str | None = None
    version: str | None = None
    transcript_path: str | None = None
    start_source: str | None = None
    model: str | None = None
    models: set[str] = field(default_factory=set)
    agents: dict[str, Agent] = field(default_factory=dict)
    tasks: dict[str, tuple[datetime | None, str]] = field(default_factory=dict)  # in the background: end and outcome
    cost: dict[str, Any] | None = None
    holds: set[str] = field(default_factory=set)

    @property
    def first_at(self) -> datetime | None:
        """The earliest time that anything told."""
        return min((at for at in (self.first_entry_at, self.first_hook_at) if at), default=None)

    @property
    def last_at(self) -> datetime | None:
        """The latest time that anything told."""
        return max((at for at in (self.last_entry_at, self.last_hook_at) if at), default=None)

    def saw_entry(self, at: datetime | None, entry: dict[str, Any], line: int, place: int) -> None:
        """An entry of a transcript: the directory is that of the first, branch and version those of the last."""
        if at is None:
            self.first_line = self.first_line or line
            self.first_place = self.first_place or place
            self.directory = self.directory or _text(entry.get("cwd"))
            self.branch = self.branch or _text(entry.get("gitBranch"))
            self.version = self.version or _text(entry.get("version"))
            return
        if self.first_entry_at is None or at < self.first_entry_at:
            self.first_entry_at = at
            self.first_line, self.first_place = line, place
            self.directory = _text(entry.get("cwd")) or self.directory
        if self.last_entry_at is None or at >= self.last_entry_at:
            self.last_entry_at = at
            self.branch = _text(entry.get("gitBranch")) or self.branch
            self.version = _text(entry.get("version")) or self.version

    def saw_payload(self, at: datetime | None, payload: dict[str, Any]) -> None:
        """A hook payload. Its order among others is unknown, so of several directories the shortest counts:
        the project rather than a folder in it."""
        if directory := _text(payload.get("cwd")):
            known = self.directory
            if known is None or (len(directory), directory) < (len(known), known):
                self.directory = directory
        path = _text(payload.get("transcript_path"))
        if path and (self.transcript_path is None or path < self.transcript_path):
            self.transcript_path = path
        self.saw_time(at)

    def saw_time(self, at: datetime | None) -> None:
        """A hook told something of the session at this time."""
        if at is not None:
            self.first_hook_at = at if self.first_hook_at is None else min(self.first_hook_at, at)
            self.last_hook_at = at if self.last_hook_at is None else max(self.last_hook_at, at)

    def saw_agent(self, name: str, at: datetime | None) -> None:
        """A subagent did something."""
        agent = self.agents.setdefault(name, Agent())
        if at is not None:
            agent.first_at = at if agent.first_at is None else min(agent.first_at, at)
            agent.last_at = at if agent.last_at is None else max(agent.last_at, at)

    def saw_task_end(self, task: str, at: datetime | None, outcome: str) -> None:
        """A task in the background, a subagent or a command, ended."""
        self.tasks.setdefault(task, (at, outcome))

    def saw_tool(self, name: str, kind: str) -> None:
        """A call of a tool."""
        if name in tools.QUESTIONS:
            self.holds.add(QUESTIONS)
        if name == tools.SKILL:
            self.holds.add(SKILLS)
        if kind == "subagent":
            self.holds.add(SUBAGENTS)

    def saw_result(self, kind: str, result: Any) -> None:
        """The result of a call of a tool of this kind."""
        if kind == "subagent":
            self.holds.add(SUBAGENTS)
        if isinstance(result, dict) and result.get("status") == "async_launched":
            self.holds.add(BACKGROUND_AGENTS)

    def saw_cost(self, cost: dict[str, Any]) -> None:
        """A status line: costs are cumulative, so the last one of the session counts."""
        if self.cost is None or cost_order(cost) >= cost_order(self.cost):
            self.cost = cost


class Sessions:
    """The sessions of one file by their id."""

    def __init__(self) -> None:
        self._known: dict[str, SessionFacts] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, session_id: str) -> SessionFacts:
        """The facts of a session, empty when it is new."""
        facts = self._known.get(session_id)
        if facts is None:
            facts = self._known[session_id] = SessionFacts(session_id, key_of("session", session_id))
        return facts

    def all(self) -> Iterable[SessionFacts]:
        """Every session, in the order in which they appeared."""
        return self._known.values()


def cost_order(cost: dict[str, Any]) -> tuple[str, float]:
    """Later costs are greater; without times the higher one is the later."""
    return str(cost.get("recorded_at_local") or ""), float(cost["total_cost_usd"])


def project_of(directory: str | None) -> str | None:
    """The last folder of a path, of whatever system."""
    parts = [part for part in _FOLDERS.split(directory or "") if part]
    return parts[-1][:255] if parts else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
