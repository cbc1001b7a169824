"""The recorder: takes records from any thread and writes them in batches from a thread of its own."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg

from signalbox_client import checking
from signalbox_client.connection import Database, Pool
from signalbox_client.errors import BadArgument, SignalboxError
from signalbox_client.recorder import records, writing
from signalbox_client.recorder.buffer import Buffer, Refused
from signalbox_client.recorder.clock import Clock
from signalbox_client.recorder.errors import NotFlushed, RecordsRefused, WrongProcess
from signalbox_client.recorder.session import RecordedSession, readable

log = logging.getLogger("signalbox_client.recorder")

MAX_BATCH = 500  # records of one transaction
MAX_BATCH_BYTES = 8 * 1024 * 1024
FIRST_PAUSE_S = 0.2  # between attempts while the database does not take anything


class Recorder:
    """Records sessions and what happens in them into Chronicle; safe to share between threads.

    `source` is an address or a pool: the recorder writes on a connection of its own, never inside a transaction of
    yours. Batches go out when `flush_records` records wait, when the oldest has waited `flush_after_s` seconds, when
    somebody waits for room, and on `flush` and `close`. What could not be written is kept and tried again; an id on
    every record makes sure that nothing is there twice.

    At most `max_records` records and `max_bytes` bytes are held. When they are, recording waits for room up to
    `wait_when_full_s` seconds and then raises RecorderFull. Failures of the background thread are logged, are in
    `last_error`, and go to `on_error`. A process that is killed loses what `pending` counts.
    Raises BadArgument.
    """

    def __init__(
        self,
        source: str | Pool,
        *,
        source_app: str | None = None,
        settings: Mapping[str, str] | None = None,
        flush_records: int = 100,
        flush_after_s: float = 5.0,
        max_records: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        wait_when_full_s: float = 5.0,
        on_error: Callable[[SignalboxError], None] | None = None,
    ) -> None:
        if isinstance(source, psycopg.Connection | Database):
            raise BadArgument("source", "must be an address or a pool: the recorder needs a connection of its own.")
        self._database = Database(source, settings=settings)
        self._source_app = checking.optional_text("source_app", source_app, longest=100)
        self._flush_records = checking.whole_number("flush_records", flush_records, least=1)
        self._flush_after_s = checking.number("flush_after_s", flush_after_s, least=0.01, most=86_400)
        self._wait_when_full_s = checking.number("wait_when_full_s", wait_when_full_s, least=0, most=86_400)
        if on_error is not None and not callable(on_error):
            raise BadArgument("on_error", f"must be a function of an error, not {type(on_error).__name__}.")
        self._on_error = on_error
        self._max_bytes = checking.whole_number("max_bytes", max_bytes, least=1024)
        self._buffer = Buffer(checking.whole_number("max_records", max_records, least=flush_records), self._max_bytes)
        self._flushing = threading.Lock()
        self._clock = Clock()
        self._last_error: SignalboxError | None = None
        self._closing = threading.Event()
        self._process_id = os.getpid()
        self._thread = threading.Thread(target=self._run, name="signalbox-recorder", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def pending(self) -> int:
        """How many records are held and not written for certain."""
        return len(self._buffer)

    @property
    def last_error(self) -> SignalboxError | None:
        """Why the newest attempt failed, None when it did not."""
        return self._last_error

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Records that the database will never take, each with the reason; they count as held."""
        return self._buffer.refused

    def take_refused(self) -> list[Refused]:
        """Hand over the refused records, to be dropped or kept elsewhere by the caller."""
        return self._buffer.take_refused()

    def start_session(
        self,
        key: UUID | str,
        *,
        project_name: str | None = None,
        git_branch: str | None = None,
        git_commit: str | None = None,
        working_directory: str | None = None,
        environment: Mapping[str, Any] | None = None,
        user_id: UUID | str | None = None,
        metadata: Mapping[str, Any] | None = None,
        reason: str | None = None,
        at: datetime | None = None,
    ) -> RecordedSession:
        """Begin a session, or go on with the one that has this key; what there is known of it then stays.

        `key` is the name under which the agent knows it (unique, at most 255 characters), `user_id` whom it belongs to.
        A session of somebody else refuses what is recorded. Raises BadArgument, RecorderFull, Closed.
        """
        named = checking.name("key", key, longest=records.KEY_CHARACTERS)
        started_at = self.moment(at)
        details = records.session_start(
            started_at,
            project_name=project_name,
            git_branch=git_branch,
            git_commit=git_commit,
            working_directory=working_directory,
            environment=environment,
            user_id=user_id,
            metadata=metadata,
            reason=reason,
        )
        self.add(named, "session_start", {"lifecycle_type": "session_start"}, at=started_at, details=details)
        return RecordedSession(named, self)

    def session(self, key: UUID | str) -> RecordedSession:
        """A session that was begun before, here or elsewhere; without it there, its records are refused."""
        return RecordedSession(checking.name("key", key, longest=records.KEY_CHARACTERS), self)

    def add(
        self,
        session_key: UUID | str,
        event_type: str,
        data: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        details: Mapping[records.Target, Mapping[str, Any]] | None = None,
    ) -> UUID:
        """Take one record; its id. The methods of a session call this. Raises BadArgument, RecorderFull, Closed."""
        made = records.record(
            session_key,
            event_type,
            self.moment(at),
            source_app=self._source_app,
            data=data,
            metadata=metadata,
            details=details,
        )
        self._buffer.add(made, self._wait_when_full_s)
        return made.event_id

    def moment(self, at: datetime | None) -> datetime:
        """The time given, or now; two records never get the same now, so that their order is kept."""
        self._must_be_at_home()
        return self._clock.now() if at is None else checking.moment("at", at)

    def flush(self) -> None:
        """Write everything that was recorded before this call.

        Raises NotFlushed (it is all still held), RecordsRefused (all but the refused ones are written), WrongProcess.
        """
        self._must_be_at_home()
        wanted = self._buffer.added
        try:
            while self._buffer.gone < wanted:
                self._write_front()
        except SignalboxError as error:
            raise NotFlushed(self.pending, error.sentence) from error
        if refused := self.refused:
            raise RecordsRefused(len(refused), refused[0][1].sentence)

    def close(self, patience_s: float = 10.0) -> None:
        """Take no more records, write what is held, and stop; tries for up to `patience_s` seconds.

        Called at the end of a `with` block and of the process, too. Raises BadArgument, and as `flush`; what is held
        then can be written by closing again.
        """
        patience = checking.number("patience_s", patience_s, least=0, most=86_400)
        if os.getpid() != self._process_id:
            return  # a copy that a fork made: the records are the parent's to write
        self._stop()
        deadline = time.monotonic() + patience
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                self.flush()
            except NotFlushed:
                if time.monotonic() + pause_s > deadline:
                    raise
                time.sleep(pause_s)
                pause_s *= 2
            else:
                return
            finally:
                if not self.pending:
                    self._database.close()
                    atexit.unregister(self.close)

    def abandon(self) -> list[records.Record]:
        """Stop without writing, and hand over what is held in its order: the caller knows that it will not be written.

        Raises WrongProcess.
        """
        self._must_be_at_home()
        self._stop()
        with self._flushing:
            held = self._buffer.front(self.pending, self._max_bytes)
            self._buffer.drop(len(held))
        self._database.close()
        atexit.unregister(self.close)
        return held

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except SignalboxError as failed:
            if error is None:
                raise
            error.add_note(failed.sentence)  # the block's own error is the one to see

    def _stop(self) -> None:
        self._buffer.close()
        self._closing.set()
        if threading.current_thread() is not self._thread:  # it is where `on_error` closes the recorder
            self._thread.join()

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while self._buffer.wait_until_due(self._flush_records, self._flush_after_s):
            try:
                self._write_front()
            except Exception as error:  # noqa: BLE001 - a thread that died would stop recording without a word
                self._failed(error)
                self._closing.wait(pause_s)
                pause_s = min(pause_s * 2, max(self._flush_after_s, FIRST_PAUSE_S))
            else:
                pause_s = FIRST_PAUSE_S

    def _write_front(self) -> None:
        """Write the oldest records; one writer at a time, so that the front stays the front."""
        refused: list[SignalboxError] = []
        try:
            with self._flushing:
                if batch := self._buffer.front(MAX_BATCH, MAX_BATCH_BYTES):
                    self._write(batch, refused)
                    self._last_error = None
        finally:  # outside of the lock, so that the caller's function may flush or close
            for error in refused:
                self._tell(error)

    def _write(self, batch: list[records.Record], refused: list[SignalboxError]) -> None:
        """Write a batch from the front. Where a record is at fault, halves of it show which: the rest is written."""
        try:
            writing.write(self._database, batch)
        except SignalboxError as error:
            self._last_error = error
            if not writing.blames_a_record(error):
                raise
            if len(batch) > 1:
                middle = len(batch) // 2
                self._write(batch[:middle], refused)
                self._write(batch[middle:], refused)
                return
            log.warning("a record was refused: %s", error.sentence)
            self._buffer.refuse(error)
            refused.append(error)
        else:
            self._buffer.drop(len(batch))

    def _failed(self, error: Exception) -> None:
        told = error if isinstance(error, SignalboxError) else SignalboxError(readable(error))
        self._last_error = told
        log.warning("%d records wait because writing them failed: %s", self.pending, told.sentence)
        self._tell(told)

    def _tell(self, error: SignalboxError) -> None:
        if self._on_error:
            with contextlib.suppress(Exception):  # what the caller's function does wrong must not stop the recording
                self._on_error(error)

    def _must_be_at_home(self) -> None:
        if os.getpid() != self._process_id:
            raise WrongProcess
