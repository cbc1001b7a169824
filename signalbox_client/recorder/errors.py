"""What can go wrong with recording; nothing of it is silent, and nothing that was recorded is dropped."""

from __future__ import annotations

from signalbox_client.errors import SignalboxError


class RecorderFull(SignalboxError):
    """The recorder holds as much as it may and the database takes nothing; this record was not taken. Try later."""


class NotFlushed(SignalboxError):
    """Records could not be written and are still held. Flush or close again when the database answers."""

    def __init__(self, records: int, reason: str) -> None:
        self.records = records
        super().__init__(f"{records} records are not written yet and still held: {reason}")


class RecordsRefused(SignalboxError):
    """The database refused records that it will never take; they are held in `refused`."""

    def __init__(self, records: int, reason: str) -> None:
        self.records = records
        super().__init__(f"The database refused {records} records, which are held in `refused`; the first: {reason}")


class EndCutShort(SignalboxError):
    """What a call gave cannot be stored. That it ended is recorded, without that."""

    def __init__(self, argument: str, reason: str) -> None:
        self.argument = argument
        super().__init__(f"{argument} {reason} The end of the call is recorded without what it gave.")


class Misplaced(SignalboxError):
    """There is no session for this record: it was deleted, or its beginning was refused."""


class WrongProcess(SignalboxError):
    """A recorder works only in the process that made it: make one after the fork."""
