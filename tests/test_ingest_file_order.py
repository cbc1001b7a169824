"""What has no time stands in the order of its log, in the file of a session and in its timeline, however few lines the
log has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from data import exports
from data.access import Actor
from data.ingest import ingest
from data.reports import session
from tests.ingest_fixtures import GULLS, REEF
from tests.ingest_records import called, entry, hook

Owner = psycopg.Connection[DictRow]
RECORDS = 500
HOOK_FILES = (GULLS / "other.json", GULLS / "post_tool_use.json", GULLS / "pre_tool_use.json")
IN_DETAIL = ("tool_input", "tool_response")


def only_session(owner: Owner) -> UUID:
    [found] = owner.execute("select id from chronicle.sessions").fetchall()
    return UUID(str(found["id"]))


def exported(owner: Owner, actor: Actor) -> list[dict[str, Any]]:
    """The rows of the session's file."""
    given = exports.parse("session_events", {"session": [str(only_session(owner))]})
    text = b"".join(exports.stream(actor, "session_events", given, "jsonl")).decode()
    return [json.loads(line) for line in text.splitlines()]


def shown(owner: Owner, actor: Actor) -> list[dict[str, Any]]:
    return session.list_items(actor, session_pk=only_session(owner))


def on_one_line(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


def mixed_payloads() -> list[dict[str, Any]]:
    """Prompts, calls and notifications in turns, each with its number in its words."""
    makers = (
        lambda words: hook("UserPromptSubmit", prompt=words),
        lambda words: hook("PreToolUse", tool_name="Bash", tool_input={"command": words}),
        lambda words: hook("Notification", message=words),
    )
    return [makers[number % 3](f"record {number}") for number in range(RECORDS)]


def words_of(rows: list[dict[str, Any]]) -> list[str]:
    return [row["prompt_text"] or row["notification"] or row["data"]["tool_name"] for row in rows]


@pytest.mark.parametrize("files", [*([file] for file in HOOK_FILES), HOOK_FILES], ids=["other", "post", "pre", "all"])
def test_hook_files_are_exported_in_their_order(
    owner: Owner, people: dict[str, Actor], database_url: str, files: list[Path]
) -> None:
    ingest(files, database_url)
    payloads = [payload for file in files for payload in json.loads(file.read_text(encoding="utf-8"))]
    told = [{name: value for name, value in payload.items() if name not in IN_DETAIL} for payload in payloads]
    rows = exported(owner, people["manager"])
    assert all(row["occurred_at"] is None for row in rows)
    assert [row["data"] for row in rows] == told


def test_events_that_are_no_array_are_exported_in_their_order(
    owner: Owner, people: dict[str, Actor], database_url: str
) -> None:
    ingest([REEF], database_url)
    rows = exported(owner, people["manager"])
    timed = [row["occurred_at"] for row in rows if row["occurred_at"]]
    assert timed == sorted(timed)
    places = owner.execute("select line, place from signalbox.import_records order by place").fetchall()
    assert [row["place"] for row in places] == list(range(1, len(places) + 1))
    assert [row["line"] for row in places] == sorted(row["line"] for row in places)


def test_hundreds_of_records_on_one_line_keep_their_order(
    owner: Owner, people: dict[str, Actor], database_url: str, tmp_path: Path
) -> None:
    payloads = mixed_payloads()
    ingest([on_one_line(tmp_path / "hooks.json", payloads)], database_url)
    rows = exported(owner, people["manager"])
    assert words_of(rows) == [told.get("prompt") or told.get("message") or told["tool_name"] for told in payloads]
    assert [item["words"] for item in shown(owner, people["manager"])] == [f"record {n}" for n in range(RECORDS)]


def test_a_grown_file_goes_on_where_it_ended(
    owner: Owner, people: dict[str, Actor], database_url: str, tmp_path: Path
) -> None:
    payloads = mixed_payloads()
    path = on_one_line(tmp_path / "hooks.json", payloads[: RECORDS // 2])
    ingest([path], database_url)
    again = ingest([on_one_line(path, payloads)], database_url)
    assert again.counts["events_added"] == RECORDS - RECORDS // 2
    assert [item["words"] for item in shown(owner, people["manager"])] == [f"record {n}" for n in range(RECORDS)]


def test_what_was_imported_before_places_were_kept_comes_before_what_its_file_grew_by(
    owner: Owner, people: dict[str, Actor], database_url: str, tmp_path: Path
) -> None:
    payloads = mixed_payloads()
    path = on_one_line(tmp_path / "hooks.json", payloads[:20])
    ingest([path], database_url)
    owner.execute("update signalbox.import_records set place = null, part = null")
    again = ingest([on_one_line(path, payloads[:60])], database_url)
    assert again.counts["events_added"] == 40
    words = [item["words"] for item in shown(owner, people["manager"])]
    assert set(words[:20]) == {f"record {n}" for n in range(20)}
    assert words[20:] == [f"record {n}" for n in range(20, 60)]


@pytest.mark.parametrize("is_array", [True, False])
def test_calls_of_one_entry_keep_their_order_behind_the_start_of_the_session(
    owner: Owner, people: dict[str, Actor], database_url: str, tmp_path: Path, *, is_array: bool
) -> None:
    blocks = [called(0, f"use-{n}", "Bash", {"command": f"call {n}"})["message"]["content"][0] for n in range(40)]
    entries = [
        entry("user", 1, "asked", message={"role": "user", "content": "dive"}),
        entry("assistant", 2, "many", message={"role": "assistant", "content": blocks}),
    ]
    for one in entries:
        del one["timestamp"]
    text = json.dumps(entries) if is_array else "".join(json.dumps(one) for one in entries)
    path = tmp_path / "session.jsonl"
    path.write_text(text, encoding="utf-8")
    ingest([path], database_url)
    told = [(item["kind"], item["words"]) for item in shown(owner, people["manager"])]
    expected = [("lifecycle", None), ("prompt", "dive"), *(("call", f"call {n}") for n in range(40))]
    assert told == expected
    rows = exported(owner, people["manager"])
    assert [row["event_type"] for row in rows] == ["session_start", "user_prompt", *["tool_pre_use"] * 40]
    assert [row["data"]["tool_use_id"] for row in rows[2:]] == [f"use-{n}" for n in range(40)]


@pytest.mark.parametrize(
    ("names", "status"), [(("Stop", "StopFailure"), "error"), (("StopFailure", "Stop"), "completed")]
)
def test_the_last_stop_on_a_line_decides_how_a_session_ended(
    owner: Owner, database_url: str, tmp_path: Path, names: tuple[str, str], status: str
) -> None:
    stops = [hook(names[0], last_assistant_message=f"turn {n}") for n in range(20)] + [hook(names[1])]
    ingest([on_one_line(tmp_path / "stops.json", stops)], database_url)
    assert owner.execute("select status from chronicle.sessions").fetchall() == [{"status": status}]


def test_a_question_stands_behind_what_asked_it(
    owner: Owner, people: dict[str, Actor], database_url: str, tmp_path: Path
) -> None:
    """Also one of which the context names a call that no log can have told."""
    asked = {"questions": [{"question": "Which bay?"}]}
    payloads = mixed_payloads()[:60]
    payloads[40:40] = [hook("PreToolUse", tool_name="AskUserQuestion", tool_input=asked)]
    payloads[20:20] = [hook("Notification", message="Claude needs your permission to use Write")]
    ingest([on_one_line(tmp_path / "hooks.json", payloads)], database_url)
    owner.execute(
        "insert into engine.human_approvals (session_id, agent_id, approval_type, title, context)"
        " values (%s, 'diver', 'tool_use', 'Dive?', '{\"call_id\": \"toolu_1\"}')",
        (only_session(owner),),
    )
    items = shown(owner, people["manager"])
    kinds = [item["kind"] for item in items if item["words"] != "Dive?"]
    assert [at for at, kind in enumerate(kinds) if kind == "question"] == [21, 43]
    assert len(kinds) == len(payloads) + 2
    questions = [(item["words"], items[at - 1]["kind"]) for at, item in enumerate(items) if item["kind"] == "question"]
    assert questions[1:] == [("Allow the use of Write", "notification"), ("Which bay?", "call")]


def test_a_question_stands_behind_its_request_and_not_behind_its_call(
    owner: Owner, people: dict[str, Actor], database_url: str, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"tool_name": "Write", "tool_input": {"file_path": "a", "content": "b"}}
    payloads = mixed_payloads()[:60]
    payloads[30:30] = [
        hook("PreToolUse", **given),
        hook("UserPromptSubmit", prompt="meanwhile"),
        hook("PermissionRequest", **given),
        hook("PostToolUse", **given, tool_response={"filePath": "a"}),
    ]
    ingest([on_one_line(tmp_path / "hooks.json", payloads)], database_url)
    told = [item["kind"] for item in shown(owner, people["manager"])[30:35]]
    assert told == ["call", "prompt", "notification", "question", "prompt"]
    [question] = owner.execute("select context ? 'call_id' as names_call from engine.human_approvals").fetchall()
    assert question["names_call"]
