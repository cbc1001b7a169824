"""How long events are kept: the form on the page of the database, and what other pages say about what is gone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import DictRow

from data import exports, rollups
from data.access import Actor
from tests.page_runs import PageRun, open_page
from tests.recorded import call, prompt, session
from ui import cached

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
PAGE = "admin/database.py"


def today() -> datetime:
    """Asked for anew: the tests may run over midnight."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def long_ago() -> datetime:
    return today() - timedelta(days=60)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cached.forget()


def labels(page: PageRun) -> list[str]:
    return [str(button.label) for button in page.app.button]


def fill(owner: Owner) -> str:
    """An old session with a call and a prompt, and one of today."""
    old = session(owner, long_ago())
    for at, session_pk in ((long_ago(), old), (today(), session(owner, today()))):
        call(owner, session_pk, at, success=False, error="boom")
        prompt(owner, session_pk, at, "Mend the lamp")
    rollups.finish("real")
    return str(old)


def drop(owner: Owner) -> None:
    owner.execute("update signalbox.retention set keep_raw_days = 30")
    assert rollups.drop_all("real") > 0
    rollups.finish("real")


def test_the_form_shows_the_numbers_then_asks_and_leaves_a_receipt(owner: Owner, people: People) -> None:
    fill(owner)
    page = open_page(people["admin"], PAGE)
    assert "Events of sessions are kept for ever." in page.text
    assert "would be dropped" not in page.text
    page.app.number_input("f_keep").set_value(30)
    page.run()
    before = f"{today() - timedelta(days=30):%d %B %Y}"
    assert f"6 rows from before {before} (UTC) would be dropped, the oldest of" in page.text
    assert "chronicle.tool_events" in page.text
    assert "Kept: the sums of calls and prompts" in page.text
    button = page.app.button("keep_days")
    assert button.disabled, "closed until the number is typed"
    page.app.text_input("typed_keep").set_value("30")
    page.run()
    page.app.button("keep_days").click()
    page.run()
    assert (
        "Events of sessions are kept for 30 days from now on. 6 rows from before that go in the background."
        in page.text
    )
    assert "Events of sessions are kept for 30 days, set by admin@example.com" in page.text
    said = owner.execute(
        "select actor_email, detail -> 'days' as days from signalbox.audit_log where target = 'retention'"
    )
    assert said.fetchall() == [{"actor_email": "admin@example.com", "days": 30}]
    assert rollups.drop_all("real") == 6
    text = open_page(people["admin"], PAGE).text
    assert "only sums are kept: 6 rows were dropped" in text


def test_an_age_that_somebody_else_has_changed_meanwhile_is_not_set(owner: Owner, people: People) -> None:
    fill(owner)
    page = open_page(people["admin"], PAGE, keep="30")
    page.app.text_input("typed_keep").set_value("30")
    page.run()
    owner.execute("update signalbox.retention set keep_raw_days = 90")
    page.app.button("keep_days").click()
    page.run()
    assert "Somebody else has changed how long events are kept since you looked" in page.text
    assert rollups.read_retention(people["admin"]).keep_raw_days == 90


def test_for_ever_is_set_without_typing_and_late_rows_are_said(owner: Owner, people: People) -> None:
    old = fill(owner)
    drop(owner)
    call(owner, old, long_ago())  # type: ignore[arg-type]  # a row gives its id as it is
    page = open_page(people["admin"], PAGE, keep="0")
    assert "4 rows from before that came in later. They count;" in page.text
    page.app.button("keep_for_ever").click()
    page.run()
    assert "Events of sessions are kept for ever from now on." in page.text


@pytest.mark.parametrize(("path", "words"), [
    ("reports/overview.py", "only sums are kept, and calls and prompts are counted from them; lists, search and"),
    ("reports/tools.py", "only sums are kept, and calls are counted from them; single calls and the texts of errors"),
    ("reports/sessions.py", "only sums are kept: search in prompts, and the prompts, calls and errors of sessions,"),
])  # fmt: skip
def test_a_page_says_from_where_on_only_sums_exist(owner: Owner, people: People, path: str, words: str) -> None:
    fill(owner)
    assert "only sums are kept" not in open_page(people["manager"], path, period="all").text
    drop(owner)
    when = today() - timedelta(days=30)
    said = open_page(people["manager"], path, period="all").text
    assert words in said
    assert f"Before {when.day} {when:%b}" in said
    assert "only sums are kept" not in open_page(people["manager"], path, period="7d").text


