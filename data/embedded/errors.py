"""What can go wrong with the embedded server: each a sentence that says what, where, and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import SignalboxError, WrongUse


class EmbeddedServerError(SignalboxError):
    """The embedded PostgreSQL server cannot be used."""


class BinariesMissing(EmbeddedServerError):
    """No PostgreSQL programs were found. Install them, or point SIGNALBOX_POSTGRES_BINARIES at them."""


class BinariesUnusable(EmbeddedServerError):
    """The PostgreSQL programs that were found cannot be used."""


class PortTaken(EmbeddedServerError):
    """The port set in SIGNALBOX_EMBEDDED_PORT is in use. Free it, set another, or unset it."""


class DiskFull(EmbeddedServerError):
    """The disk of the embedded server is full. Free some space, then start again; no row is lost."""


class DiskReadOnly(EmbeddedServerError):
    """The disk of the embedded server is read-only. Make it writable, or set SIGNALBOX_HOME to another."""


class HomeNotWritable(EmbeddedServerError):
    """The folder of the embedded server cannot be written. Set SIGNALBOX_HOME to a folder of your own."""


class HomeNotReachable(EmbeddedServerError):
    """The account of the embedded server cannot reach its folder. Set SIGNALBOX_HOME to one it can enter."""


class LocksUnsupported(EmbeddedServerError):
    """The embedded server's file system has no locks. Set SIGNALBOX_HOME to a folder on a local disk."""


class OtherMajorVersion(EmbeddedServerError):
    """Another major version made the embedded database. Point SIGNALBOX_POSTGRES_BINARIES at that one."""


class OtherCluster(EmbeddedServerError):
    """The folder of the embedded server holds another database. Set SIGNALBOX_HOME to another folder."""


class PasswordUnreadable(EmbeddedServerError):
    """The password file of the embedded server cannot be read. Restore it, readable for you alone."""


class StartFailed(EmbeddedServerError):
    """The embedded server did not start. Its log says why."""


class StopFailed(EmbeddedServerError):
    """The embedded server did not stop. Its log says why."""


class ServerBusy(EmbeddedServerError):
    """Another process takes too long to start or stop the embedded server. End it and try again."""


class DatabaseNameRefused(EmbeddedServerError, WrongUse):
    """That name cannot be used for a database of the console."""


class SupabaseIsThere(WrongUse):
    """This is a database of Supabase, so nothing was changed: `db bootstrap` is for a plain PostgreSQL."""


class BootstrapNotAllowed(SignalboxError):
    """This role may not create roles. Run `db bootstrap` with the URL of a superuser of that server."""


def on_disk(path: Path, number: int | None) -> EmbeddedServerError | None:
    """The named error for an operating-system error `number` met at `path`; None where there is none."""
    match number:
        case errno.ENOSPC | errno.EDQUOT:
            return DiskFull(
                f"The disk that holds {path} is full. Free some space on it, then start again; no "
                "committed row is lost."
            )
        case errno.EROFS:
            return DiskReadOnly(
                f"The disk that holds {path} is read-only. Make it writable, or set SIGNALBOX_HOME to a "
                "folder on another disk."
            )
        case errno.EACCES | errno.EPERM:
            return HomeNotWritable(
                f"{path} cannot be written by you{_owner(path)}. Run as its owner, or set SIGNALBOX_HOME "
                "to a folder of your own."
            )
        case errno.EEXIST | errno.ENOTDIR | errno.ELOOP | errno.ENAMETOOLONG:
            return HomeNotWritable(f"{path} cannot be a folder. Set SIGNALBOX_HOME to a folder of your own.")
        case errno.ENOLCK | errno.EOPNOTSUPP | errno.ENOSYS:
            return LocksUnsupported(
                f"The file system of {path} has no file locks, so processes could not share one server. "
                "Set SIGNALBOX_HOME to a folder on a local disk."
            )
        case _:
            return None


def in_text(path: Path, text: str) -> EmbeddedServerError | None:
    """The named error that a program's (English) output tells of; None where it tells of none."""
    for words, number in (
        ("No space left on device", errno.ENOSPC),
        ("Check free disk space", errno.ENOSPC),  # a page of which a part alone had room
        ("Disk quota exceeded", errno.EDQUOT),
        ("Read-only file system", errno.EROFS),
    ):
        if words in text:
            return on_disk(path, number)
    return None


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the operating system's errors about `path` into the named ones; others pass unchanged."""
    try:
        yield
    except OSError as error:
        where = Path(error.filename) if isinstance(error.filename, str) else path
        named = on_disk(where, error.errno) or in_text(path, str(error))  # copying a folder raises one error of many
        if named is None:
            raise
        raise named from error


def _owner(path: Path) -> str:
    for place in (path, *path.parents):
        try:
            return f" (it belongs to user {place.owner()})"
        except KeyError:
            return f" (it belongs to user number {place.stat().st_uid})"
        except OSError:
            continue
    return ""
