"""Signing in with a Supabase account, against a stand-in for Supabase Auth."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from data.errors import SignalboxError, WrongSetting
from data.identity import supabase_auth
from data.identity.refusals import SignInRefused, SignInUnavailable
from data.settings import Settings
from tests import supabase_auth_double
from tests.gate_site import serving
from tests.supabase_auth_double import KEY, Double

EMAIL, PASSWORD = "ann@example.com", "correct horse"
NOT_RIGHT = "The address or the password is not right."


@pytest.fixture
def double() -> Iterator[Double]:
    with supabase_auth_double.running() as running:
        running.add(EMAIL, PASSWORD)
        yield running


def attempt(double: Double, password: str = PASSWORD, key: str = KEY) -> SignalboxError:
    """The error that a sign-in ends in."""
    with pytest.raises(SignalboxError) as refused:
        supabase_auth.sign_in(double.url, key, EMAIL, password)
    return refused.value


def test_the_right_password_proves_who_it_is(double: Double) -> None:
    identity = supabase_auth.sign_in(double.url + "/", KEY, EMAIL, PASSWORD)
    assert (identity.user_id, identity.email) == (UUID(double.user_ids[EMAIL]), EMAIL)
    assert identity.signed_in_with == "supabase password"


def test_nothing_of_the_supabase_session_is_left(double: Double) -> None:
    before = threading.active_count()
    supabase_auth.sign_in(double.url, KEY, EMAIL, PASSWORD)
    (ended,) = double.asked("/auth/v1/logout?scope=local")
    assert ended["authorization"].startswith("Bearer ey")
    assert threading.active_count() <= before + 1, "no timer that refreshes tokens"


def test_two_people_at_once_are_not_mixed_up(double: Double) -> None:
    people = {f"p{n}@example.com": double.add(f"p{n}@example.com", f"secret {n}") for n in range(8)}
    found: dict[str, str] = {}

    def enter(number: int) -> None:
        email = f"p{number}@example.com"
        found[email] = str(supabase_auth.sign_in(double.url, KEY, email, f"secret {number}").user_id)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == people


def test_a_wrong_password_reads_like_an_unknown_address(double: Double) -> None:
    assert attempt(double, "wrong").sentence == NOT_RIGHT
    double.failure = (400, {"code": "user_not_found", "message": "User not found"})
    assert attempt(double).sentence == NOT_RIGHT


@pytest.mark.parametrize(
    ("status", "answer", "kind", "words"),
    [
        (400, {"code": "email_not_confirmed", "message": "Email not confirmed"}, SignInRefused, "Confirm your address"),
        (400, {"code": "user_banned", "message": "User is banned"}, SignInRefused, "suspended"),
        (422, {"code": "email_provider_disabled", "message": "x"}, SignInRefused, "does not allow"),
        (429, {"code": "over_request_rate_limit", "message": "x"}, SignInRefused, "wait"),
        (429, {"message": "API rate limit exceeded"}, SignInRefused, "wait"),
        (400, {"code": "something_new", "message": "x"}, SignInRefused, NOT_RIGHT),
        (500, {"code": "unexpected_failure", "message": "secret detail"}, SignInUnavailable, "does not answer"),
        (503, {"message": "no upstream"}, SignInUnavailable, "does not answer"),
        (502, "<html>bad gateway</html>", SignInUnavailable, "does not answer"),
        (404, "<html>not here</html>", SignInUnavailable, "not as Supabase Auth does"),
        (200, {"hello": "world"}, SignInUnavailable, "not as Supabase Auth does"),
    ],
)
def test_each_answer_becomes_a_sentence(
    double: Double, status: int, answer: Any, kind: type[SignalboxError], words: str
) -> None:
    double.failure = (status, answer)
    error = attempt(double)
    assert type(error) is kind
    assert words in error.sentence
    assert "secret detail" not in error.sentence


def test_a_key_that_is_not_the_projects_is_named(double: Double) -> None:
    error = attempt(double, key="sb_publishable_other")
    assert isinstance(error, WrongSetting)
    assert "SUPABASE_PUBLISHABLE_KEY" in error.sentence
    assert "sb_publishable" not in error.sentence


def test_a_network_that_is_down_is_a_sentence() -> None:
    with supabase_auth_double.running() as gone:
        pass
    error = attempt(gone)
    assert isinstance(error, SignInUnavailable)
    assert "SUPABASE_URL" in error.sentence


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.supabase.co/auth/v1"},
        {"iss": None},
        {"aud": "anon"},
        {"aud": ["other"]},
        {"role": "service_role"},
        {"role": "anon"},
        {"sub": "9b7f5b26-6f0e-4f56-8a43-000000000000"},
        {"exp": int(time.time()) - 60},
    ],
)
@pytest.mark.parametrize("with_shared_secret", [False, True])
def test_claims_of_another_place_person_or_time_are_refused(
    double: Double, claims: dict[str, Any], with_shared_secret: bool
) -> None:
    double.claims, double.signs_with_a_shared_secret = claims, with_shared_secret
    assert isinstance(attempt(double), SignInUnavailable)


def test_a_token_that_the_project_did_not_sign_is_refused(double: Double) -> None:
    double.publishes_other_keys = True
    assert isinstance(attempt(double), SignInUnavailable)


def test_a_project_with_a_shared_secret_is_asked_about_the_token(double: Double) -> None:
    double.signs_with_a_shared_secret = True
    assert supabase_auth.sign_in(double.url, KEY, EMAIL, PASSWORD).email == EMAIL
    assert len(double.asked("/auth/v1/user")) == 1


def test_a_second_factor_is_not_walked_past(double: Double) -> None:
    factor = {"id": "f", "factor_type": "totp", "status": "verified", "friendly_name": "phone",
              "created_at": supabase_auth_double.NOW, "updated_at": supabase_auth_double.NOW}  # fmt: skip
    double.user = {"factors": [factor]}
    assert "second factor" in attempt(double).sentence
    double.user = {"factors": [factor | {"status": "unverified"}]}
    assert supabase_auth.sign_in(double.url, KEY, EMAIL, PASSWORD).email == EMAIL


def test_from_the_form_to_the_role_in_the_database(
    double: Double, people: dict[str, Actor], database_url: str, owner: psycopg.Connection[DictRow]
) -> None:
    admin = people["admin"]
    double.add(admin.email, "of the admin", str(admin.user_id))
    double.add("newcomer@example.com", "of the newcomer")
    owner.execute(
        "insert into auth.users (id, email) values (%s, %s)",
        (double.user_ids["newcomer@example.com"], "newcomer@example.com"),
    )
    settings = Settings(database_url=database_url, supabase_url=double.url, supabase_publishable_key=KEY)
    with serving(settings) as site:
        with site.client() as client:
            assert "account" not in client.get("/login", headers={"accept": "text/html"}).text
            form = {"email": admin.email, "password": "of the admin"}
            assert client.post("/login", data=form).status_code == 303
            assert client.get("/whoami").json()["role"] == "admin"
        with site.client() as client:
            client.post("/login", data={"email": "newcomer@example.com", "password": "of the newcomer"})
            assert client.get("/whoami").json()["role"] == "member", "who has no role is a member"
        with site.client() as client:
            stranger = client.post("/login", data={"email": EMAIL, "password": PASSWORD})
            assert stranger.status_code == 401
            assert "different projects" in stranger.text
    rows = owner.execute("select actor_email, action, target from signalbox.audit_log order by id").fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (admin.email, "signed in", "supabase password"),
        ("newcomer@example.com", "signed in", "supabase password"),
    ]
