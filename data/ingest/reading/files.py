"""One file from its bytes to rows: opened, recognised by its content, and read to its end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from types import TracebackType
from typing import Any, BinaryIO

from data.ingest.reading.lines import read_records
from data.ingest.reading.walking import Found
from data.ingest.report import FileReport, Problem, readable_path
from data.ingest.sources.recognition import kind_of
from data.ingest.sources.sorting import RecordSorter
from data.ingest.staging.escaping import readable
from data.ingest.staging.touched import Staged, Write
from data.wording import plural

_LOOKED_AT = 200  # records of a file among which one must be recognised
_HOPELESS = 1_000  # unreadable lines without a single record in between
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
}


class NotRecognised(Exception):
    """None of the records looked at is one that can be imported."""


class FileReading:
    """One pass over a file, as a context manager: first `recognise`, then `fill`."""

    def __init__(self, file: Found) -> None:
        self.report = FileReport(readable_path(file.path), size_bytes=file.size_bytes)
        self._file = file
        self._recognised = False
        self._met_record = False  # in what could not be read, too
        self._lines_with_several = self._first_with_several = 0
        self._stream: BinaryIO | None = None
        self._records: Iterator[tuple[int, Any]] = iter(())

    def __enter__(self) -> FileReading:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream:
            self._stream.close()

    def recognise(self) -> bool:
        """Open the file and look at its first records; whether it is an agent log. If not, the report says why."""
        try:
            self._stream = self._file.path.open("rb")
            if reason := _unreadable_content(self._stream):
                return self._leave_alone(reason)
            records = read_records(self._stream, self._problem, self._is_record, self._several)
            head = list(islice(records, _LOOKED_AT))
        except OSError as error:
            return self._fail(error)
        except NotRecognised:
            head = []
        if not self._met_record and not any(kind_of(value) for _, value in head):
            first = self.report.problems[0].sentence if self.report.problems else ""
            return self._leave_alone(f"no agent log in a known form. {first}".strip())
        if not head:  # of an agent log nothing but lines that cannot be read
            self.report.outcome = "failed"
            return False
        self._recognised = True
        self._records = chain(head, records)
        return True

    def fill(self, write: Write) -> Staged:
        """Read the rest and hand the rows on. Raises OSError."""
        sorter = RecordSorter(write, self.report, self._problem)
        for line, value in self._records:
            sorter.take(line, value)
        if self._lines_with_several:
            first = f"line {self._first_with_several}"
            lines = plural(self._lines_with_several, "line")
            which = f"{first} holds" if self._lines_with_several == 1 else f"{lines}, the first of them {first}, hold"
            self.report.notes.append(f"{which} several objects; all were read.")
        return sorter.finish()

    def _problem(self, line: int, reason: str) -> None:
        self.report.problems.append(Problem(self.report.path, line, readable(reason)))
        if not (self._recognised or self._met_record) and len(self.report.problems) > _HOPELESS:
            raise NotRecognised

    def _is_record(self, value: Any) -> bool:
        known = kind_of(value) is not None
        self._met_record |= known
        return known

    def _several(self, line: int) -> None:
        self._lines_with_several += 1
        self._first_with_several = self._first_with_several or line

    def _leave_alone(self, reason: str) -> bool:
        """No agent log: to be expected in a folder, wrong where it was named; and a compressed file may hold one."""
        self.report.outcome = "not recognised"
        self.report.problems = []
        if self._file.named or reason.startswith("compressed"):
            self.report.problems.append(Problem(self.report.path, None, reason))
        else:
            self.report.notes.append(reason)
        return False

    def _fail(self, error: OSError) -> bool:
        self.report.outcome = "failed"
        reason = error.strerror or type(error).__name__
        self.report.problems = [Problem(self.report.path, None, f"the file cannot be read ({reason})")]
        return False


def _unreadable_content(stream: BinaryIO) -> str | None:
    head = stream.read(1024)
    stream.seek(0)
    if not head:
        return "the file is empty"
    for magic, name in _COMPRESSED.items():
        if head.startswith(magic):
            return f"compressed with {name}; unpack it first"
    return None
