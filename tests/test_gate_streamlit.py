"""The gate in front of the real thing: `streamlit run`, its own addresses, its sessions, its end."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.sync.connection import Connection
from websockets.typing import Origin, Subprotocol

from data import embedded
from tests.browser.console import Console, running

OPEN = {"/login": 200, "/healthz": 200, "/metrics": 401}

# Streamlit's own addresses and ours; without a session none of them answers.
CLOSED = [
    "/",
    "/overview",
    "/tools",
    "/approvals",
    "/nonsense",
    "/logout",
    "/whoami",
    "/gate.js",
    "/console.css",
    "/favicon.png",
    "/favicon.ico",
    "/manifest.json",
    "/index.html",
    "/export/tool_calls.csv",
    "/media/abc.png",
    "/component/x/index.html",
    "/app/static/inter-latin-wght-normal.woff2",
    "/static/js/index.js",
    "/static/css/index.css",
    "/auth/login",
    "/auth/logout",
    "/oauth2callback",
    "/_stcore/health",
    "/_stcore/script-health-check",
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/stream",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/x",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
]
NOT_FOR_ANYBODY = [
    "/nonsense",
    "/tools/_stcore/health",
    "/manifest.json",
    "/index.html",
    "/favicon.ico",
    "/auth/login",
    "/auth/logout",
    "/oauth2callback",
    "/_stcore/script-health-check",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/_stcore/",
    "/_stcore/upload_file/a/b",
    "/static/..%2f_stcore/metrics",
]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running(tmp_path_factory.mktemp("streamlit") / "home", {"SIGNALBOX_METRICS_TOKEN": "scrape"}) as started:
        yield started


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home for consoles that are started one after another, as each test needs a process of its own to end."""
    return tmp_path_factory.mktemp("again") / "home"


@contextmanager
def browser(console: Console, role: str | None = None) -> Iterator[httpx.Client]:
    """A browser, signed in or not."""
    headers = {"origin": console.url}
    with httpx.Client(base_url=console.url, headers=headers, trust_env=False, timeout=30) as client:
        if role:
            assert client.post("/login", data={"account": role}).status_code == 303
        yield client


def open_stream(console: Console, client: httpx.Client, session_id: str | None = None) -> ClientConnection:
    """Streamlit's websocket, as its program opens it; an old session id asks for that session back."""
    # The positions mean: protocol, token against forgery, old session.
    protocols = ["streamlit", "none", session_id] if session_id else ["streamlit"]
    return connect(
        console.url.replace("http", "ws") + "/_stcore/stream",
        origin=Origin(console.url),
        subprotocols=[Subprotocol(protocol) for protocol in protocols],
        additional_headers={"cookie": f"sb_session={client.cookies.get('sb_session')}"},
        proxy=None,
        max_size=None,
        close_timeout=1,
    )


