"""The server's processes: finding them without believing a pid, and stopping them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from data.embedded import locks
from data.embedded.errors import StopFailed
from data.embedded.place import Place

STOP_LIMIT_SECONDS = 60.0  # for the last checkpoint; past it the server ends without one, and recovers when started
# Asked to stop while it starts anew after one of its backends was killed, PostgreSQL (15 and 18, as tried) says that it
# is shutting down and never does. Its last checkpoint it begins within a moment, or not at all.
_SILENCE_LIMIT_SECONDS = 3.0
_QUIT_LIMIT_SECONDS = 10.0
_LOG_TAIL_BYTES = 65_536
_ORPHANS_LIMIT_SECONDS = 2.0  # backends end when their postmaster is gone, but one deep in a query may not notice
_PROCESSES = Path("/proc")


def postmaster(place: Place) -> int | None:
    """The pid of the living postmaster of this place, None where there is none.

    postmaster.pid is only a hint: the process must be a `postgres` started on our folder. A zombie, a
    stranger who was given the pid later and the server of a copy of our folder are not.
    """
    lines = _pid_file(place)
    with contextlib.suppress(IndexError, ValueError):
        pid = int(lines[0])
        words = _command_line(pid) if pid > 1 else []
        if words and Path(words[0]).name in {"postgres", "postmaster"} and str(place.data) in words:
            return pid
    return None


def recorded_port(place: Place) -> int | None:
    """The port that postmaster.pid tells, for what that is worth."""
    with contextlib.suppress(IndexError, ValueError):
        return int(_pid_file(place)[3])
    return None


def forget_dead_postmaster(place: Place) -> None:
    """Remove a postmaster.pid left by a crash: the server takes any process with that pid for its own.

    Only to be called when the server's lock is free and `postmaster` finds none. Should a server live
    nevertheless, started by hand in some unusual way, PostgreSQL itself still refuses by the shared memory of
    the folder.
    """
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def stop(place: Place) -> None:
    """Stop the server, wait for its last process to end. Hold the change lock meanwhile. Raises StopFailed.

    A server that somebody started by hand on our folder holds no lock of ours, and is left to them.
    """
    begun = time.monotonic()
    asked: set[tuple[int, signal.Signals]] = set()
    while locks.is_held(place.server_lock):
        waited_seconds = time.monotonic() - begun
        if waited_seconds > STOP_LIMIT_SECONDS + _QUIT_LIMIT_SECONDS:
            raise StopFailed(f"The embedded server in {place.directory} does not stop. Its log is {place.log}.")
        limit_seconds = STOP_LIMIT_SECONDS if _writes_last_checkpoint(place) else _SILENCE_LIMIT_SECONDS
        # PostgreSQL's names for these signals: fast, and immediate.
        how = signal.SIGINT if waited_seconds < limit_seconds else signal.SIGQUIT
        pid = postmaster(place)
        if pid is None:
            end_orphans(place)
        elif (pid, how) not in asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            asked.add((pid, how))
        locks.wait_until_free(place.server_lock, 0.5)


def end_orphans(place: Place) -> None:
    """End server processes that outlived their postmaster: they hold its memory, so nothing can be started.

    They lose nothing by it: what they committed is in the log of the database, and the next start recovers
    from that.
    """
    if locks.wait_until_free(place.server_lock, _ORPHANS_LIMIT_SECONDS):
        return
    for pid in _inhabitants(place):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    locks.wait_until_free(place.server_lock, _QUIT_LIMIT_SECONDS)


def _writes_last_checkpoint(place: Place) -> bool:
    try:
        with place.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
            log = file.read()
    except OSError:
        return False
    since = max(log.rfind(b"LOG:  starting PostgreSQL"), log.rfind(b"ready to accept connections"))
    return b"LOG:  shutting down" in log[max(since, 0) :]


def _pid_file(place: Place) -> list[str]:
    try:
        return (place.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _command_line(pid: int) -> list[str]:
    if _PROCESSES.joinpath("self").exists():
        try:
            text = (_PROCESSES / str(pid) / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return []
        return text.split("\0")
    # No /proc, as on macOS: ps joins the words by blanks, so those of a path have to be found again.
    ps = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    program, _, rest = ps.stdout.strip().partition(" -D ")
    return [program, rest.partition(" -c ")[0]] if rest else []


def _inhabitants(place: Place) -> list[int]:
    """Processes of the program postgres that work in the cluster's folder; none are told without /proc."""
    # Asked as the server's account: root in a container may be refused a look into other users' processes.
    script = 'for p in /proc/[0-9]*; do if [ "$p/cwd" -ef "$1" ]; then echo "${p#/proc/}"; fi; done'
    found = place.account.run(["/bin/sh", "-c", script, "sh", place.data]).stdout.split()
    pids = [int(word) for word in found if word.isdecimal()]
    return [pid for pid in pids if _program(pid) == "postgres"]


def _program(pid: int) -> str:
    try:
        return (_PROCESSES / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
