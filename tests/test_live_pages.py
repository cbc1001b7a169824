"""Who is asked and who is told: versions are polled while somebody looks, and pages whose tables changed run again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from streamlit import runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.app_session import AppSession, AppSessionState
from websockets.sync.client import ClientConnection, connect
from websockets.sync.connection import Connection
from websockets.typing import Origin

from data import database, measures
from data.access import Actor, Dataset
from data.database import Sources, notes
from data.settings import Settings
from tests.gate_site import Served, serving, signed_in
from ui import live
from ui.navigation import FIRST
from ui.view import View

People = dict[str, Actor]
PATIENCE_S = 20


class Followed:
    """Stands for the pages: notes what it is told, and says that all of them are current."""

    def __init__(self) -> None:
        self.rounds: list[tuple[frozenset[str], Dataset, Sources]] = []
        self.again = threading.Event()

    def __call__(self, visible: Collection[str], dataset: Dataset, sources: Sources) -> Collection[str]:
        self.rounds.append((frozenset(visible), dataset, sources))
        self.again.set()
        return visible

    def next_round(self) -> tuple[frozenset[str], Dataset, Sources]:
        self.again.clear()
        assert self.again.wait(PATIENCE_S)
        return self.rounds[-1]


@pytest.fixture
def followed() -> Followed:
    return Followed()


@pytest.fixture
def site(people: People, database_url: str, followed: Followed) -> Iterator[Served]:
    with serving(Settings(database_url=database_url), followed) as served:
        yield served


def open_socket(site: Served, actor: Actor) -> ClientConnection:
    headers = {"cookie": f"sb_session={signed_in(actor)}"}
    url = f"ws://{site.host}/_stcore/stream"
    return connect(url, origin=Origin(site.url), additional_headers=headers, proxy=None, open_timeout=10)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.01)


def polls() -> int:
    times = measures.query_times().get("versions.read_sources")
    return sum(times.slots) if times else 0


def heard(page: Connection, word: str) -> str:
    """The next thing the gate says to the page's script that begins with a word."""
    while True:
        said = page.recv(timeout=PATIENCE_S)
        assert isinstance(said, str)
        if said.startswith(word):
            return said


def test_versions_are_asked_for_while_somebody_looks_and_never_else(
    site: Served, people: People, followed: Followed
) -> None:
    before = polls()
    time.sleep(1.5)
    assert polls() == before, "nobody looks"
    with open_socket(site, people["manager"]) as page, open_socket(site, people["member"]) as second:
        for socket in (page, second):
            socket.recv()
            socket.send("visible")
        until(lambda: len(followed.next_round()[0]) == 2)
        assert followed.rounds[-1][1] == "real"
        rounds, asked = len(followed.rounds), polls()
        followed.next_round()
        assert polls() - asked <= len(followed.rounds) - rounds + 1, "one query for both"
        for socket in (page, second):
            socket.send("hidden")
        until(lambda: not site.site.connections.visible())
        time.sleep(0.5)  # a round may be under way
        asked = polls()
        time.sleep(1.5)
        assert polls() == asked
        page.send("visible")
        assert len(followed.next_round()[0]) == 1


def test_the_script_is_told_as_of_when_its_figures_are(site: Served, people: People) -> None:
    with open_socket(site, people["manager"]) as page:
        page.recv()
        page.send("visible")
        said = heard(page, "live ")
        assert abs(int(said.split()[1]) - time.time()) < PATIENCE_S
        page.send("writing")
        heard(page, "held")
        page.send("visible")
        heard(page, "live ")
        database.close_database("real")  # nobody asks a database that is not there
        page.send("anything else")
        assert heard(page, "anything") == "anything else", "only the words of the gate stay with the gate"


def test_a_tab_may_be_shown_and_hidden_all_day_without_a_click(site: Served, people: People) -> None:
    with open_socket(site, people["manager"]) as page:
        page.recv()
        for _ in range(2000):
            page.send("hidden")
            page.send("visible")
        page.send("still there")
        assert heard(page, "still") == "still there"


