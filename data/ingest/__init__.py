"""Import of real agent logs: Claude Code transcripts, hook events, status lines, work items, checkpoints.

    report = ingest(["~/.claude/projects"], url)

Formats are told by the content of a file, never by its name. A second import of the same or of grown files adds only
what is new, and the order of imports does not matter. What was left out, escaped or unreadable is in the report.
"""

from data.ingest.console import import_paths
from data.ingest.history import find_history
from data.ingest.importing import Progress, ingest
from data.ingest.report import FileReport, Problem, Report

__all__ = ["FileReport", "Problem", "Progress", "Report", "find_history", "import_paths", "ingest"]
