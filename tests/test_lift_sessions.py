"""The pages of lift-sys: figures against rows made by hand, the difference of two revisions, whose rows one sees."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data.access import Actor
from data.errors import NotFound
from data.reports import lift_sessions as reports
from data.reports.holes import NamedHoles, named_in
from tests.page_runs import file_rows, open_address, open_page, queries_during, taken_away
from ui.lift_sessions.difference import difference
from ui.wording import figures

Connection = psycopg.Connection[DictRow]
NOW = datetime.now(UTC).replace(microsecond=0)
WEEK: dict[str, Any] = {"start": NOW - timedelta(days=7), "end": NOW + timedelta(days=1)}
BEFORE: dict[str, Any] = {"previous_start": NOW - timedelta(days=15), "previous_end": NOW - timedelta(days=7)}
LIST, ONE = "reports/lift_sessions.py", "reports/lift_session.py"


def add(
    owner: Connection, person: Actor, status: str = "active", days_ago: float = 1, prompt: str = "a parser"
) -> UUID:
    identifier, at = uuid4(), NOW - timedelta(days=days_ago)
    owner.execute(
        "insert into lift.sessions (id, user_id, status, prompt, created_at, updated_at)"
        " values (%s, %s, %s, %s, %s, %s)",
        (identifier, person.user_id, status, prompt, at, at),
    )
    return identifier


def revise(owner: Connection, person: Actor, session: UUID, number: int, ir: Any) -> None:
    owner.execute(
        "insert into lift.session_revisions (session_id, user_id, revision_number, ir_content) values (%s, %s, %s, %s)",
        (session, person.user_id, number, Jsonb(ir)),
    )


def draft(
    owner: Connection,
    person: Actor,
    session: UUID,
    number: int,
    *,
    syntax: bool | None = True,
    ast: bool | None = True,
    **metrics: Any,
) -> None:
    owner.execute(
        "insert into lift.session_drafts (session_id, user_id, draft_number, code, syntax_valid, ast_valid,"
        " llm_metrics, created_at) values (%s, %s, %s, 'print(1)', %s, %s, %s, %s)",
        (session, person.user_id, number, syntax, ast, Jsonb(metrics), NOW - timedelta(days=1)),
    )


def fill(owner: Connection, person: Actor, session: UUID, hole: str, with_: Any, minutes_ago: int = 0) -> None:
    owner.execute(
        "insert into lift.hole_resolutions (session_id, user_id, hole_id, resolution, created_at)"
        " values (%s, %s, %s, %s, %s)",
        (session, person.user_id, hole, Jsonb(with_), NOW - timedelta(minutes=minutes_ago)),
    )


def test_a_period_holds_its_start_and_not_its_end(owner: Connection, people: dict[str, Actor]) -> None:
    """On their borders both periods say whose a session is, and no session is in both."""
    for days_ago in (7, -1, 15):
        add(owner, people["member"], "active", days_ago=days_ago)
    counted = reports.count_statuses(people["manager"], **WEEK, **BEFORE)
    assert [(one.sessions, one.previous_sessions) for one in counted] == [(1, 1)]
    assert len(reports.list_sessions(people["manager"], **WEEK)) == 1
    later: dict[str, Any] = {"previous_start": NOW - timedelta(days=20), "previous_end": NOW - timedelta(days=15)}
    assert [one.previous_sessions for one in reports.count_statuses(people["manager"], **WEEK, **later)] == [0]


def test_the_two_checks_of_a_draft_are_counted_apart(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    session = add(owner, me)
    for number, (syntax, ast) in enumerate(((True, True), (True, False), (True, None), (False, None)), start=1):
        draft(owner, me, session, number, syntax=syntax, ast=ast, model="one")
    (row,) = reports.list_validation(people["manager"], **WEEK)
    assert (row["drafts"], row["syntax_checked"], row["syntax_valid"]) == (4, 4, 3)
    assert (row["ast_checked"], row["ast_valid"]) == (2, 1)


def test_what_is_not_known_comes_last_either_way(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    unpriced, cheap, dear = (add(owner, me) for _ in range(3))
    draft(owner, me, cheap, 1, cost_usd=1)
    draft(owner, me, dear, 1, cost_usd=2)
    for downwards, expected in ((True, [dear, cheap, unpriced]), (False, [cheap, dear, unpriced])):
        rows = reports.list_sessions(people["manager"], sort="cost", downwards=downwards)
        assert [row["session_id"] for row in rows] == expected


def test_sessions_are_counted_by_status_against_the_week_before(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    done = add(owner, me, "finalized")
    draft(owner, me, done, 1, cost_usd=0.5)
    draft(owner, me, done, 2)
    add(owner, me, "error")
    add(owner, me, "error", days_ago=9)
    counts = {one.status: one for one in reports.count_statuses(people["manager"], **WEEK, **BEFORE)}
    assert (counts["finalized"].sessions, counts["finalized"].previous_sessions) == (1, 0)
    assert (counts["finalized"].cost_usd, counts["finalized"].drafts, counts["finalized"].priced_drafts) == (
        Decimal("0.5"),
        2,
        1,
    )
    assert (counts["error"].sessions, counts["error"].previous_sessions) == (1, 1)


def test_drafts_are_rated_over_the_checked_ones(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    session = add(owner, me)
    draft(owner, me, session, 1, model="a", latency_ms=100)
    draft(owner, me, session, 2, syntax=False, ast=None, model="a", latency_ms=300)
    draft(owner, me, session, 3, syntax=None, ast=None, model="a", cost_usd="free")
    draft(owner, me, session, 4)
    rows = {row["model"]: row for row in reports.list_validation(people["manager"], **WEEK)}
    found = rows["a"]
    assert (found["drafts"], found["syntax_checked"], found["syntax_valid"], found["ast_checked"]) == (3, 2, 1, 1)
    assert (found["latency_p50_ms"], found["priced"], found["cost_usd"]) == (200, 0, None), "a text is no cost"
    assert rows["(unknown model)"]["drafts"] == 1


@pytest.mark.parametrize(
    ("sort", "first"), [("revisions", "many revisions"), ("cost", "dear"), ("holes", "many holes"), ("when", "newest")]
)
def test_sessions_are_sorted(owner: Connection, people: dict[str, Actor], sort: str, first: str) -> None:
    me = people["member"]
    revise(owner, me, add(owner, me, days_ago=4, prompt="many revisions"), 1, {})
    draft(owner, me, add(owner, me, days_ago=4, prompt="cheap"), 1, cost_usd=1)
    draft(owner, me, add(owner, me, days_ago=3, prompt="dear"), 1, cost_usd=9)
    fill(owner, me, add(owner, me, days_ago=2, prompt="many holes"), "h", 1)
    owner.execute("update lift.sessions set updated_at = created_at")
    add(owner, me, days_ago=0, prompt="newest")
    owner.execute("alter table lift.sessions disable trigger sessions_touch")
    owner.execute("update lift.sessions set updated_at = created_at")
    rows = reports.list_sessions(people["manager"], sort=sort)
    assert rows[0]["prompt"] == first
    upwards = reports.list_sessions(people["manager"], sort=sort, downwards=False)
    assert upwards[0]["prompt"] != first


def test_one_session_with_its_holes_newest_first(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    session = add(owner, me)
    fill(owner, me, session, "h1", "old", minutes_ago=5)
    fill(owner, me, session, "h1", "new")
    fill(owner, me, session, "h2", "other")
    found = reports.read_session(me, session_id=session)
    assert (sorted(found.about["filled_holes"]), found.about["resolutions"]) == (["h1", "h2"], 3)
    holes = reports.list_holes(me, session_id=session, limit=2)
    assert [(row["resolution"], row["counts"]) for row in holes] == [("new", True), ("old", False)]
    (row,) = reports.list_holes(me, session_id=session, limit=2, offset=2)
    assert (row["hole_id"], row["counts"]) == ("h2", True)
    assert reports.list_holes(people["other"], session_id=session) == []
    with pytest.raises(NotFound):
        reports.read_session(people["other"], session_id=session)


def test_holes_are_named_by_lists_of_an_ir() -> None:
    ir = {
        "intent": {"holes": [{"identifier": "first", "kind": "intent", "description": "Why?"}, {"kind": "nameless"}]},
        "signature": {"parameters": [], "holes": [{"identifier": "type", "type_hint": 7}]},
        "effects": [{"description": "", "holes": ["first", "fourth", 3]}, {"holes": ["last"]}],
        "metadata": {"evidence": {"holes": "many"}},
    }
    named = named_in(ir)
    assert named is not None
    assert [(hole["identifier"], hole["kind"], hole["type_hint"], hole["description"]) for hole in named.holes] == [
        ("first", "intent", None, "Why?"),
        ("type", None, None, None),
        ("fourth", None, None, None),
        ("last", None, None, None),
    ]
    assert named.nameless == 2
    silent_ones: tuple[Any, ...] = ({}, {"intent": "add"}, [], None, "holes", {"holes": {"identifier": "no list"}})
    for silent in silent_ones:
        assert named_in(silent) is None
    deep: Any = {"holes": ["deep"]}
    for _ in range(5000):
        deep = [deep]
    assert named_in(deep) == NamedHoles(
        ({"identifier": "deep", **dict.fromkeys(("kind", "type_hint", "description"))},), 0
    )


def test_a_revision_is_compared_with_the_one_before_it(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    session = add(owner, me)
    for number, ir in ((1, {"a": 1}), (3, {"a": 2}), (4, {"a": 3})):
        revise(owner, me, session, number, ir)
    newest = reports.compare_revisions(me, session_id=session)
    assert newest is not None
    assert (newest["revision_number"], newest["previous_number"]) == (4, 3)
    gap = reports.compare_revisions(me, session_id=session, revision=3)
    assert gap is not None
    assert (gap["previous_number"], gap["previous_content"]) == (1, {"a": 1})
    first = reports.compare_revisions(me, session_id=session, revision=1)
    assert first is not None
    assert first["previous_content"] is None
    assert reports.compare_revisions(me, session_id=session, revision=2) is None


def test_a_difference_names_the_lines() -> None:
    lines = list(difference({"name": "a", "kind": "x"}, {"name": "b", "kind": "x"}))
    assert '-  "name": "a"' in lines
    assert '+  "name": "b"' in lines
    assert '   "kind": "x",' in lines
    assert list(difference({"a": 1}, {"a": 1})) == []
    assert list(difference(None, [])) == ["@@ -0,0 +1 @@", "+[]"]


# the pages


def test_the_list_tells_and_leads(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    session = add(owner, me, "finalized", prompt="<b>bold</b> 🚀")
    draft(owner, me, session, 1, cost_usd=0.5, model="m")
    add(owner, people["other"], "abandoned")
    page = open_page(people["manager"], LIST)
    assert "2 sessions of lift-sys in the last 30 days" in page.text
    assert "1 was given up." in page.text
    assert open_address(people["manager"], page.ways("1")[0]).rows[0] == 1
    cost, of_model = page.ways("$0.50")
    assert "model=m" in of_model
    assert f"/lift_session?period=30d&session={session}" in open_address(people["manager"], cost).links
    assert "Their drafts cost $0.50 (1 of 1 draft priced)." in page.text
    assert "<b>bold</b> 🚀" in page.text
    assert f"/lift_session?period=30d&session={session}" in page.links
    assert people["other"].email in page.text
    own = open_page(me, LIST)
    assert "1 session of lift-sys" in own.text
    assert people["other"].email not in own.text
    narrowed = open_page(people["manager"], LIST, status="abandoned")
    assert re.search("Drafts by model rates .*\n.*of all sessions of the period, whatever the filters", narrowed.text)
    assert "whatever the filters" not in page.text
    assert "1 session of lift-sys" in narrowed.text
    assert "🚀" not in narrowed.text


def test_the_drafts_of_a_model_are_listed_as_they_are_counted(owner: Connection, people: dict[str, Actor]) -> None:
    me, manager = people["member"], people["manager"]
    session = add(owner, me)
    for number, (syntax, ast) in enumerate(((True, True), (False, None), (None, None), (True, False)), 1):
        draft(owner, me, session, number, syntax=syntax, ast=ast, model="m", **({"cost_usd": 0.5} if syntax else {}))
    draft(owner, me, session, 5)
    page = open_page(manager, LIST)
    for words, drafts in (("4", 4), ("66.7 % of 3", 3), ("50.0 % of 2", 2), ("$1.00", 2), ("1", 1)):
        [address] = [way for way in page.ways(words) if "model=" in way]
        listed = open_address(manager, address)
        assert f"{drafts} draft" in listed.text
        assert f"/lift_session?period=30d&session={session}" in listed.links
        assert len(taken_away(manager, listed, "lift_drafts_of_model")) == drafts
    assert "0 drafts of nobody's in the last 30 days." in open_page(manager, LIST, model="nobody's").text
    assert not reports.list_drafts_of_model(people["other"], model="m")


def test_what_the_pages_list_is_taken_away(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    session = add(owner, me)
    revise(owner, me, session, 1, {"goal": "sort"})
    draft(owner, me, session, 1, model="m")
    one = open_page(me, ONE, session=str(session))
    assert f"/export/lift_revisions.csv?session_id={session}" in one.links
    assert "CSV, 1 revision" in one.text
    [revision] = file_rows(me, "lift_revisions", {"session_id": [str(session)]})
    assert revision["revision_number"] == 1
    assert not file_rows(people["other"], "lift_revisions", {"session_id": [str(session)]})
    page = open_page(me, LIST, period="30d")
    assert any(link.startswith("/export/lift_drafts_by_model.csv?start=") for link in page.links)
    assert [row["model"] for row in file_rows(me, "lift_drafts_by_model", {})] == ["m"]
    assert not file_rows(me, "lift_holes", {"session_id": [str(session)]})


def test_one_session_shows_what_a_revision_changed(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    session = add(owner, me)
    revise(owner, me, session, 1, {"goal": "<script>alert(1)</script>"})
    revise(owner, me, session, 2, {"goal": "sort"})
    draft(owner, me, session, 1, syntax=False)
    page = open_page(me, ONE, session=str(session))
    assert "1 line added, 1 line removed." in page.text
    assert '- "goal": "<script>alert(1)</script>"' in page.text
    assert "1 draft does not parse." in page.text
    assert f"/lift_session?session={session}&revision=1" in page.links
    assert "against nothing" in open_page(me, ONE, session=str(session), revision="1").text
    assert "no revision of that number" in open_page(me, ONE, session=str(session), revision="9").text


def test_the_present_ir_and_its_open_holes_are_shown(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    session = add(owner, me)
    asked = {"session": str(session)}
    assert "The session has no IR yet." in open_page(me, ONE, **asked).text

    def write(ir: Any) -> str:
        owner.execute("update lift.sessions set current_ir = %s where id = %s", (Jsonb(ir), session))
        return open_page(me, ONE, **asked).text

    told = write({"goal": "sort", "size": "x" * 30_000})
    assert '"goal": "sort"' in told
    assert "The first 20,000 of 30,0" in told
    assert "has no list called “holes”, so which holes are open is not known." in told
    assert "holes open" not in told
    assert "It names none." in write({"intent": {"holes": []}})
    holes = [
        {"identifier": "h1", "kind": "type", "description": "Cents or <b>euros</b>?"},
        {"identifier": "h2", "kind": "effect", "type_hint": "list[int]"},
    ]
    fill(owner, me, session, "h2", "int")
    told = write({"intent": {"holes": [*holes, {}]}})
    assert "1 hole filled and 1 hole open." in told
    assert re.search(rf"h1\s+type\s+{figures.DASH}\s+Cents or <b>euros</b>\?", told)
    assert "list[int]" not in told.partition("Open holes")[2], "a filled hole is not open"
    assert "1 entry without a name can be read in the present IR alone." in told
    fill(owner, me, session, "h1", "cents")
    assert "Every hole that it names is filled." in open_page(me, ONE, **asked).text
    many = write({"holes": [f"open {number}" for number in range(101)]})
    assert "The first 100 of 101; the present IR has them all." in many


def test_long_sessions_come_in_pages(owner: Connection, people: dict[str, Actor]) -> None:
    """Each table has pages of its own in the address, the newest rows first, and following one keeps the others."""
    me = people["member"]
    session = add(owner, me)
    owner.execute(
        "insert into lift.session_drafts (session_id, user_id, draft_number, code, syntax_valid, ast_valid)"
        " select %s, %s, n, 'code ' || n, n > 1, case when n > 2 then n <> 3 end from generate_series(1, 60) as n",
        (session, me.user_id),
    )
    owner.execute(
        "insert into lift.session_revisions (session_id, user_id, revision_number, ir_content)"
        " select %s, %s, n, jsonb_build_object('step', n) from generate_series(1, 60) as n",
        (session, me.user_id),
    )
    owner.execute(
        "insert into lift.hole_resolutions (session_id, user_id, hole_id, resolution)"
        " select %s, %s, 'h' || lpad(n::text, 2, '0'), to_jsonb(n) from generate_series(1, 30) as n",
        (session, me.user_id),
    )
    known = owner.execute("select valid_drafts, checked_drafts from analytics.lift_session_summary").fetchone()
    assert known == {"valid_drafts": 57, "checked_drafts": 59}, "what does not parse needs no further check"
    asked = {"session": str(session)}
    first = open_page(me, ONE, **asked)
    assert (
        "60 revisions, 60 drafts and 30 holes filled; cost not priced. "
        "1 draft does not parse. 1 draft has an AST that is not valid."
    ) in first.text
    assert [box.label for box in first.app.expander] == [f"Code of draft {number}" for number in range(60, 35, -1)]
    assert first.text.count("1 to 25 of 60") == 2
    assert "1 to 25 of 30" in first.text
    assert "Revision 60 against revision 59" in first.text
    for name in ("drafts", "revisions", "holes"):
        assert f"/lift_session?session={session}&{name}=2" in first.links
    assert any(link.startswith(f"/export/lift_drafts.csv?session_id={session}") for link in first.links)
    assert "CSV, 60 drafts" in first.text

    later = open_page(me, ONE, **asked, drafts="99", revisions="2", holes="2", revision="20")
    assert [box.label for box in later.app.expander] == [f"Code of draft {number}" for number in range(10, 0, -1)]
    assert "51 to 60 of 60" in later.text
    assert "Revision 20 against revision 19" in later.text
    here = f"/lift_session?session={session}&drafts=99&revisions=2&holes=2"
    assert [f"{here}&revision={number}" in later.links for number in (36, 35, 20, 11, 10)] == [
        False,
        True,
        False,  # which is shown
        True,
        False,
    ]
    assert f"/lift_session?session={session}&drafts=2&revisions=2&holes=2&revision=20" in later.links
    assert "h30" in later.text
    assert "h25" not in later.text


def test_what_is_not_there_is_said(owner: Connection, people: dict[str, Actor]) -> None:
    session = add(owner, people["other"])
    mine = open_page(people["other"], ONE, session=str(session)).text
    assert "0 drafts" in mine
    assert "not priced" not in mine, "where nothing is to be priced"
    for asked in (str(session), "nonsense", ""):
        assert "nothing here" in open_page(people["member"], ONE, session=asked).text
    assert "No session of lift-sys is yours." in open_page(people["member"], LIST).text
    assert "matches these filters" in open_page(people["manager"], LIST, q="zzz").text
    unknown = open_page(people["manager"], LIST, status="foo")
    assert "No session of lift-sys in the last 30 days has the status “foo”." in unknown.text
    assert "/lift_sessions?period=30d" in unknown.links, "the filter can be taken away"
    found = open_page(people["manager"], LIST, q="parser").text
    assert "1 session of lift-sys" in found
    assert "No sums are kept by words of prompts, so the sessions themselves were counted." in found
    assert "No sums are kept" not in open_page(people["manager"], LIST).text


def test_both_lists_lead_to_each_other(people: dict[str, Actor]) -> None:
    assert "/lift_sessions" in open_page(people["member"], "reports/sessions.py").links
    assert "/sessions" in open_page(people["member"], LIST).links


def test_at_most_eight_queries(owner: Connection, people: dict[str, Actor]) -> None:
    session = add(owner, people["member"])
    revise(owner, people["member"], session, 1, {})
    for path, asked in ((LIST, {}), (ONE, {"session": str(session)})):
        page = open_page(people["manager"], path, **asked)
        owner.execute("update lift.sessions set prompt = prompt")  # a new version: nothing is cached any more
        assert queries_during(page.run).total() <= 8
