"""Seeing as somebody else: their rows and pages, nothing to change, marked, audited, over by itself."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import database, embedded, jobs
from data.access import ACTIONS, LOOKING, Actor
from data.errors import NotAllowed, NotFound
from data.identity import members, notices, web_sessions
from data.identity.refusals import Identity
from data.reports import absence
from tests.conftest import fresh_database, make_person
from tests.page_runs import PageRun, open_page

Connection = psycopg.Connection[DictRow]


@pytest.fixture
def browser(people: dict[str, Actor]) -> str:
    """The hash of the session of an admin's browser."""
    admin = people["admin"]
    token_hash = web_sessions.hash_of(web_sessions.start(Identity(admin.user_id, admin.email, "test")))
    assert token_hash is not None
    return token_hash


def found(token_hash: str) -> Actor:
    actor = web_sessions.look_up(token_hash)
    assert actor is not None
    return actor


def see_as(token_hash: str, person: Actor) -> Actor:
    web_sessions.see_as(found(token_hash), person.user_id)
    return found(token_hash)


def add_job(owner: Connection, person: Actor) -> None:
    owner.execute("insert into agents.jobs (user_id, agent_identifier) values (%s, 'a')", (person.user_id,))


def seen_jobs(actor: Actor) -> int:
    with database.reading(actor) as unit:
        row = unit.connection.execute("select count(*) as jobs from agents.jobs").fetchone()
    assert row is not None
    return int(row["jobs"])


def test_the_sight_is_the_other_persons(owner: Connection, people: dict[str, Actor], browser: str) -> None:
    add_job(owner, people["admin"])
    add_job(owner, people["member"])
    assert seen_jobs(found(browser)) == 2
    seen = see_as(browser, people["member"])
    assert (seen.user_id, seen.role, seen_jobs(seen)) == (people["member"].user_id, "member", 1)
    assert seen.sight == people["member"].sight
    with pytest.raises(NotAllowed, match=r"the role manager or admin; you see as \S+@example.com, a member\.$"):
        seen.must("view_people")
    assert seen.watcher is not None
    assert (seen.watcher.user_id, seen.signed_in_id) == (people["admin"].user_id,) * 2


def test_nothing_but_looking_is_allowed(owner: Connection, people: dict[str, Actor], browser: str) -> None:
    owner.execute("insert into auth.users (id, email) values (%s, 'second@example.com')", (second := uuid4(),))
    owner.execute("insert into signalbox.members (user_id, role) values (%s, 'admin')", (second,))
    web_sessions.see_as(found(browser), second)
    seen = found(browser)
    assert seen.role == "admin"
    assert {action for action in ACTIONS if seen.can(action)} == LOOKING
    with pytest.raises(NotAllowed, match="looking only"):
        jobs.cancel(seen, uuid4(), "running")
    with pytest.raises(NotAllowed, match="looking only"), database.writing(seen):
        pass


def test_it_is_for_admins_in_their_own_sight(people: dict[str, Actor], browser: str) -> None:
    with pytest.raises(NotAllowed):
        web_sessions.see_as(people["manager"], people["member"].user_id)
    seen = see_as(browser, people["manager"])
    with pytest.raises(NotAllowed):
        web_sessions.see_as(seen, people["member"].user_id)
    with pytest.raises(NotAllowed):
        members.list_people(people["manager"], "")


def test_nobody_and_oneself_are_refused(people: dict[str, Actor], browser: str) -> None:
    for nobody in (uuid4(), people["admin"].user_id):
        with pytest.raises(NotFound):
            web_sessions.see_as(found(browser), nobody)
    assert found(browser).watcher is None


def test_going_back(people: dict[str, Actor], browser: str) -> None:
    seen = see_as(browser, people["member"])
    web_sessions.see_as_oneself(seen)
    assert found(browser).user_id == people["admin"].user_id
    assert found(browser).watcher is None


def test_it_ends_with_time_and_with_the_role(owner: Connection, people: dict[str, Actor], browser: str) -> None:
    see_as(browser, people["member"])
    owner.execute("update signalbox.web_sessions set seen_as_since = now() - interval '61 minutes'")
    assert found(browser).watcher is None
    owner.execute("update signalbox.web_sessions set seen_as_since = now()")
    assert found(browser).watcher is not None
    owner.execute("update signalbox.members set role = 'manager' where user_id = %s", (people["admin"].user_id,))
    assert (found(browser).watcher, found(browser).role) == (None, "manager")


