"""The real Supabase CLI and our runner on one database: either applies what the other has not, and both agree.

The CLI comes from npm into a cache beside the tests' other tools; it needs neither docker nor a login.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from data import embedded, migration
from data.migration.errors import OutOfOrder, RemoteOnly
from data.migration.files import read_folder
from data.migration.statements import says_the_same
from tests.migration_scratch import connected, empty_database, history, rows, value, write_migrations
from tests.node_tools import installed
from tests.servers import any_server, give_publication, look_alike_owner, newest_as_superuser_oldest_as_owner

__all__ = ["any_server"]

ROOT = Path(__file__).parent.parent
CLI_VERSION = "3.1.0"
PATIENCE_S = 120


@dataclass(frozen=True)
class Answer:
    """What the CLI said: exit status, the JSON document, and everything as text."""

    status: int
    document: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Cli:
    """The Supabase CLI in a working folder of its own, laid out as this checkout is."""

    program: Path
    work: Path

    @property
    def migrations(self) -> Path:
        return self.work / "migrations"

    def start(self, url: str, *words: str) -> subprocess.Popen[str]:
        command = [str(self.program), *words, f"--remote={url}", "--workdir", str(self.work), "--yes"]
        quiet = {"SUPABASE_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1", "SUPABASE_NO_UPDATE_NOTIFIER": "1"}
        brief = {"BUN_JSC_useDFGJIT": "0"}  # what runs for a second is not worth being compiled twice
        return subprocess.Popen(
            [*command, "--output-format", "json"],
            env={"PATH": os.environ["PATH"], "HOME": str(self.work), **quiet, **brief},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, url: str, *words: str) -> Answer:
        return finish(self.start(url, *words))


def finish(process: subprocess.Popen[str]) -> Answer:
    said, complaint = process.communicate(timeout=PATIENCE_S)
    document: dict[str, Any] = {}
    for line in said.splitlines():
        with contextlib.suppress(ValueError):
            document = json.loads(line)
    return Answer(process.returncode, document, said + complaint)


@pytest.fixture(scope="session")
def program() -> Path:
    """The CLI's own program, installed once and kept."""
    home = installed(f"supabase-cli-{CLI_VERSION}", f"supabase@{CLI_VERSION}")
    found = sorted(home.glob("@supabase/cli-*/bin/supabase"))
    assert found, f"npm brought no program of the Supabase CLI for this machine; remove {home} and try again."
    return found[0]


@pytest.fixture
def cli(program: Path, tmp_path: Path) -> Cli:
    shutil.copytree(ROOT / "supabase", tmp_path / "supabase", symlinks=True, ignore=shutil.ignore_patterns(".temp"))
    assert (tmp_path / "supabase" / "migrations").is_symlink()
    (tmp_path / "migrations").mkdir()
    return Cli(program, tmp_path)


@pytest.fixture
def own(cli: Cli) -> Cli:
    """The CLI with the console's own migrations."""
    shutil.copytree(ROOT / "migrations", cli.migrations, dirs_exist_ok=True)
    return cli


@pytest.fixture
def url(server: embedded.Lease) -> Iterator[str]:
    with empty_database(server) as address:
        yield address


@pytest.fixture
def anybodys_url(any_server: embedded.Lease, role: str) -> Iterator[str]:
    """The address of an empty database, for a superuser or for the owner that a hosted project gives."""
    with empty_database(any_server) as url:
        if role == "superuser":
            yield url
            return
        with look_alike_owner(url) as owner_url:
            give_publication(url, owner_url)
            yield owner_url


@newest_as_superuser_oldest_as_owner
def test_what_our_runner_applied_is_up_to_date_for_the_cli(own: Cli, anybodys_url: str) -> None:
    url = anybodys_url
    migration.up(url, own.migrations, print)
    listed = own.run(url, "migration", "list").document["migrations"]
    assert [row["local"] for row in listed] == [file.version for file in read_folder(own.migrations).files]
    assert all(row["local"] == row["remote"] for row in listed)
    pushed = own.run(url, "db", "push")
    assert pushed.document["upToDate"] is True, pushed.text


@newest_as_superuser_oldest_as_owner
def test_what_the_cli_pushed_is_up_to_date_for_our_runner(own: Cli, anybodys_url: str) -> None:
    url = anybodys_url
    pushed = own.run(url, "db", "push")
    assert pushed.status == 0, pushed.text
    assert migration.status(url, own.migrations).is_current
    assert migration.up(url, own.migrations, print) == []
    assert migration.verify(url, own.migrations).holds
    recorded = [(row["version"], row["name"], row["statements"]) for row in history(url)]
    files = read_folder(own.migrations).files
    assert recorded == [(file.version, file.name, file.recorded_statements) for file in files]


ODDITIES = r"""-- first; with a semicolon
create table "a;b" (id int); ;
/* nested /* deeper; */ still; */
create function f() returns int language sql begin atomic select 1; select case when true then 2 end; end;
create function g() returns text language plpgsql as $body$ begin return $$;$$; end $body$;
create rule r as on insert to "a;b" do also (select 1; select 2);
select E'it\'s; x', 'back\', 'it''s;', U&'d\0061;', "a;b".id from "a;b";
select $é$;$é$, 1 as begin_atomic;
	select 3 	;

-- the end; really
"""


