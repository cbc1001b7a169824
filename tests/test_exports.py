"""Exports over HTTP: what is in the files, who gets which rows, and what becomes of exports that nobody reads."""

from __future__ import annotations

import csv
import io
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from data import database, exports
from data.access import Actor
from data.database import queries
from data.errors import NotFound
from data.exports.catalog import REPORTS
from data.exports.parameters import Report, flag, identifier, moment, text, texts, whole_number
from data.identity import web_sessions
from data.ingest import ingest
from data.reports.tools import read_usage
from data.settings import Settings
from tests import recorded
from tests.gate_site import Served, hash_of, serving, signed_in
from tests.ingest_records import hook, write
from web import exports as exports_over_http

Owner = psycopg.Connection[DictRow]


@pytest.fixture
def site(people: dict[str, Actor], database_url: str) -> Iterator[Served]:
    with serving(Settings(database_url=database_url)) as served:
        yield served


@pytest.fixture
def add_report(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Adds a report with a query of the test's own."""

    def add(name: str, statement: str) -> None:
        query = queries.Query(f"tests.{name}", "A query of a test.", statement)
        monkeypatch.setitem(queries.all_queries(), query.name, query)
        filters = dict.fromkeys(query.parameters, text)
        monkeypatch.setitem(REPORTS, name, Report(query.name, "A report of a test.", filters))

    return add


# In the select list, so that rows come as they are made.
ENDLESS = "select repeat('x', 500) as filling, generate_series(1, 100000000) as n"


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.02)


def running_copies(owner: Owner) -> int:
    row = owner.execute(
        "select count(*) as found from pg_stat_activity where datname = current_database()"
        " and query ilike '%%report%%' and pid <> pg_backend_pid() and state <> 'idle'"
    ).fetchone()
    return int(row["found"]) if row else 0


def add_call(owner: Owner, session: str, owner_id: str | None, tool: str, error: str | None, at: str | None) -> None:
    row = owner.execute(
        "insert into chronicle.sessions (session_id, project_name, metadata) values (%s, 'project', %s)"
        " on conflict (session_id) do update set project_name = 'project' returning id",
        (session, json.dumps({"user_id": owner_id} if owner_id else {})),
    ).fetchone()
    assert row is not None
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, error_message, execution_time_ms,"
        " created_at) values (%s, %s, 'post', %s, %s, 12, %s)",
        (row["id"], tool, error is None, error, at),
    )


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_a_csv_is_what_spreadsheets_and_programs_expect(site: Served, people: dict[str, Actor], owner: Owner) -> None:
    at = "2026-11-20 09:00:00.25+01"
    add_call(owner, "s", None, "Bash", 'He said "no",\nthen\r\nleft; ü 日本 \u2028', at)
    add_call(owner, "s", None, "=cmd|' /C calc'!A0", None, None)
    with site.client(signed_in(people["manager"])) as client:
        answer = client.get("/export/tool_calls.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbfoccurred_at,session_id,project,tool,")
    assert answer.content.endswith(b"\r\n")
    first, second = rows_of(answer)
    assert first["occurred_at"] == "2026-11-20T08:00:00.25+00:00"
    assert first["error_message"] == 'He said "no",\nthen\r\nleft; ü 日本 \u2028'
    assert (first["outcome"], first["duration_ms"]) == ("failed", "12")
    assert (second["tool"], second["occurred_at"]) == ("'=cmd|' /C calc'!A0", "")


def test_no_text_starts_as_a_formula(
    site: Served, people: dict[str, Actor], add_report: Callable[[str, str], None]
) -> None:
    add_report("formulas", "select %(t)s::text as a, %(t)s::varchar as b, array[%(t)s::text] as c, -1 as d, -1.5 as e")
    with site.client(signed_in(people["manager"])) as client:
        for start in (*"=+-@\t\r\n", "＝", "＋", "－", "＠"):
            (row,) = rows_of(client.get("/export/formulas.csv", params={"t": f"{start}1+1"}))
            same = json.loads(client.get("/export/formulas.jsonl", params={"t": f"{start}1"}).text)
            assert row["a"] == row["b"] == f"'{start}1+1"
            assert row["c"].startswith("{")
            assert (row["d"], row["e"]) == ("-1", "-1.5"), "numbers are no text"
            assert same["a"] == f"{start}1", "JSON needs no apostrophe"


