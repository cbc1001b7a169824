"""Rows on their way into the staging table, as the bytes that COPY reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.ingest.staging.escaping import NULL, Escaper
from data.ingest.staging.keys import key_of
from data.ingest.staging.times import Times, written

# In the order of the staging table (query ingest.storing.create_temporary_staged).
_TOOL = 9
_PROMPT = 2
_NOTIFICATION = 3
_LIFECYCLE = 2
_REPLY = 7
_JOB = 7
_BEFORE_REPLY = _TOOL + _PROMPT + _NOTIFICATION + _LIFECYCLE

_FLUSH_BYTES = 256 * 1024
LONGEST_PROMPT = 200_000  # characters that are indexed for search; the whole prompt stays in the event's data
LONGEST_NAME = 255  # characters; an index takes no more than 2,700 bytes


def _shortened(name: str, escaper: Escaper, most: int = LONGEST_NAME) -> str:
    """The name as it is kept, and no longer than `most` characters of that."""
    return escaper.readable(name)[:most]


def _short_id(identity: str) -> str:
    """`identity`, or a key made of it where it is longer than any that is meant."""
    return identity if len(identity) <= LONGEST_NAME else key_of("long", identity)


def _nulls(count: int) -> bytes:
    return b"\t".join([NULL] * count)


_BEHIND_TOOL = b"\t" + _nulls(_PROMPT + _NOTIFICATION + _LIFECYCLE + _REPLY + _JOB)
_BEFORE_PROMPT = _nulls(_TOOL) + b"\t"
_BEHIND_PROMPT = b"\t" + _nulls(_NOTIFICATION + _LIFECYCLE + _REPLY + _JOB)
_BEFORE_NOTIFICATION = _nulls(_TOOL + _PROMPT) + b"\t"
_BEHIND_NOTIFICATION = b"\t" + _nulls(_LIFECYCLE + _REPLY + _JOB)
_BEFORE_LIFECYCLE = _nulls(_TOOL + _PROMPT + _NOTIFICATION) + b"\t"
_BEHIND_LIFECYCLE = b"\t" + _nulls(_REPLY + _JOB)
_NO_DETAIL = _nulls(_TOOL + _PROMPT + _NOTIFICATION + _LIFECYCLE + _REPLY + _JOB)


@dataclass(slots=True)
class Event:
    """One happening. `counted` says that the record has no id of its own: equal ones are told apart by counting."""

    source: str
    session_key: str
    record_key: str
    event_id: str
    event_type: str
    happened_at: datetime | None
    data: Any
    metadata: Any
    pair_key: str | None = None
    call_id: str | None = None
    counted: bool = False


@dataclass(slots=True)
class ToolPhase:
    """What is known of one phase of a tool call."""

    tool_name: str
    tool_type: str
    phase: str
    parameters: Any = None
    result: Any = None
    execution_time_ms: int | None = None
    success: bool | None = None
    error_message: str | None = None
    file_path: str | None = None


@dataclass(slots=True)
class Reply:
    """Tokens of one reply of a model."""

    message_id: str
    session_key: str
    model: str
    replied_at: datetime | None
    tokens: list[int]  # input, output, cache written, of that for an hour, cache read


@dataclass(slots=True)
class Job:
    """A work item or a checkpoint as a job."""

    job_id: str
    agent: str
    status: str
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime | None
    data: Any
    result: Any


class Rows:
    """Collects rows and hands them on as bytes; counts what it was given."""

    nothing = _NO_DETAIL  # of an event that has no detail

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.times = Times()
        self.escaper = Escaper()
        self._again = Escaper()  # for what stands in the event's data, too, and is counted there
        self.events: Counter[str] = Counter()
        self.untimed = 0
        self.count = 0
        self.has_counted = self.has_files = self.has_replies = False
        self.place = 0  # of the record that is read now, in its file
        self._part = 0  # events of that record so far
        self._write = write
        self._lines: list[bytes] = []
        self._size = 0

    def begin_record(self) -> None:
        """What is added from now on comes from the next record of the file."""
        self.place += 1
        self._part = 0

    def add_event(self, line: int, event: Event, detail: bytes = _NO_DETAIL, before: int | None = None) -> None:
        """Stage an event of the record that is read now, or one that stands `before` the events of the record at that
        place, with its detail, which the functions of this class make."""
        if before is None:
            self._put(line, event, detail, self.place, self._part + 1)
            self._part += 1
        else:
            self._put(line, event, detail, before)
        self.events[event.event_type] += 1
        self.untimed += event.happened_at is None
        self.has_counted |= event.counted

    def tool(self, phase: ToolPhase) -> bytes:
        """The detail of one phase of a tool call."""
        escaper = self.escaper
        self.has_files |= phase.file_path is not None
        duration, success = phase.execution_time_ms, phase.success
        fields = (
            self._name(phase.tool_name),
            phase.tool_type.encode(),
            phase.phase.encode(),
            escaper.json(phase.parameters),
            escaper.json(phase.result),
            NULL if duration is None else b"%d" % duration,
            NULL if success is None else b"t" if success else b"f",
            escaper.text(phase.error_message),
            self._again.text(phase.file_path),
        )
        return b"\t".join(fields) + _BEHIND_TOOL

    def prompt(self, text: str) -> bytes:
        """The detail of a prompt."""
        shown = self._again.text(text[:LONGEST_PROMPT])
        return b"%s%s\t%d%s" % (_BEFORE_PROMPT, shown, len(text), _BEHIND_PROMPT)

    def notification(self, kind: str, message: str | None, severity: str) -> bytes:
        """The detail of a notification."""
        fields = (self._name(kind, 100), self._again.text(message), severity.encode())
        return _BEFORE_NOTIFICATION + b"\t".join(fields) + _BEHIND_NOTIFICATION

    def lifecycle(self, kind: str, reason: str | None) -> bytes:
        """The detail of a change in a session's life."""
        fields = (self._name(kind, 50), self._again.text(reason))
        return _BEFORE_LIFECYCLE + b"\t".join(fields) + _BEHIND_LIFECYCLE

    def add_reply(self, line: int, reply: Reply) -> None:
        """Stage the tokens of a reply."""
        self.has_replies = True
        fields = [
            self.escaper.text(_short_id(reply.message_id)),
            self.escaper.text(_shortened(reply.model, self.escaper)),
        ]
        fields += [b"%d" % count for count in reply.tokens]
        detail = b"\t".join([_nulls(_BEFORE_REPLY), *fields, _nulls(_JOB)])
        event = Event("reply", reply.session_key, "", "", "", reply.replied_at, None, None)
        self._put(line, event, detail, self.place)

    def add_job(self, line: int, job: Job) -> None:
        """Stage a job that the file itself tells."""
        escaper = self.escaper
        fields = (
            escaper.text(_shortened(job.agent, escaper)),
            job.status.encode(),
            written(job.started_at),
            written(job.completed_at),
            written(job.updated_at),
            escaper.json(job.data),
            escaper.json(job.result),
        )
        detail = b"\t".join([_nulls(_BEFORE_REPLY + _REPLY), *fields])
        event = Event("job", "", job.job_id, "", "", job.created_at, None, None)
        self._put(line, event, detail, self.place)

    def flush(self) -> None:
        """Hand on what is left."""
        if self._lines:
            self._write(b"".join(self._lines))
            self._lines.clear()
            self._size = 0

    def _name(self, name: str, most: int = LONGEST_NAME) -> bytes:
        return self._again.text(_shortened(name, self._again, most))

    def _put(self, line: int, event: Event, detail: bytes, place: int, part: int = 0) -> None:
        self.count += 1
        escaper = self.escaper
        keys = "\t".join(
            (
                str(self.count),
                str(line),
                str(place),
                str(part),
                event.source,
                event.session_key or "\\N",
                event.record_key or "\\N",
                event.event_id or "\\N",
                event.pair_key or "\\N",
                event.call_id or "\\N",
                "t" if event.counted else "f",
                event.event_type or "\\N",
            )
        )
        row = b"%s\t%s\t%s\t%s\t%s\n" % (
            keys.encode(),
            written(event.happened_at),
            escaper.json(event.data),
            escaper.json(event.metadata),
            detail,
        )
        self._lines.append(row)
        self._size += len(row)
        if self._size >= _FLUSH_BYTES:
            self.flush()
