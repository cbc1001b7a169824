"""Signing in and out with the demo accounts, as browsers and programs do it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import embedded
from data.access import ROLES
from data.identity import demo_accounts
from data.settings import Settings
from tests.gate_site import Served, hash_of, serving
from web.sign_in.throttle import FREE_ATTEMPTS, FREE_ATTEMPTS_OF_CLIENT, LONGEST_WAIT_S, Throttle

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of an embedded server that stays up between the tests, so that each of them starts at once."""
    place = tmp_path_factory.mktemp("demo") / "home"
    with embedded.lease(place):
        yield place


@pytest.fixture
def site(home: Path) -> Iterator[Served]:
    """A console with a database of its own, as `make run` starts it."""
    with serving(Settings(home=home)) as served:
        yield served


@pytest.fixture
def browser(site: Served) -> Iterator[httpx.Client]:
    with site.client(accept="text/html") as client:
        yield client


def address_of(role: str) -> str:
    return next(account.email for account in demo_accounts.ACCOUNTS if account.role == role)


@pytest.fixture
def passwords(site: Served, home: Path) -> dict[str, str]:
    return demo_accounts.passwords(home)


def sessions_of(site: Served) -> list[dict[str, object]]:
    console = site.site.console
    assert console is not None
    with psycopg.connect(console.admin_url, row_factory=dict_row) as connection:
        return connection.execute("select * from signalbox.web_sessions order by created_at desc").fetchall()


@pytest.mark.parametrize("role", ROLES)
def test_one_click_signs_in_as_each_demo_account(browser: httpx.Client, role: str) -> None:
    answer = browser.post("/login", data={"account": role, "next": "/tools?tool=Bash"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tools?tool=Bash")
    assert browser.get("/whoami").json() == {"email": address_of(role), "role": role, "dataset": "real"}


def test_the_form_offers_what_there_is(browser: httpx.Client) -> None:
    text = browser.get("/login").text
    for role in ROLES:
        assert f'name="account" value="{role}"' in text
    assert 'autocomplete="username"' in text
    assert 'autocomplete="current-password"' in text
    assert "autofocus" in text
    assert "<script" not in text
    assert "Demo accounts" in text


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "console.example", "origin": "http://console.example"},
        {"x-forwarded-for": "192.0.2.7"},
        {"via": "1.1 proxy"},
    ],
)
def test_one_click_is_for_the_person_at_this_machine(home: Path, headers: dict[str, str]) -> None:
    with serving(Settings(home=home, hosts=("console.example",))) as site, site.client(**headers) as client:
        refused = client.post("/login", data={"account": "admin"})
        assert (refused.status_code, "set-cookie" in refused.headers) == (401, False)
        assert 'name="account"' not in client.get("/login", headers=HTML).text
        email = address_of("admin")
        password = demo_accounts.passwords(home)[email]
        assert client.post("/login", data={"email": email, "password": password}).status_code == 303


@pytest.mark.parametrize("account", ["owner", "ADMIN", "admin ", "../admin"])
def test_an_invented_account_is_refused(browser: httpx.Client, account: str) -> None:
    assert "set-cookie" not in browser.post("/login", data={"account": account}).headers


def test_a_password_signs_in(browser: httpx.Client, passwords: dict[str, str], site: Served) -> None:
    email = address_of("manager")
    answer = browser.post("/login", data={"email": email.upper(), "password": passwords[email]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    token = answer.cookies["sb_session"]
    newest = sessions_of(site)[0]
    assert newest["token_hash"] == hash_of(token)
    assert token not in str(newest), "the database knows the hash alone"


def test_wrong_password_and_unknown_address_read_alike(site: Served) -> None:
    with site.client() as program:
        known = program.post("/login", data={"email": address_of("admin"), "password": "wrong"})
        unknown = program.post("/login", data={"email": "nobody@demo.invalid", "password": "wrong"})
        program.post("/login", data={"account": "admin"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert known.status_code == 401


def test_a_failure_leads_back_to_the_form_with_the_address_and_no_trace_in_the_url(browser: httpx.Client) -> None:
    failed = browser.post("/login", data={"email": "x'>\"<b>@y.z", "password": "w", "next": "/tools"})
    location = failed.headers["location"]
    assert (failed.status_code, "y.z" in location) == (303, False)
    shown = browser.get(location)
    assert "The address or the password is not right." in shown.text
    assert "<b>@" not in shown.text
    assert "&lt;b&gt;@y.z" in shown.text
    assert 'name="next" value="/tools"' in shown.text
    assert "did not work" in browser.get("/login?problem=somebody-elses").text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("email=a&email=b", "application/x-www-form-urlencoded"),
        ("a=" + "b" * 10_000, "application/x-www-form-urlencoded"),
        ("email=%ff%fe", "application/x-www-form-urlencoded"),
        ('{"account": "admin"}', "application/json"),
        ("account=admin", "text/plain"),
    ],
)
def test_what_is_not_the_form_is_refused(browser: httpx.Client, body: str, kind: str) -> None:
    answer = browser.post("/login", content=body, headers={"content-type": kind, "accept": "*/*"})
    assert answer.status_code in (400, 401)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "/nonsense", "/login"])