def test_a_closed_account_is_not_begun_and_ends_a_look_with_a_sentence(
    owner: Connection, people: dict[str, Actor], browser: str
) -> None:
    member = people["member"]
    see_as(browser, member)
    owner.execute("update auth.users set deleted_at = now() where id = %s", (member.user_id,))
    ended = found(browser)
    assert (ended.user_id, ended.watcher, ended.has_lost_sight) == (people["admin"].user_id, None, True)
    assert [person["user_id"] for person in members.list_people(people["admin"], member.email)[0]] == []
    with pytest.raises(NotFound):
        web_sessions.see_as(ended, member.user_id)
    page = open_page(people["admin"], "reports/jobs.py")
    owner.execute("update signalbox.web_sessions set seen_as = %s, seen_as_since = now()", (uuid4(),))
    assert "YOU SEE AS YOURSELF AGAIN. The account that you saw as is closed" in " ".join(page.run().text.split())
    page.app.button("see_as_oneself").click()
    assert "YOU SEE AS YOURSELF" not in page.run().text
    assert not found(page.app.user["sid"]).has_lost_sight


def test_people_are_those_of_the_shown_data(
    owner: Connection, people: dict[str, Actor], browser: str, server: embedded.Lease
) -> None:
    with fresh_database(server) as url, psycopg.connect(url, autocommit=True, row_factory=dict_row) as demo:
        database.open_database("demo", url)
        grace = make_person(demo, "grace", "manager")
        demo.execute("""update auth.users set raw_app_meta_data = '{"client_id": "shop"}'""")
        web_sessions.show(found(browser), "demo")
        admin = found(browser)
        assert [person["email"] for person in members.list_people(admin, "GRACE")[0]] == [grace.email]
        assert members.list_people(admin, "member@")[0] == []
        with pytest.raises(NotFound):
            web_sessions.see_as(admin, people["member"].user_id)
        seen = see_as(browser, grace)
        assert (seen.email, seen.role, seen.client_id, seen.dataset) == (grace.email, "manager", "shop", "demo")
        last = owner.execute("select detail from signalbox.audit_log order by id desc limit 1").fetchone()
        assert last == {"detail": {"data": "demo"}}
        assert seen.watcher is not None
        web_sessions.show(seen, "real")
        assert found(browser).has_lost_sight
        assert found(browser).user_id == people["admin"].user_id


def test_the_audit_log_names_both_and_the_data_that_were_looked_at(
    owner: Connection, people: dict[str, Actor], browser: str
) -> None:
    web_sessions.see_as_oneself(see_as(browser, people["member"]))
    rows = owner.execute(
        "select actor_email, action, target, detail from signalbox.audit_log where action like '%see%' order by id"
    ).fetchall()
    me, them = people["admin"].email, people["member"].email
    assert [tuple(row.values()) for row in rows] == [
        (me, "began to see as somebody", them, {"data": "real"}),
        (me, "stopped seeing as somebody", them, {"data": "real"}),
    ]


def test_open_pages_are_told(people: dict[str, Actor], browser: str) -> None:
    heard: list[notices.Notice] = []
    unsubscribe = notices.subscribe(heard.append)
    try:
        web_sessions.see_as_oneself(see_as(browser, people["member"]))
    finally:
        unsubscribe()
    assert heard == [notices.Notice("changed", session_hash=browser)] * 2


def test_people_are_found_by_address(people: dict[str, Actor]) -> None:
    shown, total = members.list_people(people["admin"], "MANAGER@")
    assert [person["email"] for person in shown] == [people["manager"].email]
    assert total == 1
    assert members.list_people(people["admin"], "%")[0] == []


# why a page is empty


@pytest.mark.parametrize("table", ["analytics.stg_agents__jobs", "agents.jobs"])
def test_no_rows_and_hidden_rows_are_told_apart(
    owner: Connection, people: dict[str, Actor], browser: str, table: str
) -> None:
    seen = see_as(browser, people["member"])
    assert absence.explain(seen, table=table).kind == "no rows"
    add_job(owner, people["other"])
    hidden = absence.explain(seen, table=table)
    assert hidden.kind == "hidden"
    assert len(hidden.policies) == 1
    assert "agents.jobs: the policy “jobs_select” lets through" in hidden.policies[0]
    add_job(owner, people["member"])
    assert absence.explain(seen, table=table).kind == "shown"


