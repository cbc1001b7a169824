"""Kill -9 of the server while logs come in: what an import said is in is there at the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from data import embedded, migration
from data.ingest import ingest
from data.migration.files import FOLDER as MIGRATIONS
from tests.embedded_holders import children, folder, postmaster_of, start
from tests.ingest_database import rows, snapshot
from tests.ingest_records import answered, called, typed, write

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the server's processes by /proc")

TEMPLATE = "migrated"
FILES = 60
IMPORT = """
import sys
from pathlib import Path
from typing import Any
from data import embedded
from data.ingest import ingest
with embedded.lease(Path(sys.argv[1])) as lease:
    ingest(sys.argv[3:], lease.url(sys.argv[2]), progress=lambda state: print(state.files_done, flush=True))
    print("done", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home with a migrated database; every test leaves it stopped."""
    with folder() as path:
        with embedded.lease(path / "home") as lease:
            lease.ensure_database(TEMPLATE)
            migration.up(lease.url(TEMPLATE), MIGRATIONS, lambda _: None)
        yield path / "home"


@pytest.fixture
def database(home: Path) -> str:
    """The name of a database to import into."""
    return fresh(home)


def fresh(home: Path) -> str:
    name = f"imported_{uuid4().hex[:12]}"
    with embedded.lease(home) as lease, closing(psycopg.connect(lease.url("postgres"), autocommit=True)) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        )
    return name


def sessions(path: Path) -> Path:
    """A folder of many small transcripts, each of a session of its own."""
    for number in range(FILES):
        named: dict[str, Any] = {"sessionId": f"session-{number}"}
        call, result = f"use-{number}", f"result {number}"
        told = [typed(1, f"dive {number}", **named), called(2, call, "Bash", {"command": "ls"}, **named)]
        write(path / f"{number:02d}.jsonl", [*told, answered(3, call, result, **named)])
    return path


@contextmanager
def importing(home: Path, database: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """An import in a process of its own, which is killed at the end."""
    program = start([sys.executable, "-c", IMPORT, str(home), database, str(path)])
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def kill_when_said(home: Path, program: subprocess.Popen[str], words: str) -> None:
    """Kill all processes of the server as soon as the import says these words, so that nothing of it writes on."""
    server = postmaster_of(home)
    assert program.stdout is not None
    for line in program.stdout:
        if line == f"{words}\n":
            for pid in (server, *children(server)):
                with suppress(ProcessLookupError):  # some end by themselves meanwhile
                    os.kill(pid, signal.SIGKILL)
            return
    raise AssertionError(f"the import ended without saying {words}: {program.communicate()[1]}")


@pytest.mark.parametrize("files", [3, 17, 38, FILES])
def test_files_that_were_said_to_be_in_outlive_the_server(
    home: Path, database: str, tmp_path: Path, files: int
) -> None:
    logs = sessions(tmp_path)
    with embedded.lease(home), importing(home, database, logs) as program:
        kill_when_said(home, program, str(files))
    with embedded.lease(home) as lease:
        found = rows(lease.url(database), "select path from signalbox.import_files order by path")
        assert [Path(row["path"]).name for row in found[:files]] == [f"{n:02d}.jsonl" for n in range(files)]
        events = rows(lease.url(database), "select count(*) as n from chronicle.events group by session_id")
        assert [row["n"] for row in events] == [4] * len(found), "of each file everything"


def test_an_import_that_said_it_is_done_is_whole(home: Path, database: str, tmp_path: Path) -> None:
    logs = sessions(tmp_path)
    with embedded.lease(home), importing(home, database, logs) as program:
        kill_when_said(home, program, "done")
    undisturbed = fresh(home)
    with embedded.lease(home) as lease:
        ingest([logs], lease.url(undisturbed))
        assert snapshot(lease.url(database)) == snapshot(lease.url(undisturbed))
        acts = rows(lease.url(database), "select action, detail from signalbox.audit_log order by id")
    assert [act["action"] for act in acts] == ["began importing logs", "import_logs"]
    assert acts[1]["detail"]["files_imported"] == FILES


def test_an_import_that_found_nothing_is_written_down_all_the_same(home: Path, database: str, tmp_path: Path) -> None:
    with embedded.lease(home), importing(home, database, tmp_path) as program:
        kill_when_said(home, program, "done")
    with embedded.lease(home) as lease:
        acts = rows(lease.url(database), "select action from signalbox.audit_log order by id")
    assert [act["action"] for act in acts] == ["began importing logs", "import_logs"]


def test_an_import_goes_on_where_a_kill_ended_it(home: Path, database: str, tmp_path: Path) -> None:
    logs = sessions(tmp_path)
    with embedded.lease(home), importing(home, database, logs) as program:
        kill_when_said(home, program, "30")
    undisturbed = fresh(home)
    with embedded.lease(home) as lease:
        again = ingest([logs], lease.url(database))
        ingest([logs], lease.url(undisturbed))
        assert snapshot(lease.url(database)) == snapshot(lease.url(undisturbed))
    assert 0 < again.counts["events_added"] <= 4 * (FILES - 30)