def test_plain_text_is_left_alone(
    site: Served, people: dict[str, Actor], add_report: Callable[[str, str], None]
) -> None:
    add_report("plain", "select 'a=b' as a, ' =x' as b, '''q' as c, ''::text as d, null::text as e, '1-2' as f")
    with site.client(signed_in(people["manager"])) as client:
        (row,) = rows_of(client.get("/export/plain.csv"))
    assert list(row.values()) == ["a=b", " =x", "'q", "", "", "1-2"]


def test_json_lines_are_one_object_each_with_values_as_they_are(
    site: Served, people: dict[str, Actor], add_report: Callable[[str, str], None]
) -> None:
    add_report(
        "kinds",
        r"""select 1 as whole, 1.5::numeric as exact, null::text as nothing, true as yes, E'a\x01b\x02c"\n\\.' as odd,
               '\.' as dot, timestamptz '2026-11-20 09:00+01' as at, '{"k": ["x\n", 1]}'::jsonb as nested""",
    )
    with site.client(signed_in(people["manager"])) as client:
        answer = client.get("/export/kinds.jsonl")
    assert answer.headers["content-type"].startswith("application/jsonl")
    (line,) = answer.text.splitlines()
    assert json.loads(line) == {
        "whole": 1,
        "exact": 1.5,
        "nothing": None,
        "yes": True,
        "odd": 'a\x01b\x02c"\n\\.',
        "dot": "\\.",
        "at": "2026-11-20T08:00:00+00:00",
        "nested": {"k": ["x\n", 1]},
    }


def test_an_export_without_rows_is_a_header(site: Served, people: dict[str, Actor]) -> None:
    with site.client(signed_in(people["manager"])) as client:
        assert len(client.get("/export/tool_calls.csv").content.decode("utf-8-sig").splitlines()) == 1
        assert client.get("/export/tool_calls.jsonl").content == b""


def test_everybody_gets_what_they_may_see(site: Served, people: dict[str, Actor], owner: Owner) -> None:
    add_call(owner, "mine", str(people["member"].user_id), "Bash", None, "2026-11-20")
    add_call(owner, "others", str(people["other"].user_id), "Read", None, "2026-11-20")
    add_call(owner, "nobodys", None, "Edit", None, "2026-11-20")
    seen = {}
    for role in ("admin", "manager", "member", "other"):
        with site.client(signed_in(people[role])) as client:
            seen[role] = {row["tool"] for row in rows_of(client.get("/export/tool_calls.csv"))}
        assert exports.count(people[role], "tool_calls", exports.parse("tool_calls", {})) == len(seen[role])
    everything = {"Bash", "Read", "Edit"}
    assert seen == {"admin": everything, "manager": everything, "member": {"Bash"}, "other": {"Read"}}
    with site.client() as stranger:
        assert stranger.get("/export/tool_calls.csv").status_code == 401


def test_filters_are_those_of_the_page(site: Served, people: dict[str, Actor], owner: Owner) -> None:
    add_call(owner, "s", None, "Bash", "boom", "2026-11-20 10:00+00")
    add_call(owner, "s", None, "Bash", None, "2026-11-21 10:00+00")
    add_call(owner, "s", None, "Read", None, None)
    with site.client(signed_in(people["manager"])) as client:

        def tools(**filters: str) -> list[str]:
            return [row["tool"] for row in rows_of(client.get("/export/tool_calls.csv", params=filters))]

        assert tools(start="2026-11-21T11:00:00+01:00") == ["Bash"]
        assert tools(start="2026-11-20T10:00:00+00:00", end="2026-11-21T10:00:00+00:00") == ["Bash"]
        assert tools(untimed="true") == ["Read"]
        assert tools(outcome="failed", tool="Bash", project="project") == ["Bash"]
        assert tools(error_group="boom") == ["Bash"]
        assert tools(error_group="bang") == []
        assert tools(tool="'; drop table chronicle.sessions; --") == []
        assert len(tools(tool="")) == 3


def test_calls_without_a_session_are_in_the_file_that_counts_them(
    site: Served, people: dict[str, Actor], owner: Owner
) -> None:
    add_call(owner, "s", None, "Read", None, "2026-11-20 10:00+00")
    owner.execute(
        "insert into chronicle.tool_events (tool_name, phase, success, created_at) values ('Bash', 'post', true, now())"
    )
    with site.client(signed_in(people["manager"])) as client:
        rows = rows_of(client.get("/export/tool_calls.csv"))
        of_project = rows_of(client.get("/export/tool_calls.csv", params={"project": "project"}))
    assert len(rows) == read_usage(people["manager"]).total.calls
    assert [(row["tool"], row["session_id"], row["project"]) for row in rows] == [
        ("Bash", "", ""),
        ("Read", "s", "project"),
    ]
    assert [row["tool"] for row in of_project] == ["Read"]


