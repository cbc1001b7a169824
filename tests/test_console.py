"""What settings are turned into: the embedded server or a given one, the demo beside it, and their end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row
from streamlit.testing.v1.element_tree import Button

from data import console, database, demo, embedded, migration
from data.access import Actor
from data.errors import DatabaseUnavailable
from data.identity import demo_accounts, web_sessions
from data.settings import Settings
from tests import recorded
from tests.embedded_holders import kill_server, runs, wait_until
from tests.gate_site import hash_of, signed_in
from tests.page_runs import PageRun, open_page


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("console") / "home"
    with embedded.lease(place):
        yield place


def account(role: str) -> Actor:
    found = next(account for account in demo_accounts.ACCOUNTS if account.role == role)
    return Actor(found.user_id, found.email, found.role)


def quiet(_: str) -> None:
    """Progress that nobody reads."""


def test_the_embedded_console_is_migrated_and_has_its_accounts(home: Path) -> None:
    with console.open_console(Settings(home=home), quiet) as opened:
        assert console.running() is opened
        assert console.Examination(opened).run().is_well
        with database.operating() as unit:
            said = unit.connection.execute("select actor_email, action, target from signalbox.audit_log").fetchall()
        assert {(row["actor_email"], row["action"]) for row in said} == {("command line", "applied a migration")}
        applied = migration.status(opened.admin_url, migration.FOLDER).migrations
        assert sorted(row["target"] for row in said) == [f"migration:{one.version}" for one in applied]
        assert opened.check_password is not None
        email, password = next(iter(demo_accounts.passwords(home).items()))
        assert opened.check_password(email, password).email == email
        assert signed_in(account("admin"))
    assert console.running() is None
    with pytest.raises(DatabaseUnavailable):
        web_sessions.count_live()


def test_a_given_database_is_opened_as_it_is(database_url: str, owner: psycopg.Connection[DictRow]) -> None:
    owner.execute("delete from supabase_migrations.schema_migrations")
    with console.open_console(Settings(database_url=database_url), quiet) as opened:
        assert opened.check_password is None
        assert opened.follow_demo() is False
        opened.recover()
        assert console.Examination(opened).run().migrations == "pending"
    row = owner.execute("select count(*) as accounts from auth.users").fetchone()
    assert row == {"accounts": 0}, "no demo accounts outside the embedded server"


@pytest.mark.parametrize("name", ["a living stranger", "a zombie"])
def test_a_dead_server_is_started_again_whoever_has_its_pid_now(home: Path, name: str) -> None:
    with console.open_console(Settings(home=home), quiet) as opened:
        assert opened.lease is not None
        noted = opened.lease.data_directory / "postmaster.pid"
        lines = noted.read_text().splitlines()
        with subprocess.Popen(["sleep", "600" if name == "a living stranger" else "0"]) as holder:
            try:
                if name == "a zombie":
                    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
                kill_server(home)
                wait_until(lambda: not runs(home), "the end of the server")
                noted.write_text("\n".join([str(holder.pid), *lines[1:]]) + "\n")
                opened.recover()
                assert runs(home)
                assert name == "a zombie" or holder.poll() is None, "the stranger is left alone"
            finally:
                holder.kill()
                opened.lease.ensure_running()
        assert console.Examination(opened).run().is_well


def test_a_demo_that_another_process_made_and_removed_is_followed(home: Path) -> None:
    with console.open_console(Settings(home=home), quiet) as opened:
        assert opened.lease is not None
        assert opened.follow_demo() is False
        demo.create(opened.lease, migration.FOLDER, events=500, progress=quiet)
        assert opened.follow_demo() is True
        assert set(database.open_datasets()) == {"real", "demo"}
        with database.reading(Actor(account("member").user_id, "x", "member", "demo")) as unit:
            unit.value("console.answer")
        token_hash = hash_of(signed_in(account("manager")))
        looking = web_sessions.look_up(token_hash)
        assert looking is not None
        web_sessions.show(looking, "demo")
        demo.remove(opened.lease)
        assert opened.follow_demo() is False
        assert set(database.open_datasets()) == {"real"}
        turned = web_sessions.look_up(token_hash)
        assert turned is not None
        assert turned.dataset == "real", "nobody is left in a database that is gone"


def test_an_admin_makes_the_demo_anew_while_it_is_looked_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = demo.create.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "events", 500)
    monkeypatch.setitem(defaults, "anchor", datetime(2026, 1, 1, tzinfo=UTC))
    looking = Actor(account("member").user_id, "x", "member", "demo")
    with console.open_console(Settings(home=home), quiet) as opened:
        opened.make_demo(account("admin"), quiet)
        before = database.read_sources(looking).versions
        monkeypatch.setitem(defaults, "anchor", datetime(2026, 2, 1, tzinfo=UTC))
        assert opened.make_demo(account("admin"), quiet, replace=True).is_new
        assert database.read_sources(looking).versions != before, "nothing of the old one comes from the cache"
        assert opened.lease is not None
        described = demo.describe(opened.lease)
        assert described is not None
        assert described.newest_at.month == 1
        assert described.newest_at.day == 31
        opened.remove_demo(account("admin"))


def offers(page: PageRun) -> list[Button]:
    """The buttons that make a demo."""
    return [button for button in page.app.button if button.key == "make_demo"]


def test_an_admin_makes_the_demo_beside_real_data_and_removes_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = demo.create.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "events", 500)
    with console.open_console(Settings(home=home), quiet) as opened:
        with psycopg.connect(opened.admin_url, row_factory=dict_row) as owner:
            recorded.session(owner, datetime.now(UTC))
        for role in ("manager", "member"):
            assert not offers(open_page(account(role), "reports/sessions.py")), "it is not theirs to make"
        page = open_page(account("admin"), "reports/sessions.py")
        [making] = offers(page)
        assert "Made-up data" not in page.text
        making.click()
        page.run()
        assert "Made-up data" in page.text, "it is shown at once"
        assert [box.value for box in page.app.selectbox if box.key == "dataset"] == ["demo"]
        assert not offers(page)
        assert "demo" in database.open_datasets()
        assert not opened.make_demo(account("admin"), quiet).is_new
        assert opened.remove_demo(account("admin"))
        assert "demo" not in database.open_datasets()
        assert not opened.remove_demo(account("admin"))
        with psycopg.connect(opened.admin_url) as owner:
            acts = owner.execute("select actor_email, action from signalbox.audit_log order by id desc limit 2")
            assert acts.fetchall() == [
                ("admin@demo.invalid", "removed the demo"),
                ("admin@demo.invalid", "made the demo"),
            ]
