"""The demo database as a thing: made whole or not at all, made again, removed, and the same for the same seed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from data import command, demo, embedded
from data.demo.database import UNFINISHED
from data.errors import WrongUse
from tests.conftest import MIGRATIONS, Prepared

ANCHOR = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
ROOT = Path(__file__).parent.parent
TABLES = (
    "auth.users", "chronicle.sessions", "chronicle.events", "chronicle.tool_events", "chronicle.prompt_events",
    "chronicle.notification_events", "chronicle.lifecycle_events", "chronicle.project_context",
    "signalbox.model_replies", "agents.jobs", "engine.events", "engine.human_approvals", "engine.event_snapshots",
    "engine.sop_definitions", "engine.sop_executions", "engine.agent_metrics", "engine.client_health",
    "engine.chaos_experiments", "lift.sessions", "lift.session_revisions", "lift.session_drafts",
    "lift.hole_resolutions", "toolbox.users", "toolbox.workspaces", "toolbox.workspace_members", "toolbox.projects",
    "toolbox.project_members", "signalbox.audit_log",
)  # fmt: skip


@pytest.fixture
def bare(server: embedded.Lease) -> Iterator[embedded.Lease]:
    """The server without a demo, before and after."""
    demo.remove(server)
    yield server
    demo.remove(server)


@pytest.fixture
def standing(server: embedded.Lease) -> embedded.Lease:
    """The server with a small demo, of whatever seed the test before may have left it with."""
    small(server)
    return server


def small(server: embedded.Lease, *, seed: int = 1, replace: bool = False) -> demo.Made:
    return demo.create(Prepared(server), MIGRATIONS, events=600, seed=seed, anchor=ANCHOR, replace=replace)


def fingerprints(server: embedded.Lease) -> dict[str, str]:
    with psycopg.connect(server.url(demo.DATABASE)) as connection:
        found = {}
        for table in TABLES:
            # Roles and times of creation are the server's; all else is the generator's.
            kept = sql.SQL("t.email") if table == "auth.users" else sql.SQL("t")
            query = sql.SQL("select md5(string_agg({0}::text, '|' order by {0}::text)) from {1} as t").format(
                kept, sql.Identifier(*table.split("."))
            )
            found[table] = str(connection.execute(query).fetchone())
        return found


def databases(server: embedded.Lease) -> set[str]:
    """Those that are there, but for what tests before are done with: that is dropped with the next copy."""
    with psycopg.connect(server.url("postgres")) as connection:
        rows = connection.execute("select datname from pg_database where datname !~ '^test_'").fetchall()
        return {str(row[0]) for row in rows}


def test_it_comes_and_goes_and_leaves_every_other_database_alone(bare: embedded.Lease) -> None:
    before = databases(bare)
    assert not demo.exists(bare)
    assert demo.describe(bare) is None
    made = small(bare)
    assert demo.exists(bare)
    assert databases(bare) == before | {demo.DATABASE}
    described = demo.describe(bare)
    assert described is not None
    assert described.events == made.rows["chronicle.events"]
    assert described.days_old(ANCHOR + timedelta(hours=23)) == 0
    assert described.days_old(ANCHOR + timedelta(days=3)) == 3
    assert demo.remove(bare)
    assert databases(bare) == before
    assert not demo.remove(bare)


def test_equal_seeds_give_equal_rows_and_others_do_not(bare: embedded.Lease) -> None:
    small(bare, seed=1)
    first = fingerprints(bare)
    small(bare, seed=1, replace=True)
    assert fingerprints(bare) == first
    small(bare, seed=2, replace=True)
    other = fingerprints(bare)
    assert all(other[table] != first[table] for table in TABLES if table != "auth.users")


def test_one_that_is_there_is_left_as_it_is(standing: embedded.Lease) -> None:
    first = fingerprints(standing)
    again = small(standing, seed=2)
    assert not again.is_new
    assert fingerprints(standing) == first


def test_the_next_may_begin_at_once_when_one_has_ended(standing: embedded.Lease) -> None:
    for _ in range(20):
        small(standing)  # finds it there; each takes and gives back the one turn


def test_replacing_sends_away_whoever_looks_at_the_old_one(standing: embedded.Lease) -> None:
    with psycopg.connect(standing.url(demo.DATABASE)) as viewer:
        viewer.execute("select 1")
        assert small(standing, seed=3, replace=True).is_new
        with pytest.raises(psycopg.OperationalError):
            viewer.execute("select 1")
    assert UNFINISHED not in databases(standing)


def test_a_failed_attempt_leaves_the_old_one_and_nothing_of_its_own(standing: embedded.Lease) -> None:
    first = fingerprints(standing)

    def break_off(said: str) -> None:
        if "events" in said:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.create(Prepared(standing), MIGRATIONS, events=600, seed=4, anchor=ANCHOR, replace=True, progress=break_off)
    assert UNFINISHED not in databases(standing)
    assert fingerprints(standing) == first


_KILLED = """
import sys, time
from pathlib import Path
from data import demo
class Server:
    def url(self, database="postgres"):
        return sys.argv[1] + database
    def ensure_database(self, name):
        import psycopg
        from data import embedded
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        embedded.bootstrap(self.url(name))
    def drop_database(self, name):
        pass