UNREADABLE = {
    "start=yesterday": "start",
    "colour=red": "It has: ",
    "tool=a&tool=b": "more than once",
    "outcome=great": "none of",
    "untimed=yes": "neither true nor false",
    "sort=colour": "The filter “sort” cannot be read: it is none of when, duration.",
    "tool=" + "x" * 1001: "too long",
    "tool=%00": "a character that no text has",
    "start=2026-13-01": "not a time",
    "start=0001-01-01T00:00:00%2B23:59": "not a time",
    "end=9999-12-31T23:59:59-23:59": "not a time",
}


def test_a_filter_that_cannot_be_read_is_a_sentence(site: Served, people: dict[str, Actor]) -> None:
    with site.client(signed_in(people["manager"])) as client:
        for query, words in UNREADABLE.items():
            answer = client.get(f"/export/tool_calls.csv?{query}")
            assert (query, answer.status_code, words in answer.text) == (query, 400, True)
            assert "content-disposition" not in answer.headers


def test_what_cannot_be_exported_is_not_there(site: Served, people: dict[str, Actor]) -> None:
    with site.client(signed_in(people["manager"])) as client:
        for name in ("nothing.csv", "tool_calls.xlsx", "tool_calls", ".csv", "tool_calls.CSV"):
            assert (name, client.get(f"/export/{name}").status_code) == (name, 404)


def test_the_file_name_says_report_filters_and_time(people: dict[str, Actor]) -> None:
    at = datetime(2026, 11, 20, 12, 3, tzinfo=UTC)
    given = {"tool": ["Bash"], "start": ["2026-11-01T00:00:00+01:00"], "project": [""]}
    name = exports.file_name(people["manager"], "tool_calls", "csv", given, at)
    assert name == "tool_calls_tool-Bash_from-2026-11-01_at-2026-11-20T1203Z.csv"
    odd = exports.file_name(people["manager"], "tool_calls", "jsonl", {"tool": ['../"\r\n;ü/' + "x" * 300]}, at)
    assert set(odd) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")
    assert len(odd) < 150


def test_the_file_name_is_on_the_answer(site: Served, people: dict[str, Actor]) -> None:
    with site.client(signed_in(people["manager"])) as client:
        for ask in (client.get, client.head):
            answer = ask("/export/tool_calls.csv?tool=Bash")
            disposition = answer.headers["content-disposition"]
            assert disposition.startswith('attachment; filename="tool_calls_tool-Bash_')
            assert answer.headers["cache-control"] == "no-store"
            assert "sandbox" in answer.headers["content-security-policy"]
            assert answer.headers["content-encoding"] == "identity", "compressed, a broken stream would not be seen"


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_the_name_of_a_file_with_made_up_rows_says_so_first(
    site: Served, people: dict[str, Actor], database_url: str, ending: str
) -> None:
    database.open_database("demo", database_url)
    actor = replace(people["manager"], dataset="demo")
    with site.client(signed_in(actor)) as client:
        disposition = client.get(f"/export/tool_calls.{ending}?tool=Bash").headers["content-disposition"]
        assert disposition.startswith('attachment; filename="demo-tool_calls_tool-Bash_')


def test_exports_know_no_statement_timeout_and_cannot_write(
    site: Served, people: dict[str, Actor], add_report: Callable[[str, str], None]
) -> None:
    add_report(
        "limits",
        "select current_setting('statement_timeout') as t, current_setting('transaction_read_only') as r,"
        " current_user::text as u",
    )
    with site.client(signed_in(people["manager"])) as client:
        (row,) = rows_of(client.get("/export/limits.csv"))
    assert row == {"t": "0", "r": "on", "u": "authenticated"}


def test_a_large_export_is_whole(
    site: Served, people: dict[str, Actor], add_report: Callable[[str, str], None]
) -> None:
    add_report("large", "select n, md5(n::text) as hash from generate_series(1, 200000) as n")
    with site.client(signed_in(people["manager"])) as client:
        rows = rows_of(client.get("/export/large.csv"))
        lines = client.get("/export/large.jsonl").text.splitlines()
    assert [int(row["n"]) for row in rows] == list(range(1, 200_001))
    assert [json.loads(line)["n"] for line in lines] == list(range(1, 200_001))


