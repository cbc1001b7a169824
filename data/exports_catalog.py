"""The reports that can be exported. A new one takes a named query of its area and an entry here."""

from __future__ import annotations

from data.exports_parameters import Report, flag, moment, one_of, text

_PERIOD = {"start": moment, "end": moment, "untimed": flag}

REPORTS: dict[str, Report] = {
    "tool_calls": Report(
        query="exports.list_tool_calls",
        sentence="Every call of a tool, with its outcome, duration and error.",
        filters=_PERIOD
        | {"tool": text, "project": text, "outcome": one_of("succeeded", "failed", "refused", "unknown")},
    ),
}
