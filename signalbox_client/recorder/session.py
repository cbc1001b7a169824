"""A session that is being recorded: what happens in it, as methods."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from signalbox_client import checking
from signalbox_client.errors import BadArgument, SignalboxError
from signalbox_client.recorder import records
from signalbox_client.recorder.errors import EndCutShort

if TYPE_CHECKING:
    from signalbox_client.recorder.recorder import Recorder

_LIFECYCLE_EVENTS = ("session_start", "session_stop", "compact_pre", "system_health")


@dataclass
class ToolCall:
    """A call of a tool that has begun; what is set here is recorded when it ends."""

    tool_name: str
    tool_type: str | None
    parameters: Any
    call_id: UUID = field(default_factory=uuid4)
    result: Any = None
    success: bool | None = None
    error_message: str | None = None


@dataclass(frozen=True)
class RecordedSession:
    """A session by its key. Its methods return at once; what they record is written soon after, in this order.

    Times are those of the call unless given (`at`, with a zone). Every method raises BadArgument for what cannot be
    stored, RecorderFull, and Closed.
    """

    key: str
    _recorder: Recorder = field(repr=False)

    def event(
        self,
        event_type: str,
        data: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """An event without a detail of its own, of one of the eight types; its id."""
        return self._add(event_type, data, metadata, at)

    def tool_pre(
        self,
        tool_name: str,
        parameters: Any = None,
        *,
        tool_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> ToolCall:
        """A tool is about to be used; hand what this returns to `tool_post`."""
        call = ToolCall(tool_name, tool_type, parameters)
        detail = records.tool_detail("pre", call.call_id, tool_name, tool_type=tool_type, parameters=parameters)
        self._add("tool_pre_use", _about(call), metadata, at, {"tool": detail})
        return call

    def tool_post(
        self,
        call: ToolCall,
        *,
        result: Any = None,
        success: bool | None = None,
        error_message: str | None = None,
        execution_time_ms: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """The tool has answered; `success` stays None where that is not known."""
        if not isinstance(call, ToolCall):
            raise BadArgument("call", "must be what tool_pre returned.")
        detail = records.tool_detail(
            "post",
            call.call_id,
            call.tool_name,
            tool_type=call.tool_type,
            parameters=call.parameters,
            result=result,
            success=success,
            error_message=error_message,
            execution_time_ms=execution_time_ms,
        )
        return self._add("tool_post_use", _about(call), metadata, at, {"tool": detail})

    @contextmanager
    def tool(self, tool_name: str, parameters: Any = None, *, tool_type: str | None = None) -> Iterator[ToolCall]:
        """Record a call around a block, with how long it took; set `result` on what it gives.

        A block that ends is a success unless `success` was set; one that raises is a failure with that error, and that
        error it stays: what kept its end from being recorded is a note on it. Raises EndCutShort at the end of the
        block where what was set cannot be stored: a call without an end would look as if it still ran.
        """
        call = self.tool_pre(tool_name, parameters, tool_type=tool_type)
        started = time.perf_counter()
        try:
            yield call
        except BaseException as error:
            try:
                self._tool_ended(call, started, success=False, error_message=readable(error))
            except SignalboxError as failed:
                error.add_note(failed.sentence)  # the block's own error is the one to see
            raise
        success = True if call.success is None else call.success
        self._tool_ended(call, started, success=success, error_message=call.error_message)

    def _tool_ended(self, call: ToolCall, started: float, *, success: bool, error_message: str | None) -> None:
        took_ms = min(round((time.perf_counter() - started) * 1000), records.MAX_INTEGER)
        try:
            self.tool_post(
                call, result=call.result, success=success, error_message=error_message, execution_time_ms=took_ms
            )
        except BadArgument as error:
            known = success if isinstance(success, bool) else None
            self.tool_post(call, success=known, execution_time_ms=took_ms)
            raise EndCutShort(error.argument, error.reason) from error

    def prompt(
        self,
        text: str,
        *,
        complexity_score: float | None = None,
        intent_classification: str | None = None,
        context_data: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """A person asked something."""
        detail = records.prompt_detail(text, complexity_score, intent_classification, context_data)
        return self._add("user_prompt", {"prompt_length": len(text)}, metadata, at, {"prompt": detail})

    def notification(
        self,
        message: str,
        *,
        notification_type: str | None = None,
        severity: str = "info",
        metadata: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """The agent told its people something; severity is debug, info, warning, error or critical."""
        detail = records.notification_detail(message, notification_type, severity)
        return self._add(
            "notification", {"notification_type": notification_type}, metadata, at, {"notification": detail}
        )

    def lifecycle(
        self,
        event_type: str,
        lifecycle_type: str,
        *,
        previous_state: str | None = None,
        new_state: str | None = None,
        trigger_reason: str | None = None,
        context_snapshot: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """The session changed its state: session_start, session_stop, compact_pre or system_health, and what kind."""
        checking.one_of("event_type", event_type, _LIFECYCLE_EVENTS)
        detail = records.lifecycle_detail(lifecycle_type, previous_state, new_state, trigger_reason, context_snapshot)
        data = {"lifecycle_type": lifecycle_type} | ({"trigger": trigger_reason} if trigger_reason else {})
        return self._add(event_type, data, metadata, at, {"lifecycle": detail})

    def end(
        self,
        status: str = "completed",
        *,
        reason: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """The session is over: completed, terminated or error."""
        checking.one_of("status", status, records.ENDINGS)
        ended_at = self._recorder.moment(at)
        detail = records.lifecycle_detail("session_stop", "active", status, reason)
        details: dict[records.Target, Mapping[str, Any]] = {
            "lifecycle": detail,
            "session_end": {"status": status, "ended_at": ended_at.isoformat()},
        }
        return self._add("session_stop", {"lifecycle_type": "session_stop"}, metadata, ended_at, details)

    def _add(
        self,
        event_type: str,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None,
        at: datetime | None,
        details: Mapping[records.Target, Mapping[str, Any]] | None = None,
    ) -> UUID:
        return self._recorder.add(self.key, event_type, data, metadata=metadata, at=at, details=details)


def _about(call: ToolCall) -> dict[str, Any]:
    return {"tool_name": call.tool_name, "call_id": str(call.call_id)}


def readable(error: BaseException) -> str:
    """What an error says, without characters that cannot be stored."""
    said = f"{type(error).__name__}: {error}".replace("\0", "\\0")
    return said.encode("utf-8", "backslashreplace").decode()[:10_000]
