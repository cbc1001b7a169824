"""Reads and stages the next file while this one is merged: two connections take turns, and a thread reads."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from data.ingest.reading.files import FileReading
from data.ingest.reading.walking import Found
from data.ingest.report import FileReport
from data.ingest.staging.storing import OpenFile, Store

_PATIENCE_S = 0.2
_SWITCH_INTERVAL_S = 0.0005


@dataclass
class Arrived:
    """A file as far as it got: staged and open in `store`, left alone with its report, or ended by an error."""

    file: Found
    report: FileReport
    store: Store | None = None
    open: OpenFile | None = None
    error: Exception | None = None

    def give_up(self) -> None:
        """Undo what is staged, unless it was merged."""
        if self.open:
            self.open.give_up()


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


def stage_file(file: Found, store: Store) -> Arrived:
    """Read a file and stage its rows, if it is an agent log. Errors of the file and of the database are kept."""
    reading = FileReading(file)
    try:
        if not reading.recognise():
            return Arrived(file, reading.report)
        return Arrived(file, reading.report, store, store.stage(reading.fill))
    except Exception as error:  # noqa: BLE001 - raised or told where the file is merged
        return Arrived(file, reading.report, store, error=error)
    finally:
        reading.close()


class StagingAhead:
    """Iterates over the files in order; what is yielded has to be merged or given up before the next is asked for."""

    def __init__(self, files: Sequence[Found], stores: Sequence[Store]) -> None:
        self._files = files
        self._free: queue.Queue[Store] = queue.Queue()
        for store in stores:
            self._free.put(store)
        self._arrived: queue.Queue[Arrived] = queue.Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signalbox-ingest-staging", daemon=True)

    def __enter__(self) -> StagingAhead:
        _hurry.begin()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        _hurry.end()
        while not self._arrived.empty():
            self._arrived.get().give_up()

    def __iter__(self) -> Iterator[Arrived]:
        for _ in self._files:
            arrived = self._arrived.get()
            yield arrived
            if arrived.store:
                self._free.put(arrived.store)

    def _run(self) -> None:
        store: Store | None = None
        for file in self._files:
            store = store or self._next_free()
            if store is None:
                return
            arrived = stage_file(file, store)
            if arrived.store:
                store = None
            self._arrived.put(arrived)

    def _next_free(self) -> Store | None:
        while not self._stop.is_set():
            try:
                return self._free.get(timeout=_PATIENCE_S)
            except queue.Empty:
                continue
        return None