def test_a_table_that_is_not_there_is_named(people: dict[str, Actor]) -> None:
    assert absence.explain(people["admin"], table="agents.nothing").kind == "no table"


def test_a_table_without_a_policy_is_named(owner: Connection, people: dict[str, Actor]) -> None:
    add_job(owner, people["member"])
    owner.execute("drop policy jobs_select on agents.jobs")
    found_now = absence.explain(people["manager"], table="agents.jobs")
    assert found_now.policies == ("agents.jobs: row security is on and no policy lets anybody read",)


def test_a_table_that_nobody_may_select_from_is_named(owner: Connection, people: dict[str, Actor]) -> None:
    add_job(owner, people["member"])
    owner.execute("revoke select on agents.jobs from authenticated")
    found_now = absence.explain(people["manager"], table="agents.jobs")
    assert (found_now.kind, found_now.policies) == (
        "hidden",
        ("agents.jobs: signed-in people have no right to read it",),
    )


@pytest.mark.parametrize("roles", ["public", "authenticated"])
@pytest.mark.parametrize("command", ["select", "all"])
def test_policies_of_every_kind_are_named(
    owner: Connection, people: dict[str, Actor], roles: str, command: str
) -> None:
    """Those of a system that was there before are often for all roles and all commands."""
    add_job(owner, people["member"])
    owner.execute("drop policy jobs_select on agents.jobs")
    owner.execute(f"create policy theirs on agents.jobs for {command} to {roles} using (false)".encode())
    assert absence.explain(people["manager"], table="agents.jobs").policies == (
        "agents.jobs: the policy “theirs” lets through false",
    )


def test_a_member_is_not_told_of_others_rows(owner: Connection, people: dict[str, Actor]) -> None:
    add_job(owner, people["other"])
    with pytest.raises(NotAllowed):
        absence.explain(people["member"], table="agents.jobs")
    page = open_page(people["member"], "reports/jobs.py")
    assert "jobs_select" not in page.text
    assert "No job of yours" in page.text


def test_pages_are_marked_and_say_which_policy_hides_rows(owner: Connection, people: dict[str, Actor]) -> None:
    add_job(owner, people["other"])
    page = open_page(people["admin"], "reports/jobs.py")
    assert "SEEN AS" not in page.text
    web_sessions.see_as(found(page.app.user["sid"]), people["member"].user_id)
    page.run()
    assert f"SEEN AS {people['member'].email} (member) You are {people['admin'].email}." in " ".join(page.text.split())
    assert "the audit log has it, and it ends at" in page.text
    assert "jobs_select" in page.text
    page.app.button("see_as_oneself").click()
    page.run()
    assert "SEEN AS" not in page.text


def test_procedures_that_everybody_sees_do_not_hide_that_their_runs_are_hidden(
    owner: Connection, people: dict[str, Actor]
) -> None:
    owner.execute("insert into engine.sop_definitions (sop_id, title, steps) values ('intake', 'Intake', '[]')")
    owner.execute("insert into engine.sop_executions (sop_id, status, started_at) values ('intake', 'running', now())")
    page = open_page(people["admin"], "reports/sops.py")
    web_sessions.see_as(found(page.app.user["sid"]), people["member"].user_id)
    page.run()
    assert "There are runs of procedures, but" in page.text
    assert "sop_executions_select" in page.text


def test_the_page_lists_people_and_fences_others_off(people: dict[str, Actor]) -> None:
    page = open_page(people["admin"], "admin/seen_as.py")
    assert people["member"].email in page.text
    assert {f"see_as_{people[role].user_id}" for role in ("manager", "member", "other")} <= keys(page)
    assert f"see_as_{people['admin'].user_id}" not in keys(page)
    page.app.button(f"see_as_{people['member'].user_id}").click()
    page.run()
    assert "SEEN AS" in page.text
    assert [title.value for title in page.app.title] == ["Overview"], "and not this page, which is closed to that sight"
    for role in ("manager", "member"):
        closed = open_page(people[role], "admin/seen_as.py")
        assert people["other"].email not in closed.text
        assert not any(key.startswith("see_as") for key in keys(closed))


def keys(page: PageRun) -> set[str]:
    return {button.key for button in page.app.button if button.key}
