"""The gate in front of a real server: who is let through to what, and what is ended when."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow
from streamlit.runtime import runtime
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.sync.connection import Connection
from websockets.typing import Origin

from data.access import Actor
from data.identity import members, web_sessions
from data.settings import Settings
from tests.gate_site import Served, hash_of, serving, signed_in

HTML = {"accept": "text/html"}
SOCKET = "/_stcore/stream"


@pytest.fixture
def site(people: dict[str, Actor], database_url: str) -> Iterator[Served]:
    with serving(Settings(database_url=database_url, metrics_token="scrape", hosts=("console.example",))) as served:
        yield served


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks into the database for what other processes did; ask for it before the site."""
    monkeypatch.setattr("web.gate.watch.INTERVAL_S", 3600)


def open_socket(site: Served, token: str | None = None, **headers: str) -> ClientConnection:
    """A websocket as a browser opens it."""
    if token:
        headers["cookie"] = f"sb_session={token}"
    origin = Origin(headers.pop("origin", site.url))
    return connect(f"ws://{site.host}{SOCKET}", origin=origin, additional_headers=headers, proxy=None, open_timeout=10)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.01)


def test_a_session_opens_pages_and_nothing_else_does(site: Served, people: dict[str, Actor]) -> None:
    with site.client() as stranger, site.client(signed_in(people["member"])) as member:
        assert stranger.get("/tools").status_code == 401
        away = stranger.get("/tools?tool=Bash", headers=HTML)
        assert (away.status_code, away.headers["location"]) == (303, "/login?next=/tools%3Ftool%3DBash")
        page = member.get("/tools")
        assert page.status_code == 200
        assert '<script src="/gate.js?' in page.text
        assert page.headers["cache-control"] == "no-store"
        assert member.get("/overview?a=1").headers["location"] == "/?a=1"
        assert member.get("/nonsense").status_code == 404
        assert "text/html" in member.get("/nonsense", headers=HTML).headers["content-type"]
        assert member.get("/approvals").status_code == 200, "the page itself says to whom it is closed"


def test_whoever_is_given_a_document_has_its_page_got_ready(people: dict[str, Actor], database_url: str) -> None:
    told: list[tuple[str, str, dict[str, str], str | None]] = []

    def get_ready(actor: Actor, page: str, query: Mapping[str, str], zone_name: str | None) -> None:
        told.append((actor.email, page, dict(query), zone_name))

    member = people["member"]
    with serving(Settings(database_url=database_url), get_ready=get_ready) as site:
        with site.client() as stranger:
            stranger.get("/", headers=HTML)
        with site.client(signed_in(member)) as browser:
            browser.head("/")
            browser.get("/gate.js")
            browser.get("/nonsense")
            browser.get("/overview?period=30d")  # leads to the plainest address, which is asked for next
            assert told == []
            browser.get("/?period=30d")
            browser.cookies.set("sb_zone", "Asia/Kathmandu")
            browser.get("/tools?tool=Bash")
    assert told == [
        (member.email, "overview", {"period": "30d"}, None),
        (member.email, "tools", {"tool": "Bash"}, "Asia/Kathmandu"),
    ]


def test_what_a_document_names_is_kept_by_browsers_for_as_long_as_it_is_the_same(
    site: Served, people: dict[str, Actor]
) -> None:
    with site.client(signed_in(people["member"])) as member:
        found = re.search(r'<script src="(/gate\.js\?look=\w+)">', member.get("/").text)
        assert found
        assert "immutable" in member.get(found[1]).headers["cache-control"]
        for other in ("/gate.js", "/gate.js?look=of-another-version"):
            assert member.get(other).headers["cache-control"] == "no-store"
            assert member.get(other).text == member.get(found[1]).text


def test_what_is_written_to_a_page_leaves_at_once(site: Served, people: dict[str, Actor]) -> None:
    with open_socket(site, signed_in(people["member"])) as page:
        page.recv()
        assert waits_for_more(page.local_address) is False


