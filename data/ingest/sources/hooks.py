"""Hook payloads: what Claude Code tells its hooks, in files of one array per event or as a stream.

Payloads with a tool_use_id are keyed by it, so that they meet a transcript's rows by themselves. All others have no id
and no time: they are known by session, event and content, and equal ones are told apart by counting them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from data.ingest.sources import tools
from data.ingest.sources.shapes import text_field
from data.ingest.staging.escaping import as_object, as_text, canonical, readable, without_bulk
from data.ingest.staging.keys import CallKeys, key_of, key_of_content, phase_key
from data.ingest.staging.rows import LONGEST_NAME, Event, Rows, ToolPhase
from data.ingest.staging.sessions import LONGEST_SESSION_ID, PERMISSION_REQUESTS, SessionFacts, Sessions
from data.ingest.staging.times import duration_ms, whole_ms

SOURCE = "hooks"

# Name without capitals and underscores -> (name, event type of Chronicle); Chronicle's early and late names, too.
_EVENTS: dict[str, tuple[str, str]] = {
    "pretooluse": ("PreToolUse", "tool_pre_use"),
    "toolpreuse": ("PreToolUse", "tool_pre_use"),
    "posttooluse": ("PostToolUse", "tool_post_use"),
    "toolpostuse": ("PostToolUse", "tool_post_use"),
    "posttoolusefailure": ("PostToolUseFailure", "tool_post_use"),
    "userpromptsubmit": ("UserPromptSubmit", "user_prompt"),
    "userprompt": ("UserPromptSubmit", "user_prompt"),
    "notification": ("Notification", "notification"),
    "permissionrequest": ("PermissionRequest", "notification"),
    "sessionstart": ("SessionStart", "session_start"),
    "stop": ("Stop", "session_stop"),
    "sessionstop": ("Stop", "session_stop"),
    "subagentstop": ("SubagentStop", "session_stop"),
    "sessionend": ("SessionEnd", "session_stop"),
    "stopfailure": ("StopFailure", "session_stop"),
    "precompact": ("PreCompact", "compact_pre"),
    "compactpre": ("PreCompact", "compact_pre"),
}
_LIFECYCLE = frozenset({"session_start", "session_stop", "compact_pre"})
_DISPLAY_NOISE = "messagedisplay"
_BEGINNINGS = (None, "startup", "clear", "fork")  # of a session; the other sources go on with one
_NAMED_IN_METADATA = ("agent_id", "agent_type", "prompt_id", "permission_mode", "tool_use_id")
_OPEN_CALLS = 10_000  # calls with a time that wait for their result
_SEVERITIES = {"StopFailure": "error", "PermissionDenied": "warning"}


class HookReader:
    """Turns the payloads of one file into rows."""

    def __init__(self, rows: Rows, sessions: Sessions, report: Callable[[int, str], None]) -> None:
        self.rows = rows
        self.sessions = sessions
        self.report = report
        self.entries: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.open_calls: dict[str, datetime] = {}
        self.has_failed_stop = False

    def take(self, line: int, record: dict[str, Any]) -> None:
        """One payload. Raises Misshapen when its shape is not that of one."""
        payload = unwrapped(record)
        written_name: str = payload["hook_event_name"]
        plain_name = written_name.replace("_", "").lower()
        name, event_type = _EVENTS.get(plain_name, (written_name, "system_health"))
        self.entries[name] += 1
        if plain_name == _DISPLAY_NOISE:
            self.left_out[name] += 1
            return
        session_id = readable(payload["session_id"])
        if not session_id or len(session_id) > LONGEST_SESSION_ID:
            self.report(line, f"a session id of {len(session_id)} characters; 1 to {LONGEST_SESSION_ID} are kept")
            return
        at = self.rows.times.moment(payload.get("timestamp"))
        session = self.sessions.of(session_id)
        session.told_by.add(SOURCE)
        session.saw_payload(at, payload)
        if isinstance(agent := payload.get("agent_id"), str):
            session.saw_agent(agent[:LONGEST_NAME], at)
        event = self._event(payload, session, name, event_type, at)
        self.rows.add_event(line, event, self._detail(payload, session, name, event, at))

    def _event(
        self, payload: dict[str, Any], session: SessionFacts, name: str, event_type: str, at: datetime | None
    ) -> Event:
        key = key_of_content(f"{SOURCE}\x1f{session.session_id}\x1f{name}", canonical(payload))
        data = payload.copy()
        if event_type in ("tool_pre_use", "tool_post_use"):
            # A request for permission has no row among the tool calls: its input stays with it.
            data.pop("tool_input", None)
            data.pop("tool_response", None)
        metadata: dict[str, Any] = {"source": SOURCE, "hook_event_name": name}
        for field in _NAMED_IN_METADATA:
            if isinstance(value := payload.get(field), str):
                metadata[field] = value[:LONGEST_NAME]
        return Event(SOURCE, session.key, key, key, event_type, at, without_bulk(data), metadata, counted=True)

    def _detail(
        self, payload: dict[str, Any], session: SessionFacts, name: str, event: Event, at: datetime | None
    ) -> bytes:
        if event.event_type in ("tool_pre_use", "tool_post_use"):
            phase = "pre" if event.event_type == "tool_pre_use" else "post"
            return self.rows.tool(self._tool(payload, session, name, event, at, phase))
        if event.event_type == "user_prompt":
            text = text_field(payload, "prompt")
            event.pair_key = key_of("prompt", session.session_id, text.strip())
            return self.rows.prompt(text)
        if event.event_type == "notification":
            return self._notification(payload, session, name)
        if event.event_type in _LIFECYCLE:
            return self._lifecycle(payload, session, name, event)
        event.metadata["severity"] = _SEVERITIES.get(name, "info")
        return self.rows.nothing

    def _tool(
        self, payload: dict[str, Any], session: SessionFacts, name: str, event: Event, at: datetime | None, phase: str
    ) -> ToolPhase:
        tool, given = text_field(payload, "tool_name"), payload.get("tool_input")
        kind = tools.type_of(tool)
        session.saw_tool(tool, kind)
        use_id = as_text(payload.get("tool_use_id"))
        if use_id:
            event.counted = False
            keys = CallKeys(SOURCE, session.session_id, use_id)
            event.record_key = keys.record(phase)
            event.event_id = keys.event(phase)
            event.call_id = keys.call
        else:
            key = key_of_content(f"call\x1f{session.session_id}\x1f{tool}", canonical(given))
            event.pair_key = phase_key(key, phase)
        if phase == "pre":
            if use_id and at and len(self.open_calls) < _OPEN_CALLS:
                self.open_calls[use_id] = at
            return ToolPhase(tool, kind, phase, parameters=without_bulk(given), file_path=tools.file_of(tool, given))
        failed = name == "PostToolUseFailure"
        response = payload.get("tool_response")
        took = whole_ms(payload.get("duration_ms"))
        if took is not None:
            event.metadata["duration_ms"] = took
        else:
            took = duration_ms(self.open_calls.pop(use_id, None) if use_id else None, at)
        told = as_object(response)
        if took is None:
            took = whole_ms(told.get("durationMs", told.get("totalDurationMs")))
        session.saw_result(kind, told)
        return ToolPhase(
            tool,
            kind,
            phase,
            result=without_bulk(response),
            execution_time_ms=took,
            success=not failed,
            error_message=_error(payload) if failed else None,
        )

    def _notification(self, payload: dict[str, Any], session: SessionFacts, name: str) -> bytes:
        if name == "PermissionRequest":
            session.holds.add(PERMISSION_REQUESTS)
            message = f"Permission asked for {payload.get('tool_name') or 'a tool'}"
            return self.rows.notification("permission_request", message, "warning")
        message_told = as_text(payload.get("message"))
        kind = as_text(payload.get("notification_type")) or _notification_type(message_told or "")
        if kind == "permission_prompt":
            session.holds.add(PERMISSION_REQUESTS)
        severity = "warning" if kind.startswith("permission") else "info"
        return self.rows.notification(kind, message_told, severity)

    def _lifecycle(self, payload: dict[str, Any], session: SessionFacts, name: str, event: Event) -> bytes:
        reason = next(
            (text for field in ("source", "reason", "trigger", "error") if (text := as_text(payload.get(field)))), None
        )
        if name == "SessionStart":
            if reason and (session.start_source is None or reason < session.start_source):
                session.start_source = reason
            session.model = session.model or as_text(payload.get("model"))
            if reason in _BEGINNINGS:
                event.pair_key = key_of("session_start", session.session_id, "pair")
        elif name == "PreCompact":
            event.pair_key = key_of("compaction", session.session_id, as_text(payload.get("trigger")) or "")
        self.has_failed_stop |= name == "StopFailure"
        return self.rows.lifecycle(name, reason)


def unwrapped(record: dict[str, Any]) -> dict[str, Any]:
    """The payload itself. Chronicle's own rows keep it in `data`, with the event's name and time beside it."""
    if isinstance(record.get("hook_event_name"), str):
        return record
    payload = dict(as_object(record.get("data")))
    payload["hook_event_name"] = record["event_type"]
    payload["session_id"] = record["session_id"]
    if "timestamp" in record:
        payload["timestamp"] = record["timestamp"]
    return payload


def _notification_type(message: str) -> str:
    if "permission" in message:
        return "permission_prompt"
    return "idle_prompt" if "waiting for your input" in message else "unknown"


def _error(payload: dict[str, Any]) -> str | None:
    error = payload.get("error")
    return error if isinstance(error, str) else canonical(error).decode() if error is not None else None
