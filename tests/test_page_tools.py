"""The page of tools: what it says first, what its figures lead to, and why it is empty when it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import parse_qs

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import exports
from data.access import Actor
from data.reports.tools import MAX_GROUPS
from tests import recorded
from tests.page_runs import PageRun, open_address, open_page, queries_during, taken_away
from tests.test_tools import REFUSAL, call, make_session
from ui.tools import listing

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
PAGE = "reports/tools.py"
MOST_QUERIES = 8


def fill(owner: Owner, worse: bool = False) -> None:
    """Two periods of Bash and Read; with `worse`, Bash fails far more often in the newer one."""
    session = make_session(owner, "shop")
    for number in range(40):
        for days, failing in ((1, 20 if worse else 4), (8, 4)):
            at = NOW - timedelta(days=days)
            is_bad = number < failing
            call(owner, session, "Bash", at=at, success=not is_bad, error="Exit code 1\nboom" if is_bad else None)
            call(owner, session, "Read", at=at, ms=2000)


def test_it_says_why_there_is_nothing(people: People) -> None:
    assert "No call of a tool is recorded yet" in open_page(people["manager"], PAGE).text
    assert "You see your own sessions" in open_page(people["member"], PAGE).text


def test_it_says_when_filters_leave_nothing_and_how_to_get_out(owner: Owner, people: People) -> None:
    fill(owner)
    page = open_page(people["manager"], PAGE, project="no such project")
    assert "No call in the last 7 days fits these filters" in page.text
    assert "/tools?project=no+such+project&period=all" in page.links


def test_the_tool_that_got_worse_stands_in_the_first_sentence(owner: Owner, people: People) -> None:
    fill(owner, worse=True)
    text = open_page(people["manager"], PAGE).text
    assert "Bash fails more often than in the 7 days before: 50.0 % of 40 calls, was 10.0 % of 40." in text
    assert "75.0 % of 80 calls succeeded in the last 7 days" in text


def test_every_number_of_calls_leads_to_as_many_calls(owner: Owner, people: People) -> None:
    session = make_session(owner, "shop")
    for success, error in ((True, None), (True, None), (False, "boom"), (False, REFUSAL), (None, None), (None, None)):
        call(owner, session, at=NOW - timedelta(hours=1), success=success, error=error, answered=success is not None)
    call(owner, session, "Read", at=NOW - timedelta(hours=1))
    page = open_page(people["manager"], PAGE)
    assert "75.0 % of 4 calls succeeded" in page.text
    [known] = page.ways("4 calls")
    assert open_address(people["manager"], known).rows == [4, 1], "and one kind of failure"
    assert {"failed", "succeeded"} == {
        bar["series"] for chart in open_address(people["manager"], known).charts for bar in chart
    }
    [every, *_] = page.ways("7")
    assert open_address(people["manager"], every).rows[0] == 7
    [of_tool] = page.ways("6")
    assert of_tool == "/tools?period=7d&tool=Bash"
    [rate] = page.ways("33.3 %")
    assert open_address(people["manager"], rate).rows[0] == 3
    [card] = [way for way in page.links if way.startswith("/tools?period=7d&outcome=known")][:1]
    assert card == known
    [unknown, in_table] = page.ways("2")
    assert open_address(people["manager"], unknown).rows == [2]
    assert "tool=Bash&outcome=unknown" in in_table


def test_what_was_compared_with_nothing_does_not_look_fine(owner: Owner, people: People) -> None:
    session = make_session(owner, "shop")
    for number in range(33):
        call(owner, session, at=NOW - timedelta(hours=1), success=number < 6, error=None if number < 6 else "boom")
    [said, *_] = [piece for piece in open_page(people["manager"], PAGE).pieces if "sb-say" in piece]
    assert "18.2" in said
    assert "sb-mark sb-unknown" in said


def test_every_way_to_a_tool_stays_inside_the_project(owner: Owner, people: People) -> None:
    fill(owner, worse=True)
    [project] = {row["project_name"] for row in owner.execute("select project_name from chronicle.sessions").fetchall()}
    shown = open_page(people["manager"], PAGE, project=project)
    assert "Bash fails more often" in shown.text
    ways = [address for address in shown.links if address.startswith("/tools?") and "tool=" in address]
    assert len(ways) > 3
    assert [address for address in ways if f"project={project}" not in address] == []


def test_calls_without_a_time_are_told_of_all_calls_and_lead_to_all_of_them(owner: Owner, people: People) -> None:
    fill(owner)
    [project] = {row["project_name"] for row in owner.execute("select project_name from chronicle.sessions").fetchall()}
    recorded.call(owner, recorded.session(owner, NOW), None)
    shown = open_page(people["manager"], PAGE, project=project)
    told = "Without the filters, 1 call without a recorded time is in no period."
    assert told in shown.text
    assert "/tools?period=untimed" in shown.links
    assert "Without the filters" not in open_page(people["manager"], PAGE).text
    assert "Without the filters" not in open_page(people["manager"], PAGE, list="calls", sort="calls").text
    empty = open_page(people["manager"], PAGE, project="nobody")
    assert told in empty.text
    assert "/tools?project=nobody&period=all" in empty.links
    unfiltered = open_page(people["manager"], PAGE, period="custom", **{"from": "2020-01-01", "to": "2020-01-02"})
    assert "No call is recorded from 1 to 2 Jan 2020. Look at all time" in unfiltered.text
    assert "filters" not in unfiltered.text.replace("Without the filters", "")
    of_all_time = open_page(people["manager"], PAGE, project="nobody", period="all")
    assert "look at all time" not in of_all_time.text
    assert "Without the filters, all time includes 1 call without a recorded time." in of_all_time.text


def test_it_says_by_what_check_all_is_well(owner: Owner, people: People) -> None:
    fill(owner)
    text = open_page(people["manager"], PAGE).text
    assert "No tool fails more often or takes longer than in the 7 days before (2 tools with enough calls" in text


def test_unknown_outcomes_are_said_and_never_a_rate(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for _ in range(3):
        call(owner, session, at=NOW - timedelta(hours=1), answered=False)
    text = open_page(people["manager"], PAGE).text
    assert "Of 3 calls in the last 7 days no outcome is recorded, so no success rate can be told." in text
    assert "0 %" not in text
    assert "100 %" not in text


def test_refusals_are_said_apart_from_failures(owner: Owner, people: People) -> None:
    session = make_session(owner)
    call(owner, session, at=NOW - timedelta(hours=1))
    call(owner, session, at=NOW - timedelta(hours=1), success=False, error=REFUSAL)
    text = open_page(people["manager"], PAGE).text
    assert "100 % of 1 call succeeded in the last 7 days; a person refused 1." in text
    assert "No call failed." in text
    assert "They never ran, so they are no failures." in text


def test_a_kind_of_error_beyond_the_most_frequent_has_its_file_as_well(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for number in range(1, MAX_GROUPS + 2):
        at = NOW - timedelta(hours=number)
        for _ in range(1 if number > MAX_GROUPS else 2):
            call(owner, session, at=at, success=False, error=f"Broken {'x' * number}")
    rarest = f"Broken {'x' * (MAX_GROUPS + 1)}"
    first = open_page(people["manager"], PAGE)
    assert not any(f"error={rarest.replace(' ', '+')}" in link for link in first.links)
    assert "CSV, 1 row" in open_page(people["manager"], PAGE, error=rarest).text
    assert "CSV, 2 rows" in open_page(people["manager"], PAGE, error="Broken x").text


def test_untimed_calls_are_said_and_can_be_looked_at(owner: Owner, people: People) -> None:
    session = make_session(owner)
    call(owner, session, at=NOW - timedelta(hours=1))
    for _ in range(2):
        call(owner, session, "Read", at=None)
    assert "2 calls without a recorded time are in no period." in open_page(people["manager"], PAGE).text
    all_time = open_page(people["manager"], PAGE, period="all").text
    assert "All time includes 2 calls without a recorded time." in all_time
    untimed = open_page(people["manager"], PAGE, period="untimed").text
    assert "of 2 calls without a time succeeded" in untimed
    assert "cannot be drawn over it" in untimed


def test_the_file_of_calls_is_in_the_order_of_the_screen(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for tool, hours, ms in (("Bash", 3, 7), ("Read", 2, 9), ("Edit", 1, 8)):
        call(owner, session, tool, at=NOW - timedelta(hours=hours), ms=ms)
    for sort, tools in (("-when", "Edit Read Bash"), ("when", "Bash Read Edit"), ("duration", "Bash Edit Read")):
        page = open_page(people["manager"], PAGE, list="calls", sort=sort)
        assert [row["tool"] for row in taken_away(people["manager"], page, "tool_calls")] == tools.split()


def test_the_calls_of_one_kind_of_error_can_be_taken_away(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for error in ("Exit code 1", "Exit code 1", "File does not exist."):
        call(owner, session, at=NOW - timedelta(hours=1), success=False, error=error)
    page = open_page(people["manager"], PAGE, error="Exit code 1")
    (address,) = [link for link in page.links if link.startswith("/export/tool_calls.csv?")]
    given = exports.parse("tool_calls", parse_qs(address.partition("?")[2]))
    assert "CSV, 2 rows" in page.text
    assert exports.count(people["manager"], "tool_calls", given) == 2


def test_what_is_said_of_durations_leads_to_the_calls_that_have_one(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for hours, ms in ((1, 7), (2, None), (3, 9), (200, 5)):
        call(owner, session, at=NOW - timedelta(hours=hours), ms=ms)
    page = open_page(people["manager"], PAGE)
    assert "2 timed" in page.text
    assert page.links.count("/tools?period=7d&outcome=timed&sort=-duration") == 2
    assert page.links.count("/tools?period=7d&tool=Bash&outcome=timed&sort=-duration") == 4
    page = open_page(people["manager"], PAGE, period="7d", outcome="timed", sort="-duration")
    assert [row["duration_ms"] for row in taken_away(people["manager"], page, "tool_calls")] == [9, 7]
    assert "CSV, 2 rows" in page.text
    assert "the chart and the list are of calls with a duration alone." in page.text
    assert sum(bar["number"] for chart in page.charts for bar in chart) == 2
    assert "with a duration · 2" in next(box for box in page.app.selectbox if box.label == "Outcome").options


def test_every_tool_leads_to_its_calls_and_every_call_to_its_session(owner: Owner, people: People) -> None:
    fill(owner)
    assert "/tools?period=7d&tool=Bash&outcome=failed" in open_page(people["manager"], PAGE).links
    page = open_page(people["manager"], PAGE, tool="Bash", outcome="failed")
    assert "Exit code 1: boom" in page.text
    assert sum(link.startswith("/session?period=7d&session=") for link in page.links) >= 4
    assert any("/export/tool_calls.csv?" in link and "outcome=failed" in link for link in page.links)
    assert "CSV, 4 rows" in page.text


def test_a_kind_of_failure_leads_to_its_cases(owner: Owner, people: People) -> None:
    fill(owner)
    [link] = {link for link in open_page(people["manager"], PAGE).links if "error=Exit+code+1" in link}
    assert "tool=Bash" in link
    page = open_page(people["manager"], PAGE, tool="Bash", error="Exit code 1")
    assert "CSV, 4 rows" in page.text
    assert (
        "No sums are kept by kind of error, so the calls of the chart and the filters themselves were counted."
        in page.text
    )
    assert "No sums are kept" not in open_page(people["manager"], PAGE, tool="Bash").text


def test_refusals_and_the_newest_case_of_a_failure_lead_to_themselves_inside_the_filters(
    owner: Owner, people: People
) -> None:
    session_pk = recorded.session(owner, NOW - timedelta(hours=3))
    for tool in ("Bash", "Bash", "Read"):
        recorded.call(owner, session_pk, NOW - timedelta(hours=2), tool, success=False, error=REFUSAL)
    recorded.call(owner, session_pk, NOW - timedelta(hours=2), success=False, error="Exit code 1")
    newest = recorded.call(owner, session_pk, NOW - timedelta(hours=1), success=False, error="Exit code 1")
    shown = open_page(people["manager"], PAGE, tool="Bash")
    assert "A person refused 2 calls" in shown.text.replace("  ", " ")
    [way] = {address for address in shown.links if "outcome=refused" in address and "period=7d" in address}
    assert way == "/tools?period=7d&tool=Bash&outcome=refused"
    assert "CSV, 2 rows" in open_page(people["manager"], PAGE, tool="Bash", outcome="refused").text
    assert f"/session?period=7d&session={session_pk}&item={newest}" in shown.links


def test_the_chart_and_the_list_are_of_the_chosen_outcome_and_the_page_says_what_is_not(
    owner: Owner, people: People
) -> None:
    fill(owner)
    everything = open_page(people["manager"], PAGE)
    assert {bar["series"] for bars in everything.charts for bar in bars} == {"failed", "succeeded"}
    assert "are of all outcomes" not in everything.text
    page = open_page(people["manager"], PAGE, tool="Bash", outcome="failed")
    said = "The sentence and the four figures are of all outcomes; the chart and the list are of failed calls alone."
    assert said in page.text
    assert "Failed calls per day of Bash" in page.text
    assert page.text.count("Failed calls") == 2
    [[bar]] = page.charts
    assert bar["number"] == 4


def test_the_chart_of_a_kind_of_failure_is_of_that_kind(owner: Owner, people: People) -> None:
    session = make_session(owner, "shop")
    for error in ("Exit code 1", "Exit code 1", "no such file"):
        call(owner, session, at=NOW - timedelta(hours=1), success=False, error=error)
    call(owner, session, at=NOW - timedelta(hours=1))
    page = open_page(people["manager"], PAGE, tool="Bash", error="Exit code 1")
    [[bar]] = page.charts
    assert bar["number"] == 2
    assert "Failed calls per day of Bash, with Exit code 1" in page.text


def test_a_bar_of_the_chart_is_a_link_to_its_day_with_what_is_chosen(owner: Owner, people: People) -> None:
    session, now = make_session(owner, "shop"), datetime.now(UTC)
    call(owner, session, at=now, success=False, error="Exit code 1")
    [[bar]] = open_page(people["manager"], PAGE, tool="Bash", outcome="failed", project="shop").charts
    assert bar["address"] == (
        f"/tools?tool=Bash&project=shop&outcome=failed&period=custom&from={now.date()}&to={now.date()}"
    )
    assert bar["told"] == f"{now:%a %-d %b %Y} (so far), calls: 1"


def test_a_command_is_shown_with_every_character_it_holds(owner: Owner, people: People) -> None:
    command = r"printf '<system-reminder>a\nb</system-reminder>' | sed 's/<b>//'"
    session = make_session(owner, "shop")
    call(owner, session, at=NOW)
    owner.execute(
        "update chronicle.tool_events set parameters = %s where phase = 'pre'", (Jsonb({"command": command}),)
    )
    assert f"<code>{escape(command)}</code>" in "".join(open_page(people["manager"], PAGE, list="calls").pieces)


def test_long_lists_come_in_pages(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for number in range(30):
        call(owner, session, at=NOW - timedelta(minutes=number))
    first = open_page(people["manager"], PAGE, tool="Bash")
    assert "1 to 25 of 30" in first.text
    assert "26 to 30 of 30" in open_page(people["manager"], PAGE, tool="Bash", page="2").text


@pytest.mark.parametrize("asked", ["3", "999"])
def test_calls_beyond_those_that_can_be_leafed_through_are_in_the_file(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(listing, "MOST_LEAFED", 50)
    session_pk = recorded.session(owner, NOW - timedelta(hours=1))
    for number in range(60):
        at = NOW - timedelta(hours=1) + timedelta(seconds=number)
        recorded.call(owner, session_pk, at, given={"command": f"step {number:02}"})
    words = "The pages hold the first 50 of 60 calls in this order."
    last = open_page(people["manager"], PAGE, list="calls", page=asked)
    assert words in last.text
    assert "26 to 50 of 50" in last.text
    assert ("step 10" in last.text, "step 09" in last.text) == (True, False)
    assert [address for address in last.links if address.startswith("/export/tool_calls.csv")]
    first = open_page(people["manager"], PAGE, list="calls", sort="when")
    assert "step 00" in first.text, "the order can be turned round"
    monkeypatch.setattr(listing, "MOST_LEAFED", 60)
    assert words not in open_page(people["manager"], PAGE, list="calls").text


@pytest.mark.parametrize(
    "parameters", [{}, {"tool": "Bash", "outcome": "failed"}, {"project": "shop", "list": "calls"}]
)
def test_it_needs_few_queries_and_none_again_for_the_same_rows(
    owner: Owner, people: People, parameters: dict[str, str]
) -> None:
    fill(owner)
    page = open_page(people["manager"], PAGE, **parameters)
    owner.execute("update chronicle.tool_events set tool_type = 'builtin'")  # a new version: nothing is cached any more
    cold = queries_during(page.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold
    warm = queries_during(page.run)
    assert set(warm) == {"web_sessions.find_people", "versions.read_sources"}, warm


def test_nobody_sees_what_somebody_else_has_put_into_the_cache(owner: Owner, people: People) -> None:
    mine = make_session(owner, "mine", people["member"].user_id)
    theirs = make_session(owner, "theirs", people["other"].user_id)
    call(owner, mine, "Mine", at=NOW, success=False, error="my own error")
    call(owner, theirs, "Theirs", at=NOW, success=False, error="a foreign error")
    everything = open_page(people["manager"], PAGE).text
    assert "Mine" in everything
    assert "Theirs" in everything
    for parameters in ({}, {"tool": "Theirs"}, {"list": "calls"}):
        page = open_page(people["member"], PAGE, **parameters)
        assert "a foreign error" not in page.text
        assert "theirs" not in options(page)
    assert "my own error" in open_page(people["member"], PAGE).text


def options(page: PageRun) -> str:
    """What the pickers offer beside what was asked for."""
    return " ".join(option for box in page.app.selectbox for option in box.options if "· 0" not in option)


def test_what_agents_wrote_is_text_and_no_markup(owner: Owner, people: People) -> None:
    session = make_session(owner, "<b>shop</b>")
    call(owner, session, "<script>alert(1)</script>", at=NOW, success=False, error="<img src=x onerror=alert(1)>")
    html = "".join(open_page(people["manager"], PAGE, list="calls").pieces)
    assert "<script>alert" not in html
    assert "<img" not in html


def test_a_long_name_of_a_tool_is_shortened_in_the_middle_and_whole_on_hover(owner: Owner, people: People) -> None:
    name = "mcp__clear-thought-server__sequentialthinking"
    call(owner, make_session(owner, "shop"), name, at=NOW, success=True)
    page = "".join(open_page(people["manager"], PAGE).pieces)
    assert f'title="{name}"' in page
    assert ">mcp__clear-th…__sequentialthinking</a>" in page
