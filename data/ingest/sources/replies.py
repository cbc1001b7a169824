"""Tokens of replies: a reply is written as several lines that repeat its usage, so each field's maximum counts."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Any

from data.ingest.staging.escaping import as_object, as_text
from data.ingest.staging.rows import Reply, Rows
from data.ingest.staging.sessions import SessionFacts

_KEPT = 512  # lines of one reply stand close together; the database joins what does not
_MOST = 10**12  # tokens; more no reply has, and a sum of a million such replies is still a number of the database


class Replies:
    """Gathers the lines of each reply before it becomes a row, in bounded memory."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._open: OrderedDict[tuple[str, str], tuple[int, Reply]] = OrderedDict()

    def take(
        self, line: int, entry: dict[str, Any], message: dict[str, Any], session: SessionFacts, at: datetime | None
    ) -> None:
        """The message of an assistant entry, which may carry usage."""
        usage = message.get("usage")
        if not isinstance(usage, dict):
            return
        model = as_text(message.get("model")) or "unknown"
        session.models.add(model)
        identity = as_text(message.get("id")) or as_text(entry.get("uuid"))
        if identity is None:
            return
        tokens = _tokens(usage)
        known = self._open.get((identity, session.key))
        if known is None:
            reply = Reply(identity, session.key, model, at, tokens)
            self._open[(identity, session.key)] = (line, reply)
            if len(self._open) > _KEPT:
                self._rows.add_reply(*self._open.popitem(last=False)[1])
            return
        reply = known[1]
        reply.tokens = [max(pair) for pair in zip(reply.tokens, tokens, strict=True)]
        reply.model = min(reply.model, model)
        if at is not None:
            reply.replied_at = at if reply.replied_at is None else min(at, reply.replied_at)

    def flush(self) -> None:
        """Make rows of all that is left."""
        for line, reply in self._open.values():
            self._rows.add_reply(line, reply)
        self._open.clear()


def _tokens(usage: dict[str, Any]) -> list[int]:
    kept = as_object(usage.get("cache_creation"))
    return [
        _count(usage.get("input_tokens")),
        _count(usage.get("output_tokens")),
        _count(usage.get("cache_creation_input_tokens")),
        _count(kept.get("ephemeral_1h_input_tokens")),
        _count(usage.get("cache_read_input_tokens")),
    ]


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else 0
