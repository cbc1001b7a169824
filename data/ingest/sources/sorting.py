"""Gives every record of a file to the reader of its kind and says at the end what the file held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from data.ingest.report import FileReport
from data.ingest.sources import checkpoints, status_lines, work_items
from data.ingest.sources.hooks import HookReader
from data.ingest.sources.recognition import kind_of
from data.ingest.sources.shapes import Misshapen
from data.ingest.sources.transcripts import TranscriptReader
from data.ingest.staging.escaping import readable
from data.ingest.staging.rows import Rows
from data.ingest.staging.sessions import Sessions
from data.ingest.staging.touched import Staged, Write

Report = Callable[[int, str], None]
# What a value can bring about that nobody thought of.
_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class RecordSorter:
    """Takes the records of one file in order."""

    def __init__(self, write: Write, report: FileReport, problem: Report) -> None:
        self.report = report
        self.problem = problem
        self.sessions = Sessions()
        self.rows = Rows(write)
        self.transcript = TranscriptReader(self.rows, self.sessions, problem)
        self.hooks = HookReader(self.rows, self.sessions, problem)

    def take(self, line: int, value: Any) -> None:
        """One record. What has the marks of a known kind but not its shape is reported."""
        self.rows.begin_record()
        kind = kind_of(value)
        if kind is None:
            self.problem(line, "not a record of an agent log")
            return
        self.report.records[kind] += 1
        try:
            if kind == "transcript":
                self.transcript.take(line, value)
            elif kind == "hooks":
                self.hooks.take(line, value)
            elif kind == "status_lines":
                if refusal := status_lines.take(value, self.sessions):
                    self.problem(line, refusal)
            elif kind == "work_items":
                work_items.take(self.rows, line, value)
            else:
                checkpoints.take(self.rows, line, value)
        except Misshapen as error:
            self.problem(line, f"not in the shape of its kind: {error}")
        except _FAULTS:
            self.problem(line, "not in the shape of its kind: a value in it is of a sort that has no place there")
        except RecursionError:
            self.problem(line, "nested too deeply")

    def finish(self) -> Staged:
        """The end of the file."""
        transcript, hooks, rows, report = self.transcript, self.hooks, self.rows, self.report
        transcript.finish()
        rows.flush()
        report.format = report.records.most_common(1)[0][0] if report.records else ""
        report.entries = _readable_names(transcript.entries + hooks.entries)
        report.left_out = _readable_names(transcript.left_out + hooks.left_out)
        report.read = rows.events
        report.untimed = rows.untimed
        report.placeholders = rows.times.placeholders
        report.escaped = rows.escaper.rewritten
        report.sessions = len(self.sessions)
        return Staged(
            report=report,
            sessions=self.sessions,
            events=rows.events.total(),
            has_counted_records=rows.has_counted,
            has_files=rows.has_files,
            has_replies=rows.has_replies,
            has_work_items=report.records["work_items"] > 0,
            has_jobs=report.records["work_items"] + report.records["checkpoints"] > 0,
            has_failed_stop=hooks.has_failed_stop,
            has_transcript=transcript.entries.total() > 0,
            has_prompts=report.read["user_prompt"] > 0,
            has_tools=report.read["tool_pre_use"] + report.read["tool_post_use"] > 0,
        )


def _readable_names(counted: Counter[str]) -> Counter[str]:
    return Counter({readable(name): count for name, count in counted.items()})