def test_a_database_that_does_not_answer_is_said(site: Served, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_socket(site, people["manager"]) as page:
        page.recv()
        page.send("visible")
        heard(page, "live ")
        monkeypatch.setattr("web.live.PATIENCE_S", 0.2)
        with database.operating("real") as unit:
            unit.connection.execute("lock table signalbox.change_totals in access exclusive mode")
            heard(page, "lost")
        heard(page, "live ")


def test_the_gate_alone_names_the_connection(site: Served, people: People, followed: Followed) -> None:
    headers = {"cookie": f"sb_session={signed_in(people['manager'])}", "X-Signalbox-Connection": "forged"}
    url = f"ws://{site.host}/_stcore/stream"
    with connect(url, origin=Origin(site.url), additional_headers=headers, proxy=None) as page:
        said = page.recv()
        assert isinstance(said, str)
        (key,) = followed.next_round()[0]
        assert "forged" not in said
        assert f'"{live.CONNECTION_HEADER}":"{key}"' in said.replace(" ", "")


def view_of(actor: Actor, versions: dict[str, str], rests_on: set[str]) -> View:
    now = datetime.now(UTC)
    given = tuple(sorted(versions.items()))
    return View(FIRST, actor, given, now, ZoneInfo("UTC"), DeltaGenerator(), rests_on=rests_on)


class Session:
    """Stands for a Streamlit session that is idle, or not."""

    def __init__(self) -> None:
        self._state = AppSessionState.APP_NOT_RUNNING
        self._scriptrunner: object | None = None
        self._client_state = object()
        self.runs: list[object] = []

    def request_rerun(self, state: object) -> None:
        self.runs.append(state)

    def start(self) -> None:
        self._scriptrunner = object()


class Runtime:
    """Stands for Streamlit's runtime: sessions by id, each with a client whose handshake named its connection."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}

    def get_app_session(self, session_id: str) -> Session | None:
        return self.sessions.get(session_id)

    def get_client(self, session_id: str) -> Any:
        headers = [(live.CONNECTION_HEADER, f"connection-of-{session_id}")]
        return SimpleNamespace(client_context=SimpleNamespace(headers=headers))

    def show(self, session_id: str, view: View, took_s: float = 0.1) -> Session:
        session = self.sessions[session_id] = Session()
        live._pages[session_id] = live._Page(view, took_s)
        return session


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    stands_in = Runtime()
    monkeypatch.setattr(runtime, "get_instance", lambda: stands_in)
    monkeypatch.setattr(live, "_pages", {})
    return stands_in


def polled(**versions: str) -> Sources:
    return Sources(versions, {}, datetime.now(UTC))


SEEN = [f"connection-of-{name}" for name in ("one", "two", "three")]


def test_only_pages_whose_own_tables_changed_run_again(running: Runtime, people: People) -> None:
    shown = {"a": "1", "b": "1"}
    one = running.show("one", view_of(people["manager"], shown, {"a"}))
    two = running.show("two", view_of(people["manager"], shown, {"b"}))
    assert live.follow(SEEN, "real", polled(a="1", b="2")) == ["connection-of-one"]
    assert (one.runs, two.runs) == ([], [two._client_state])


def test_a_page_that_is_hidden_or_runs_or_shows_something_else_is_left(running: Runtime, people: People) -> None:
    changed = view_of(people["manager"], {"a": "1"}, {"a"})
    hidden, busy = running.show("hidden", changed), running.show("one", changed)
    busy.start()
    demo = running.show("two", replace(changed, actor=replace(people["manager"], dataset="demo")))
    assert live.follow(SEEN, "real", polled(a="2")) == []
    assert hidden.runs + busy.runs + demo.runs == []
    assert live.follow(SEEN, "demo", polled(a="1")) == ["connection-of-two"]


def test_what_depends_on_now_runs_again_with_the_minute(running: Runtime, people: People) -> None:
    fresh = view_of(people["manager"], {"a": "1"}, {"a"})
    old = running.show("one", replace(fresh, as_of=fresh.as_of - timedelta(minutes=1)))
    assert live.follow(SEEN, "real", polled(a="1")) == []
    assert len(old.runs) == 1


def test_runs_that_nobody_asked_for_have_a_budget_and_nobody_waits_for_ever(running: Runtime, people: People) -> None:
    changed = view_of(people["manager"], {"a": "1"}, {"a"})
    sessions = [running.show(name, changed, took_s=0.4) for name in ("one", "two", "three")]
    rounds = []
    for _ in sessions:
        live.follow(SEEN, "real", polled(a="2"))
        rounds.append([len(session.runs) for session in sessions])
        for name, session in running.sessions.items():
            if session.runs:  # it has run, and shows what there is
                live._pages[name] = live._Page(view_of(people["manager"], {"a": "2"}, {"a"}))
    assert [sum(counts) for counts in rounds] == [1, 2, 3]


def test_a_page_that_reads_what_nobody_logs_never_says_that_it_is_live(running: Runtime, people: People) -> None:
    view = view_of(people["manager"], {"a": "1"}, {"a"})
    assert "(live)" in live.clock(view)
    ran = notes.Ran({"operations.list_tables"})
    unlogged = replace(view, ran=ran)
    running.show("one", unlogged)
    assert "live" not in live.clock(unlogged)
    assert live.follow(SEEN, "real", polled(a="1")) == []
    database.polled.failed("real")
    assert "(not live: the database does not answer)" in live.clock(view)
    database.polled.shown("real", time.monotonic())


def test_a_session_that_is_gone_is_forgotten(running: Runtime, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    running.show("one", view_of(people["manager"], {"a": "1"}, {"a"}))
    del running.sessions["one"]
    live.follow(SEEN, "real", polled(a="2"))
    assert "one" in live._pages, "its browser may come back"
    monkeypatch.setattr(live, "_AWAY_S", -1.0)
    live.follow(SEEN, "real", polled(a="2"))
    assert not live._pages


def test_streamlit_is_inside_as_this_module_takes_it() -> None:
    """An upgrade may change what is not promised; the browser tests hold what it does."""
    made = AppSession.__init__.__code__.co_names
    assert {"_state", "_scriptrunner", "_client_state"} <= set(made)
    assert {state.name for state in AppSessionState} >= {"APP_NOT_RUNNING", "APP_IS_RUNNING"}
    assert callable(AppSession.request_rerun)
    for name in ("get_client", "get_app_session"):
        assert callable(getattr(cast("Any", runtime).Runtime, name))
