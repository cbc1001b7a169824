"""Overview: what waits, what happened against the period before, and what it says while there is nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from streamlit.delta_generator import DeltaGenerator

from data import approvals, database, measures
from data.access import Actor
from data.identity import web_sessions
from data.ingest import ingest
from data.ingest.report import KEPT_PROBLEMS
from data.reports import overview, session
from tests import recorded
from tests.ingest_records import typed
from tests.page_runs import open_address, open_page, queries_during, taken_away
from tests.performed import run, window
from tests.recorded import Owner
from ui import cached
from ui.asking.periods import Period
from ui.drawing import time_axis
from ui.navigation import FIRST
from ui.view import View

People = dict[str, Actor]

PAGE = "reports/overview.py"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cached.forget()


def test_an_empty_database_offers_the_demo_and_the_import(people: People) -> None:
    text = open_page(people["admin"], PAGE).text
    assert "No session of an agent is recorded here yet" in text
    assert "Look around in the demo" in text
    assert "Import your own logs" in text


def test_a_manager_is_told_who_may_make_the_demo_or_import(people: People) -> None:
    run = open_page(people["manager"], PAGE)
    assert not [button for button in run.app.button if button.label.startswith(("Make", "Import"))]


def test_the_receipt_of_an_import_names_the_first_files_that_were_not_read(
    people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "projects" / "bay"
    folder.mkdir(parents=True)
    for name in ("a", "b", "c"):
        said = typed(1, "Dive", sessionId=name)
        (folder / f"{name}.jsonl").write_text(json.dumps(said) + "\n{*broken*\n{again\n", encoding="utf-8")
    (folder / "z.jsonl").symlink_to(tmp_path / "nowhere")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    run = open_page(people["admin"], PAGE)
    (button,) = [button for button in run.app.button if button.label == "Import this folder"]
    button.click()
    text = run.run().text
    assert "3 files read" in text
    receipt = text[text.index("Not read, or not whole:") :].splitlines()[0]
    places = [receipt.index(words) for words in ("z.jsonl: the file cannot", "a.jsonl, line 2:", "b.jsonl, line 2:")]
    assert places == sorted(places)
    assert receipt.endswith("; and 1 more.")
    assert "line 3" not in receipt


def test_a_member_without_rows_is_told_why_nothing_is_there(owner: Owner, people: People) -> None:
    recorded.one_of_everything(owner, NOW, "zanzibar", people["member"].user_id)
    text = open_page(people["other"], PAGE).text
    assert "You see your own rows only" in text
    assert "zanzibar" not in text


def test_it_opens_on_the_newest_days_that_hold_data_and_says_which(owner: Owner, people: People) -> None:
    at = datetime(2025, 8, 24, 12, tzinfo=UTC)
    session_pk = recorded.session(owner, at)
    recorded.call(owner, session_pk, at)
    run = open_page(people["manager"], PAGE)
    assert "the last 7 days with data: 18 to 24 Aug 2025" in run.text
    assert "there was 1 session" in run.text
    assert "/sessions?period=custom&from=2025-08-18&to=2025-08-24" in run.links


def test_what_waits_stands_first_and_each_line_leads_to_its_rows(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, NOW - timedelta(hours=2), status="error")
    recorded.notification(owner, session_pk, NOW - timedelta(hours=1), "needs your permission")
    recorded.question(owner, NOW - timedelta(hours=3), "Refund", session_pk=session_pk)
    recorded.question(owner, NOW - timedelta(hours=3), "Lapsed", expires=NOW - timedelta(hours=1))
    recorded.job(owner, NOW - timedelta(hours=3), status="running", started=NOW - timedelta(hours=2))
    recorded.job(owner, NOW - timedelta(hours=3), status="running", started=NOW - timedelta(minutes=5))
    recorded.job(owner, NOW - timedelta(hours=3), status="failed", completed=NOW - timedelta(hours=1), error="no")
    run = open_page(people["admin"], PAGE)
    first = next(line for line in run.text.splitlines() if "question waits" in line)
    assert "1 question waits for a decision, 1 job runs over an hour, 1 job failed and 1 session ended" in first
    for address in (
        "/approvals",
        "/jobs?long=true&period=all",
        "/jobs?period=7d&status=failed",
        "/sessions?period=7d&status=error",
        "/sessions?has=waiting&period=all",
    ):
        assert address in run.links
    manager = open_page(people["manager"], PAGE)
    assert "An admin decides." in manager.text
    assert "/approvals" not in manager.links


def test_runs_of_procedures_that_failed_or_hang_are_told(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    for days in (1, 2):
        run(owner, NOW - timedelta(days=days), status="failed")
    run(owner, NOW - timedelta(hours=3))
    run(owner, NOW - timedelta(days=20), status="failed")
    run(owner, None, status="running", started_at=NOW - timedelta(hours=23))
    shown = open_page(people["manager"], PAGE)
    assert "2 runs of procedures failed. In the last 7 days" in shown.text
    assert "2 runs of procedures failed in the last 7 days, of 3 that ended" in shown.text
    assert "/sops?period=7d&status=failed" in shown.links
    assert "open for over a day" not in shown.text.replace("or are open for over a day", "")
    run(owner, None, status="running", started_at=NOW - timedelta(hours=25))
    shown = open_page(people["manager"], PAGE)
    assert "1 run of a procedure is open for over a day" in shown.text
    assert "/sops?long=true&sort=when&period=all" in shown.links
    assert "procedure" not in open_page(people["member"], PAGE).text, "runs of nobody are not a member's"


def test_an_agent_that_escalates_more_often_is_named(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    for days, escalations in ((1, 30), (9, 10)):
        at = NOW - timedelta(days=days)
        window(owner, at, "Intake <b>", actions_total=400, human_escalations=escalations)
        window(owner, at, "Steady", actions_total=400, human_escalations=20)
        window(owner, at, "Small", actions_total=19, human_escalations=escalations // 2)
        window(owner, at, "Countless", actions_total=None, actions_automated=None, human_escalations=escalations)
    shown = open_page(people["manager"], PAGE)
    first = " ".join(shown.text.split())
    assert (
        "Intake <b> escalates 3.0 times as often as in the 7 days before: 7.5 per 100 actions of 400, was 2.5 per 100 "
        "actions of 400." in first
    )
    assert "Intake <b> escalates more often than in the 7 days before" in first
    assert "/agents?period=7d&agent=Intake+%3Cb%3E" in shown.links
    assert not any("Steady" in link or "Small" in link or "Countless" in link for link in shown.links)


def test_when_all_is_well_it_says_by_what_check(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    text = open_page(people["manager"], PAGE).text
    assert "Nothing needs you: no question waits, no job runs over an hour, no job, session or run of a" in text
    assert "Looked at: questions to people" in text


def test_what_is_no_longer_or_not_yet_urgent_needs_nobody(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, NOW - timedelta(hours=2))
    recorded.job(owner, NOW - timedelta(hours=3), status="running", started=datetime.now(UTC) - timedelta(minutes=57))
    recorded.notification(owner, session_pk, NOW - timedelta(hours=25), "needed you yesterday")
    recorded.notification(owner, session_pk, NOW - timedelta(hours=1), "just so that you know", severity="info")
    seen = recorded.notification(owner, session_pk, NOW - timedelta(hours=1), "somebody saw this")
    owner.execute("update chronicle.notification_events set acknowledged = true where id = %s", (seen,))
    run = open_page(people["manager"], PAGE)
    assert "Nothing needs you" in run.text
    assert "Nothing. Looked at" in run.text
    assert "/sessions?has=waiting&period=all" not in run.links


def test_finished_jobs_are_those_that_came_to_an_end_by_themselves(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    for status, now, before in (("completed", 9, 6), ("failed", 6, 6), ("cancelled", 5, 5)):
        for days, number in ((0, now), (7, before)):
            at = NOW - timedelta(days=days, hours=2)
            for _ in range(number):
                recorded.job(owner, at, status=status, started=at, completed=at, error="no")
    text = open_page(people["manager"], PAGE).text
    card = text[text.index("Jobs finished") :].split("\n")[0]
    assert "Jobs finished 15" in card
    assert "6 failed" in card
    assert "n = 12" in card


def test_a_period_holds_what_happened_in_its_days_alone(owner: Owner, people: People) -> None:
    for day in (9, 10, 11, 12, 13):
        at = datetime(2026, 5, day, 12, tzinfo=UTC)
        recorded.call(owner, recorded.session(owner, at), at)
    text = open_page(people["manager"], PAGE, period="custom", **{"from": "2026-05-10", "to": "2026-05-12"}).text
    assert "there were 3 sessions" in text
    assert "3 known outcomes of 3" in text


def test_among_rows_without_a_time_only_those_are_counted(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    recorded.call(owner, recorded.session(owner, at), at)
    recorded.call(owner, recorded.session(owner, None), None)
    text = open_page(people["manager"], PAGE, period="untimed").text
    assert "there was 1 session" in text
    assert "1 known outcome of 1" in text


def test_the_stream_shows_the_last_ten_the_newest_first(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, NOW - timedelta(hours=2))
    for minute in range(1, 13):
        at = NOW - timedelta(minutes=minute)
        recorded.call(owner, session_pk, at, success=False, error=f"Broken {minute} ago")
    stream = open_page(people["manager"], PAGE).text
    stream = stream[stream.index("Fresh from the stream") :]
    places = [stream.find(f"Broken {minute} ago") for minute in range(1, 13)]
    assert places[:10] == sorted(places[:10])
    assert places[0] >= 0
    assert places[10:] == [-1, -1]


def test_the_last_import_tells_its_unreadable_records_first(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    for hours, path in ((5, "/logs/older.jsonl"), (1, "/logs/newer.jsonl")):
        recorded.import_problem(owner, path)
        owner.execute(
            "update signalbox.import_files set last_imported_at = %s where path = %s",
            (NOW - timedelta(hours=hours), path),
        )
    owner.execute(
        "update signalbox.import_files set problems = (select jsonb_agg(jsonb_build_object('line', n, 'reason', 'no'))"
        " from generate_series(1, 60) as n) where path = '/logs/older.jsonl'"
    )
    text = open_page(people["manager"], PAGE).text
    assert 0 < text.index("/logs/newer.jsonl") < text.index("/logs/older.jsonl")
    assert "11 more are not listed" in text


def test_all_unreadable_lines_are_counted_though_a_file_keeps_the_first_alone(
    people: People, database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text(json.dumps(typed(1, "Dive")) + "\n{broken" * (KEPT_PROBLEMS + 300), encoding="utf-8")
    ingest([path], database_url)
    found = overview.read_attention(people["manager"], now=NOW)
    assert (found["files_with_problems"], found["problems"]) == (1, KEPT_PROBLEMS + 300)
    run = open_page(people["manager"], PAGE)
    assert [unreadable.label for unreadable in run.app.expander] == ["500 records that could not be read"]
    assert "450 more are not listed" in run.text


def test_success_is_a_share_of_known_outcomes_and_refusals_are_not_failures(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    session_pk = recorded.session(owner, at)
    for _ in range(3):
        recorded.call(owner, session_pk, at)
    recorded.call(owner, session_pk, at, success=False, error="Exit code 1")
    recorded.call(owner, session_pk, at, success=False, error=recorded.REFUSAL)
    recorded.call(owner, session_pk, at, success=None)
    recorded.call(owner, session_pk, at, answered=False)
    page = open_page(people["manager"], PAGE)
    text = page.text
    assert "75.0 % of 4 tool calls succeeded" in text
    assert "4 known outcomes of 7" in text
    [known] = page.ways("4 known outcomes")
    assert open_address(people["manager"], known).rows[0] == 4
    [calls], [sessions] = page.ways("4 tool calls"), page.ways("1 session")
    assert open_address(people["manager"], calls).rows[0] == 4
    assert open_address(people["manager"], sessions).rows == [1]


def test_without_a_known_outcome_success_is_unknown(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    recorded.call(owner, recorded.session(owner, at), at, answered=False)
    text = open_page(people["manager"], PAGE).text
    assert "Tool calls that succeeded unknown" in text
    assert "of 1 tool call no outcome is recorded" in text


def test_costs_say_what_they_rest_on_and_are_never_zero(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    recorded.price(owner, "known", 10)
    recorded.session(owner, at, cost={"total_cost_usd": 3.5})
    recorded.reply(owner, recorded.session(owner, at), at, "known", tokens=100_000)
    partly = recorded.session(owner, at)
    for session_pk, model in (
        (partly, "known"),
        (partly, "nobody-knows"),
        (recorded.session(owner, at), "nobody-knows"),
    ):
        recorded.reply(owner, session_pk, at, model, tokens=100_000)
    page = open_page(people["manager"], PAGE)
    assert "Cost of sessions $7.50" in page.text
    assert "1 recorded, 1 estimated, 2 not priced in full" in page.text
    [address] = [link for link in page.links if "has=unpriced" in link]
    unpriced = open_page(people["manager"], "reports/sessions.py", **dict(parse_qsl(address.partition("?")[2])))
    assert len(taken_away(people["manager"], unpriced, "sessions")) == 2
    owner.execute("delete from chronicle.sessions where metadata ? 'cost'")
    owner.execute("delete from signalbox.model_prices where model = 'known'")
    assert "Cost of sessions not priced" in open_page(people["manager"], PAGE).text


def test_changes_carry_their_n_and_few_cases_carry_none(owner: Owner, people: People) -> None:
    for number in range(15):
        recorded.session(owner, NOW - timedelta(hours=1, minutes=number))
    for number in range(9):
        recorded.session(owner, NOW - timedelta(days=7, hours=1, minutes=number))
    assert "on the 7 days before" not in open_page(people["manager"], PAGE).text
    recorded.session(owner, NOW - timedelta(days=7, hours=2))
    text = open_page(people["manager"], PAGE).text
    assert "15 sessions (+50 % on the 7 days before up to the same time, n = 10)" in text


def test_events_without_a_time_are_counted_and_in_no_period(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    recorded.call(owner, recorded.session(owner, at), at)
    recorded.call(owner, recorded.session(owner, None), None)
    run = open_page(people["manager"], PAGE)
    assert "there was 1 session" in run.text
    assert "2 events without a recorded time are in no period." in run.text
    period = next(box for box in run.app.selectbox if box.label == "Period")
    assert period.options[-1] == "Without a time", "of several subjects there is no number: a call is an event, too"
    all_time = open_page(people["manager"], PAGE, period="all")
    assert "All time includes 2 events without a recorded time." in all_time.text
    assert "/?period=untimed" in all_time.links
    assert "in no period" not in all_time.text
    untimed = open_page(people["manager"], PAGE, period="untimed")
    assert "Among the rows without a time there was 1 session" in untimed.text
    assert "These are of 2 events without a recorded time." in untimed.text


def test_a_question_that_waits_does_not_decide_which_period_holds_data(owner: Owner, people: People) -> None:
    at = NOW - timedelta(days=60)
    recorded.call(owner, recorded.session(owner, at), at)
    recorded.question(owner, NOW - timedelta(hours=1), "May I?")
    text = open_page(people["admin"], PAGE).text
    assert "1 question waits for a decision" in text
    assert "there was 1 session" in text


def test_only_untimed_rows_open_on_those(owner: Owner, people: People) -> None:
    recorded.call(owner, recorded.session(owner, None), None, success=None)
    assert "Among the rows without a time there was 1 session" in open_page(people["manager"], PAGE).text


def test_a_tool_that_got_worse_is_named_with_both_rates(owner: Owner, people: People) -> None:
    now, before = NOW - timedelta(hours=2), NOW - timedelta(days=7, hours=2)
    session_pk = recorded.session(owner, now)
    for number in range(60):
        recorded.call(owner, session_pk, now, success=number % 3 > 0, error=None if number % 3 else "broken")
        recorded.call(owner, session_pk, before, success=number > 2, error=None if number > 2 else "broken")
        recorded.call(owner, session_pk, now, "Read", success=number > 5, error=None if number > 5 else "broken")
        recorded.call(owner, session_pk, before, "Read", success=number > 4, error=None if number > 4 else "broken")
    text = open_page(people["manager"], PAGE).text
    assert "Bash fails more often than in the 7 days before: 33.3 % of 60 calls, was 5.0 %." in text
    assert "Read fails more often" not in text


def test_failures_that_were_compared_with_nothing_do_not_look_fine(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, NOW - timedelta(hours=2))
    for days, state in ((0, "unknown"), (7, "well")):
        for _ in range(30):
            recorded.call(
                owner, session_pk, NOW - timedelta(days=days, hours=2), success=False, error=f"broken {state}"
            )
        page = open_page(people["manager"], PAGE)
        [said, *_] = [piece for piece in page.pieces if "sb-say" in piece]
        assert f"sb-mark sb-{state}" in said[said.index("sb-say") :][:120]
        words = "30 calls of tools failed; whether that is more than before cannot be told."
        assert (words in page.text) == (state == "unknown")
        assert (">30 calls of tools<" in said) == (state == "unknown"), "which leads to them"


def test_what_got_worse_is_the_same_on_overview_and_on_tools(owner: Owner, people: People) -> None:
    now, before = NOW - timedelta(hours=2), NOW - timedelta(days=7, hours=2)
    session_pk = recorded.session(owner, now)
    for number in range(25):
        failing = {"Bash": (12, 1), "Read": (5, 1), "Edit": (3, 2)}
        for tool, limits in failing.items():
            for at, limit in zip((now, before), limits, strict=True):
                failed = number < limit
                recorded.call(owner, session_pk, at, tool, success=not failed, error="broken" if failed else None)
    for path in (PAGE, "reports/tools.py"):
        text = open_page(people["manager"], path).text
        assert "Bash fails more often" in text
        assert "Read fails more often" not in text
        assert "Edit fails more often" not in text


def test_the_newest_happenings_lead_to_their_session(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    session_pk = recorded.session(owner, at)
    call = recorded.call(owner, session_pk, at, "Bash", success=False, error="Exit code 7")
    run = open_page(people["manager"], PAGE)
    assert "Exit code 7" in run.text
    assert f"/session?session={session_pk}&item={call}" in run.links
    assert str(call) in {item["item_id"] for item in session.list_items(people["manager"], session_pk=session_pk)}


def test_a_question_leads_those_who_decide_to_it_also_without_a_session(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    approval_id = recorded.question(owner, NOW - timedelta(hours=1), "Refund of 12")
    address = f"/approvals?approval={approval_id}"
    assert address in open_page(people["admin"], PAGE).links
    manager = open_page(people["manager"], PAGE)
    assert "Refund of 12" in manager.text
    assert address not in manager.links


def test_a_decision_of_now_on_an_old_question_is_among_the_newest(owner: Owner, people: People) -> None:
    asked_long_ago = recorded.question(owner, NOW - timedelta(days=5), "An old question")
    for minute in range(12):
        recorded.question(owner, NOW - timedelta(days=1, minutes=minute), f"Younger {minute}")
    approvals.decide(people["admin"], asked_long_ago, "approved")
    newest = overview.list_newest(people["manager"], most=10)
    assert [(one["kind"], one["subject"]) for one in newest[:2]] == [
        ("question approved", "An old question"),
        ("question pending", "Younger 0"),
    ]
    assert len(newest) == len({one["item_id"] for one in newest}) == 10


def test_the_type_of_a_notification_is_left_out_where_its_words_say_it(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=1)
    session_pk = recorded.session(owner, at)
    recorded.notification(owner, session_pk, at, "Claude needs your permission to use Bash")
    text = open_page(people["manager"], PAGE).text
    assert "Claude needs your permission to use Bash" in text
    assert "permission_prompt" not in text
    assert "permission prompt" not in text


def test_records_that_could_not_be_read_are_listed_with_line_and_reason(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    recorded.import_problem(owner, "/logs/of/somebody.jsonl", people["member"].user_id)
    text = open_page(people["manager"], PAGE).text
    assert "1 record in 1 file could not be read at import" in text
    row = next(line for line in text.splitlines() if "/logs/of/somebody.jsonl" in line)
    assert "3" in row
    assert "not JSON" in row
    assert "/logs/of/somebody.jsonl" not in open_page(people["other"], PAGE).text


@pytest.mark.parametrize(("period", "places"), [("7d", 7), ("24h", 12), ("30d", 15), ("90d", 18)])
def test_a_small_trend_has_a_place_for_each_slice_also_where_nothing_was(
    owner: Owner, people: People, period: str, places: int
) -> None:
    recorded.session(owner, NOW - timedelta(minutes=1))
    page = "".join(open_page(people["manager"], PAGE, period=period).pieces)
    trend = page[page.index('class="sb-spark"') :]
    bars = trend[: trend.index("</div>")]
    assert bars.count("<i ") == places
    assert bars.count("height:0%") == places - 1


def test_the_places_of_a_trend_follow_the_clocks_of_the_viewer(people: People) -> None:
    zone = ZoneInfo("Europe/Berlin")
    first, last = datetime(2026, 10, 22, tzinfo=zone), datetime(2026, 10, 29, tzinfo=zone)
    view = View(FIRST, people["admin"], (), last, zone, DeltaGenerator())
    period = Period("custom", first.astimezone(UTC), last.astimezone(UTC), "", zone)
    held = [datetime(2026, 10, 25, tzinfo=zone)]
    starts = [at.astimezone(zone) for at in time_axis.starts_of(view, period, "day", held)]
    assert [f"{at:%d %H:%M %z}" for at in starts] == [
        *(f"{day} 00:00 +0200" for day in (22, 23, 24, 25)),
        *(f"{day} 00:00 +0100" for day in (26, 27, 28)),
    ]


def test_what_agents_wrote_is_text_and_never_markup(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=2)
    session_pk = recorded.session(owner, at, project="<img src=x onerror=alert(1)>")
    recorded.call(owner, session_pk, at, success=False, error="<script>alert(1)</script>")
    html = "".join(open_page(people["manager"], PAGE).pieces)
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_the_page_asks_at_most_eight_queries_and_none_again_that_is_known(owner: Owner, people: People) -> None:
    recorded.one_of_everything(owner, NOW - timedelta(hours=2), "word", people["member"].user_id)
    queries = queries_during(lambda: open_page(people["admin"], PAGE))
    shown = {name: times for name, times in queries.items() if not name.startswith(_OF_SIGNING_IN)}
    assert sum(shown.values()) <= 8, shown
    again = queries_during(lambda: open_page(people["admin"], PAGE))
    assert {name for name in again if not name.startswith(_OF_SIGNING_IN)} <= {
        "web_sessions.find_people",
        "versions.read_sources",
        "overview.read_attention",  # where a minute has passed meanwhile
    }


# `open_page` signs in anew; the page's own look-up of who is here is find_people.
_OF_SIGNING_IN = ("web_sessions.forget_old", "web_sessions.start", "audit.")


def test_what_is_drawn_is_one_element_beside_the_line_with_the_time(owner: Owner, people: People) -> None:
    recorded.one_of_everything(owner, NOW - timedelta(hours=2), "word", people["member"].user_id)
    owner.execute("delete from signalbox.import_files")
    drawn, footer, sidebar = open_page(people["manager"], PAGE).pieces
    assert "sb-menu" in sidebar
    assert 0 < drawn.index("sb-say") < drawn.index("sb-trends") < drawn.index("Fresh from the stream")
    assert "sb-clock" in footer


def test_the_records_that_could_not_be_read_stand_between_what_is_drawn(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    recorded.import_problem(owner, "/logs/bad.jsonl")
    run = open_page(people["manager"], PAGE)
    first, table, rest, *_ = run.pieces
    assert "sb-say" in first
    assert "/logs/bad.jsonl" in table
    assert [piece.proto.body for expander in run.app.expander for piece in expander.get("html")] == [table]
    assert "sb-trends" in rest
    assert "Fresh from the stream" in rest


def test_backups_are_asked_about_only_for_whoever_is_told(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2), user_id=people["member"].user_id)

    def reads(role: str) -> int:
        open_page(people[role], PAGE)
        before = measures.cache_reads()["data.reports.overview.read_attention"].reads
        open_page(people[role], PAGE)
        return measures.cache_reads()["data.reports.overview.read_attention"].reads - before

    assert reads("manager") >= 1
    assert reads("member") == 0


def test_a_part_that_fails_leaves_the_rest_and_gives_a_number(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    owner.execute("create policy broken on signalbox.import_files as restrictive for select using (1 / 0 = 1)")
    text = open_page(people["manager"], PAGE).text
    assert "The overview could not be shown." in text
    assert "the number" in text
    assert "Fresh from the stream" in text
    assert "import_files" not in text


def test_the_demo_is_named_on_the_page(owner: Owner, people: People, database_url: str) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    database.open_database("demo", database_url)
    run = open_page(people["manager"], PAGE)
    assert "DEMO" not in run.text
    switch = next(box for box in run.app.selectbox if box.label == "Shown data")
    switch.set_value("demo")
    assert "DEMO" in run.run().text
    database.close_database("demo")
    assert "DEMO" not in run.run().text


def test_who_signed_out_sees_nothing_at_the_next_run(owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2), project="zanzibar")
    run = open_page(people["manager"], PAGE)
    assert any('<form method="post" action="/logout"><button' in piece for piece in run.pieces)
    web_sessions.end(run.app.user["sid"])
    text = run.run().text
    assert "Your session is over" in text
    assert "session" in text
    assert "zanzibar" not in text