def run_page(stream: Connection) -> str:
    """Run the first page; the id of the Streamlit session."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    stream.send(message.SerializeToString())
    while True:
        received = ForwardMsg()
        received.ParseFromString(stream.recv(timeout=30, decode=False))
        if received.WhichOneof("type") == "new_session":
            return str(received.new_session.initialize.session_id)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_without_a_session_nothing_answers(console: Console, method: str) -> None:
    with browser(console) as stranger:
        answers = {path: stranger.request(method, path).status_code for path in CLOSED}
        assert {path: status for path, status in answers.items() if status != 401} == {}
        if method == "GET":
            assert {path: stranger.get(path).status_code for path in OPEN} == OPEN
            people = {path: stranger.get(path, headers={"accept": "text/html"}) for path in CLOSED}
            assert {answer.status_code for answer in people.values()} == {303}
            assert all(answer.headers["location"].startswith("/login") for answer in people.values())


def test_without_a_session_there_is_no_stream(console: Console) -> None:
    with browser(console) as stranger, pytest.raises(InvalidStatus) as refused:
        open_stream(console, stranger)
    assert refused.value.response.status_code == 403


def test_with_a_session_only_what_is_listed_answers(console: Console) -> None:
    with browser(console, "admin") as admin:
        answers = {path: admin.get(path).status_code for path in NOT_FOR_ANYBODY}
        assert answers == dict.fromkeys(NOT_FOR_ANYBODY, 404)
        document = admin.get("/tools").text
        parts = [part.split('"')[0] for part in document.split('"/static/')[1:]]
        assert len(parts) > 20
        for part in ["/static/" + part for part in parts]:
            answer = admin.get(part)
            assert (part, answer.status_code) == (part, 200)
            assert "immutable" in answer.headers["cache-control"]
        assert admin.get("/_stcore/health").text == "ok"
        assert admin.get("/_stcore/host-config").status_code == 200
        assert admin.get("/_stcore/metrics").status_code == 200
        assert "active_sessions" in admin.get("/_stcore/metrics").text


def test_a_member_gets_no_figures_of_the_server(console: Console) -> None:
    with browser(console, "member") as member:
        assert member.get("/_stcore/metrics").status_code == 404


def test_streamlit_sets_no_cookie_that_scripts_can_read(console: Console) -> None:
    with browser(console, "member") as member:
        for path in ("/", "/_stcore/health", "/_stcore/host-config"):
            member.get(path)
        assert set(member.cookies) == {"sb_session"}


def test_nobody_takes_up_the_streamlit_session_of_somebody_else(console: Console) -> None:
    """Streamlit resumes by an id that the browser sends, whoever sends it; st.user is what ties it to a person."""
    with browser(console, "admin") as admin, browser(console, "member") as member:
        with open_stream(console, admin) as first:
            admins = run_page(first)
            with open_stream(console, member, admins) as thief:
                assert run_page(thief) != admins
            assert run_page(first) == admins, "the admin was not disturbed"
        with open_stream(console, member, admins) as thief:
            assert run_page(thief) != admins, "not after she has left either"
        with open_stream(console, admin, admins) as again:
            assert run_page(again) == admins, "her own tab gets its own back"
        admin.post("/login", data={"account": "admin"})
        with open_stream(console, admin, admins) as later:
            assert run_page(later) != admins, "a new sign-in begins anew"


def test_metrics_are_text_for_prometheus_behind_a_token(console: Console) -> None:
    with browser(console, "manager") as manager, open_stream(console, manager) as stream:
        run_page(stream)
        assert manager.get("/metrics").status_code == 401
        assert manager.get("/metrics", headers={"authorization": "Bearer scrap"}).status_code == 401
        answer = manager.get("/metrics", headers={"authorization": "Bearer scrape"})
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = answer.text.splitlines()
    assert 'signalbox_open_connections{kind="page"} 1.0' in lines
    for name in (
        "signalbox_pool_connections",
        "signalbox_pool_free",
        "signalbox_pool_waiting",
        "signalbox_web_sessions",
    ):
        assert any(line.startswith(name) for line in lines)
    assert any(
        line.startswith('signalbox_query_seconds_bucket{le="+Inf",query="web_sessions.find_people"}') for line in lines
    )


def test_logs_are_json_and_hold_no_addresses_or_people(console: Console) -> None:
    import json  # noqa: PLC0415 - this test alone reads JSON

    with browser(console) as client:
        client.post("/login", data={"email": "quokka@example.com", "password": "quokka-by-mistake"})
        client.get("/tools?search=private-words")
    text = console.log.read_text()
    ours = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert {"ready", "sign-in refused"} <= {line["message"] for line in ours}
    assert not [word for word in ("quokka", "private-words", "sb_session", "scrape") if word in text]


def test_a_database_server_that_was_killed_is_started_again(home: Path) -> None:
    with running(home) as console, httpx.Client(base_url=console.url, trust_env=False) as probe:
        answer = probe.get("/healthz")
        assert answer.json() == {"status": "ok", "database": "reachable", "migrations": "current"}
        with embedded.lease(console.home) as lease:
            noted = lease.data_directory / "postmaster.pid"
        killed = noted.read_text().split()[0]
        os.kill(int(killed), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while not noted.exists() or noted.read_text().split()[:1] in ([], [killed]):
            assert time.monotonic() < deadline, "the console did not start the server again"
            time.sleep(0.1)
        while (answer := probe.get("/healthz", timeout=30)).status_code != 200:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)


def end(console: Console) -> float:
    """Tell the server to end; how long it took."""
    began = time.monotonic()
    console.process.send_signal(signal.SIGTERM)
    console.process.wait(timeout=30)
    return time.monotonic() - began


def test_at_the_end_open_pages_are_told_to_wait_and_a_reader_that_hangs_holds_nothing_up(home: Path) -> None:
    with running(home) as console, browser(console, "manager") as manager:
        fill(console.home)
        host, _, port = console.url.removeprefix("http://").partition(":")
        with open_stream(console, manager) as stream, socket.create_connection((host, int(port))) as reader:
            run_page(stream)
            reader.sendall(
                f"GET /export/tool_calls.csv HTTP/1.1\r\nhost: {host}:{port}\r\n"
                f"cookie: sb_session={manager.cookies['sb_session']}\r\n\r\n".encode()
            )
            assert reader.recv(12) == b"HTTP/1.1 200"
            end(console)
            with pytest.raises(ConnectionClosed) as closed:
                run_page(stream)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        assert console.process.returncode in (-signal.SIGTERM, 1)
    assert embedded.inspect(console.home).is_running is False, "the last user stops the database"


def fill(home: Path) -> None:
    """Enough calls that an export does not fit into the buffers on its way."""
    with embedded.lease(home) as lease, psycopg.connect(lease.url(), autocommit=True) as owner:
        owner.execute(
            "with made as (insert into chronicle.sessions (session_id) values ('s') returning id)"
            " insert into chronicle.tool_events (session_id, tool_name, phase, success, error_message)"
            " select id, 'Bash', 'post', false, repeat('x', 2000) from made, generate_series(1, 20000)"
        )


def test_a_start_that_fails_is_a_sentence_and_no_traceback(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with (
            pytest.raises(RuntimeError) as failed,
            running(home, {"SIGNALBOX_EMBEDDED_PORT": port}),
        ):
            pass
    assert "Signalbox cannot start: " in str(failed.value)
    assert "SIGNALBOX_EMBEDDED_PORT" in str(failed.value)
    assert "Traceback" not in str(failed.value)


def test_a_wrong_setting_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as failed, running(tmp_path / "home", {"SIGNALBOX_ENV": "prod"}):
        pass
    assert "SIGNALBOX_ENV must be development, staging or production." in str(failed.value)
    assert "Traceback" not in str(failed.value)