def test_statements_are_cut_as_the_cli_cuts_them(cli: Cli, url: str) -> None:
    write_migrations(cli.migrations, m20260101000000_odd=ODDITIES)
    assert cli.run(url, "db", "push").status == 0
    (file,) = read_folder(cli.migrations).files
    assert history(url)[0]["statements"] == file.recorded_statements


def test_files_that_the_cli_writes_from_our_history_say_the_same(cli: Cli, url: str) -> None:
    write_migrations(cli.migrations, m20260101000000_odd=ODDITIES, m20260102000000_next="select 1;")
    migration.up(url, cli.migrations, print)
    kept = {file.version: file.recorded_statements for file in read_folder(cli.migrations).files}
    for path in cli.migrations.glob("*.sql"):
        path.unlink()
    fetched = cli.run(url, "migration", "fetch")
    assert fetched.status == 0, fetched.text
    files = read_folder(cli.migrations).files
    assert {file.version for file in files} == kept.keys()
    assert all(says_the_same(file.text, kept[file.version]) for file in files)
    assert migration.status(url, cli.migrations).is_current


def test_both_refuse_a_late_file_and_a_missing_one_in_the_same_words(cli: Cli, url: str) -> None:
    write_migrations(cli.migrations, m20260102000000_b="select 2;")
    migration.up(url, cli.migrations, print)
    write_migrations(cli.migrations, m20260101000000_a="select 1;")
    late = cli.run(url, "db", "push")
    with pytest.raises(OutOfOrder) as ours:
        migration.up(url, cli.migrations, print)
    words = "Found local migration files to be inserted before the last migration on remote database"
    assert late.status == 1
    assert words in late.text
    assert words in ours.value.sentence
    (cli.migrations / "20260102000000_b.sql").unlink()
    missing = cli.run(url, "db", "push")
    with pytest.raises(RemoteOnly) as refused:
        migration.up(url, cli.migrations, print)
    words = "Remote migration versions not found in local migrations directory"
    assert missing.status == 1
    for part in (words, "supabase migration repair --status reverted 20260102000000"):
        assert part in missing.text
        assert part in refused.value.sentence


def test_way_out_that_an_edited_file_is_told_works(cli: Cli, url: str) -> None:
    write_migrations(cli.migrations, m20260101000000_a="select 1;")
    migration.up(url, cli.migrations, print)
    write_migrations(cli.migrations, m20260101000000_a="select 2;")
    assert migration.status(url, cli.migrations).migrations[0].state == "edited"
    repaired = cli.run(url, "migration", "repair", "--status", "applied", "20260101000000")
    assert repaired.status == 0, repaired.text
    assert migration.status(url, cli.migrations).is_current


def test_concurrent_index_of_either_is_accepted_by_the_other(cli: Cli, url: str) -> None:
    index = "-- for the list\ncreate index concurrently if not exists a_{} on a (id);\n"
    write_migrations(cli.migrations, m20260101000000_a="create table a (id int);", m20260102000000_b=index.format(1))
    assert cli.run(url, "db", "push").status == 0
    write_migrations(cli.migrations, m20260103000000_c=index.format(2))
    assert [each.version for each in migration.up(url, cli.migrations, print)] == ["20260103000000"]
    assert cli.run(url, "db", "push").document["upToDate"] is True
    assert value(url, "select count(*) from pg_index where indisvalid and indrelid = 'a'::regclass") == 2


@pytest.mark.parametrize("number", range(3))
def test_cli_and_runner_at_once_apply_each_file_once(cli: Cli, url: str, number: int) -> None:
    """The CLI takes no lock, so one of the two may fail; nothing may happen twice or half."""
    first = {"m20260101000000_marks": "create table marks (version text);"}
    marks = {
        f"m202601010000{second:02}_x": f"create table t{second} (); insert into marks values ('{second}');"  # noqa: S608 - a migration
        for second in range(1, 8)
    }
    write_migrations(cli.migrations, **first, **marks)
    process = cli.start(url, "db", "push")
    with connected(url) as looking:  # our runner starts at another moment of the push each time
        while number and process.poll() is None and _applied(looking) < number:
            time.sleep(0.002)
    with contextlib.suppress(migration.MigrationError):
        migration.up(url, cli.migrations, print)
    finish(process)
    migration.up(url, cli.migrations, print)
    assert migration.status(url, cli.migrations).is_current
    found = [int(row["version"]) for row in rows(url, "select version from marks order by version::int")]
    assert found == list(range(1, 8))


def _applied(connection: Any) -> int:
    query = "select to_regclass('supabase_migrations.schema_migrations') is not null as there"
    if not connection.execute(query).fetchone()["there"]:
        return 0
    row = connection.execute("select count(*) as n from supabase_migrations.schema_migrations").fetchone()
    return int(row["n"])
