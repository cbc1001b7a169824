"""Status lines: the cost of a session in USD as Claude Code itself reckons it, cumulative, so the last one counts."""

from __future__ import annotations

from typing import Any

from data.ingest.staging.escaping import as_object, as_text, readable
from data.ingest.staging.sessions import LONGEST_SESSION_ID, Sessions

_MOST = 1e15  # above it a figure is not read as one anywhere
_FIGURES = ("total_duration_ms", "total_api_duration_ms", "total_lines_added", "total_lines_removed")


def take(record: dict[str, Any], sessions: Sessions) -> str | None:
    """One status line, bare or wrapped with the (local) time it came; the reason, if it is refused."""
    wrapped = "input_data" in record
    status = as_object(record.get("input_data")) if wrapped else record
    session_id = readable(status["session_id"])
    if not session_id or len(session_id) > LONGEST_SESSION_ID:
        return f"a session id of {len(session_id)} characters; 1 to {LONGEST_SESSION_ID} are kept"
    session = sessions.of(session_id)
    session.told_by.add("status_lines")
    session.saw_payload(None, status)
    model = as_text(as_object(status.get("model")).get("id"))
    session.model = model or session.model
    told = as_object(status.get("cost"))
    total = _figure(told.get("total_cost_usd"))
    if total is not None:
        cost: dict[str, Any] = {"total_cost_usd": total, "recorded": True, "model": model}
        cost |= {name: figure for name in _FIGURES if (figure := _figure(told.get(name))) is not None}
        # Local, without a zone: good for telling which came last, not for placing it in time.
        if at := as_text(record.get("timestamp") if wrapped else None):
            cost["recorded_at_local"] = at
        session.saw_cost(cost)
    return None


def _figure(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < _MOST else None