def test_signing_in_leads_to_our_own_pages_only(browser: httpx.Client, target: str) -> None:
    assert browser.get("/login", params={"next": target}).status_code == 200
    assert browser.post("/login", data={"account": "member", "next": target}).headers["location"] == "/"
    assert browser.get("/login", params={"next": target}).headers["location"] == "/"


def test_the_form_is_not_shown_to_whoever_is_signed_in(browser: httpx.Client) -> None:
    browser.post("/login", data={"account": "member"})
    answer = browser.get("/login?next=/tools")
    assert (answer.status_code, answer.headers["location"]) == (303, "/tools")


def test_signing_in_as_somebody_else_ends_the_first_session(site: Served) -> None:
    with site.client() as client:
        client.post("/login", data={"account": "admin"})
        first = client.cookies["sb_session"]
        client.post("/login", data={"account": "member"})
        assert client.get("/whoami").json()["role"] == "member"
    with site.client(first) as old:
        assert old.get("/whoami").status_code == 401


def test_every_sign_in_makes_a_new_token(site: Served) -> None:
    with site.client("a" * 43) as client:
        tokens = {client.post("/login", data={"account": "member"}).cookies["sb_session"] for _ in range(3)}
    assert len(tokens | {"a" * 43}) == 4


def test_signing_out_takes_a_button(browser: httpx.Client) -> None:
    browser.post("/login", data={"account": "member"})
    assert '<form method="post" action="/logout">' in browser.get("/logout").text
    assert browser.get("/whoami").status_code == 200
    assert browser.post("/logout").status_code == 303
    assert browser.get("/tools").headers["location"].startswith("/login")


def test_guessing_is_slowed_down_and_says_for_how_long(home: Path) -> None:
    with serving(Settings(home=home)) as site, site.client() as guesser:
        tries = [
            guesser.post("/login", data={"email": address_of("admin"), "password": str(n)}).status_code
            for n in range(FREE_ATTEMPTS + 1)
        ]
        assert tries == [401] * FREE_ATTEMPTS + [429]
        right = {"email": address_of("admin"), "password": demo_accounts.passwords(home)[address_of("admin")]}
        refused = guesser.post("/login", data=right)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 2
        assert "Wait 2 seconds" in refused.text
        assert guesser.post("/login", data={"account": "member"}).status_code == 303, "others are not kept out"


class Clock:
    """A clock that a test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_waits_double_end_and_are_forgotten_after_success() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(FREE_ATTEMPTS + 14):
        while wait_s := throttle.begin("a@b.c", "192.0.2.1"):
            waits.append(wait_s)
            clock.now += wait_s
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert max(waits) == LONGEST_WAIT_S
    assert throttle.begin("a@b.c", "192.0.2.2") == 0, "another place"
    throttle.succeeded("a@b.c", "192.0.2.1")
    assert throttle.begin("a@b.c", "192.0.2.1") == 0


def test_many_addresses_from_one_place_are_slowed_down_too() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = [throttle.begin(f"{n}@b.c", f"2001:db8:0:1::{n:x}") for n in range(FREE_ATTEMPTS_OF_CLIENT + 1)]
    assert waits[-1] > 0
    assert not any(waits[:-1])
    assert throttle.begin("0@b.c", "2001:db8:0:2::1") == 0


def test_the_passwords_are_for_the_owner_of_the_home_alone(home: Path, passwords: dict[str, str]) -> None:
    path = home / demo_accounts.FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(passwords) == {account.email for account in demo_accounts.ACCOUNTS}
    assert len(set(passwords.values())) == len(passwords)
    assert min(len(password) for password in passwords.values()) >= 20


def test_without_a_way_to_check_the_form_says_what_is_missing(database_url: str) -> None:
    with serving(Settings(database_url=database_url)) as site, site.client() as client:
        text = client.get("/login", headers=HTML).text
        assert "SUPABASE_URL" in text
        assert "<form" not in text
        assert client.post("/login", data={"account": "admin"}).status_code == 401
        assert client.post("/login", data={"email": "a@b.c", "password": "x"}).status_code == 503


def test_a_database_without_our_tables_says_which_command_makes_them(
    database_url: str, owner: psycopg.Connection[DictRow]
) -> None:
    owner.execute("drop schema signalbox cascade")
    with serving(Settings(database_url=database_url)) as site, site.client("a" * 43) as client:
        answer = client.get("/tools")
        assert (answer.status_code, "python -m data migrate up" in answer.text) == (503, True)
