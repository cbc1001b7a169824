"""What can go wrong for a writer. The docstring of each error is the sentence shown when nothing closer is known."""

from __future__ import annotations


class SignalboxError(Exception):
    """Something went wrong."""

    def __init__(self, sentence: str | None = None) -> None:
        self.sentence = sentence or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.sentence)


class BadArgument(SignalboxError, ValueError):
    """An argument cannot be used as it is; nothing was written."""

    def __init__(self, argument: str, reason: str) -> None:
        self.argument = argument
        self.reason = reason
        super().__init__(f"{argument} {reason} Nothing was written.")


class UnreadableValue(SignalboxError):
    """A stored JSON value is more than Python can hold. It stays stored as it is."""

    def __init__(self, place: str, reason: str, text: str) -> None:
        self.place = place
        self.reason = reason
        self.text = text
        super().__init__(f"{place} cannot be read: {reason}. It stays stored as it is.")


class DatabaseUnavailable(SignalboxError):
    """The database does not answer. Check that it runs and that the address is right, then try again."""


class TookTooLong(SignalboxError):
    """The database needed longer than the statement or lock timeout allows; nothing of this call was kept."""


class NotAllowed(SignalboxError):
    """The role of this connection may not do this; nothing of this call was kept."""


class RefusedByDatabase(SignalboxError):
    """The database refused a value; nothing of this call was kept."""


class UnfitTable(RefusedByDatabase):
    """A table is not as this package makes it, as after it was moved here; nothing of this call was kept."""


class Closed(SignalboxError):
    """This client has been closed. Make a new one."""


class InTransaction(SignalboxError):
    """This cannot be done in a transaction of yours: it has to see what others commit. Use an address or a pool."""
