"""Overview of one project: its figures are those of the tables, and what belongs to no project is left out and said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from streamlit.testing.v1.element_tree import Selectbox

from data import approvals, exports, rollups
from data.access import Actor
from data.reports import overview
from tests import recorded
from tests.page_runs import PageRun, open_page, queries_during
from tests.performed import run, window
from tests.recorded import Owner
from ui import cached
from ui.overview.happenings import Happened, gather

People = dict[str, Actor]

PAGE = "reports/overview.py"
NOW = datetime.now(UTC)
FISH, QUOTED, NONE = "bay 🐟", "O'Brien's \"deck\"", "(no project)"
PROJECTS = ("shop", FISH, QUOTED, None)
START, MIDDLE, END = (datetime(2026, 5, day, tzinfo=UTC) for day in (1, 11, 21))
BOTH: dict[str, Any] = {
    "start": MIDDLE, "end": END, "untimed": False, "previous_start": START, "previous_end": MIDDLE,
}  # fmt: skip
ALL: dict[str, Any] = dict.fromkeys(("start", "end", "previous_start", "previous_end")) | {"untimed": False}
UNTIMED = ALL | {"untimed": True}


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cached.forget()


def fill(owner: Owner) -> None:
    """Sessions and calls of four projects in two periods and without a time, no two projects alike."""
    recorded.price(owner, "known", 10)
    for number, project in enumerate(PROJECTS, start=1):
        for place in range(4 + 2 * number):
            at = None if place % 4 == 2 else START + timedelta(hours=(151 * place + 50 * number) % 480)
            status = "error" if place % 3 == 0 else "completed"
            paid: dict[str, Any] = {"cost": {"total_cost_usd": place / 4}} if place % 2 else {}
            session_pk = recorded.session(owner, at, project=project, status=status, **paid)
            if place % 4 == 0:
                recorded.reply(owner, session_pk, at, "known" if number % 2 else "nobody-knows", tokens=10_000)
            for turn in range(number + place % 3):
                called = None if at is None else at + timedelta(minutes=7 * turn)
                outcome = (True, False, None, True)[(turn + place) % 4]
                error = "Exit code 1" if outcome is False else None
                recorded.call(owner, session_pk, called, ("Bash", "Read")[turn % 2], success=outcome, error=error)
            recorded.call(owner, session_pk, at, success=False, error=recorded.REFUSAL)
            recorded.call(owner, session_pk, at, "Edit", answered=False)


def read(actor: Actor, asked: Mapping[str, Any], project: str | None) -> Happened:
    given = {**asked, "bucket": "day", "zone": "Europe/Berlin", "project": project}
    return gather(overview.read_activity(actor, **given), overview.read_calls(actor, **given), project)


_SESSIONS = """
    select count(*) as sessions, count(*) filter (where status = 'error') as in_error, sum(coalesce(
        (metadata -> 'cost' ->> 'total_cost_usd')::numeric,
        (select sum(r.input_tokens + r.output_tokens) / 100000.0 from signalbox.model_replies as r
         where r.session_id = s.id and r.model = 'known')
    )) as cost_usd
    from chronicle.sessions as s
    where coalesce(project_name, '(no project)') = %(project)s and (
        %(untimed)s and started_at is null
        or not %(untimed)s and (%(start)s::timestamptz is null or started_at >= %(start)s)
        and (%(end)s::timestamptz is null or started_at < %(end)s))"""
_CALLS = """
    select count(*) as calls, count(*) filter (where t.success) as succeeded,
        count(*) filter (where not t.success and t.error_message <> %(refusal)s) as failed,
        count(*) filter (where t.error_message = %(refusal)s) as refused
    from chronicle.tool_events as t inner join chronicle.sessions as s on s.id = t.session_id
    where coalesce(s.project_name, '(no project)') = %(project)s
    and (t.phase = 'post' or not exists (
        select from chronicle.tool_events as a where a.call_id = t.call_id and a.phase = 'post'))
    and (
        %(untimed)s and t.created_at is null
        or not %(untimed)s and (%(start)s::timestamptz is null or t.created_at >= %(start)s)
        and (%(end)s::timestamptz is null or t.created_at < %(end)s))"""


def known_of(owner: Owner, start: object, end: object, untimed: object, project: str) -> dict[str, Any]:
    """What the tables hold of a project, asked of them in plain SQL."""
    asked = {"start": start, "end": end, "untimed": untimed, "project": project, "refusal": recorded.REFUSAL}
    rows = [owner.execute(text.encode(), asked).fetchone() for text in (_SESSIONS, _CALLS)]
    return {name: value for row in rows if row for name, value in row.items()}


@pytest.mark.parametrize("since", ["never stored", "stored", "changed since"])
def test_the_figures_of_a_project_are_those_of_the_tables(owner: Owner, people: People, since: str) -> None:
    fill(owner)
    if since != "never stored":
        rollups.finish("real")
    if since == "changed since":
        moved = recorded.session(owner, MIDDLE + timedelta(hours=3), project="shop", status="error")
        recorded.call(owner, moved, MIDDLE + timedelta(hours=3), success=False, error="late")
        owner.execute(
            "update chronicle.sessions set project_name = %s where id in (select id from chronicle.sessions"
            " where project_name = %s and started_at >= %s order by started_at limit 1)",
            (FISH, QUOTED, MIDDLE),
        )
    for asked in (BOTH, ALL, UNTIMED):
        for project in (project or NONE for project in PROJECTS):
            happened = read(people["manager"], asked, project)
            now = known_of(owner, asked["start"], asked["end"], asked["untimed"], project)
            assert now["sessions"] > 0
            assert (happened.count("sessions"), happened.count("sessions in error")) == (
                now["sessions"],
                now["in_error"],
            )
            assert (happened.cost.amount or Decimal()) == (now["cost_usd"] or Decimal())
            calls = happened.calls
            assert (calls.calls, calls.succeeded, calls.failed, calls.refused) == tuple(
                now[name] for name in ("calls", "succeeded", "failed", "refused")
            )
            timed = sum(row["happened"] for row in happened.slices if row["kind"] == "sessions")
            assert timed == (now["sessions"] if asked is BOTH else timed)
            if asked is BOTH:
                before = known_of(owner, START, MIDDLE, False, project)
                assert happened.before("sessions") == before["sessions"]
                assert happened.before("sessions in error") == before["in_error"]
                assert happened.calls_before.calls == before["calls"]
                assert happened.calls_before.failed == before["failed"]
                assert (happened.cost_before.amount or Decimal()) == (before["cost_usd"] or Decimal())


def test_projects_count_their_sessions_of_the_period_whichever_is_chosen(owner: Owner, people: People) -> None:
    fill(owner)
    rollups.finish("real")
    recorded.session(owner, END - timedelta(hours=1), project="later")  # since the sums were stored
    for asked in (BOTH, ALL, UNTIMED):
        every = read(people["manager"], asked, None)
        names = [*(project or NONE for project in PROJECTS), "later"]
        known = {
            name: known_of(owner, asked["start"], asked["end"], asked["untimed"], name)["sessions"] for name in names
        }
        assert every.projects == {name: number for name, number in known.items() if number}
        assert list(every.projects.values()) == sorted(every.projects.values(), reverse=True)
        assert sum(every.projects.values()) == every.count("sessions")
        assert read(people["manager"], asked, "shop").projects == every.projects
        assert read(people["manager"], asked, "no such").projects == every.projects


def test_all_projects_together_are_the_overview_without_a_filter(owner: Owner, people: People) -> None:
    fill(owner)
    rollups.finish("real")
    every = read(people["manager"], BOTH, None)
    each = [read(people["manager"], BOTH, project or NONE) for project in PROJECTS]
    assert sum(one.count("sessions") for one in each) == every.count("sessions")
    assert sum((one.calls for one in each), type(every.calls)()) == every.calls
    assert sum((one.calls_before for one in each), type(every.calls)()) == every.calls_before


def picker(shown: PageRun) -> Selectbox[Any]:
    return next(box for box in shown.app.selectbox if box.label == "Project")


def days(first: datetime, last: datetime) -> dict[str, str]:
    return {"period": "custom", "from": f"{first:%Y-%m-%d}", "to": f"{last - timedelta(days=1):%Y-%m-%d}"}


def test_the_picker_offers_each_project_with_its_sessions_and_puts_it_into_the_address(
    owner: Owner, people: People
) -> None:
    for number, project in enumerate(PROJECTS, start=1):
        for _ in range(number):
            recorded.session(owner, NOW - timedelta(hours=2), project=project)
    shown = open_page(people["manager"], PAGE)
    assert picker(shown).options == ["All projects", f"{NONE} · 4", f"{QUOTED} · 3", f"{FISH} · 2", "shop · 1"]
    assert "there were 10 sessions." in shown.text
    for project, sessions in ((FISH, "there were 2 sessions"), (QUOTED, "there were 3 sessions")):
        picker(shown).set_value(project)
        shown.run()
        assert shown.app.query_params["project"] == project
        assert f"Nothing of the project “{project}” needs you: no question waits, no session failed. In" in shown.text
        assert f"{sessions}." in shown.text
        assert picker(shown).options[1:] == [f"{NONE} · 4", f"{QUOTED} · 3", f"{FISH} · 2", "shop · 1"]
    reloaded = open_page(people["manager"], PAGE, project=QUOTED)
    said, before = (page.text.partition("as of ")[0] for page in (reloaded, shown))  # the clock goes on meanwhile
    assert (picker(reloaded).value, said) == (QUOTED, before)
    assert '"sb-chip' in "".join(reloaded.pieces)
    picker(shown).set_value("")
    shown.run()
    assert "project" not in shown.app.query_params
    assert "there were 10 sessions." in shown.text
    assert "sb-chip" not in "".join(shown.pieces)


def test_one_session_and_one_known_outcome_are_said_in_the_singular(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, None)
    recorded.call(owner, session_pk, None)
    recorded.call(owner, session_pk, None, success=None)
    text = open_page(people["manager"], PAGE, period="untimed", project="shop").text
    assert "100 % of all 1 session " in text
    assert "1 known outcome of 2" in text


def test_a_project_without_rows_stays_chosen_and_is_explained(owner: Owner, people: People) -> None:
    recorded.call(owner, recorded.session(owner, NOW - timedelta(hours=2)), NOW - timedelta(hours=2))
    shown = open_page(people["manager"], PAGE, project="no such <b>", period="30d")
    assert picker(shown).value == "no such <b>"
    assert picker(shown).options == ["All projects", "shop · 1", "no such <b> · 0"]
    assert "No session or call of a tool in the last 30 days has the project “no such <b>”." in shown.text
    assert "Nothing of the project “no such <b>” needs you: no question waits, no session failed." in shown.text
    first = next(piece for piece in shown.pieces if "sb-say" in piece)
    assert 'class="sb-mark sb-unknown"' in first[first.index("sb-say") :][:120], "nothing is known to be well"
    assert "sb-card" not in first
    assert "sb-trends" not in first
    assert {"/?period=30d", "/?period=all&project=no+such+%3Cb%3E"} <= set(shown.links)
    assert not any(address.startswith("/export/") for address in shown.links)


def test_what_belongs_to_no_project_is_left_out_and_said(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=3)
    recorded.session(owner, at)
    recorded.job(owner, at, status="failed", completed=at, error="no")
    recorded.job(owner, at, status="running", started=at)
    run(owner, at, status="failed")
    recorded.import_problem(owner, "/logs/bad.jsonl")
    recorded.question(owner, at, "Of nobody")
    for days_ago, escalations in ((1, 30), (9, 10)):
        window(owner, NOW - timedelta(days=days_ago), "Intake", actions_total=400, human_escalations=escalations)
    assert "1 question waits" in open_page(people["manager"], PAGE).text
    shown = open_page(people["manager"], PAGE, project="shop")
    assert "Nothing of the project “shop” needs you: no question waits, no session failed." in shown.text
    assert "Nothing. Looked at: questions to people in sessions of this project, its sessions that ended" in shown.text
    note = (
        "Jobs, runs of procedures, escalations of agents, questions without a session, records that could not be read "
        "and backups belong to no project and are left out. Show all projects"
    )
    assert note in shown.text
    assert "/?period=7d" in shown.links
    for absent in ("Jobs finished", "prompt", "job runs", "job failed", "procedure failed", "Intake", "bad.jsonl"):
        assert absent not in shown.text
    assert not any(
        address.startswith(("/jobs", "/sops", "/agents", "/backups")) for address in shown.links if "project" in address
    )
    recorded.session(owner, at, user_id=people["member"].user_id)
    member = open_page(people["member"], PAGE, project="shop").text
    assert "questions without a session and records that could not be read belong to no project" in member
    assert "backups" not in member


def test_what_waits_in_sessions_of_the_project_is_told_and_that_of_others_is_not(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    for project, number in (("shop", 2), (FISH, 1)):
        session_pk = recorded.session(owner, at, project=project, status="error")
        for place in range(number):
            recorded.question(owner, at, f"{project} {place}", session_pk=session_pk)
            recorded.notification(owner, session_pk, at, f"{project} needs you")
        recorded.question(owner, at, "Lapsed", session_pk=session_pk, expires=NOW - timedelta(hours=1))
        recorded.notification(owner, session_pk, NOW - timedelta(hours=30), f"{project} needed you")
    recorded.question(owner, at, "Of nobody")
    shop = open_page(people["admin"], PAGE, project="shop")
    assert "2 questions wait for a decision and 1 session ended in an error." in shop.text
    assert "2 notifications not acknowledged" in shop.text
    assert "/approvals?project=shop" in shop.links
    fish = open_page(people["admin"], PAGE, project=FISH)
    assert "1 question waits for a decision and 1 session ended in an error." in fish.text
    assert "1 notification not acknowledged" in fish.text
    assert f"/approvals?project={quote_plus(FISH)}" in fish.links
    assert "4 questions wait" in open_page(people["admin"], PAGE).text


@pytest.mark.parametrize("project", [FISH, QUOTED])
def test_every_link_carries_the_project_where_the_page_has_the_filter(
    owner: Owner, people: People, project: str
) -> None:
    now, before = NOW - timedelta(hours=2), NOW - timedelta(days=7, hours=2)
    session_pk = recorded.session(owner, now, project=project, status="error", cost={"total_cost_usd": 3})
    recorded.notification(owner, session_pk, now, "needs you")
    for number in range(25):
        failed = number < 12
        recorded.call(owner, session_pk, now, success=not failed, error="broken" if failed else None)
        recorded.call(owner, session_pk, before)
    shown = open_page(people["manager"], PAGE, project=project)
    assert "Bash fails more often" in shown.text
    carried = f"project={quote_plus(project)}"
    leading = [address for address in shown.links if address.startswith(("/sessions", "/tools", "/export"))]
    wanted = (
        f"/sessions?period=7d&{carried}", f"/sessions?period=7d&status=error&{carried}",
        f"/sessions?period=7d&sort=-cost&{carried}", f"/sessions?has=waiting&period=all&{carried}",
        f"/tools?period=7d&{carried}", f"/tools?period=7d&tool=Bash&{carried}",
    )  # fmt: skip
    assert set(wanted) <= set(leading)
    menu = {"/sessions", "/tools"}
    assert [address for address in leading if carried not in address and address not in menu] == []
    bars = [bar["address"] for chart in shown.charts for bar in chart]
    assert len(bars) == 3
    assert all(carried in address for address in bars)


def test_overview_counts_the_questions_that_the_queue_of_approvals_holds(owner: Owner, people: People) -> None:
    """And no question of an imported log that got no answer there, for no agent waits for one."""
    session_pk = recorded.session(owner, NOW, project="shop")
    recorded.question(owner, NOW - timedelta(hours=3), "Waits", session_pk=session_pk)
    recorded.question(owner, NOW - timedelta(hours=3), "Late", session_pk=session_pk, expires=NOW - timedelta(hours=1))
    imported = recorded.question(owner, NOW - timedelta(hours=4), "Of a log", session_pk=session_pk)
    owner.execute("update engine.human_approvals set metadata = '{\"imported\": true}' where id = %s", (imported,))
    admin, waiting = people["admin"], approvals.Questions(NOW)
    assert approvals.read_counts(admin, chosen=waiting).waiting == 1
    assert len(approvals.read_queue(admin, chosen=waiting).shown) == 1
    asked = NOW - timedelta(hours=3)
    everywhere = overview.read_attention(admin, now=NOW)
    here = overview.read_attention_of(admin, project="shop", now=NOW)
    assert (everywhere["pending_approvals"], everywhere["oldest_approval_at"]) == (1, asked)
    assert (here["pending_approvals"], here["seen_waiting"], here["oldest_approval_at"]) == (1, 1, asked)


def test_the_file_holds_the_calls_that_the_page_counts(owner: Owner, people: People) -> None:
    fill(owner)
    for project in (FISH, NONE):
        shown = open_page(people["manager"], PAGE, project=project, **days(MIDDLE, END))
        address = next(address for address in shown.links if address.startswith("/export/tool_calls.csv"))
        asked = parse_qs(urlsplit(address).query)
        assert asked["project"] == [project]
        held = exports.count(people["manager"], "tool_calls", exports.parse("tool_calls", asked))
        assert held == known_of(owner, MIDDLE, END, False, project)["calls"]
        assert f"CSV, {held} tool calls" in shown.text


def test_the_period_before_is_of_the_same_project(owner: Owner, people: People) -> None:
    for days_ago, number in ((0, 15), (7, 10)):
        at = NOW - timedelta(days=days_ago, hours=2)
        for place in range(number):
            recorded.session(owner, at, project="shop", status="error" if days_ago == 0 or place else "completed")
        recorded.session(owner, at, project=FISH)
    shown = open_page(people["manager"], PAGE, project="shop").text
    assert "15 sessions of the project “shop” (+50 % on the 7 days before up to the same time, n = 10)" in shown
    assert "93.8 % of all 16 sessions" in shown
    assert "Sessions in error 15" in shown
    assert "100 % of 15 sessions" in shown


def test_the_newest_happenings_are_of_the_project(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute, project in enumerate(("shop", FISH, "shop")):
        at = NOW - timedelta(hours=2, minutes=minute)
        session_pk = recorded.session(owner, at, project=project)
        name = f"{project} {minute}"
        recorded.call(owner, session_pk, at, success=False, error=f"{name} broke")
        recorded.call(owner, session_pk, at, success=False, error=recorded.REFUSAL)
        recorded.notification(owner, session_pk, at + timedelta(seconds=2), f"{name} needs you")
        recorded.notification(owner, session_pk, at + timedelta(seconds=2), "nothing", severity="info")
        recorded.event(owner, session_pk, "compact_pre", at + timedelta(seconds=3), {"trigger": name})
        approval_id = recorded.question(owner, at - timedelta(days=3), f"{name} asks", session_pk=session_pk)
        approvals.decide(people["admin"], approval_id, "approved")
    recorded.job(owner, NOW - timedelta(hours=2), status="failed", completed=NOW - timedelta(hours=2), error="no")
    newest = overview.list_newest_of(people["manager"], project="shop")
    assert [(one["kind"], one["subject"]) for one in newest] == [
        ("question approved", "shop 2 asks"),
        ("question approved", "shop 0 asks"),
        ("compaction", "context compacted"),
        ("notification", "shop 0 needs you"),
        ("failed call", "Bash"),
        ("compaction", "context compacted"),
        ("notification", "shop 2 needs you"),
        ("failed call", "Bash"),
    ]
    every = {one["item_id"]: one for one in overview.list_newest(people["manager"], most=50)}
    for one in newest:
        assert every[one["item_id"]] == one
    shown = open_page(people["manager"], PAGE, project=FISH).text
    stream = shown[shown.index("Fresh from the stream") :]
    assert "the last ten that matter in its newest 500 sessions, whatever the period" in stream
    assert f"{FISH} 1 broke" in stream
    assert "shop" not in stream
    monkeypatch.setattr(overview, "MOST_SESSIONS", 1)
    assert len(overview.list_newest_of(people["manager"], project="shop")) == 4
    assert len(overview.list_newest_of(people["manager"], project="shop", most=3)) == 3


def test_members_count_and_see_their_own_sessions_of_a_project(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    for role, number in (("member", 2), ("other", 3)):
        for _ in range(number):
            session_pk = recorded.session(owner, at, user_id=people[role].user_id)
            recorded.call(owner, session_pk, at, success=False, error=f"{role} broke")
    rollups.finish("real")
    shown = open_page(people["member"], PAGE, project="shop")
    assert "there were 2 sessions;" in shown.text
    assert picker(shown).options == ["All projects", "shop · 2"]
    assert "other broke" not in shown.text
    assert "member broke" in shown.text


def test_each_project_is_drawn_by_itself_and_kept(owner: Owner, people: People) -> None:
    for project in ("shop", FISH, FISH):
        recorded.session(owner, NOW - timedelta(hours=2), project=project)
    open_page(people["manager"], PAGE)
    for project, told in (("shop", "there was 1 session."), (FISH, "there were 2 sessions.")):
        assert told in open_page(people["manager"], PAGE, project=project).text
    again = queries_during(lambda: open_page(people["manager"], PAGE, project="shop"))
    assert not {name for name in again if name.startswith("overview.project.read_calls")}


def test_a_page_of_a_project_asks_at_most_eight_queries(owner: Owner, people: People) -> None:
    recorded.one_of_everything(owner, NOW - timedelta(hours=2), "word", people["member"].user_id)
    queries = queries_during(lambda: open_page(people["admin"], PAGE, project="word-project"))
    shown = {
        name: times
        for name, times in queries.items()
        if not name.startswith(("web_sessions.forget_old", "web_sessions.start", "audit."))
    }
    assert sum(shown.values()) <= 8, shown
    assert {name for name in shown if name.startswith("overview.")} == {
        f"overview.project.{name}" for name in ("read_attention", "read_activity", "read_calls", "list_newest")
    }


def test_events_without_a_time_are_said_to_be_of_all_projects(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    recorded.call(owner, recorded.session(owner, at), at)
    recorded.call(owner, recorded.session(owner, None), None)
    recorded.call(owner, recorded.session(owner, None, project=FISH), None)
    shown = open_page(people["manager"], PAGE, project="shop")
    assert "Of all projects together, 4 events without a recorded time are in no period." in shown.text
    assert "/?period=untimed" in shown.links
    everything = open_page(people["manager"], PAGE, project="shop", period="all").text
    assert "Of all projects together, all time includes 4 events without a recorded time." in everything
    assert "there were 2 sessions;" in everything
    untimed = open_page(people["manager"], PAGE, project="shop", period="untimed").text
    assert "Among the rows without a time there was 1 session;" in untimed
