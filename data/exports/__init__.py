"""Exports: the rows of a report as CSV or JSON lines, streamed under the viewer's own rights.

A new report takes a named query of its area and an entry in `catalog`.
"""

from data.exports.parameters import MAX_CHARACTERS, MAX_VALUES, BadFilter, Report
from data.exports.streaming import ExportCancelled, Format, Stream, count, file_name, parse, report, stream

__all__ = [
    "MAX_CHARACTERS",
    "MAX_VALUES",
    "BadFilter",
    "ExportCancelled",
    "Format",
    "Report",
    "Stream",
    "count",
    "file_name",
    "parse",
    "report",
    "stream",
]
