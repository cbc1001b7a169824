"""Sessions, revisions, drafts and resolutions as columns, checked before anything is written; JSON as its text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from signalbox_client import checking
from signalbox_client.errors import BadArgument
from signalbox_client.sessions.records import SESSION_STATUSES, Draft, Resolution, Revision, Session

Columns = dict[str, Any]

MAX_TEXT_CHARACTERS = 4_000_000  # of a prompt or of code
MAX_SUMMARY_CHARACTERS = 10_000
MAX_NUMBER = 2**31 - 1
MAX_LIMIT = 1_000

JSON_COLUMNS = frozenset({"current_ir", "metadata", "ir_content", "changes", "llm_metrics", "resolution"})
UPDATABLE = ("prompt", "status", "current_ir", "metadata")


def session_columns(session: object) -> Columns:
    """A session that is to be created; its counts and times are left to the database."""
    if not isinstance(session, Session):
        raise BadArgument("session", f"must be a Session, not {type(session).__name__}.")
    return {
        "id": checking.identifier("session.session_id", session.session_id),
        "user_id": checking.identifier("session.user_id", session.user_id),
    } | updated_columns({name: getattr(session, name) for name in UPDATABLE}, "session.")


def updated_columns(updates: object, prefix: str = "updates.") -> Columns:
    """What is to be changed of a session: some of prompt, status, current_ir, metadata."""
    if not isinstance(updates, Mapping) or not updates:
        raise BadArgument("updates", f"must be a mapping with some of {', '.join(UPDATABLE)}.")
    columns: Columns = {}
    for name, value in updates.items():
        argument = f"{prefix}{name}"
        if name == "prompt":
            columns[name] = optional_long_text(argument, value)
        elif name == "status":
            columns[name] = checking.one_of(argument, value, SESSION_STATUSES)
        elif name in UPDATABLE:
            columns[name] = checking.json_object(argument, value)
        else:
            raise BadArgument(argument, f"cannot be changed; only {', '.join(UPDATABLE)} can.")
    return columns


def time_read(as_read: object) -> datetime | None:
    """When a session that somebody has read was changed last before."""
    if as_read is None:
        return None
    if not isinstance(as_read, Session) or as_read.updated_at is None:
        raise BadArgument("as_read", "must be a session as the store gave it.")
    return checking.moment("as_read.updated_at", as_read.updated_at)


def revision_columns(revision: object) -> Columns:
    """A revision, without its owner and, where it is to be given, its number."""
    if not isinstance(revision, Revision):
        raise BadArgument("revision", f"must be a Revision, not {type(revision).__name__}.")
    return {
        "id": checking.identifier("revision.revision_id", revision.revision_id),
        "session_id": checking.identifier("revision.session_id", revision.session_id),
        "revision_number": optional_number("revision.number", revision.number),
        "ir_content": checking.json_object("revision.ir_content", revision.ir_content),
        "change_summary": optional_long_text(
            "revision.change_summary", revision.change_summary, longest=MAX_SUMMARY_CHARACTERS
        ),
        "changed_by": checking.optional_text("revision.changed_by", revision.changed_by),
        "changes": None if revision.changes is None else checking.json_text("revision.changes", revision.changes),
        "metadata": checking.json_object("revision.metadata", revision.metadata),
    }


def draft_columns(draft: object) -> Columns:
    """A draft, without its owner and, where it is to be given, its number."""
    if not isinstance(draft, Draft):
        raise BadArgument("draft", f"must be a Draft, not {type(draft).__name__}.")
    _check_metrics(draft.llm_metrics)
    return {
        "id": checking.identifier("draft.draft_id", draft.draft_id),
        "session_id": checking.identifier("draft.session_id", draft.session_id),
        "draft_number": optional_number("draft.number", draft.number),
        "code": checking.text("draft.code", draft.code, longest=MAX_TEXT_CHARACTERS, may_be_empty=True),
        "syntax_valid": _optional_truth("draft.syntax_valid", draft.syntax_valid),
        "ast_valid": _optional_truth("draft.ast_valid", draft.ast_valid),
        "llm_metrics": checking.json_object("draft.llm_metrics", draft.llm_metrics),
        "metadata": checking.json_object("draft.metadata", draft.metadata),
    }


def resolution_columns(resolution: object) -> Columns:
    """A resolution, without its owner."""
    if not isinstance(resolution, Resolution):
        raise BadArgument("resolution", f"must be a Resolution, not {type(resolution).__name__}.")
    if resolution.resolution is None:
        raise BadArgument("resolution.resolution", "is missing: say what the hole was filled with.")
    confidence = resolution.confidence
    return {
        "id": checking.identifier("resolution.resolution_id", resolution.resolution_id),
        "session_id": checking.identifier("resolution.session_id", resolution.session_id),
        "hole_id": checking.text("resolution.hole_id", resolution.hole_id),
        "hole_type": checking.optional_text("resolution.hole_type", resolution.hole_type),
        "resolution": checking.json_text("resolution.resolution", resolution.resolution),
        "resolution_method": checking.optional_text("resolution.resolution_method", resolution.resolution_method),
        "confidence": None if confidence is None else checking.fraction("resolution.confidence", confidence),
    }


def page(limit: object, before: object) -> tuple[int, Session | None]:
    """How many sessions to list, and after which one to go on."""
    if before is not None and (not isinstance(before, Session) or before.created_at is None):
        raise BadArgument("before", "must be a session as the store gave it, the last one of the page before.")
    if before is not None:
        checking.moment("before.created_at", before.created_at)
        checking.identifier("before.session_id", before.session_id)
    return checking.whole_number("limit", limit, least=1, most=MAX_LIMIT), before


def optional_long_text(argument: str, value: object, longest: int = MAX_TEXT_CHARACTERS) -> str | None:
    """A text of any length that makes sense, or None."""
    return None if value is None else checking.text(argument, value, longest=longest, may_be_empty=True)


def optional_number(argument: str, value: object) -> int | None:
    """The number of a revision or draft, or None for the next one."""
    return None if value is None else checking.whole_number(argument, value, least=1, most=MAX_NUMBER)


def _optional_truth(argument: str, value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise BadArgument(argument, "must be True, False or None.")
    return value


def _check_metrics(metrics: object) -> None:
    """What pages add up has to be numbers; anything else in it is the writer's own."""
    if not isinstance(metrics, Mapping):
        return  # json_object says what is wrong with it
    checking.optional_text("draft.llm_metrics.model", metrics.get("model"))
    for name in ("input_tokens", "output_tokens"):
        if metrics.get(name) is not None:
            checking.whole_number(f"draft.llm_metrics.{name}", metrics[name])
    for name in ("cost_usd", "latency_ms"):
        if metrics.get(name) is not None:
            checking.number(f"draft.llm_metrics.{name}", metrics[name], least=0)