def test_three_at_once_for_each_person(
    site: Served, people: dict[str, Actor], owner: Owner, add_report: Callable[[str, str], None]
) -> None:
    add_report("endless", ENDLESS)
    with site.client(signed_in(people["manager"])) as client, site.client(signed_in(people["admin"])) as other:
        with ExitStack() as running:
            for _ in range(3):
                assert running.enter_context(client.stream("GET", "/export/endless.csv")).status_code == 200
            refused = client.get("/export/tool_calls.csv")
            assert (refused.status_code, "Wait until one" in refused.text) == (429, True)
            assert other.get("/export/tool_calls.csv").status_code == 200
        until(lambda: client.get("/export/tool_calls.csv").status_code == 200)
    until(lambda: running_copies(owner) == 0)


def test_a_reader_that_goes_away_leaves_nothing_running(
    site: Served, people: dict[str, Actor], owner: Owner, add_report: Callable[[str, str], None]
) -> None:
    add_report("endless", ENDLESS)
    add_report("slow", "select pg_sleep(600)::text as nothing")
    with site.client(signed_in(people["manager"])) as client:
        with client.stream("GET", "/export/endless.csv") as answer:
            next(answer.iter_bytes())
            assert running_copies(owner) == 1
        until(lambda: running_copies(owner) == 0)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/export/slow.csv", timeout=0.5)
    until(lambda: running_copies(owner) == 0)


def test_signing_out_breaks_an_export_off_visibly(
    site: Served, people: dict[str, Actor], owner: Owner, add_report: Callable[[str, str], None]
) -> None:
    add_report("endless", ENDLESS)
    token = signed_in(people["manager"])
    with site.client(token) as client, client.stream("GET", "/export/endless.csv") as answer:
        pieces = answer.iter_raw()
        next(pieces)
        web_sessions.end(hash_of(token))
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            for _ in pieces:
                pass
    until(lambda: running_copies(owner) == 0)


def test_signing_out_ends_an_export_that_has_not_begun(
    site: Served, people: dict[str, Actor], owner: Owner, add_report: Callable[[str, str], None]
) -> None:
    add_report("slow", "select pg_sleep(600)::text as nothing")
    token = signed_in(people["manager"])
    with site.client(token) as client:
        import threading  # noqa: PLC0415 - this test alone waits beside a request

        threading.Timer(0.5, web_sessions.end, (hash_of(token),)).start()
        assert client.get("/export/slow.csv").status_code == 401
    until(lambda: running_copies(owner) == 0)


def test_a_database_that_fails_halfway_leaves_a_file_that_is_seen_to_be_broken(
    site: Served, people: dict[str, Actor], owner: Owner, add_report: Callable[[str, str], None]
) -> None:
    add_report("endless", ENDLESS)
    add_report("faulty", "select 1 / (50000 - n) as one, repeat('x', 100) as filling from generate_series(1, 90000) n")
    with site.client(signed_in(people["manager"])) as client:
        with client.stream("GET", "/export/endless.csv") as answer:
            pieces = answer.iter_raw()
            next(pieces)
            owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and query ilike 'copy%%'"
            )
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
                for _ in pieces:
                    pass
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            client.get("/export/faulty.csv")
        assert client.get("/export/tool_calls.csv").status_code == 200, "no place was lost"


def test_an_export_that_cannot_begin_is_no_file(
    site: Served, people: dict[str, Actor], add_report: Callable[[str, str], None]
) -> None:
    add_report("forbidden", "select * from signalbox.web_sessions")
    with site.client(signed_in(people["manager"])) as client:
        answer = client.get("/export/forbidden.csv")
        assert answer.status_code == 403
        assert "content-disposition" not in answer.headers
        for _ in range(5):
            client.get("/export/forbidden.csv")
        assert client.get("/export/tool_calls.csv").status_code == 200, "no place was lost"


def test_a_reader_that_takes_nothing_is_given_up(
    site: Served,
    people: dict[str, Actor],
    owner: Owner,
    add_report: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports_over_http, "STALLED_AFTER_S", 1.0)
    add_report("endless", ENDLESS)
    name, _, port = site.host.partition(":")
    with socket.create_connection((name, int(port))) as reader:
        cookie = f"cookie: sb_session={signed_in(people['manager'])}"
        reader.sendall(f"GET /export/endless.csv HTTP/1.1\r\nhost: {site.host}\r\n{cookie}\r\n\r\n".encode())
        until(lambda: running_copies(owner) == 1)
        until(lambda: running_copies(owner) == 0)
        received = bytearray()
        while piece := reader.recv(1 << 20):
            received += piece
        assert received.startswith(b"HTTP/1.1 200")
        assert not received.endswith(b"0\r\n\r\n"), "it does not look whole"


