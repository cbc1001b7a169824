"""What an import did: per file and in total, with every line that could not be read."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from data.wording import plural

Outcome = Literal["imported", "not recognised", "failed"]

KEPT_PROBLEMS = 200  # stored with a file; the report itself has all


@dataclass(frozen=True)
class Problem:
    """One thing that did not go in. `line` is None when the whole file or folder is meant."""

    path: str
    line: int | None
    reason: str

    @property
    def sentence(self) -> str:
        """For the terminal."""
        return f"{self.path}, line {self.line}: {self.reason}" if self.line else f"{self.path}: {self.reason}"


@dataclass
class FileReport:
    """One file. `read` counts what the file holds, `added`, `renewed` and `removed` what it did to the database."""

    path: str
    outcome: Outcome = "imported"
    format: str = ""
    size_bytes: int = 0
    records: Counter[str] = field(default_factory=Counter)  # by kind of source
    entries: Counter[str] = field(default_factory=Counter)  # by type of entry or name of hook
    left_out: Counter[str] = field(default_factory=Counter)  # read, and deliberately not stored
    read: Counter[str] = field(default_factory=Counter)  # events by type, before anything known is taken out
    added: Counter[str] = field(default_factory=Counter)  # rows that are there anew
    renewed: Counter[str] = field(default_factory=Counter)  # rows that were there, and are others since
    removed: Counter[str] = field(default_factory=Counter)  # rows that were there, or came with this file, and went
    sessions: int = 0
    known: int = 0  # records of events that an earlier import brought in; of other rows none are counted
    paired: int = 0  # records that another source had told already, or tells now
    untimed: int = 0  # events read without a time
    placeholders: int = 0  # times before 1970 or after 2200, taken for unknown
    escaped: int = 0  # characters kept as their escape
    owners_kept: int = 0  # sessions that belong to somebody else than the owner that was asked for
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As JSON, for --json and for the register of files."""
        return {
            "path": self.path,
            "outcome": self.outcome,
            "format": self.format,
            "size_bytes": self.size_bytes,
            **self.figures(),
            "problems": [{"line": problem.line, "reason": problem.reason} for problem in self.problems],
            "notes": self.notes,
        }

    @property
    def has_changed(self) -> bool:
        """Whether anything is other than it was because of this file."""
        return bool(self.paired or +self.added or +self.renewed or +self.removed)

    def figures(self) -> dict[str, Any]:
        """The counts alone: what the file holds, and what of it was new."""
        return {
            **self.held(),
            "added": dict(self.added),
            "renewed": dict(self.renewed),
            "removed": dict(self.removed),
            "known_records": self.known,
            "paired_records": self.paired,
        }

    def held(self) -> dict[str, Any]:
        """What the file holds, the same in every import of it."""
        return {
            "records": dict(self.records),
            "entries": dict(self.entries),
            "left_out": dict(self.left_out),
            "events_read": dict(self.read),
            "sessions": self.sessions,
            "untimed_events": self.untimed,
            "placeholder_times": self.placeholders,
            "escaped_characters": self.escaped,
            "unreadable_lines": len(self.problems),
        }


