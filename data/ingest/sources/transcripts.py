"""Entries of Claude Code transcripts: prompts, tool calls and their results, compactions, errors, tokens.

An entry is identified by (session, uuid), a tool call by its id, a reply by its message id. A session that was resumed
may begin with a copy of another: its entries are records of the same happenings. Stored are the entries
that say what happened; `progress`, snapshots and queue operations are counted and left out, as is the text of replies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.ingest.sources import prompts, tools
from data.ingest.sources.replies import Replies
from data.ingest.sources.shapes import Misshapen, field, object_field, text_field
from data.ingest.staging.escaping import as_object, as_text, canonical, readable, without_bulk
from data.ingest.staging.keys import CallKeys, key_of, key_of_content, phase_key
from data.ingest.staging.rows import LONGEST_NAME, Event, Rows, ToolPhase
from data.ingest.staging.sessions import LONGEST_SESSION_ID, LOOSE_RESULTS, QUESTIONS, SessionFacts, Sessions
from data.ingest.staging.times import duration_ms, whole_ms
from data.wording import plural

SOURCE = "transcript"
_WITHOUT_SESSION = frozenset({"summary", "file-history-snapshot"})
_IN_DETAIL = ("message", "toolUseResult")  # what the detail tables hold, or nobody reads
_OPEN_CALLS = 10_000  # calls that wait for their result


@dataclass(slots=True)
class _OpenCall:
    """A call whose result has not been read yet."""

    called_at: datetime | None
    tool: str
    pair_key: str | None
    session: SessionFacts
    keys: CallKeys


class TranscriptReader:
    """Turns the entries of one file into rows."""

    def __init__(self, rows: Rows, sessions: Sessions, report: Callable[[int, str], None]) -> None:
        self.rows = rows
        self.sessions = sessions
        self.report = report
        self.entries: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.replies = Replies(rows)
        self.open_calls: dict[str, _OpenCall] = {}

    def take(self, line: int, entry: dict[str, Any]) -> None:
        """One entry. Raises Misshapen when it has not the shape of one."""
        kind = entry["type"]
        session_id = entry.get("sessionId")
        if not isinstance(session_id, str) or not session_id:
            self._without_session(line, kind)
            return
        session_id = readable(session_id)
        if len(session_id) > LONGEST_SESSION_ID:
            self.report(line, f"a session id of {len(session_id)} characters; at most {LONGEST_SESSION_ID} are kept")
            return
        self.entries[kind] += 1
        at = self.rows.times.moment(entry.get("timestamp"))
        session = self.sessions.of(session_id)
        session.told_by.add(SOURCE)
        session.saw_entry(at, entry, line, self.rows.place)
        if isinstance(agent := entry.get("agentId"), str):
            session.saw_agent(agent[:LONGEST_NAME], at)
        if kind == "assistant":
            self._assistant(line, entry, session, at)
        elif kind == "user":
            self._user(line, entry, session, at)
        elif kind == "system":
            self._system(line, entry, session, at)
        elif kind == "queue-operation":
            prompts.take_task_notification(entry.get("content"), session, at)
            self.left_out[kind] += 1
        else:
            self.left_out[kind] += 1

    def finish(self) -> None:
        """The end of the file: what only the whole file tells."""
        self.replies.flush()
        for session in self.sessions.all():
            if SOURCE in session.told_by:
                self._session_start(session)

    def _without_session(self, line: int, kind: str) -> None:
        if kind in _WITHOUT_SESSION:
            self.entries[kind] += 1
            self.left_out[kind] += 1
        else:
            self.report(line, f"an entry of type “{kind[:40]}” that names no session")

    def _assistant(self, line: int, entry: dict[str, Any], session: SessionFacts, at: datetime | None) -> None:
        message = object_field(entry, "message")
        self.replies.take(line, entry, message, session, at)
        content = message.get("content")
        if entry.get("isApiErrorMessage") is True:
            text = prompts.text_of(content)
            self._happening(line, entry, session, at, "api_error_message", "error", {"message": text})
        calls = _blocks(content, "tool_use")
        self._take_each(line, "call", calls, lambda block: self._call(line, entry, block, session, at))

    def _take_each(
        self, line: int, name: str, blocks: list[dict[str, Any]], take: Callable[[dict[str, Any]], None]
    ) -> None:
        """Each block of an entry by itself: one that is broken costs the entry no other."""
        refused: list[str] = []
        for block in blocks:
            try:
                take(block)
            except Misshapen as error:
                refused.append(str(error))
        if refused:
            self.report(line, f"{plural(len(refused), name)} of {len(blocks)} not in the shape of one: {refused[0]}")

    def _call(
        self, line: int, entry: dict[str, Any], block: dict[str, Any], session: SessionFacts, at: datetime | None
    ) -> None:
        call_id, name, given = text_field(block, "id"), text_field(block, "name"), block.get("input")
        key = key_of_content(f"call\x1f{session.session_id}\x1f{name}", canonical(given))
        keys = CallKeys(SOURCE, session.session_id, call_id)
        self.open_calls[call_id] = _OpenCall(at, name, key, session, keys)
        if len(self.open_calls) > _OPEN_CALLS:
            del self.open_calls[next(iter(self.open_calls))]  # its result, should it come, finds it in the database
        kind = tools.type_of(name)
        session.saw_tool(name, kind)
        event = self._event(entry, session, at, "tool_pre_use", keys.record("pre"))
        event.event_id = keys.event("pre")
        event.pair_key = phase_key(key, "pre")
        event.call_id = keys.call
        event.data["tool_use_id"] = event.metadata["tool_use_id"] = call_id
        event.data["tool_name"] = name
        phase = ToolPhase(name, kind, "pre", parameters=without_bulk(given), file_path=tools.file_of(name, given))
        self.rows.add_event(line, event, self.rows.tool(phase))

    def _user(self, line: int, entry: dict[str, Any], session: SessionFacts, at: datetime | None) -> None:
        content = field(object_field(entry, "message"), "content")
        results = _blocks(content, "tool_result")
        if not results:
            self._typed(line, entry, content, session, at)
            return
        told = entry.get("toolUseResult") if len(results) == 1 else None
        self._take_each(line, "result", results, lambda block: self._result(line, entry, block, told, session, at))

    def _result(
        self,
        line: int,
        entry: dict[str, Any],
        block: dict[str, Any],
        told: Any,
        session: SessionFacts,
        at: datetime | None,
    ) -> None:
        call_id = text_field(block, "tool_use_id")
        known = self.open_calls.pop(call_id, None)
        failed = block.get("is_error") is True
        text = prompts.text_of(block.get("content")) if failed else None
        keys = known.keys if known and known.session is session else CallKeys(SOURCE, session.session_id, call_id)
        if known is None:
            known = _OpenCall(None, tools.UNKNOWN, None, session, keys)
            session.holds.add(LOOSE_RESULTS)
        name = known.tool
        if failed and tools.is_rejection(text):
            session.holds.add(QUESTIONS)
        session.saw_result(tools.type_of(name), told)
        took = duration_ms(known.called_at, at)
        event = self._event(entry, session, at, "tool_post_use", keys.record("post"))
        event.event_id = keys.event("post")
        event.pair_key = phase_key(known.pair_key, "post") if known.pair_key else None
        event.call_id = keys.call
        event.data["tool_use_id"] = event.metadata["tool_use_id"] = call_id
        event.data["tool_name"] = name
        phase = ToolPhase(
            name,
            tools.type_of(name),
            "post",
            result=tools.result_of(told, block.get("content"), failed=failed),
            execution_time_ms=_told_duration(told) if took is None else took,
            success=not failed,
            error_message=text,
        )
        self.rows.add_event(line, event, self.rows.tool(phase))

    def _typed(
        self, line: int, entry: dict[str, Any], content: Any, session: SessionFacts, at: datetime | None
    ) -> None:
        text = prompts.text_of(content)
        kind = prompts.kind_of(entry, text)
        if kind == "prompt" and text:
            event = self._happened(entry, session, at, "user_prompt", text)
            event.pair_key = key_of("prompt", session.session_id, text.strip())
            event.data["prompt"] = text
            if pictures := prompts.count_pictures(content):
                event.metadata["pictures"] = pictures
            self.rows.add_event(line, event, self.rows.prompt(text))
        elif kind in ("slash_command", "interruption"):
            self._happening(line, entry, session, at, kind, "info", {"text": text})
        else:
            if kind == "task_notification":
                prompts.take_task_notification(text, session, at)
            self.left_out[kind] += 1

    def _system(self, line: int, entry: dict[str, Any], session: SessionFacts, at: datetime | None) -> None:
        kind = as_text(entry.get("subtype"))
        if kind == "compact_boundary":
            self._compaction(line, entry, session, at)
        elif kind == "local_command":
            content = as_text(entry.get("content")) or ""
            if content.startswith(prompts.COMMANDS):
                self._happening(line, entry, session, at, "local_command", "info", {})
            else:
                self.left_out["local_command_output"] += 1
        elif kind:
            self._happening(line, entry, session, at, kind, "error" if kind == "api_error" else "info", {})
        elif entry.get("level") in (None, "info"):
            self.left_out["hook_message"] += 1  # version 1: "PreToolUse:Edit [command] completed successfully"
        else:
            severity = "error" if entry["level"] == "error" else "warning"
            self._happening(line, entry, session, at, "system_message", severity, {})

    def _compaction(self, line: int, entry: dict[str, Any], session: SessionFacts, at: datetime | None) -> None:
        told = as_object(entry.get("compactMetadata"))
        trigger = as_text(told.get("trigger"))
        event = self._happened(entry, session, at, "compact_pre")
        event.pair_key = key_of("compaction", session.session_id, trigger or "")
        event.data = told
        self.rows.add_event(line, event, self.rows.lifecycle("PreCompact", trigger))

    def _happening(
        self,
        line: int,
        entry: dict[str, Any],
        session: SessionFacts,
        at: datetime | None,
        kind: str,
        severity: str,
        more: dict[str, Any],
    ) -> None:
        """Whatever Chronicle has no type for: kept as system_health under its own name."""
        event = self._happened(entry, session, at, "system_health")
        event.metadata["entry"] = kind
        event.metadata["severity"] = severity
        event.data.update(more)
        self.rows.add_event(line, event)

    def _session_start(self, session: SessionFacts) -> None:
        key = key_of("session_start", session.session_id)
        event = Event(SOURCE, session.key, key, key, "session_start", session.first_entry_at, {}, {"source": SOURCE})
        event.data = {"session_id": session.session_id, "cwd": session.directory}
        event.metadata["derived"] = "first entry of the session"
        event.pair_key = key_of("session_start", session.session_id, "pair")
        detail = self.rows.lifecycle("SessionStart", "first entry")
        self.rows.add_event(session.first_line, event, detail, before=session.first_place)

    def _happened(
        self, entry: dict[str, Any], session: SessionFacts, at: datetime | None, event_type: str, words: str = ""
    ) -> Event:
        """The one event of this entry: the same one in every session that holds a copy of the entry."""
        uuid = as_text(entry.get("uuid"))
        event = self._event(entry, session, at, event_type, key_of(SOURCE, session.session_id, uuid) if uuid else None)
        if uuid:
            event.event_id = key_of("entry", uuid, str(entry.get("timestamp")), event_type, words)
        return event

    def _event(
        self, entry: dict[str, Any], session: SessionFacts, at: datetime | None, event_type: str, key: str | None
    ) -> Event:
        """An event of this entry; without an id of its own it is known by its content and counted."""
        counted = key is None
        if key is None:
            key = key_of_content(f"{SOURCE}\x1f{session.session_id}", canonical(entry))
        data = entry.copy()
        for name in _IN_DETAIL:
            data.pop(name, None)
        metadata: dict[str, Any] = {"source": SOURCE}
        if isinstance(agent := entry.get("agentId"), str):
            metadata["agent_id"] = agent[:LONGEST_NAME]
        if entry.get("isSidechain") is True:
            metadata["sidechain"] = True
        if isinstance(mode := entry.get("permissionMode"), str):
            metadata["permission_mode"] = mode
        return Event(SOURCE, session.key, key, key, event_type, at, data, metadata, counted=counted)


def _blocks(content: Any, kind: str) -> list[dict[str, Any]]:
    blocks = content if isinstance(content, list) else []
    return [block for block in blocks if isinstance(block, dict) and block.get("type") == kind]


def _told_duration(told: Any) -> int | None:
    result = as_object(told)
    return whole_ms(result.get("durationMs", result.get("totalDurationMs")))
