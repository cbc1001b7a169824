"""`python -m data migrate`: what it prints, its JSON documents and its exit statuses."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data import embedded
from data.command import main, migrate
from data.migration.files import INVENTORY_FILE, SCHEMA_FILE
from tests.migration_scratch import connected, empty_database, write_migrations

Run = Callable[..., int]


@pytest.fixture
def url(server: embedded.Lease) -> Iterator[str]:
    with empty_database(server) as address:
        yield address


@pytest.fixture
def run(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on a database and a folder of its own."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    migrate.add_parser(parser.add_subparsers())

    def command(*words: str) -> int:
        arguments = parser.parse_args(["migrate", *words, "--directory", str(tmp_path)])
        status: int = arguments.run(arguments)
        return status

    return command


def test_status_up_status(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_migrations(tmp_path, m20260101000000_first="select 1;", m20260102000000_second="select 2;")
    assert run("status") == 1
    assert "20260101000000  pending       first" in capsys.readouterr().out
    assert run("up", "--json") == 0
    said = capsys.readouterr()
    assert [row["outcome"] for row in json.loads(said.out)["migrations"]] == ["applied", "applied"]
    assert "Applying 20260101000000_first.sql" in said.err
    assert run("status", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["current"] is True
    assert [row["state"] for row in document["migrations"]] == ["applied", "applied"]
    assert run("up") == 0
    assert "The database is up to date." in capsys.readouterr().out


def test_status_shows_the_edit(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_migrations(tmp_path, m20260101000000_first="select 1;", m20260102000000_second="select 2;")
    run("up")
    write_migrations(tmp_path, m20260101000000_first="select 17;")
    (tmp_path / "20260102000000_second.sql").unlink()
    (tmp_path / "odd.sql").write_text("")
    assert run("status") == 1
    said = capsys.readouterr().out
    for part in (
        "odd.sql is not named",
        "edited        first",
        "+select 17",
        "remote only   second",
        "1 edited, 1 remote",
    ):
        assert part in said


def test_verify_names_what_is_wrong(run: Run, tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_migrations(tmp_path, m20260101000000_first="create schema s; create table s.t (id int, name text);")
    run("up")
    lines = ["schema s", "table s.t = row security off", "column s.t.id = integer", "column s.t.name = text"]
    (tmp_path / INVENTORY_FILE).write_text("\n".join(lines))
    (tmp_path / SCHEMA_FILE).write_text("")
    assert run("verify") == 0
    assert "All 1 migrations are applied and all 4 objects are there." in capsys.readouterr().out
    with connected(url) as connection:
        connection.execute("alter table s.t drop column name, alter id type bigint")
        connection.execute("grant select on s.t to anon")
        connection.execute("create rule nope as on insert to s.t do instead nothing")
    assert run("verify") == 1
    said = capsys.readouterr().out
    for part in (
        "Missing: column s.t.name",
        "Changed: column s.t.id",
        "should be: integer",
        "is:        bigint",
        "Opened by someone: grant s.t to anon: select",
        "Added by someone, and may refuse or change what is written: rule s.t.nope\n  undone by: drop rule nope on s.t",
    ):
        assert part in said
    assert run("verify", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["holds"] is False
    assert document["comparison"]["missing"][0]["identity"] == "s.t.name"


def test_schema_is_checked_and_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the embedded server, whatever DATABASE_URL says."""
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path / "home"))
    write_migrations(tmp_path, m20260101000000_first="create schema s; create table s.t (id int);")
    assert run("schema", "--check", "--json") == 1
    assert json.loads(capsys.readouterr().out)["outdated"] == [SCHEMA_FILE, INVENTORY_FILE]
    assert run("schema", "--write") == 0
    assert "CREATE TABLE s.t" in (tmp_path / SCHEMA_FILE).read_text()
    assert run("schema") == 0
    assert "are current" in capsys.readouterr().out


def test_wrong_address_is_wrong_use_and_a_refusal_is_not(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_migrations(tmp_path, m20260101000000_first="select no_such_column;")
    words = ["--directory", str(tmp_path), "--json"]
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["migrate", "up", *words]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["error"] == "StatementFailed"
    assert "20260101000000_first.sql failed at statement 1 of 1, line 1" in said.err
    monkeypatch.setenv("ADMIN_DATABASE_URL", "postgresql://postgres.ref:secret@pooler.example.com:6543/postgres")
    assert main(["migrate", "up", *words]) == 2
    said = capsys.readouterr()
    assert "6543" in said.err
    assert "secret" not in said.err + said.out
