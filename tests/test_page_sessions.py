"""Sessions: the list inside its filters, and one session as what happened in it."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from data import database
from data.access import Actor
from data.errors import Conflict, NotFound
from data.reports import session, sessions
from data.reports.sessions import Chosen
from tests import recorded
from tests.page_runs import PageRun, file_rows, open_address, open_page, queries_during, taken_away
from tests.recorded import Owner
from ui import cached
from ui.view import View

People = dict[str, Actor]

LIST, ONE = "reports/sessions.py", "reports/session.py"
NOW = datetime.now(UTC)
AT = NOW - timedelta(hours=2)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cached.forget()


def rows_of(run: PageRun) -> list[str]:
    """The ids of the sessions that the list links to, in order."""
    return [address.split("session=")[1].split("&")[0] for address in run.links if address.startswith("/session?")]


def test_a_title_keeps_the_tags_it_is_about_and_leaves_out_wrappers(owner: Owner, people: People) -> None:
    prompt = "<system-reminder>Why does <div> not close in <header>?</system-reminder>"
    recorded.prompt(owner, recorded.session(owner, AT), AT, prompt)
    pieces = "".join(open_page(people["manager"], LIST).pieces)
    assert ">Why does &lt;div&gt; not close in &lt;header&gt;?</a>" in pieces


def test_the_list_says_how_many_compares_and_links_each_with_the_filters(owner: Owner, people: People) -> None:
    first = recorded.session(owner, AT, project="shop")
    second = recorded.session(owner, AT + timedelta(minutes=1), project="shop", status="error")
    recorded.session(owner, AT, project="bank")
    for minute in range(12):
        recorded.session(owner, NOW - timedelta(days=7, hours=3, minutes=minute), project="shop")
    run = open_page(people["manager"], LIST, project="shop")
    assert "2 sessions that match started in the last 7 days, −83 % on the 7 days before" in run.text
    assert "(n = 12). 1 ended in an error." in run.text
    assert "/sessions?project=shop&status=error" in run.links
    assert rows_of(run) == [str(second), str(first)]
    assert all("project=shop" in address for address in run.links if address.startswith("/session?"))
    assert "project shop ×" in run.text


def test_two_sessions_that_look_the_same_carry_their_ids(owner: Owner, people: People) -> None:
    at = AT.replace(second=0)
    for seconds, words in ((1, "Mend the pump"), (2, "Mend the pump"), (3, "Paint the door")):
        session_pk = recorded.session(owner, at + timedelta(seconds=seconds))
        recorded.prompt(owner, session_pk, at + timedelta(seconds=seconds), words)
    recorded.prompt(owner, recorded.session(owner, at - timedelta(minutes=5)), at, "Paint the door")
    owner.execute("update chronicle.sessions set session_id = id::text")
    text = open_page(people["manager"], LIST).text
    assert len(set(re.findall(r"([0-9a-f]{8}) · Mend the pump", text))) == 2
    assert text.count("Paint the door") == 2
    assert "· Paint the door" not in text


def test_it_says_where_sessions_were_counted_one_by_one(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, datetime.now(UTC) - timedelta(hours=1))
    recorded.prompt(owner, session_pk, AT, "mend the lighthouse")
    recorded.call(owner, session_pk, AT, success=False, error="boom")
    for asked, said in (
        ({}, None),
        ({"project": "shop", "status": "completed"}, None),
        ({"has": "errors"}, "No sums are kept by content, so the sessions themselves were counted."),
        ({"q": "lighthouse", "has": "errors"}, "No sums are kept by content and words of prompts, so"),
    ):
        text = open_page(people["manager"], LIST, **asked).text
        assert "1 session" in text
        assert (said or "No sums are kept") in text or said is None
        assert ("No sums are kept" in text) == (said is not None)


def test_each_value_of_a_filter_says_how_many_sessions_it_leaves(owner: Owner, people: People) -> None:
    for number in range(3):
        session_pk = recorded.session(owner, AT, project="shop", status="error" if number else "completed")
        recorded.call(owner, session_pk, AT, success=bool(number), error=None if number else "broken")
        recorded.reply(owner, session_pk, AT, "opus" if number else "haiku")
    recorded.session(owner, AT, project="bank")
    run = open_page(people["manager"], LIST, status="error")
    offered = {box.label: box.options for box in run.app.selectbox}
    assert offered["Project"] == ["All projects", "shop · 2"]
    assert offered["Status"] == ["Any status", "completed · 2", "error · 2"]
    assert offered["Model"] == ["All models", "opus · 2"]
    assert offered["Has"] == ["Any content"]
    assert {"failed calls · 1"} <= set(
        next(box for box in open_page(people["manager"], LIST).app.selectbox if box.label == "Has").options
    )


def test_search_finds_words_of_prompts_in_their_forms(owner: Owner, people: People) -> None:
    found, other = recorded.session(owner, AT), recorded.session(owner, AT)
    recorded.prompt(owner, found, AT, "Please migrate the invoices to the new table")
    recorded.prompt(owner, other, AT, "Write a poem about trains")
    assert rows_of(open_page(people["manager"], LIST, q="invoice migration")) == [str(found)]
    assert rows_of(open_page(people["manager"], LIST, q='"poem about" -invoice')) == [str(other)]
    nothing = open_page(people["manager"], LIST, q="submarine")
    assert "matches these filters" in nothing.text
    assert "/sessions" in nothing.links


def test_what_a_search_by_words_passes_over_is_found_letter_by_letter(owner: Owner, people: People) -> None:
    """Words that stand everywhere, and signs, when nothing else is looked for; of others no more than by words."""
    prompts = {"The": "Please move it to the new table", "🚂": "Write a poem of trains 🚂", "?!": "Done🚀. Really?!"}
    for person in ("member", "other"):
        made = {name: recorded.session(owner, AT, user_id=people[person].user_id) for name in prompts}
        for name, text in prompts.items():
            recorded.prompt(owner, made[name], AT, text)
    page = open_page(people["other"], LIST)
    sought = {"the": "The", '"TO THE"': "The", "🚂": "🚂", "🚀": "?!", "?!": "?!", '" "': None, "with": None}
    for words, found in sought.items():
        page.app.query_params["q"] = words
        assert rows_of(page.run()) == ([str(made[found])] if found else []), words


def test_a_word_beside_a_sign_is_found_where_both_are(owner: Owner, people: People) -> None:
    prompts = {
        "both": "A poem of trains 🚂",
        "word": "A train",
        "sign": "🚂",
        "glued": "A train. Go🚂!",
        "heart": "❤️ train",
    }
    made = {name: recorded.session(owner, AT) for name in prompts}
    for name, text in prompts.items():
        recorded.prompt(owner, made[name], AT, text)
    page = open_page(people["manager"], LIST)
    for words, found in {
        "train 🚂": {"both", "glued"},
        "🚂 trains poem": {"both"},
        "trains🚂": {"both", "glued"},
        "train 🚂🚀": set[str](),
        "train ❤": {"heart"},
        "❤️ trains": {"heart"},
        "train": {"both", "word", "glued", "heart"},
        "poem or ships": {"both"},
    }.items():
        page.app.query_params["q"] = words
        assert set(rows_of(page.run())) == {str(made[name]) for name in found}, words


def test_search_finds_nothing_of_others(owner: Owner, people: People) -> None:
    mine = recorded.session(owner, AT, user_id=people["member"].user_id)
    recorded.prompt(owner, mine, AT, "Please mend the zanzibar")
    theirs = recorded.session(owner, AT, user_id=people["other"].user_id)
    recorded.prompt(owner, theirs, AT, "Please paint the zanzibar")
    assert rows_of(open_page(people["member"], LIST, q="zanzibar")) == [str(mine)]
    assert rows_of(open_page(people["other"], LIST, q="zanzibar")) == [str(theirs)]
    assert len(rows_of(open_page(people["manager"], LIST, q="zanzibar"))) == 2


@pytest.mark.parametrize("has", sessions.HAS)
def test_sessions_are_found_by_what_is_in_them(owner: Owner, people: People, has: str) -> None:
    wanted = {name: recorded.session(owner, AT, project=name) for name in sessions.HAS}
    recorded.call(owner, wanted["errors"], AT, success=False, error="broken")
    recorded.call(owner, wanted["refusals"], AT, success=False, error=recorded.REFUSAL)
    recorded.notification(owner, wanted["notifications"], NOW - timedelta(hours=30), "needed you")
    recorded.notification(owner, wanted["waiting"], AT, "needs you")
    recorded.event(owner, wanted["compactions"], "compact_pre", AT)
    recorded.call(owner, wanted["subagents"], AT, agent_id="a1")
    recorded.reply(owner, wanted["unpriced"], AT, "without-a-price")
    recorded.call(owner, wanted["unphased"], AT, "Grep")
    owner.execute("update chronicle.tool_events set phase = null where tool_name = 'Grep'")
    owner.execute("update chronicle.sessions set status = null where id = %s", (wanted["stateless"],))
    rows = sessions.list_page(people["manager"], chosen=Chosen(has=has), sort="when", downwards=True, most=9)
    found = {has, "waiting"} if has == "notifications" else {has}
    assert {row["project_name"] for row in rows} == found
    assert len(rows) == len(found)
    counts = sessions.count_started(
        people["manager"], chosen=Chosen(has=has), previous_start=None, previous_end=None, bucket="day", zone="UTC"
    )
    assert counts["sessions"].sum() == len(found)
    facets = sessions.count_facets(people["manager"], chosen=Chosen(has=has))
    assert facets["project"] == dict.fromkeys(found, 1)
    assert has == "waiting" or facets["has"][has] == len(found)


def test_sessions_that_do_not_say_how_they_ended_are_counted_and_led_to(owner: Owner, people: People) -> None:
    recorded.session(owner, AT)
    silent = recorded.session(owner, AT)
    owner.execute("update chronicle.sessions set status = null where id = %s", (silent,))
    page = open_page(people["manager"], LIST, period="90d")
    assert "How 1 of them ended is not known." in page.text
    assert "/sessions?period=90d&has=stateless" in page.links
    assert rows_of(open_page(people["manager"], LIST, period="90d", has="stateless")) == [str(silent)]
    overview = open_page(people["manager"], "reports/overview.py", period="90d")
    assert "What became of 1 session is not known." in overview.text
    assert "/sessions?period=90d&has=stateless" in overview.links


def found_by(actor: Actor, chosen: Chosen) -> tuple[list[str], list[str], int]:
    """What the filters find: the projects on the list, those in the export, and how many the sentence counts."""
    listed = sessions.list_page(actor, chosen=chosen, sort="when", downwards=True, most=9)
    with database.reading(actor) as unit:
        exported = unit.rows("sessions.listing.export_sessions", **asdict(chosen), sort=None, downwards=None)
    counts = sessions.count_started(
        actor, chosen=chosen, previous_start=None, previous_end=None, bucket="day", zone="UTC"
    )
    return [row["project_name"] for row in listed], [row["project"] for row in exported], int(counts["sessions"].sum())


@pytest.mark.parametrize(
    ("name", "value"),
    [("project", "shop"), ("status", "error"), ("model", "opus"), ("has", "errors"), ("search", "invoices")],
)
def test_each_filter_holds_for_list_export_count_and_the_values_of_the_others(
    owner: Owner, people: People, name: str, value: str
) -> None:
    shop = recorded.session(owner, AT, project="shop", status="error")
    recorded.call(owner, shop, AT, success=False, error="broken")
    recorded.reply(owner, shop, AT, "opus")
    recorded.prompt(owner, shop, AT, "Please migrate the invoices")
    bank = recorded.session(owner, AT, project="bank")
    recorded.notification(owner, bank, AT, "needs you")
    recorded.reply(owner, bank, AT, "haiku")
    recorded.prompt(owner, bank, AT, "Write a poem about trains")
    given: dict[str, Any] = {name: value}
    assert found_by(people["manager"], Chosen(**given)) == (["shop"], ["shop"], 1)
    of_shop = {"project": {"shop": 1}, "status": {"error": 1}, "model": {"opus": 1}, "has": {"errors": 1}}
    of_bank = {
        "project": {"bank": 1}, "status": {"completed": 1}, "model": {"haiku": 1}, "has": {"notifications": 1},
    }  # fmt: skip
    assert sessions.count_facets(people["manager"], chosen=Chosen(**given)) == of_shop | (
        {name: of_shop[name] | of_bank[name]} if name in of_shop else {}
    )
    waiting = sessions.count_waiting(people["manager"], chosen=Chosen(**given), now=NOW)
    assert waiting == (1 if name == "has" else 0), "of the bank, where the others do not leave it out"


def test_the_period_and_its_absence_hold_for_all_of_them_too(owner: Owner, people: People) -> None:
    for days, project in ((3, "before"), (2, "within"), (1, "after")):
        recorded.session(owner, NOW - timedelta(days=days), project=project)
    recorded.session(owner, None, project="untimed")
    within = Chosen(start=NOW - timedelta(days=2), end=NOW - timedelta(days=1))
    for chosen, project in ((within, "within"), (Chosen(untimed=True), "untimed")):
        assert found_by(people["manager"], chosen) == ([project], [project], 1)
        assert sessions.count_facets(people["manager"], chosen=chosen)["project"] == {project: 1}


def test_what_was_acknowledged_and_what_no_model_wrote_is_no_value_of_a_filter(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT)
    notification_id = recorded.notification(owner, session_pk, AT, "needs you")
    recorded.reply(owner, session_pk, AT, "<synthetic>")
    session.acknowledge(people["admin"], notification_id)
    facets = sessions.count_facets(people["manager"], chosen=Chosen())
    assert (facets["has"], facets["model"]) == ({}, {})
    assert found_by(people["manager"], Chosen(has="notifications")) == ([], [], 0)


def test_what_overview_counts_as_not_acknowledged_is_in_the_sessions_it_leads_to(owner: Owner, people: People) -> None:
    """Whenever they began; and mere information, what is older and what was acknowledged is in neither."""
    hours = {"old": 40, "informed": 1, "late": 30, "seen": 2, "other": 3}
    began = {name: recorded.session(owner, NOW - timedelta(hours=number)) for name, number in hours.items()}
    began["untimed"] = recorded.session(owner, None)
    recorded.notification(owner, began["old"], NOW - timedelta(minutes=5), "needs you")
    recorded.notification(owner, began["old"], NOW - timedelta(minutes=4), "still needs you", severity="error")
    recorded.notification(owner, began["informed"], NOW - timedelta(minutes=5), "done", severity="info")
    recorded.notification(owner, began["late"], NOW - timedelta(hours=25), "needed you")
    seen = recorded.notification(owner, began["seen"], NOW - timedelta(minutes=5), "was seen")
    session.acknowledge(people["admin"], seen)
    recorded.notification(owner, began["untimed"], NOW - timedelta(hours=23), "needs you")
    overview = open_page(people["manager"], "reports/overview.py", project="shop")
    assert "3 notifications not acknowledged in 24 hours, in 2 sessions" in overview.text
    [leading] = {address for address in overview.links if "has=waiting" in address}
    assert leading == "/sessions?has=waiting&period=all&project=shop"
    run = open_page(people["manager"], LIST, has="waiting", period="all", project="shop")
    assert rows_of(run) == [str(began["old"]), str(began["untimed"])]
    assert "with notifications not acknowledged in 24 hours ×" in run.text
    assert "hold notifications of the last 24 hours that nobody acknowledged" in run.text
    assert "2 sessions that match" in run.text
    assert "CSV, 2 rows" in run.text
    [offered] = [box.options for box in run.app.selectbox if box.label == "Has"]
    assert "notifications not acknowledged in 24 hours · 2" in offered
    plain = open_page(people["manager"], LIST, period="all", project="shop")
    [offered] = [box.options for box in plain.app.selectbox if box.label == "Has"]
    assert {"notifications not acknowledged in 24 hours · 2", "open notifications · 4"} <= set(offered)


def test_the_day_of_what_waits_is_counted_from_the_time_that_is_asked_for(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT)
    recorded.notification(owner, session_pk, AT, "needs you")
    for now, waits in ((AT + timedelta(hours=24), False), (AT + timedelta(hours=23, minutes=59), True)):
        chosen = Chosen(has="waiting", now=now)
        assert found_by(people["manager"], chosen) == ((["shop"], ["shop"], 1) if waits else ([], [], 0))
        assert sessions.count_facets(people["manager"], chosen=chosen)["project"] == ({"shop": 1} if waits else {})
        assert sessions.count_waiting(people["manager"], chosen=Chosen(), now=now) == waits


def test_with_the_minute_only_what_waits_is_counted_anew(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.notification(owner, recorded.session(owner, AT), AT, "needs you")
    minutes = iter(range(9))
    monkeypatch.setattr(View, "minute", property(lambda _: AT + timedelta(minutes=next(minutes))))
    run = open_page(people["manager"], LIST, period="all")
    again = {name for name in queries_during(run.run) if name.startswith("sessions.")}
    assert again == {"sessions.count_waiting"}


@pytest.mark.parametrize("sort", sessions.SORTS)
def test_each_column_sorts_both_ways_and_the_unknown_stands_last(owner: Owner, people: People, sort: str) -> None:
    """Every other column is turned against the one that sorts, so that none can stand in for it."""
    projects = [f"p{number}" for number in range(4)]
    for number, project in enumerate(projects):
        amount = {name: number + 1 if name == sort else 9 - number for name in sessions.SORTS}
        at = AT + timedelta(seconds=amount["when"])
        session_pk = recorded.session(
            owner, at, project=project, minutes=amount["duration"], cost={"total_cost_usd": amount["cost"]}
        )
        for _ in range(amount["prompts"]):
            recorded.prompt(owner, session_pk, at, "x")
        failed = amount["errors"]
        for call in range(amount["calls"] if sort == "calls" else failed if sort == "errors" else 10):
            is_broken = call < min(failed, 4 - number) if sort == "calls" else call < failed
            recorded.call(owner, session_pk, at, success=not is_broken, error="no" if is_broken else None)
    if sort in ("when", "duration", "cost"):
        unknown = recorded.session(owner, None if sort == "when" else AT, project="unknown")
        owner.execute("update chronicle.sessions set ended_at = null where id = %s", (unknown,))
        projects_with = [*projects, "unknown"], [*reversed(projects), "unknown"]
    else:
        projects_with = projects, [*reversed(projects)]
    for downwards, expected in zip((False, True), projects_with, strict=True):
        rows = sessions.list_page(people["manager"], chosen=Chosen(), sort=sort, downwards=downwards, most=9)
        assert [row["project_name"] for row in rows] == expected
        first = sessions.list_page(people["manager"], chosen=Chosen(), sort=sort, downwards=downwards, most=2)
        assert [row["project_name"] for row in first] == expected[:2]
        asked = {"sort": [sort], "downwards": [str(downwards).lower()]}
        assert [row["project"] for row in file_rows(people["manager"], "sessions", asked)] == expected


def test_the_order_is_in_the_url_and_goes_over_all_pages(owner: Owner, people: People) -> None:
    ids = [recorded.session(owner, AT + timedelta(seconds=number), minutes=1 + number) for number in range(30)]
    shortest = open_page(people["manager"], LIST, sort="duration")
    assert rows_of(shortest)[0] == str(ids[0])
    assert "1 to 25 of 30" in shortest.text
    rest = open_page(people["manager"], LIST, sort="duration", page="2")
    assert rows_of(rest) == [str(session_pk) for session_pk in ids[25:]]
    assert "/sessions?sort=-duration" in rest.links
    keys = [f"key-{session_pk}" for session_pk in ids]
    assert [row["session_id"] for row in taken_away(people["manager"], rest, "sessions")] == keys
    plain = open_page(people["manager"], LIST)
    assert [row["session_id"] for row in taken_away(people["manager"], plain, "sessions")] == keys[::-1]
    assert len(rows_of(open_page(people["manager"], LIST, page="7"))) == 5


def test_failures_without_a_known_outcome_are_unknown_and_not_zero(owner: Owner, people: People) -> None:
    recorded.call(owner, recorded.session(owner, AT), AT, answered=False)
    row = next(piece for piece in open_page(people["manager"], LIST).pieces if "<td" in piece)
    assert ">unknown</span>" in row
    assert "0 failed, 0 refused by a person, 1 without a recorded outcome, of 1 call" in row


def test_what_a_person_refused_is_no_failure_and_not_unknown(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT)
    for minute in range(2):
        recorded.call(owner, session_pk, AT + timedelta(minutes=minute), success=False, error=recorded.REFUSAL)
    row = next(piece for piece in open_page(people["manager"], LIST).pieces if "<td" in piece)
    assert ">unknown</span>" not in row
    assert "0 failed, 2 refused by a person, 0 without a recorded outcome, of 2 calls" in row
    page = open_page(people["manager"], ONE, session=str(session_pk))
    assert " were refused by a person" in "".join(page.pieces)
    (way,) = page.ways("2 calls")
    assert "only=refused" in way


def test_the_list_explains_why_it_is_empty(owner: Owner, people: People) -> None:
    assert "No session is recorded here yet." in open_page(people["manager"], LIST).text
    recorded.session(owner, AT, user_id=people["other"].user_id)
    of_nobody = open_page(people["member"], LIST).text
    assert "No session of yours is recorded here." in of_nobody
    assert "ask an admin for the role manager" in of_nobody
    assert "No session started" not in of_nobody, "others' sessions did"
    owner.execute("delete from chronicle.sessions")
    cached.forget()
    recorded.session(owner, AT - timedelta(days=60))
    other_time = open_page(people["manager"], LIST, period="24h")
    assert "No session started in the last 24 hours." in other_time.text
    assert "/sessions?period=all" in other_time.links


def test_a_page_that_opens_on_days_ahead_of_now_says_so(owner: Owner, people: People) -> None:
    recorded.session(owner, AT)
    assert "ahead of now" not in open_page(people["manager"], LIST).text
    recorded.session(owner, AT + timedelta(days=40))
    cached.forget()
    assert "The newest data lie ahead of now; what happened until now is in" in open_page(people["manager"], LIST).text


def test_a_period_that_is_none_is_said_and_not_shown_as_if_it_was_asked_for(owner: Owner, people: People) -> None:
    recorded.session(owner, AT)
    said = "The address asks for a period that is none here, so this shows the last 7 days."
    days = {"from": "2026-13-01", "to": "2026-13-02"}
    for asked in ({"period": "fortnight"}, {"period": "untimed"}, {"period": "custom"}, {"period": "custom", **days}):
        page = open_page(people["manager"], LIST, **asked)
        assert said in page.text, asked
        assert "1 session started in the last 7 days" in page.text
    for asked in ({}, {"period": "7d"}, {"period": "all"}, {"period": "latest"}):
        assert "is none here" not in open_page(people["manager"], LIST, **asked).text, asked


@pytest.mark.parametrize("name", ["status", "project", "model"])
def test_a_value_that_no_session_has_is_said_by_name(owner: Owner, people: People, name: str) -> None:
    recorded.session(owner, AT)
    page = open_page(people["manager"], LIST, **{name: "foo"})
    assert f"No session in the last 7 days has the {name} “foo”." in page.text
    assert "/sessions" in page.links, "the filter can be taken away"
    assert f"/sessions?{name}=foo&period=all" in page.links
    assert not any(link.startswith("/export/") for link in page.links), "of nothing there is no file"
    both = open_page(people["manager"], LIST, q="submarine", **{name: "foo"})
    assert "No session in the last 7 days matches these filters." in both.text


def test_the_address_of_a_session_on_the_list_opens_it(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT)
    recorded.prompt(owner, session_pk, AT, "Mend it")
    assert "“Mend it”" in open_page(people["manager"], LIST, session=str(session_pk)).text


def test_a_session_of_seconds_tells_its_times_to_the_second(owner: Owner, people: People) -> None:
    long, short = (recorded.session(owner, AT) for _ in range(2))
    begin = AT.replace(second=7, microsecond=0)
    for number in range(8):
        recorded.prompt(owner, long, begin + timedelta(minutes=4 * number), "Go on")
        recorded.prompt(owner, short, begin + timedelta(seconds=4 * number), "Go on")
    ticks = re.compile(r'<span style="left:[^"]*"[^>]*>([\d:]+)</span>')
    told = {
        pk: ticks.findall("".join(open_page(people["manager"], ONE, session=str(pk)).pieces)) for pk in (long, short)
    }
    assert {len(time) for time in told[long]} == {5}, told[long]
    assert {len(time) for time in told[short]} == {8}, told[short]
    assert all(len(times) > 4 and len(set(times)) == len(times) for times in told.values())


def test_a_session_shows_lanes_and_first_what_went_wrong(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT)
    recorded.prompt(owner, session_pk, AT, "Mend the till")
    recorded.call(owner, session_pk, AT + timedelta(seconds=5), "Read", ms=800)
    failing = recorded.call(owner, session_pk, AT + timedelta(seconds=9), "Bash", success=False, error="Exit code 3")
    recorded.call(owner, session_pk, AT + timedelta(seconds=12), "Grep", agent_id="abc1", agent_type="Explore")
    recorded.event(owner, session_pk, "compact_pre", AT + timedelta(seconds=20))
    recorded.question(owner, AT + timedelta(seconds=30), "Refund?", session_pk=session_pk)
    recorded.touched(owner, session_pk, "/code/till.py")
    run = open_page(people["manager"], ONE, session=str(session_pk))
    assert "1 prompt, 3 tool calls, 1 subagent and 1 compaction; 1 call failed." in run.text
    for lane in ("Prompts 1", "Approvals 1", "Read 1", "Bash 1", "Explore abc1 1", "Compactions 1"):
        assert lane in run.text
    assert f"/session?session={session_pk}&item={failing}" in run.links
    codes = [code.value for code in run.app.code]
    assert any("make test" in code for code in codes)
    assert "Exit code 3" in codes
    assert "/code/till.py" in run.text


def test_each_number_of_a_session_leads_to_as_many_happenings(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT)
    recorded.prompt(owner, session_pk, AT, "Mend the till")
    for second, outcome in enumerate((True, True, False, None)):
        recorded.call(owner, session_pk, AT + timedelta(seconds=second), success=outcome, error=str(outcome))
    recorded.call(owner, session_pk, None, "Grep", agent_id="abc1", agent_type="Explore")
    recorded.notification(owner, session_pk, AT, "Out of credit", "error")
    recorded.event(owner, session_pk, "compact_pre", AT)
    run = open_page(people["manager"], ONE, session=str(session_pk))
    told = ("1 prompt", "5 tool calls", "1 subagent", "1 compaction", "1 call", "1 other error")
    unknown, *_ = [way for way in run.ways("1 call") if "only=unknown" in way]
    for words, address in [*[(words, run.ways(words)[0]) for words in told], ("1 call", unknown)]:
        led = open_address(people["manager"], address)
        drawn = [way for way in led.links if f"/session?session={session_pk}&only=" in way and "&item=" in way]
        assert len(drawn) == int(words.split()[0]), words
        assert led.ways(words) == run.ways(words), "the sentence stays that of all"
        [chip] = [piece for piece in led.pieces if "Remove the filter on only" in piece]
        assert f"session={session_pk}" in chip
    none = open_page(people["manager"], ONE, session=str(session_pk), only="nothing")
    assert "There is no part “nothing”, so all are shown." in none.text


def test_an_item_is_chosen_by_the_url_and_steps_go_on_from_it(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT)
    items = [
        recorded.prompt(owner, session_pk, AT, "First words"),
        recorded.call(owner, session_pk, AT + timedelta(seconds=1), success=False, error="first error"),
        recorded.call(owner, session_pk, AT + timedelta(seconds=2)),
        recorded.call(owner, session_pk, AT + timedelta(seconds=3), success=False, error="second error"),
    ]
    run = open_page(people["manager"], ONE, session=str(session_pk), item=str(items[0]))
    assert "First words" in [code.value for code in run.app.code]

    def press(label: str) -> str:
        next(button for button in run.app.button if button.label == label).click()
        run.run()
        asked = run.app.query_params["item"]
        return asked if isinstance(asked, str) else asked[0]

    assert press("Next error") == str(items[1])
    assert press("Next error") == str(items[3])
    assert press("Next error") == str(items[1])
    assert press("Next ›") == str(items[2])
    assert press("‹ Previous") == str(items[1])


def test_next_and_previous_session_stay_inside_the_filter_and_its_order(owner: Owner, people: People) -> None:
    ids = []
    for number in range(4):
        ids.append(recorded.session(owner, AT + timedelta(seconds=number), project="shop", minutes=1 + number))
        recorded.session(owner, AT + timedelta(seconds=number), project="bank", minutes=1 + number)
    listed = open_page(people["manager"], LIST, project="shop", sort="duration")
    second = next(address for address in listed.links if str(ids[1]) in address)
    parameters = dict(pair.split("=") for pair in second.split("?")[1].split("&"))
    run = open_page(people["manager"], ONE, **parameters)
    assert [str(ids[0]), str(ids[2])] == [row for row in rows_of(run) if row != str(ids[1])]
    back = next(address for address in run.links if address.startswith("/sessions?"))
    assert "project=shop" in back
    assert "sort=duration" in back
    gone = open_page(people["manager"], ONE, **(parameters | {"at": "3"}))
    assert not [row for row in rows_of(gone) if row != str(ids[1])]


def test_without_times_the_order_of_recording_is_shown_and_named(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, None)
    file_id = owner.execute(
        "insert into signalbox.import_files (path, format, size_bytes) values ('x', 'hooks', 1) returning id"
    ).fetchone()
    assert file_id
    for line in (3, 1, 2):
        event_id = recorded.prompt(owner, session_pk, None, f"prompt of line {line}")
        owner.execute(
            "insert into signalbox.import_records (record_key, event_id, file_id, line, source_kind)"
            " values (%s, %s, %s, %s, 'hooks')",
            (uuid4(), event_id, file_id["id"], line),
        )
    run = open_page(people["manager"], ONE, session=str(session_pk))
    assert "when order as recorded, no times" in run.text
    assert "Order as recorded, no times 3 happenings" in run.text
    order = run.text[run.text.index("Order as recorded") :]
    assert order.index("line 1") < order.index("line 2") < order.index("line 3")


def test_a_notification_is_acknowledged_once_with_its_audit_row(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT, user_id=people["member"].user_id)
    notification_id = recorded.notification(owner, session_pk, AT, "Claude needs your permission")
    event_id = owner.execute("select event_id from chronicle.notification_events").fetchone()
    assert event_id
    run = open_page(people["member"], ONE, session=str(session_pk), item=str(event_id["event_id"]))
    assert "not acknowledged" in run.text
    next(button for button in run.app.button if button.label.startswith("Acknowledge")).click()
    assert "acknowledged" in run.run().text
    assert not [button for button in run.app.button if button.label.startswith("Acknowledge")]
    stored = owner.execute("select acknowledged from chronicle.notification_events").fetchone()
    assert stored == {"acknowledged": True}
    [act] = owner.execute("select * from signalbox.audit_log where action like 'acknowledged%'").fetchall()
    assert (act["actor_id"], act["target"]) == (people["member"].user_id, f"notification:{notification_id}")
    with pytest.raises(Conflict):
        session.acknowledge(people["admin"], notification_id)
    assert owner.execute("select count(*) as n from signalbox.audit_log where action like 'ack%'").fetchone() == {
        "n": 1
    }


def test_nobody_acknowledges_what_is_not_theirs_to_see(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT, user_id=people["member"].user_id)
    notification_id = recorded.notification(owner, session_pk, AT, "Claude needs your permission")
    with pytest.raises(Conflict):
        session.acknowledge(people["other"], notification_id)
    assert owner.execute("select acknowledged from chronicle.notification_events").fetchone() == {"acknowledged": False}


NOBODYS = "5e59ef0a-b179-4027-b6cb-937a87443606"


@pytest.mark.parametrize("asked", ["", "nonsense", NOBODYS, "'; drop table chronicle.sessions; --"])
def test_an_address_without_a_session_says_so(people: People, asked: str) -> None:
    text = open_page(people["manager"], ONE, session=asked).text
    assert "no session" in text or "no such session" in text


def test_the_session_of_somebody_else_is_as_if_there_were_none(owner: Owner, people: People) -> None:
    session_pk = recorded.one_of_everything(owner, AT, "zanzibar", people["member"].user_id)
    item = owner.execute("select event_id from chronicle.prompt_events").fetchone()
    assert item
    text = open_page(people["other"], ONE, session=str(session_pk), item=str(item["event_id"])).text
    assert "no such session" in text
    assert "zanzibar" not in text
    with pytest.raises(NotFound):
        session.read_item(people["other"], session_pk=session_pk, item_id=item["event_id"], kind="prompt")
    assert session.list_items(people["other"], session_pk=session_pk) == []


def test_an_item_of_another_session_is_not_shown_in_this_one(owner: Owner, people: People) -> None:
    here, there = recorded.session(owner, AT), recorded.session(owner, AT)
    recorded.prompt(owner, here, AT, "mine")
    item: UUID = recorded.prompt(owner, there, AT, "elsewhere")
    asked = recorded.question(owner, AT, "Refund?", session_pk=there)
    for item_id, kind in ((item, "prompt"), (asked, "question")):
        assert session.read_item(people["manager"], session_pk=there, item_id=item_id, kind=kind)
        with pytest.raises(NotFound):
            session.read_item(people["manager"], session_pk=here, item_id=item_id, kind=kind)


def test_both_pages_ask_at_most_eight_queries(owner: Owner, people: People) -> None:
    session_pk = recorded.one_of_everything(owner, AT, "word", people["member"].user_id)
    for path, parameters in ((LIST, {}), (ONE, {"session": str(session_pk), "at": "0"})):
        run = open_page(people["admin"], path, **parameters)
        cached.forget()
        cold = queries_during(run.run)
        assert sum(cold.values()) <= 8, cold


def test_search_is_served_by_the_index_of_prompts(owner: Owner, people: People) -> None:
    """Under row-level security it would not be; ten thousand prompts make the planner care."""
    session_pk = recorded.session(owner, AT)
    owner.execute(
        "insert into chronicle.prompt_events (session_id, prompt_text)"
        " select %s, 'Please mend number ' || md5(n::text) from generate_series(1, 10000) as n",
        (session_pk,),
    )
    owner.execute("analyze chronicle.prompt_events")
    with database.reading(people["member"]) as unit:
        unit.connection.execute("select * from analytics.sessions_saying('submarine')").fetchall()
        unit.connection.execute("select pg_stat_force_next_flush()")
    used = owner.execute(
        "select i.idx_scan, t.seq_scan from pg_stat_user_indexes as i join pg_stat_user_tables as t using (relid)"
        " where i.indexrelname = 'idx_prompt_events_text_search'"
    ).fetchone()
    assert used == {"idx_scan": 1, "seq_scan": 0}