def test_of_one_project_calls_alone_are_counted_from_sums(owner: Owner, people: People) -> None:
    fill(owner)
    before = open_page(people["manager"], "reports/overview.py", period="all", project="shop").text
    drop(owner)
    said = open_page(people["manager"], "reports/overview.py", period="all", project="shop").text
    assert "only sums are kept, and calls are counted from them; lists, search and single calls begin there." in said
    card = "known outcomes of"
    assert said[said.index(card) :][:22] == before[before.index(card) :][:22]


def test_what_is_gone_is_not_shown_as_nothing(owner: Owner, people: People) -> None:
    old = fill(owner)
    drop(owner)
    text = open_page(people["manager"], "reports/sessions.py", period="all").text
    assert text.count("not kept") >= 3, "prompts, calls and failures of the old session"
    text = open_page(people["manager"], "reports/session.py", session=old).text
    assert "What happened in this session is not kept row by row before" in text
    assert "nothing is known to have gone wrong" not in text
    # Two calls failed, one of which can still be listed.
    page = open_page(people["manager"], "reports/tools.py", period="all", tool="Bash", outcome="failed")
    assert "CSV, 1 row" in page.text
    assert "CSV, 2 rows" not in page.text


def test_a_session_that_goes_on_after_the_boundary_shows_what_is_left(owner: Owner, people: People) -> None:
    old = session(owner, long_ago())
    call(owner, old, long_ago(), "Read")
    call(owner, old, long_ago(), "Grep")  # which outlives its events
    owner.execute("update chronicle.tool_events set created_at = %s where tool_name = 'Grep'", (today(),))
    call(owner, old, today())
    rollups.finish("real")
    drop(owner)
    page = open_page(people["manager"], "reports/session.py", session=str(old))
    assert "its timeline begins there" in page.text
    assert "could not be shown" not in page.text
    assert "Bash" in page.text
    assert "Read" not in page.text


def test_an_export_of_sessions_leaves_open_what_is_not_known(owner: Owner, people: People) -> None:
    fill(owner)
    drop(owner)
    parameters = exports.parse("sessions", {})
    taken = b"".join(exports.stream(people["manager"], "sessions", parameters, "csv")).decode()
    rows = list(csv.DictReader(io.StringIO(taken)))
    assert [(row["prompts"], row["calls"], row["failed_calls"]) for row in rows] == [("1", "1", "1"), ("", "", "")]


def test_where_every_row_is_gone_pages_open_on_the_sums(owner: Owner, people: People) -> None:
    call(owner, session(owner, long_ago()), long_ago())
    rollups.finish("real")
    drop(owner)
    for parameters in ({"period": "all"}, {}):
        for path in ("reports/tools.py", "reports/overview.py", "reports/sessions.py"):
            assert "could not be shown" not in open_page(people["manager"], path, **parameters).text
    assert "No call of a tool is recorded yet" not in open_page(people["manager"], "reports/tools.py").text
    assert "1 call" in open_page(people["manager"], "reports/tools.py", period="all").text
    assert "No call of a tool in a session of yours" in open_page(people["member"], "reports/tools.py").text


def test_a_member_is_told_that_managers_see_the_sums(owner: Owner, people: People) -> None:
    own = session(owner, long_ago(), user_id=people["member"].user_id)
    call(owner, own, long_ago())
    call(owner, session(owner, today(), user_id=people["member"].user_id), today())
    rollups.finish("real")
    drop(owner)
    text = open_page(people["member"], "reports/tools.py", period="all").text
    assert "only sums are kept, which managers see: what you see of calls begins there." in text


def test_it_says_why_nothing_is_dropped_from_the_tables_of_another_system(owner: Owner, people: People) -> None:
    fill(owner)
    owner.execute("update signalbox.retention set keep_raw_days = 30")
    owner.execute("insert into signalbox.adopted_tables values ('chronicle', 'events', 'public', 'events', 'pointed')")
    text = open_page(people["admin"], PAGE).text
    assert "Nothing is dropped: the tables of chronicle are another system's" in text


def test_nobody_but_an_admin_reaches_the_form(people: People) -> None:
    page = open_page(people["manager"], PAGE)
    assert "How long events are kept" not in page.text
