"""Roles: who gives them, who is told, and how the first admin comes to be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from data.errors import Conflict, NotAllowed
from data.identity import demo_accounts, members
from data.identity.notices import Notice, subscribe
from data.identity.refusals import SignInRefused, UnknownPerson

Owner = psycopg.Connection[DictRow]
ROOT = Path(__file__).parent.parent


def role_of(owner: Owner, actor: Actor) -> str | None:
    row = owner.execute("select role from signalbox.members where user_id = %s", (actor.user_id,)).fetchone()
    return row["role"] if row else None


def test_an_admin_gives_a_role_and_leaves_an_audit_row(people: dict[str, Actor], owner: Owner) -> None:
    change = members.grant(people["admin"], " MEMBER@example.com ", "manager")
    assert (change.email, change.before, change.after) == ("member@example.com", "member", "manager")
    assert role_of(owner, people["member"]) == "manager"
    row = owner.execute("select actor_email, action, target, detail from signalbox.audit_log").fetchone()
    assert row is not None
    assert tuple(row.values()) == (
        "admin@example.com",
        "granted a role",
        "member@example.com",
        {"before": "member", "after": "manager"},
    )


@pytest.mark.parametrize("role", ["manager", "member"])
def test_nobody_else_gives_roles(people: dict[str, Actor], owner: Owner, role: str) -> None:
    with pytest.raises(NotAllowed):
        members.grant(people[role], people[role].email, "admin")
    assert role_of(owner, people[role]) == role


def test_only_a_change_is_announced(people: dict[str, Actor]) -> None:
    heard: list[Notice] = []
    unsubscribe = subscribe(heard.append)
    members.grant(None, "member@example.com", "manager")
    members.grant(None, "member@example.com", "manager")
    unsubscribe()
    assert heard == [Notice("changed", user_id=people["member"].user_id)]


def test_an_unknown_address_is_said_to_be_unknown(people: dict[str, Actor], owner: Owner) -> None:
    with pytest.raises(UnknownPerson, match=r"nobody@example\.com"):
        members.grant(None, "nobody@example.com", "admin")
    owner.execute("update auth.users set deleted_at = now() where id = %s", (people["member"].user_id,))
    with pytest.raises(UnknownPerson):
        members.grant(None, "member@example.com", "admin")


def test_an_address_of_two_accounts_asks_for_the_id(people: dict[str, Actor], owner: Owner) -> None:
    twin = uuid4()
    owner.execute("insert into auth.users (id, email, is_sso_user) values (%s, 'member@example.com', true)", (twin,))
    with pytest.raises(Conflict, match=str(twin)):
        members.grant(None, "member@example.com", "manager")
    assert members.grant(None, str(twin), "manager").user_id == twin


def test_the_last_admin_stays(people: dict[str, Actor], owner: Owner) -> None:
    with pytest.raises(Conflict, match="only admin"):
        members.grant(people["admin"], "admin@example.com", "manager")
    members.grant(people["admin"], "manager@example.com", "admin")
    members.grant(people["admin"], "admin@example.com", "manager")
    assert role_of(owner, people["admin"]) == "manager"


def test_two_admins_cannot_step_down_at_once(people: dict[str, Actor], owner: Owner) -> None:
    members.grant(None, "manager@example.com", "admin")
    refused: list[Conflict] = []

    def step_down() -> None:
        try:
            members.grant(None, "manager@example.com", "member")
        except Conflict as conflict:
            refused.append(conflict)

    second = threading.Thread(target=step_down)
    with owner.transaction():  # the other admin steps down and has not committed when the second one tries
        owner.execute("update signalbox.members set role = 'member' where user_id = %s", (people["admin"].user_id,))
        second.start()
        second.join(1)
    second.join(20)
    assert len(refused) == 1
    rows = owner.execute("select count(*) as admins from signalbox.members where role = 'admin'").fetchone()
    assert rows == {"admins": 1}


def grant(database_url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m data grant`, as an operator runs it."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SIGNALBOX_", "SUPABASE_"))}
    return subprocess.run(
        [sys.executable, "-m", "data", "grant", *words],
        cwd=ROOT,
        env=inherited | {"DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_admin_comes_from_the_command_line(database_url: str, owner: Owner) -> None:
    first = uuid4()
    owner.execute("insert into auth.users (id, email) values (%s, 'first@example.com')", (first,))
    done = grant(database_url, "admin", "first@example.com", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "user_id": str(first),
        "email": "first@example.com",
        "before": "member",
        "after": "admin",
        "changed": True,
    }
    assert "first@example.com was admin already." in grant(database_url, "admin", "first@example.com").stdout
    row = owner.execute("select actor_id, actor_email from signalbox.audit_log").fetchone()
    assert row == {"actor_id": None, "actor_email": "command line"}


def test_the_command_says_what_is_wrong(database_url: str) -> None:
    unknown = grant(database_url, "admin", "nobody@example.com")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "Nobody has an account under nobody@example.com" in unknown.stderr
    assert grant(database_url, "owner", "a@b.c").returncode == 2
    empty = grant(database_url, "admin", " ")
    assert (empty.returncode, empty.stderr[:22]) == (2, "The address is empty. ")


def test_demo_accounts_are_the_same_everywhere_and_added_once(people: dict[str, Actor], owner: Owner) -> None:
    demo_accounts.add_to("real")
    demo_accounts.add_to("real")
    for account in demo_accounts.ACCOUNTS:
        row = owner.execute(
            "select u.email, coalesce(m.role, 'member') as role from auth.users as u"
            " left join signalbox.members as m on m.user_id = u.id where u.id = %s",
            (account.user_id,),
        ).fetchone()
        assert row == {"email": account.email, "role": account.role}
    assert len({account.user_id for account in demo_accounts.ACCOUNTS}) == 3
    assert str(demo_accounts.ACCOUNTS[1].user_id) == "117c5965-cebe-5246-9542-4abf6272337b", (
        "ids are a promise to the demo data"
    )


def test_a_role_given_to_a_demo_account_stays(people: dict[str, Actor], owner: Owner) -> None:
    demo_accounts.add_to("real")
    members.grant(None, demo_accounts.ACCOUNTS[0].email, "member")
    demo_accounts.add_to("real")
    row = owner.execute(
        "select role from signalbox.members where user_id = %s", (demo_accounts.ACCOUNTS[0].user_id,)
    ).fetchone()
    assert row == {"role": "member"}


def test_processes_that_start_at_once_agree_on_the_passwords(tmp_path: Path) -> None:
    found: list[dict[str, str]] = []

    def start() -> None:
        found.append(demo_accounts.passwords(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert all(passwords == found[0] for passwords in found)
    assert [path.name for path in tmp_path.iterdir()] == [demo_accounts.FILE_NAME]


def test_a_spoilt_password_file_is_named(tmp_path: Path) -> None:
    (tmp_path / demo_accounts.FILE_NAME).write_text("not json")
    with pytest.raises(Exception, match=re.escape(demo_accounts.FILE_NAME)):
        demo_accounts.passwords(tmp_path)


@pytest.mark.parametrize("password", ["", "wrong", "é"])
def test_a_demo_account_needs_its_own_password(tmp_path: Path, password: str) -> None:
    passwords = demo_accounts.passwords(tmp_path)
    mine, others = demo_accounts.ACCOUNTS[0].email, demo_accounts.ACCOUNTS[1].email
    assert demo_accounts.check(tmp_path, mine, passwords[mine]).email == mine
    for wrong in (password, passwords[others]):
        with pytest.raises(SignInRefused):
            demo_accounts.check(tmp_path, mine, wrong)
    with pytest.raises(SignInRefused):
        demo_accounts.check(tmp_path, "nobody@demo.invalid", passwords[mine])
