"""`python -m data db ...`: programs beside the database, psql in it, its bootstrap and its state."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import conninfo

from data import embedded
from data.command import main
from tests.embedded_holders import DEADLINE_SECONDS, PYTHON_PATH, do, folder, runs, value, wait_until

Here = Callable[..., tuple[int, str, str]]

ASK = "import os, psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).execute('select 6 * 7').fetchone()[0])"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with folder() as path:
        yield path / "home"


def command(home: Path, *words: str, url: str | None = None) -> subprocess.Popen[str]:
    settings = {"SIGNALBOX_HOME": str(home), "PYTHONPATH": PYTHON_PATH, "PYTHONWARNINGS": "ignore"}
    cleared = {name: text for name, text in os.environ.items() if name not in {"DATABASE_URL", "ADMIN_DATABASE_URL"}}
    return subprocess.Popen(
        [sys.executable, "-m", "data", "db", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home.parent,  # not the checkout: a developer's .env is none of ours
        env=cleared | settings | ({"DATABASE_URL": url} if url else {}),
    )


def done(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    said, complaint = process.communicate(timeout=DEADLINE_SECONDS)
    return process.returncode, said, complaint


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Here:
    """A command in this process, which starts in no time."""

    def run(*words: str, at: Path = home, url: str | None = None) -> tuple[int, str, str]:
        monkeypatch.chdir(home.parent)  # not the checkout: a developer's .env is none of ours
        monkeypatch.setenv("SIGNALBOX_HOME", str(at))
        monkeypatch.delenv("ADMIN_DATABASE_URL", raising=False)
        monkeypatch.delenv("DATABASE_URL", raising=False)
        if url is not None:
            monkeypatch.setenv("DATABASE_URL", url)
        status = main(["db", *words])
        return (status, *capfd.readouterr())

    return run


def test_run_gives_a_program_the_database_and_answers_with_its_status(home: Path, here: Here, tmp_path: Path) -> None:
    assert done(command(home, "run", "--", sys.executable, "-c", ASK)) == (0, "42\n", "")
    assert here("run", "--", "sh", "-c", "exit 7")[0] == 7
    assert not runs(home)
    assert here("run", "--", "sh", "-c", "kill -9 $$", url="postgresql://h/d")[0] == 128 + signal.SIGKILL
    assert here("run", "--", "no-such-program", url="postgresql://h/d")[0] == 127
    (broken := tmp_path / "broken").write_bytes(b"\x7fELF, but not really")
    broken.chmod(0o755)
    status, _, complaint = here("run", "--", str(broken), url="postgresql://h/d")
    assert (status, complaint) == (126, f"{broken} cannot be run: Exec format error.\n")
    assert here("run")[0] == 2


def test_run_keeps_the_server_up_for_the_program_even_when_killed_itself(home: Path) -> None:
    program = f"import sys, time; print('here', flush=True); sys.stdin.readline(); {ASK}"
    process = command(home, "run", "--", sys.executable, "-c", program)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.kill()
    process.wait()
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.close()
    assert process.stdout.readline() == "42\n"
    wait_until(lambda: not runs(home), "the end of the server after the program had ended")
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()


def test_run_passes_signals_on(home: Path) -> None:
    program = "import signal, sys, time; print('here', flush=True); time.sleep(600)"
    process = command(home, "run", "--", sys.executable, "-c", program)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.terminate()
    assert done(process)[0] == 128 + signal.SIGTERM
    assert not runs(home)


def test_run_leaves_an_external_database_alone(here: Here) -> None:
    said = here("run", "--", "sh", "-c", "echo $DATABASE_URL", url="postgresql://somewhere/else")
    assert said == (0, "postgresql://somewhere/else\n", "")


def test_shell_is_psql_and_shows_no_password(home: Path, server: embedded.Lease, database_url: str) -> None:
    query = ("-X", "-A", "-t", "-c", "select current_user, current_database()", "-c", "\\! ps -o args= -p $PPID")
    status, said, _ = done(command(home, "shell", "--", *query))
    assert (status, said.splitlines()[0]) == (0, "postgres|signalbox")
    elsewhere = done(command(home, "shell", "--", *query, url=database_url))
    assert elsewhere[1].splitlines()[0] == f"postgres|{conninfo.conninfo_to_dict(database_url)['dbname']}"
    assert str(conninfo.conninfo_to_dict(database_url)["password"]) not in elsewhere[1]


def test_psql_is_taken_from_the_folder_that_the_setting_names(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "psql").write_text("#!/bin/sh\necho theirs $PGHOST $*\n")
    (tmp_path / "psql").chmod(0o755)
    monkeypatch.setenv("SIGNALBOX_POSTGRES_BINARIES", str(tmp_path))
    assert here("shell", "--", "-l", url="postgresql://far/away")[:2] == (0, "theirs far -l\n")


def test_status_starts_nothing_and_tells_who_uses_it(home: Path, here: Here) -> None:
    with folder() as path:
        status, said, _ = here("status", "--json", at=path / "none")
        assert status == 0
        assert json.loads(said)["is_running"] is False
        assert not (path / "none").exists()
    with embedded.lease(home) as lease:
        told = json.loads(here("status", "--json")[1])
        assert told["is_answering"] is True
        assert told["port"] == lease.port
        assert told["databases"] == ["signalbox"]
        assert len(told["users"]) == 1
        assert str(lease.port) in here("status")[1]
    assert json.loads(here("status", "--json")[1])["is_running"] is False


def test_status_of_an_external_database(home: Path, here: Here, database_url: str) -> None:
    status, said, _ = here("status", "--json", url=database_url)
    assert status == 0
    assert json.loads(said)["database"] == conninfo.conninfo_to_dict(database_url)["dbname"]
    status, said, complaint = done(command(home, "status", url="postgresql://postgres:secret-1@127.0.0.1:1/x"))
    assert status == 1
    assert "secret-1" not in said + complaint


def test_bootstrap_of_an_external_database_and_its_refusal(home: Path, here: Here, server: embedded.Lease) -> None:
    name = f"plain_{uuid4().hex[:8]}"
    do(server.url("postgres"), f"create database {name}")
    try:
        for _ in range(2):
            status, said, _ = here("bootstrap", "--json", url=server.url(name))
            assert (status, json.loads(said)["server"]) == (0, "external")
        assert value(server.url(name), "select to_regclass('auth.users') is not null")
        do(server.url("postgres"), "create role supabase_admin")
        try:
            status, _, complaint = done(command(home, "bootstrap", url=server.url(name)))
            assert status == 2
            assert "Supabase" in complaint
        finally:
            do(server.url("postgres"), "drop role supabase_admin")
    finally:
        server.drop_database(name)


def test_a_server_that_cannot_start_is_one_sentence(home: Path) -> None:
    with folder() as path:
        (path / "home").write_text("a file, no folder", encoding="utf-8")
        status, said, complaint = done(command(path / "home", "run", "--", "true"))
    assert status == 1
    assert said == ""
    assert "Traceback" not in complaint
    assert len(complaint.splitlines()) == 1