def test_the_body_of_an_answer_follows_its_head_at_once(site: Served) -> None:
    """A browser that keeps its connection would else wait for it at every answer but the first."""
    with site.client() as stranger:
        answer = stranger.get("/tools")
        assert waits_for_more(answer.extensions["network_stream"].get_extra_info("client_addr")) is False


def test_streamlit_writes_without_pauses(site: Served) -> None:
    """An upgrade may call its pause something else, which nobody would notice."""
    assert site.url
    assert "MESSAGE_FLUSH_INTERVAL_SECS" in runtime.Runtime._loop_coroutine.__code__.co_names
    assert vars(runtime)["MESSAGE_FLUSH_INTERVAL_SECS"] == 0


def waits_for_more(address: object) -> bool | None:
    """Whether the end of this process that is connected to an address holds small pieces back."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(descriptor.name))) as line:
            if line.getpeername() == address:
                return not line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    return None


def test_whoami_says_who(site: Served, people: dict[str, Actor]) -> None:
    with site.client(signed_in(people["manager"])) as manager, site.client() as stranger:
        assert manager.get("/whoami").json() == {"email": "manager@example.com", "role": "manager", "dataset": "real"}
        assert stranger.get("/whoami").status_code == 401


@pytest.mark.parametrize("token", ["x", "a" * 43, "é" * 43, "a" * 5000], ids=["short", "alike", "odd", "long"])
def test_an_invented_cookie_is_nobody(site: Served, token: str) -> None:
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        answer = client.get("/whoami", headers=[(b"cookie", f"sb_session={token}".encode())])
        assert answer.status_code == 401


def test_the_hash_of_a_session_is_no_key_to_it(site: Served, people: dict[str, Actor]) -> None:
    token = signed_in(people["admin"])
    with site.client(hash_of(token)) as thief, site.client(**{"x-signalbox-session": hash_of(token)}) as forger:
        assert thief.get("/whoami").status_code == 401
        assert forger.get("/whoami").status_code == 401


def test_scripts_get_the_hash_and_never_the_token(site: Served, people: dict[str, Actor]) -> None:
    token = signed_in(people["member"])
    with site.client(token, **{"x-signalbox-session": "forged"}) as member:
        seen = member.get("/_stcore/health").json()["headers"]
    assert seen["x-signalbox-session"] == hash_of(token)
    assert token not in json.dumps(seen)
    with open_socket(site, token, **{"x-signalbox-session": "forged"}) as page:
        assert json.loads(page.recv())["x-signalbox-session"] == hash_of(token)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080"])
def test_a_rebound_name_is_not_served(site: Served, people: dict[str, Actor], host: str) -> None:
    with site.client(signed_in(people["admin"]), host=host, origin=f"http://{host}") as client:
        assert client.get("/tools").status_code == 400
        assert client.get("/login").status_code == 400
        assert client.post("/logout").status_code == 400
    name, _, port = site.host.partition(":")
    with socket.create_connection((name, int(port))) as reached, pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://{host}{SOCKET}",
            sock=reached,
            origin=Origin(f"http://{host}"),
            additional_headers={"cookie": f"sb_session={signed_in(people['admin'])}"},
        )
    assert refused.value.response.status_code == 403


def test_a_configured_name_is_served(site: Served, people: dict[str, Actor]) -> None:
    with site.client(signed_in(people["member"]), host="console.example", origin="http://console.example") as client:
        assert client.get("/tools").status_code == 200


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "http://localhost", "https://evil.example", "null", ""])
def test_another_origin_changes_nothing(site: Served, people: dict[str, Actor], origin: str) -> None:
    token = signed_in(people["member"])
    with site.client(token, origin=origin) as client:
        assert client.post("/logout").status_code == 403
        assert client.delete("/media/x").status_code == 403
        assert client.post("/login", data={"email": "a@b.c", "password": "x"}).status_code == 403
        assert client.get("/whoami").status_code == 200, "still signed in"
    with pytest.raises(InvalidStatus) as refused:
        open_socket(site, token, origin=origin)
    assert refused.value.response.status_code == 403


def test_a_missing_origin_changes_nothing(site: Served, people: dict[str, Actor]) -> None:
    token = signed_in(people["member"])
    with httpx.Client(base_url=site.url, cookies={"sb_session": token}, trust_env=False) as client:
        assert client.post("/logout").status_code == 403
    with pytest.raises(InvalidStatus):
        connect(f"ws://{site.host}{SOCKET}", additional_headers={"cookie": f"sb_session={token}"}, proxy=None)


def test_a_proxy_that_ends_tls_unknown_to_us_is_named_as_the_reason(site: Served, people: dict[str, Actor]) -> None:
    with site.client(signed_in(people["member"]), host="console.example", origin="https://console.example") as client:
        answer = client.post("/logout")
    assert answer.status_code == 403
    assert "FORWARDED_ALLOW_IPS" in answer.text


def test_a_websocket_needs_a_session_and_the_one_address(site: Served, people: dict[str, Actor]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_socket(site)
    assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus):
        connect(
            f"ws://{site.host}/other",
            origin=Origin(site.url),
            additional_headers={"cookie": f"sb_session={signed_in(people['admin'])}"},
            proxy=None,
        )


def _read_on(page: Connection) -> None:
    while True:
        page.recv(timeout=10)


def close_code(page: Connection) -> int:
    """The code that a socket is closed with."""
    with pytest.raises(ConnectionClosed) as closed:
        _read_on(page)
    assert closed.value.rcvd is not None
    return int(closed.value.rcvd.code)


def test_signing_out_ends_every_page_of_this_browser_and_no_other(
    unwatched: None, site: Served, people: dict[str, Actor]
) -> None:
    here, elsewhere = signed_in(people["member"]), signed_in(people["member"])
    with open_socket(site, here) as first, open_socket(site, here) as second, open_socket(site, elsewhere) as other:
        for page in (first, second, other):
            page.recv()
        with site.client(here) as client:
            answer = client.post("/logout")
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
            assert "Max-Age=0" in answer.headers["set-cookie"]
            assert client.get("/_stcore/health", cookies={"sb_session": here}).status_code == 401
        assert (close_code(first), close_code(second)) == (4401, 4401)
        other.send("still here")
        assert other.recv() == "still here"


def test_a_page_can_sign_out_from_its_script(unwatched: None, site: Served, people: dict[str, Actor]) -> None:
    token = signed_in(people["member"])
    with open_socket(site, token) as page:
        page.recv()
        assert web_sessions.end(hash_of(token))
        assert close_code(page) == 4401


def test_a_changed_role_loads_open_pages_anew(unwatched: None, site: Served, people: dict[str, Actor]) -> None:
    token = signed_in(people["member"])
    with open_socket(site, token) as page:
        page.recv()
        members.grant(None, "member@example.com", "manager")
        assert close_code(page) == 4409
    with site.client(token) as client:
        assert client.get("/whoami").json()["role"] == "manager"


def test_turning_to_the_demo_loads_open_pages_anew(unwatched: None, site: Served, people: dict[str, Actor]) -> None:
    token = signed_in(people["member"])
    actor = web_sessions.look_up(hash_of(token))
    assert actor is not None
    with open_socket(site, token) as page:
        page.recv()
        web_sessions.show(actor, "demo")
        assert close_code(page) == 4409


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update signalbox.web_sessions set ended_at = now() where token_hash = %s", 4401),
        ("update signalbox.web_sessions set expires_at = now() where token_hash = %s", 4401),
        ("delete from signalbox.web_sessions where token_hash = %s", 4401),
        (
            """update signalbox.members set role = 'admin'
            where user_id = (select user_id from signalbox.web_sessions where token_hash = %s)""",
            4409,
        ),
        (
            """update auth.users set banned_until = now() + interval '1 day'
            where id = (select user_id from signalbox.web_sessions where token_hash = %s)""",
            4401,
        ),
    ],
    ids=["ended", "lapsed", "removed", "role changed", "banned"],
)
def test_what_another_process_did_is_noticed(
    site: Served, people: dict[str, Actor], owner: psycopg.Connection[DictRow], statement: str, code: int
) -> None:
    token = signed_in(people["member"])
    with open_socket(site, token) as page:
        page.recv()
        owner.execute(statement.encode(), (hash_of(token),))
        assert close_code(page) == code


def test_whatever_shows_or_changes_data_asks_the_database_first(
    unwatched: None, site: Served, people: dict[str, Actor], owner: psycopg.Connection[DictRow]
) -> None:
    asked = [("GET", path) for path in ("/tools", "/whoami", "/export/tool_calls.csv", "/media/x")]
    for method, path in (*asked, ("POST", "/logout")):
        token = signed_in(people["member"])
        with site.client(token) as client:
            assert client.get("/static/part.js").status_code == 200
            owner.execute("update signalbox.web_sessions set ended_at = now()")
            assert client.get("/static/part.js").status_code == 200, "a part may be believed for seconds"
            assert client.request(method, path).status_code == 401, path


def test_at_the_end_of_the_server_pages_wait_for_the_next_one(people: dict[str, Actor], database_url: str) -> None:
    with serving(Settings(database_url=database_url)) as site:
        page = open_socket(site, signed_in(people["member"]))
        page.recv()
        site.site.connections.end_all()
        assert close_code(page) == 1012
        with pytest.raises(InvalidStatus):
            open_socket(site, signed_in(people["member"]))


def test_a_database_that_is_away_lets_nobody_in_and_keeps_open_pages(
    site: Served, people: dict[str, Actor], owner: psycopg.Connection[DictRow]
) -> None:
    token = signed_in(people["member"])
    name = owner.info.dbname
    with open_socket(site, token) as page, site.client(token) as client:
        page.recv()
        with psycopg.connect(owner.info.dsn, password=owner.info.password, dbname="postgres", autocommit=True) as apart:
            apart.execute(f"alter database {name} allow_connections false".encode())
            apart.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
            try:
                answer = client.get("/tools", headers=HTML)
                assert (answer.status_code, "database" in answer.text) == (503, True)
                time.sleep(1.5)  # the watch has looked in vain meanwhile
                page.send("still here")
                assert page.recv(timeout=5) == "still here"
            finally:
                apart.execute(f"alter database {name} allow_connections true".encode())
        until(lambda: client.get("/tools").status_code == 200, 30)


def test_streamlits_own_figures_are_for_admins_and_scrapers(site: Served, people: dict[str, Actor]) -> None:
    path = "/_stcore/metrics"
    with site.client() as stranger:
        assert stranger.get(path).status_code == 401
        assert stranger.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
        assert stranger.get(path, headers={"authorization": "Bearer scrape"}).status_code == 200
    for role, status in (("admin", 200), ("manager", 404), ("member", 404)):
        with site.client(signed_in(people[role])) as client:
            assert client.get(path).status_code == status


def test_every_answer_carries_the_headers_that_keep_it_safe(site: Served, people: dict[str, Actor]) -> None:
    with site.client() as stranger, site.client(signed_in(people["member"])) as member:
        answers = [
            *(stranger.get(path, headers=HTML) for path in ("/login", "/tools", "/healthz", "/metrics")),
            *(member.get(path, headers=HTML) for path in ("/", "/gate.js", "/nonsense", "/media/x", "/_stcore/health")),
        ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy


def test_many_parts_of_a_page_cost_few_look_ups(site: Served, people: dict[str, Actor]) -> None:
    from data import measures  # noqa: PLC0415 - counted for the whole process, so read around the requests

    token = signed_in(people["member"])
    with site.client(token) as client:
        client.get("/")
        before = sum(measures.query_times()["web_sessions.find_people"].slots)
        threads = [threading.Thread(target=client.get, args=(f"/static/{part}.js",)) for part in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(measures.query_times()["web_sessions.find_people"].slots) - before <= 1