def test_readers_of_filters() -> None:
    report = Report("q", "s", {"a": texts, "b": whole_number, "c": identifier, "d": flag, "e": moment})
    assert report.parse({}) == dict.fromkeys("abcde")
    assert report.parse({"a": ["x", "y", ""], "b": ["5"], "e": ["2026-11-20"]}) == {
        "a": ["x", "y"],
        "b": 5,
        "c": None,
        "d": None,
        "e": datetime(2026, 11, 20, tzinfo=UTC),
    }
    for wrong in ({"b": ["1.5"]}, {"c": ["x"]}, {"a": ["x"] * 101}, {"b": ["9" * 30]}, {"b": ["-5"]}):
        with pytest.raises(exports.BadFilter):
            report.parse(wrong)
    with pytest.raises(NotFound):
        exports.parse("nothing", {})


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_report_reads_exactly_the_filters_of_its_query(name: str) -> None:
    report = REPORTS[name]
    asked = [query for query in (report.query, report.found_query) if query]
    looked_up = {"rows"} if report.rows else set()
    assert set(report.filters) | looked_up == frozenset().union(*(queries.find(query).parameters for query in asked))
    assert report.found_by <= set(report.filters)
    assert REPORTS[name].sentence.endswith(".")


def test_no_file_counts_its_rows_in_each_of_them(people: dict[str, Actor]) -> None:
    """Pages are told so how many rows there are on all pages."""
    for name, report in REPORTS.items():
        counted = set(re.findall(r"\bover \(\)\s+as (\w+)", queries.find(report.query).text))
        (header,) = exports.stream(people["admin"], name, exports.parse(name, {}), "csv")
        columns = header.decode("utf-8-sig").splitlines()[0].split(",")
        assert not counted & set(columns), name


def test_a_column_that_is_left_out_is_in_neither_kind_of_file(people: dict[str, Actor], owner: Owner) -> None:
    recorded.question(owner, datetime.now(UTC), "Refund?")
    asked = exports.parse("approvals_queue", {})
    kinds: tuple[tuple[exports.Format, str], ...] = (("csv", "title,reason"), ("jsonl", '"title": "Refund?"'))
    for form, columns in kinds:
        file = b"".join(exports.stream(people["manager"], "approvals_queue", asked, form)).decode()
        assert columns in file
        assert "waiting" not in file


HOSTILE = ("-1", "0", "99999999999999999", "1e999", "NaN", "'; --", "\u0663", "-infinity", "x" * 1000, "\x00", "\ud7ff",
           "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "00000000-0000-0000-0000-000000000000", "{}",
           '{"a": 1e999999}', "%s", "\\", "[]", "true")  # fmt: skip


def accepted(name: str, asked: dict[str, str]) -> dict[str, list[str]]:
    """What of it is not refused in a sentence, as an address holds it."""
    found = {}
    for filter_name, value in asked.items():
        with suppress(exports.BadFilter):
            exports.parse(name, {filter_name: [value]})
            found[filter_name] = [value]
    return found


def taken(people: dict[str, Actor], name: str, asked: dict[str, list[str]]) -> list[bytes]:
    """The file that who has the fewest rights of those who may have it gets."""
    reader = next(people[role] for role in ("member", "manager", "admin") if people[role].can(REPORTS[name].needs))
    return list(exports.stream(reader, name, exports.parse(name, asked), "csv"))


def test_no_filter_of_any_export_fails_the_server(people: dict[str, Actor]) -> None:
    """Whatever stands in it is taken, or refused in a sentence: all filters at once, every other value in each. The
    proof takes each value in each filter by itself."""
    for name, report in REPORTS.items():
        done = list[dict[str, list[str]]]()
        for turn in range(0, len(HOSTILE), 2):
            values = {each: HOSTILE[(turn + place) % len(HOSTILE)] for place, each in enumerate(report.filters)}
            asked = accepted(name, values)
            if asked not in done:
                assert taken(people, name, asked), (name, asked)
                done.append(asked)


def test_events_without_a_time_are_in_the_file_as_they_were_recorded(
    people: dict[str, Actor], owner: Owner, database_url: str, tmp_path: Path
) -> None:
    said = [f"Word {number}" for number in range(12)]
    hooks = [hook("UserPromptSubmit", prompt=words) for words in said]
    ingest([write(tmp_path / "hooks.jsonl", hooks)], database_url)
    (session,) = owner.execute("select id from chronicle.sessions").fetchall()
    asked = exports.parse("session_events", {"session": [str(session["id"])]})
    lines = b"".join(exports.stream(people["manager"], "session_events", asked, "jsonl")).splitlines()
    assert [json.loads(line)["prompt_text"] for line in lines] == said