@dataclass
class Report:
    """The whole import."""

    files: list[FileReport] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)  # folders and files that could not be opened
    notes: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        """Everything that did not go in, in the order of the files."""
        return [*self.unreadable, *(problem for file in self.files for problem in file.problems)]

    def worst(self, most: int) -> str:
        """Which files and folders did not go in, or not whole, in a sentence; those of which nothing did come first,
        and of each one thing that was wrong. Empty when there are none."""
        first: dict[str, Problem] = {}
        for problem in sorted(self.problems, key=lambda problem: problem.line is not None):
            first.setdefault(problem.path, problem)
        if not first:
            return ""
        named = "; ".join(problem.sentence for problem in list(first.values())[:most])
        left = f"; and {len(first) - most} more" if len(first) > most else ""
        return f"Not read, or not whole: {named}{left}."

    @property
    def holds(self) -> bool:
        """Whether all went in that could be recognised, and under the owner that was asked for."""
        return not self.problems and not any(file.outcome == "failed" or file.owners_kept for file in self.files)

    @property
    def counts(self) -> dict[str, int]:
        """Totals: files, and what was added, read and left aside."""
        outcomes = Counter(file.outcome for file in self.files)
        added = self._added()
        return {
            "files": len(self.files),
            "files_imported": outcomes["imported"],
            "files_not_recognised": outcomes["not recognised"],
            "files_failed": outcomes["failed"] + len(self.unreadable),
            "records": sum(sum(file.records.values()) for file in self.files),
            **{f"added_{name}": count for name, count in sorted((+added).items())},
            "events_added": max(0, sum(count for name, count in added.items() if name in EVENT_TYPES)),
            "known_records": sum(file.known for file in self.files),
            "paired_records": sum(file.paired for file in self.files),
            "untimed_events": sum(file.untimed for file in self.files),
            "placeholder_times": sum(file.placeholders for file in self.files),
            "escaped_characters": sum(file.escaped for file in self.files),
            "problems": len(self.problems),
        }

    def _added(self) -> Counter[str]:
        """By how many rows each is more than before: what one file brought in, another may have told better."""
        added: Counter[str] = Counter()
        for file in self.files:
            added.update(file.added)
            added.subtract(file.removed)
        return added

    def by_source(self) -> dict[str, dict[str, Any]]:
        """Totals by kind of source: files, records, events read by type, problems."""
        sources: dict[str, dict[str, Any]] = {}
        for file in self.files:
            if file.outcome != "imported":
                continue
            source = sources.setdefault(file.format, {"files": 0, "events_read": Counter(), "records": 0})
            source["files"] += 1
            source["records"] += sum(file.records.values())
            source["events_read"].update(file.read)
            for name in ("known", "paired", "untimed", "placeholders", "escaped"):
                source[name] = source.get(name, 0) + getattr(file, name)
            source["problems"] = source.get("problems", 0) + len(file.problems)
        return sources

    @property
    def sentence(self) -> str:
        """What happened, in a sentence or two."""
        counts = self.counts
        if not counts["files_imported"]:
            if unread := [file for file in self.files if file.outcome == "failed"]:
                what = plural(sum(len(file.problems) for file in unread), "line or file", "lines or files")
                return f"Nothing was imported: {what} could not be read."
            return "No agent log was found there."
        jobs = counts.get("added_jobs", 0)
        added = [plural(counts["events_added"], "event")] if counts["events_added"] or not jobs else []
        added += [plural(jobs, "job")] if jobs else []
        known = plural(counts["known_records"], "event was", "events were")
        text = (
            f"{plural(counts['files_imported'], 'file')} read, {' and '.join(added)} added"
            f" ({known} known, {counts['paired_records']:,} told by two sources)."
        )
        if counts["untimed_events"]:
            text += f" {plural(counts['untimed_events'], 'event has', 'events have')} no time in the log."
        if counts["placeholder_times"]:
            placeholders = plural(counts["placeholder_times"], "time is", "times are")
            text += f" {placeholders} before 1970 or after 2200 and taken for unknown."
        if counts["escaped_characters"]:
            escaped = plural(counts["escaped_characters"], "character is", "characters are")
            text += f" {escaped} stored as \\uXXXX, as PostgreSQL holds no such character."
        if others := counts["files_not_recognised"]:
            text += f" {plural(others, 'file is no agent log', 'files are no agent logs')}."
        if counts["problems"]:
            text += f" {plural(counts['problems'], 'line or file', 'lines or files')} could not be read."
        return text

    def document(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "holds": self.holds,
            "totals": self.counts,
            "sources": self.by_source(),
            "files": [file.document() for file in self.files],
            "unreadable": [{"path": problem.path, "reason": problem.reason} for problem in self.unreadable],
            "notes": self.notes,
        }


EVENT_TYPES = frozenset(
    {
        "tool_pre_use",
        "tool_post_use",
        "user_prompt",
        "notification",
        "session_start",
        "session_stop",
        "compact_pre",
        "system_health",
    }
)


def readable_path(path: Path) -> str:
    """The path as one line that can be printed and stored, also where its name is not UTF-8 or holds line ends."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return re.sub("[\0-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)
