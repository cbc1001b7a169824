"""A real PgBouncer in front of the tests' server, once in session and once in transaction mode.

Use it with `from tests.poolers import poolers as poolers` (a fixture): `poolers.url(mode, database_url)` is the way to
the same database through the pooler. Where PgBouncer is not installed, Debian's packages of it are fetched with apt
and unpacked beside the other tools of the tests; nothing is installed into the system.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from data import embedded
from tests.embedded_holders import NOBODY, folder

Mode = Literal["session", "transaction"]
MODES: tuple[Mode, ...] = ("session", "transaction")

TOOLS = Path(__file__).parent.parent / ".signalbox" / "test-tools" / "pgbouncer"
PACKAGES = ("pgbouncer", "libc-ares2", "libevent-2.1-7")
POOL_SIZE = 4  # fewer than the clients of a test, so that connections really are handed from one to another
DEADLINE_S = 30.0

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user} password='{password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
admin_users = pooled
pool_mode = {mode}
default_pool_size = {pool_size}
max_client_conn = 200
server_idle_timeout = 1
logfile = {folder}/{mode}.log
"""


@dataclass(frozen=True)
class Poolers:
    """Two poolers in front of one server, by their mode."""

    ports: dict[Mode, int]

    def url(self, mode: Mode, database_url: str) -> str:
        """The same database through the pooler of that mode."""
        name = conninfo_to_dict(database_url)["dbname"]
        return f"postgresql://pooled@127.0.0.1:{self.ports[mode]}/{name}"


@pytest.fixture(scope="session")
def poolers(server: embedded.Lease) -> Iterator[Poolers]:
    """Both poolers, running until the tests end."""
    binary, libraries = find_or_unpack()
    with folder() as path:
        if libraries:  # where an account without rights reads them, wherever the checkout lies
            binary = Path(shutil.copy(binary, path))
            libraries = Path(shutil.copytree(libraries, path / "lib"))
        with (
            running(binary, libraries, path, server, "session") as session,
            running(binary, libraries, path, server, "transaction") as transaction,
        ):
            yield Poolers({"session": session, "transaction": transaction})


def find_or_unpack() -> tuple[Path, Path | None]:
    """The program and, where it was unpacked for the tests, the folder of its libraries."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found:
        return Path(found), None
    if not (TOOLS / "usr/sbin/pgbouncer").exists():
        unpack_packages()
    library = next(TOOLS.glob("usr/lib/*/libcares.so.2"), None)
    assert library, f"{TOOLS} has no libcares: remove the folder and run the tests again"
    return TOOLS / "usr/sbin/pgbouncer", library.parent


def unpack_packages() -> None:
    """Fetch Debian's packages and unpack them; says what to do where that is not possible."""
    advice = "install PgBouncer (apt-get install pgbouncer) to run the tests of poolers"
    assert shutil.which("apt-get"), f"There is neither PgBouncer nor apt-get here: {advice}"
    making = TOOLS.with_name(f"pgbouncer.{os.getpid()}")
    making.mkdir(parents=True, exist_ok=True)
    try:
        fetched = download(making, ())
        if fetched.returncode:  # no lists of packages here: fetch them into a folder of our own
            lists = making / "apt"
            (lists / "lists/partial").mkdir(parents=True)
            own = ("-o", f"Dir::State={lists}", "-o", f"Dir::Cache={lists}")
            subprocess.run(("apt-get", "-qq", *own, "update"), check=False, capture_output=True)
            fetched = download(making, own)
        assert fetched.returncode == 0, f"{fetched.stderr}\nPgBouncer could not be fetched: {advice}"
        for package in making.glob("*.deb"):
            subprocess.run(("dpkg", "-x", str(package), str(making)), check=True)
        if not TOOLS.exists():
            making.rename(TOOLS)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def download(into: Path, options: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("apt-get", "-qq", *options, "download", *PACKAGES), cwd=into, check=False, capture_output=True, text=True
    )


@contextmanager
def running(binary: Path, libraries: Path | None, path: Path, server: embedded.Lease, mode: Mode) -> Iterator[int]:
    """One pooler as a process; yields its port once it answers."""
    target = conninfo_to_dict(server.url("postgres"))
    listen_port = free_port()
    configuration = path / f"{mode}.ini"
    configuration.write_text(
        CONFIGURATION.format(
            host=target["host"],
            port=target["port"],
            user=target["user"],
            password=str(target.get("password", "")).replace("'", "''"),
            listen_port=listen_port,
            mode=mode,
            pool_size=POOL_SIZE,
            folder=path,
        )
    )
    as_nobody = {}
    if os.geteuid() == 0:  # PgBouncer refuses to run as root
        for file in (path, configuration):
            os.chown(file, NOBODY, pwd.getpwuid(NOBODY).pw_gid)
        as_nobody = {"user": NOBODY, "group": pwd.getpwuid(NOBODY).pw_gid, "extra_groups": []}
    environment = os.environ | ({"LD_LIBRARY_PATH": str(libraries)} if libraries else {})
    process = subprocess.Popen(
        (str(binary), "-q", str(configuration)), env=environment, cwd=path, stderr=subprocess.DEVNULL, **as_nobody
    )  # type: ignore[call-overload]
    try:
        wait_for(process, f"postgresql://pooled@127.0.0.1:{listen_port}/postgres", path / f"{mode}.log")
        yield listen_port
    finally:
        process.terminate()
        process.wait(10)


def wait_for(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
        told = log.read_text() if log.exists() else ""
        assert process.poll() is None, f"PgBouncer ended with {process.returncode}: {told}"
        assert time.monotonic() < deadline, f"PgBouncer does not answer: {told}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
