"""A database that cannot be reached: why, by the name of the setting that leads there, and without its secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from traceback import format_exception
from urllib.parse import quote

import psycopg
import pytest
from psycopg import conninfo

import signalbox_client
from data import backup, console, database, ingest, migration, settings
from data.command import main
from data.errors import DatabaseUnavailable, WrongSetting
from data.settings import DatabaseUrl, Settings
from signalbox_client.reaching import reason_of

SECRET = "ge/he?im@x"
REFUSALS = {
    "password": "The database refused the password in {}, or has no such role.",
    "no password": "The database wants a password, and {} holds none.",
    "database": "The server answers but has no database of the name in {}.",
    "host": "The host in {} is not found.",
    "port": "Nothing listens where {} leads.",
    "TLS": "The connection of {} found no agreement about TLS.",
    "mode": "The connection of {} found no agreement about TLS.",
}


def address(url: str, wrong: str) -> str:
    """The address of the test's database, with one thing wrong, and a password that must not be told."""
    known = {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items()}
    user, password, host, port, name = (known[each] for each in ("user", "password", "host", "port", "dbname"))
    more = ""
    if wrong == "password":
        password = SECRET
    elif wrong == "no password":
        password = ""
    elif wrong == "database":
        name = "no_such_database"
    elif wrong == "host":
        host, password = "no-such-host.invalid", SECRET
    elif wrong == "port":
        port, password = "1", SECRET
    elif wrong in ("TLS", "mode"):
        more = "?sslmode=require" if wrong == "TLS" else "?sslmode=foo"
    return f"postgresql://{user}{':' + quote(password, safe='') if password else ''}@{host}:{port}/{name}{more}"


@pytest.mark.parametrize("wrong", REFUSALS)
def test_every_connection_says_what_stands_in_its_way_and_names_its_setting(
    database_url: str, tmp_path: Path, wrong: str
) -> None:
    url, said = address(database_url, wrong), REFUSALS[wrong]
    database.open_database("real", DatabaseUrl(url, "DATABASE_URL"), read_url=DatabaseUrl(url, "READ_DATABASE_URL"))
    admin = DatabaseUrl(url, "ADMIN_DATABASE_URL")
    tried: dict[str, Callable[[], object]] = {
        "DATABASE_URL": lambda: database.operating("real").__enter__(),
        "READ_DATABASE_URL": lambda: database.watching("real").__enter__(),
        "ADMIN_DATABASE_URL": lambda: migration.status(admin, migration.FOLDER),
    }
    for setting, reach in tried.items():
        with pytest.raises(DatabaseUnavailable) as refused:
            reach()
        assert refused.value.sentence.startswith(said.format(setting))
        assert not any(secret in "".join(format_exception(refused.value)) for secret in (SECRET, url))
    with pytest.raises(DatabaseUnavailable, match="ADMIN_DATABASE_URL"):
        backup.begin(None, backup.Source(admin, tmp_path))
    with pytest.raises(DatabaseUnavailable, match="ADMIN_DATABASE_URL"):
        ingest.ingest([tmp_path], admin)
    with pytest.raises(signalbox_client.DatabaseUnavailable) as refused_client:
        signalbox_client.Database(url).transaction().__enter__()
    assert refused_client.value.sentence.startswith(said.format("the address given"))


@pytest.mark.parametrize("wrong", ["password", "database", "port"])
def test_the_embedded_database_is_told_as_such_and_by_no_setting(database_url: str, wrong: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"^The embedded database takes no connection: .*server\.log"):
        migration.status(address(database_url, wrong), migration.FOLDER)


def test_a_command_says_it_at_once_in_one_line(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", address(database_url, "password"))
    assert main(["backup", "list"]) == 1
    said, complaint = capfd.readouterr()
    assert said == ""
    assert complaint.startswith(REFUSALS["password"].format("DATABASE_URL"))
    assert complaint.count("\n") == 1
    monkeypatch.setenv("DATABASE_SSL_MODE", "foo")
    assert main(["backup", "list"]) == 2
    assert "DATABASE_SSL_MODE must be one of disable, allow, prefer," in capfd.readouterr().err


def test_it_is_logged_once_and_the_health_of_the_console_says_it(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = DatabaseUrl(address(database_url, "password"), "DATABASE_URL")
    database.open_database("real", url)
    examination = console.Examination(console.Console(Settings(database_url=url)))
    with caplog.at_level(logging.INFO):
        found = [examination.run() for _ in range(3)]
    assert {each.reason for each in found} == {caplog.records[0].__dict__["reason"]}
    assert str(found[0].reason).startswith(REFUSALS["password"].format("DATABASE_URL"))
    assert [record.name for record in caplog.records] == ["signalbox.database.pools"]
    database.open_database("real", database_url)
    admin = Settings(database_url=database_url, admin_database_url=DatabaseUrl(url, "ADMIN_DATABASE_URL"))
    reason = console.Examination(console.Console(admin)).run().reason
    assert str(reason).startswith(REFUSALS["password"].format("ADMIN_DATABASE_URL"))


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (
            'password authentication failed for user "u"\nno pg_hba.conf entry, no encryption',
            "password refused",
        ),
        ("FATAL:  Tenant or user not found", "role unknown"),
        ('FATAL:  role "anon" is not permitted to log in', "role unknown"),
        ("FATAL:  sorry, too many clients already", "no place left"),
        ("FATAL:  the database system is starting up", "starting or stopping"),
        ('FATAL:  no pg_hba.conf entry for host "::1", user "u", database "d"', "not let in"),
        ("FATAL:  das Rollenkennwort passt nicht", "refused"),
        ("connection timeout expired", "no answer"),
    ],
)
def test_what_servers_and_poolers_say_is_told_apart(said: str, word: str) -> None:
    assert reason_of(psycopg.OperationalError(said)).word == word


def test_a_setting_that_is_no_address_is_refused_by_its_name() -> None:
    with pytest.raises(WrongSetting, match=r"^ADMIN_DATABASE_URL is no connection string") as refused:
        settings.load({"ADMIN_DATABASE_URL": "postgresql://u:geheim@h:x:y/d?z"}, Path("no such file"))
    assert "geheim" not in str(refused.value)