def progress(said):
    if "events" in said:
        print(said, flush=True)
        time.sleep(60)
demo.create(Server(), Path(sys.argv[2]), events=600, progress=progress)
"""


def test_a_maker_killed_in_the_middle_leaves_no_demo_and_no_lock(bare: embedded.Lease) -> None:
    address = bare.url("postgres").removesuffix("postgres")
    maker = subprocess.Popen(
        [sys.executable, "-c", _KILLED, address, str(MIGRATIONS)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert maker.stdout is not None
    with maker:
        assert "events" in maker.stdout.readline()
        with pytest.raises(demo.DemoBeingMade):
            small(bare)
        maker.send_signal(signal.SIGKILL)
    assert not demo.exists(bare)
    assert UNFINISHED in databases(bare)
    assert small(bare).is_new
    assert UNFINISHED not in databases(bare)


@pytest.mark.parametrize(("events", "seed"), [(0, 1), (-5, 1), (10**9, 1), (600, -1), (600, 2**70)])
def test_what_it_cannot_honour_is_refused_before_anything_is_made(bare: embedded.Lease, events: int, seed: int) -> None:
    with pytest.raises(WrongUse):
        demo.create(bare, MIGRATIONS, events=events, seed=seed)
    assert not {demo.DATABASE, UNFINISHED} & databases(bare)


def test_an_anchor_without_a_zone_is_refused(bare: embedded.Lease) -> None:
    with pytest.raises(WrongUse):
        demo.create(bare, MIGRATIONS, events=600, anchor=ANCHOR.replace(tzinfo=None))


@pytest.mark.parametrize("anchor", ["2026-11-23 00:05", "2028-02-29 23:59"])
def test_it_looks_alive_whenever_it_is_made(bare: embedded.Lease, anchor: str) -> None:
    ends = datetime.fromisoformat(anchor).replace(tzinfo=UTC)
    demo.create(Prepared(bare), MIGRATIONS, events=600, seed=3, anchor=ends, replace=True)
    described = demo.describe(bare)
    assert described is not None
    assert 0 <= (ends - described.newest_at).total_seconds() < 30 * 60


@pytest.mark.parametrize("action", ["create", "remove", "status"])
def test_the_command_refuses_where_the_console_has_no_server_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, action: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    assert command.main(["demo", action, "--json"]) == 1
    assert "DATABASE_URL" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["remove", "--events", "600"], ["status", "--replace"], ["vanish"]])
def test_the_command_refuses_words_that_do_not_belong_together(words: list[str]) -> None:
    with pytest.raises(SystemExit) if words == ["vanish"] else nullcontext():
        assert command.main(["demo", *words]) == 2


def test_the_command_makes_describes_and_removes_it_with_one_document_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))

    def told(*words: str) -> dict[str, Any]:
        assert command.main(["demo", *words, "--json"]) == 0
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    assert told("status") == {"exists": False}
    assert command.main(["demo", "--events", "600", "--json"]) == 0
    heard = capsys.readouterr()
    made = json.loads(heard.out)
    assert made["is_new"]
    # The embedded database is brought up to date first.
    steps = [line for line in heard.err.splitlines() if not line.startswith(("Applying ", "Applied "))]
    assert steps == ["Laying out the demo database", "Copying rows", "Gathering statistics"]
    status = told("status")
    assert status["events"] == made["rows"]["chronicle.events"]
    assert status["days_old"] == 0
    assert not told("create")["is_new"]
    for asked in (["--events", "60000"], ["--seed", "3"]):
        assert command.main(["demo", *asked]) == 1
        assert capsys.readouterr().err == (
            f"There is a demo already with {status['events']:,} events; add --replace to make the one asked for in its"
            " place.\n"
        )
    assert told("status") == status, "nothing was changed"
    assert told("remove") == {"removed": True}
    assert told("remove") == {"removed": False}
