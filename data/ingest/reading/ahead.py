"""Reads the next files while the database is busy with this one, in bounded memory."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from data.ingest.reading.files import FileReading
from data.ingest.reading.walking import Found
from data.ingest.report import FileReport
from data.ingest.staging.storing import Staged, Write

_PIECES = 48  # of a quarter of a mebibyte or, where a row is larger, of a row
_PATIENCE_S = 0.2
_SWITCH_INTERVAL_S = 0.0005


class _Stopped(Exception):
    """Nobody reads on."""


class _Hurry:
    """While files are read, threads take turns more often: else each answer of the database would wait up to 5 ms
    for the reader to let go. The interval belongs to the process, so several imports share it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._users = 0
        self._before_s = 0.0

    def begin(self) -> None:
        with self._guard:
            if self._users == 0:
                self._before_s = sys.getswitchinterval()
                sys.setswitchinterval(_SWITCH_INTERVAL_S)
            self._users += 1

    def end(self) -> None:
        with self._guard:
            self._users -= 1
            if self._users == 0:
                sys.setswitchinterval(self._before_s)


_hurry = _Hurry()


@dataclass
class _End:
    """The end of a file: what was staged, or the error that ended it."""

    staged: Staged | None = None
    error: Exception | None = None


class Feed:
    """The rows of one file as they come from the thread."""

    def __init__(self, file: Found, report: FileReport, ahead: ReadingAhead) -> None:
        self.file = file
        self.report = report
        self._ahead = ahead
        self._ended = False

    def fill(self, write: Write) -> Staged:
        """Hand on all rows, once. Raises OSError when the file could not be read to its end."""
        while True:
            item = self._ahead.take()
            if isinstance(item, bytes):
                write(item)
                continue
            self._ended = True
            if item.staged is None:
                raise item.error or RuntimeError("the reader of files ended early")
            return item.staged

    def drain(self) -> None:
        """Let go of what was not taken."""
        while not self._ended:
            self._ended = not isinstance(self._ahead.take(), bytes)


class ReadingAhead:
    """Iterates over the files: a Feed for each that can be imported, its report for each that cannot."""

    def __init__(self, files: Sequence[Found]) -> None:
        self._files = files
        self._items: queue.Queue[Any] = queue.Queue(_PIECES)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signalbox-ingest-reading", daemon=True)

    def __enter__(self) -> ReadingAhead:
        _hurry.begin()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        _hurry.end()

    def __iter__(self) -> Iterator[Feed | FileReport]:
        for file in self._files:
            report = self._items.get()
            if report.outcome != "imported":
                yield report
                continue
            feed = Feed(file, report, self)
            yield feed
            feed.drain()

    def take(self) -> bytes | _End:
        """The next piece of the file that is being read, or its end."""
        item: bytes | _End = self._items.get()
        return item

    def _run(self) -> None:
        try:
            for file in self._files:
                self._read(file)
        except _Stopped:
            return

    def _read(self, file: Found) -> None:
        reading = FileReading(file)
        try:
            recognised = reading.recognise()
            self._put(reading.report)
            if recognised:
                self._put(_End(staged=reading.fill(self._put)))
        except _Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - raised again where the file is imported
            self._put(_End(error=error))
        finally:
            reading.close()

    def _put(self, item: object) -> None:
        while not self._stop.is_set():
            try:
                self._items.put(item, timeout=_PATIENCE_S)
            except queue.Full:
                continue
            return
        raise _Stopped
