"""Records that wait to be written: in order, bounded in number and bytes, shared by the threads that record."""

from __future__ import annotations

import threading
import time
from collections import deque
from itertools import islice

from signalbox_client.errors import BadArgument, Closed, SignalboxError
from signalbox_client.recorder.errors import RecorderFull
from signalbox_client.recorder.records import Record

Refused = tuple[Record, SignalboxError]


class Buffer:
    """The front is only looked at until it is written for certain; what was refused for good is held beside it and
    counts, too."""

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[Record, float]] = deque()
        self._refused: list[Refused] = []
        self._bytes = 0
        self._changed = threading.Condition()
        self._waiting_for_room = 0
        self._is_closed = False
        self.added = 0
        self.gone = 0  # written or refused

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """What the database will never take, with the reason."""
        return tuple(self._refused)

    def add(self, record: Record, wait_s: float) -> None:
        """Put a record at the end, waiting for room at most so long. Raises RecorderFull, Closed, BadArgument."""
        size = record.size_bytes
        if size > self._max_bytes:
            raise BadArgument(
                record.event_type, f"is larger than all that the recorder may hold ({self._max_bytes} bytes)."
            )
        with self._changed:
            has_room = self._is_closed or self._has_room(size) or self._wait_for_room(size, wait_s)
            if self._is_closed:
                raise Closed
            if not has_room:
                raise RecorderFull
            self._waiting.append((record, time.monotonic()))
            self._bytes += size
            self.added += 1
            self._changed.notify_all()

    def front(self, most: int, most_bytes: int) -> list[Record]:
        """The oldest records, at least one where there is any; they stay."""
        with self._changed:
            records: list[Record] = []
            size = 0
            for record, _ in islice(self._waiting, most):
                size += record.size_bytes
                if records and size > most_bytes:
                    break
                records.append(record)
            return records

    def drop(self, number: int) -> None:
        """Forget the oldest records: they are written."""
        with self._changed:
            for _ in range(number):
                self._bytes -= self._waiting.popleft()[0].size_bytes
            self.gone += number
            self._changed.notify_all()

    def refuse(self, reason: SignalboxError) -> None:
        """Move the oldest record beside the others."""
        with self._changed:
            self._refused.append((self._waiting.popleft()[0], reason))
            self.gone += 1
            self._changed.notify_all()

    def take_refused(self) -> list[Refused]:
        """Hand over what was refused; it is not held any longer."""
        with self._changed:
            handed, self._refused = self._refused, []
            self._bytes -= sum(record.size_bytes for record, _ in handed)
            self._changed.notify_all()
            return handed

    def wait_until_due(self, records: int, after_s: float) -> bool:
        """Wait until so many records are there, the oldest has waited so long, or somebody waits for room; False once
        the buffer is closed."""
        with self._changed:
            while not self._is_closed:
                if len(self._waiting) >= records or (self._waiting and self._waiting_for_room):
                    return True
                rest_s = self._waiting[0][1] + after_s - time.monotonic() if self._waiting else None
                if rest_s is not None and rest_s <= 0:
                    return True
                self._changed.wait(rest_s)
            return False

    def close(self) -> None:
        """Take no more records, and wake whoever waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _wait_for_room(self, size: int, wait_s: float) -> bool:
        self._waiting_for_room += 1
        self._changed.notify_all()
        try:
            return self._changed.wait_for(lambda: self._is_closed or self._has_room(size), wait_s)
        finally:
            self._waiting_for_room -= 1

    def _has_room(self, size: int) -> bool:
        held = len(self._waiting) + len(self._refused)
        return held < self._max_records and self._bytes + size <= self._max_bytes
