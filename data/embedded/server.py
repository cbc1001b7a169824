"""Starting the server, or joining the one that runs: believed for its proof, never for its pid."""

from __future__ import annotations

import os
import secrets
import socket
import time
from pathlib import Path

from data.embedded import cluster as clusters
from data.embedded import locks, processes
from data.embedded.binaries import Binaries
from data.embedded.cluster import Cluster
from data.embedded.errors import OtherCluster, PortTaken, StartFailed, in_text, translated
from data.embedded.place import Place
from data.embedded.probe import HOST, Answer, ask

ANSWER_LIMIT_SECONDS = 60.0  # of silence: a server that says it is recovering is waited for as long as it needs
_BOOT_SECONDS = 5.0  # until a server that was just started has written its postmaster.pid, on a busy machine
_STRANGE_SECONDS = 2.0  # of a port that answers, but not as ours: until then our server may yet find it taken and end
_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.25  # each question that a starting server refuses leaves a line in its log
_PORTS = range(20000, 30000)  # below those that systems hand out by themselves, so that a port can be kept
_PORT_ATTEMPTS = 5
_LOG_LIMIT_BYTES = 10 * 1024 * 1024


def ensure_running(place: Place, binaries: Binaries, cluster: Cluster, fixed_port: int | None) -> int:
    """The port of this place's server, started where it does not run. Hold the change lock meanwhile.

    A server that runs already keeps its port, whatever `fixed_port` says. Raises PortTaken, DiskFull,
    DiskReadOnly, OtherCluster, StartFailed.
    """
    password = clusters.password(place)
    # More than one round: what runs may be ending just now, what was started may lose its port to another.
    for attempt in range(_PORT_ATTEMPTS):
        if locks.is_held(place.server_lock) or processes.postmaster(place) is not None:
            port = _join(place, password, cluster)
            if port is not None:
                clusters.remember_port(place, cluster, port)
                return port
        port = _choose_port(cluster, fixed_port)
        seen = _start(place, binaries, port)
        if _join(place, password, clusters.remember_port(place, cluster, port), port) is not None:
            return port
        said = _log_since(place.log, seen)
        if "could not bind" not in said or attempt == _PORT_ATTEMPTS - 1:
            raise _start_failure(place, said)
        if fixed_port is not None:
            raise PortTaken(_port_taken(fixed_port))
        cluster = clusters.remember_port(place, cluster, _free_port())
    raise StartFailed(
        f"The embedded server in {place.directory} ended as often as it was started. Its log is {place.log}."
    )


def _join(place: Place, password: str, cluster: Cluster, port: int | None = None) -> int | None:
    """Wait until the server that lives here answers; its port, or None where it has ended instead."""
    begun, pause = time.monotonic(), _PAUSE_SECONDS
    while time.monotonic() - begun < ANSWER_LIMIT_SECONDS:
        at = port or processes.recorded_port(place) or cluster.port
        answer = ask(at, password, place.data, cluster) if at else Answer.NOTHING
        if answer is Answer.OURS:
            return at
        if answer is Answer.STARTING:
            begun = time.monotonic()
        if answer is Answer.STOPPING:
            processes.stop(place)  # whoever asked it to stop may have been killed; it must not take for ever
        pid = processes.postmaster(place)
        if pid is None and not locks.is_held(place.server_lock):
            return None
        if pid is None and time.monotonic() - begun > (_BOOT_SECONDS if port else 0):
            processes.end_orphans(place)
            if locks.is_held(place.server_lock):
                raise StartFailed(_unreachable_server(place))
        if pid is not None and answer is Answer.NOT_OURS and time.monotonic() - begun > _STRANGE_SECONDS:
            raise OtherCluster(_strange_server(place, pid, at))
        time.sleep(pause)
        pause = min(pause * 1.2, _LONGEST_PAUSE_SECONDS)
    raise StartFailed(
        f"The embedded server in {place.directory} has not answered for {ANSWER_LIMIT_SECONDS:.0f} "
        f"seconds; it may have no connection left, or be stopped. {_quoted(place, _log_since(place.log, 0))}"
    )


def _start(place: Place, binaries: Binaries, port: int) -> int:
    """Start the postmaster in the background; how long the log was before."""
    clusters.configure(place, binaries)
    with translated(place.data):
        processes.forget_dead_postmaster(place)
        log = _open_log(place)
        # The server's processes inherit this lock and hold it until the last of them is gone.
        lock = locks.open_file(place.server_lock, place.owner)
        try:
            seen = os.fstat(log).st_size
            if not locks.wait_and_lock(lock, _BOOT_SECONDS):
                raise StartFailed(_unreachable_server(place))
            command: list[str | Path] = [binaries.directory / "postgres", "-D", place.data]
            for name, value in (
                ("config_file", place.directory / "postgresql.conf"),
                ("hba_file", place.directory / "pg_hba.conf"),
                ("listen_addresses", HOST),
                ("port", port),
                ("unix_socket_directories", ""),
            ):
                command += ["-c", f"{name}={value}"]
            place.account.run(command, keep=[lock], output=log, detached=True)
        finally:
            os.close(lock)
            os.close(log)
    return seen


def _choose_port(cluster: Cluster, fixed_port: int | None) -> int:
    if fixed_port is not None:
        if not _is_free(fixed_port):
            raise PortTaken(_port_taken(fixed_port))
        return fixed_port
    return cluster.port if cluster.port is not None and _is_free(cluster.port) else _free_port()


def _free_port() -> int:
    while not _is_free(port := secrets.choice(_PORTS)):
        pass
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        # As the server does it: a connection that was closed a moment ago does not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return True


def _open_log(place: Place) -> int:
    with translated(place.log):
        if place.log.exists() and place.log.stat().st_size > _LOG_LIMIT_BYTES:
            place.log.replace(place.log.with_suffix(".log.old"))
        log = os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        place.give(log)
        return log


def _log_since(log: Path, position: int) -> str:
    with log.open("rb") as file:
        file.seek(max(position, file.seek(0, os.SEEK_END) - 16_384))
        return file.read().decode(errors="replace")


def _start_failure(place: Place, said: str) -> Exception:
    return in_text(place.data, said) or StartFailed(
        f"The embedded server in {place.directory} did not start. {_quoted(place, said)}"
    )


def _quoted(place: Place, said: str) -> str:
    lines = [line for line in said.strip().splitlines() if line.strip()][-6:]
    return f"The last lines of its log, {place.log}: " + (" / ".join(lines) if lines else "none.")


def _port_taken(port: int) -> str:
    return (
        f"Port {port}, set in SIGNALBOX_EMBEDDED_PORT for the embedded server, is in use by another program, "
        "or not for you to use. Free it, set another, or unset it to have a free one chosen."
    )


def _unreachable_server(place: Place) -> str:
    return (
        f"Processes of an earlier database server still hold {place.server_lock} but do not answer, and "
        "cannot be ended from here; they may belong to another container or user. "
        f"End them (`fuser {place.server_lock}` names them) and try again."
    )


def _strange_server(place: Place, pid: int, port: int | None) -> str:
    return (
        f"A database server (process {pid}, port {port}) runs in {place.data} but does not accept the "
        f"password in {place.directory / 'password'}, or says that it serves another folder. If that folder "
        "was moved, or files in it were replaced while the server ran, end that process and try again."
    )
