"""Whatever cannot go in is a sentence with its place, and everything else goes in."""

from __future__ import annotations

import gzip
import json
import os
from argparse import Namespace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from data import embedded
from data.command import output
from data.ingest import ingest
from data.ingest.reading.files import FileReading
from data.ingest.reading.walking import Found
from tests.conftest import fresh_database
from tests.ingest_database import rows, value
from tests.ingest_fixtures import FOLDER, ITEMS, ODD_LINES, ODD_SESSIONS
from tests.proofs.prove_ingest_shapes import ROUNDS, record_lists, sort


def prompt(text: str, uuid: str = "p1", session: str = "s-unreadable", **more: Any) -> dict[str, Any]:
    return {
        "type": "user",
        "uuid": uuid,
        "sessionId": session,
        "timestamp": "2026-03-04T10:00:00.000Z",
        "message": {"role": "user", "content": text},
        **more,
    }


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_every_unreadable_line_is_reported_with_its_number_and_the_rest_goes_in(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        report = ingest([ODD_LINES], url)
        prompts = {row["prompt_text"] for row in rows(url, "select prompt_text from chronicle.prompt_events")}
        stored = rows(url, "select problems, counts from signalbox.import_files")[0]
        assert sorted(row["session_id"] for row in rows(url, "select session_id from chronicle.sessions")) == list(
            ODD_SESSIONS
        )
        nowhere = value(url, "select count(*) from chronicle.prompt_events where created_at is null")
    (file,) = report.files
    reasons = {problem.line: problem.reason for problem in file.problems}
    assert reasons.keys() == {1, 5, 9, 12, 13, 14}
    assert reasons[1] == "a comment, not JSON"
    assert "Unterminated string" in reasons[5]
    assert "names no session" in reasons[9]
    assert reasons[12] == reasons[13] == "not a record of an agent log"
    assert "not in the shape of its kind" in reasons[14]
    assert {entry["line"]: entry["reason"] for entry in stored["problems"]} == reasons
    assert not report.holds
    assert prompts == {
        "first of two sessions",
        "other session, emoji as escapes: 🗼",
        "left half",
        "right half",
        "a NUL here: \\u0000 and there: \\u0000",
        "half a pair: \\ud83d alone",
        "no uuid",
        "an impossible time",
        "NaN is here",
        "over several lines",
        "the last line, without an end",
    }
    assert nowhere == 1, "the impossible time"
    assert file.escaped == 3
    assert " 3 characters are stored as \\uXXXX, as PostgreSQL holds no such character." in report.sentence
    assert stored["counts"]["escaped_characters"] == 3
    assert any(note.endswith(" holds several objects; all were read.") for note in file.notes), file.notes


def test_entries_without_an_id_are_never_merged_and_not_added_again(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        for _ in range(2):
            ingest([ODD_LINES], url)
            assert value(url, "select count(*) from chronicle.prompt_events where prompt_text = 'no uuid'") == 2


def test_characters_that_the_database_refuses_stay_readable_everywhere(server: embedded.Lease, tmp_path: Path) -> None:
    bad = "x\x00y\ud800z"
    shown = "x\\u0000y\\ud800z"
    entry = prompt(bad, **{"cwd": f"/home/{bad}", "gitBranch": bad, bad: bad})
    call = {
        **prompt("", uuid="c1"),
        "type": "assistant",
        "message": {
            "id": bad,
            "model": bad,
            "usage": {"input_tokens": 1},
            "content": [{"type": "tool_use", "id": "t1", "name": bad, "input": {bad: [bad]}}],
        },
    }
    outcome = prompt("", uuid="r1")
    outcome["message"]["content"] = [{"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": bad}]
    item = {"id": bad, "title": bad, "status": "open", "issue_type": bad, "owner": bad, "created_at": bad}
    hook = {"session_id": bad, "hook_event_name": "Notification", "message": bad, "cwd": bad}
    strange = [{"type": bad, "sessionId": bad}, {"session_id": bad, "hook_event_name": bad}]
    with fresh_database(server) as url:
        report = ingest([write(tmp_path / "bad.jsonl", entry, call, outcome, item, hook, *strange)], url)
        assert report.holds, report.problems
        assert shown in value(url, "select counts -> 'entries' from signalbox.import_files")
        assert report.counts["escaped_characters"] > 0
        assert value(url, "select prompt_text from chronicle.prompt_events") == shown
        post = rows(url, "select tool_name, error_message from chronicle.tool_events where phase = 'post'")
        assert post == [{"tool_name": shown, "error_message": shown}]
        assert value(url, "select parameters from chronicle.tool_events where phase = 'pre'") == {shown: [shown]}
        assert value(url, "select session_id from chronicle.sessions order by 1 desc limit 1") == shown
        assert value(url, "select message from chronicle.notification_events") == shown
        assert {row["name"] for row in rows(url, "select project_name as name from chronicle.sessions")} == {shown}
        assert ingest([tmp_path], url).counts["events_added"] == 0
        told = ingest([write(tmp_path / "worse.jsonl", entry, {"type": bad, "uuid": "x"})], url)
        assert told.problems[0].reason == f"an entry of type “{shown}” that names no session"
        assert json.dumps(told.document(), ensure_ascii=False).encode()


def test_files_that_are_no_agent_logs_are_named_and_no_error_in_a_folder(
    server: embedded.Lease, tmp_path: Path
) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    (tmp_path / "list.json").write_text("[1, 2, 3]", encoding="utf-8")
    (tmp_path / "long.log").write_text("line of a log\n" * 5_000, encoding="utf-8")
    for name in ("gemini-session.jsonl", "notes.md", "settings.json"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    with fresh_database(server) as url:
        report = ingest([tmp_path], url)
        assert value(url, "select count(*) from signalbox.import_files") == 0
    assert report.holds
    assert {Path(file.path).name for file in report.files if file.outcome == "not recognised"} == {
        "empty.jsonl",
        "picture.png",
        "list.json",
        "long.log",
        "gemini-session.jsonl",
        "notes.md",
        "settings.json",
    }
    assert all(file.notes for file in report.files)


def test_a_file_that_was_named_and_is_no_agent_log_is_wrong(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        report = ingest([FOLDER / "notes.md", ITEMS], url)
        assert value(url, "select count(*) from agents.jobs") == 5
    assert not report.holds
    assert "no agent log" in report.problems[0].reason


def test_what_cannot_be_opened_is_a_sentence_and_the_others_go_in(server: embedded.Lease, tmp_path: Path) -> None:
    good = write(tmp_path / "good.jsonl", prompt("fine"))
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(good.read_bytes()))
    (tmp_path / "dangling.jsonl").symlink_to(tmp_path / "nowhere.jsonl")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.jsonl").symlink_to(tmp_path / "self.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "again.jsonl").symlink_to(good)
    with fresh_database(server) as url:
        report = ingest([tmp_path, tmp_path / "missing", tmp_path / "pipe.jsonl"], url)
        noted = [note for note in report.notes if "pipe.jsonl" in note]
        assert value(url, "select count(*) from chronicle.prompt_events") == 1
    reasons = {Path(problem.path).name: problem.reason for problem in report.problems}
    assert reasons.keys() == {"packed.jsonl.gz", "dangling.jsonl", "self.jsonl", "missing", "pipe.jsonl"}
    assert "gzip" in reasons["packed.jsonl.gz"]
    assert "No such file" in reasons["dangling.jsonl"]
    assert "nothing under this path" in reasons["missing"]
    assert "neither a file nor a folder" in reasons["pipe.jsonl"]
    assert [note.partition(": ")[2] for note in noted] == ["neither a file nor a folder, so it was left alone"]
    assert sum(file.outcome == "imported" for file in report.files) == 1, "a file under two names is read once"


def test_a_file_that_goes_away_between_finding_and_reading_is_a_sentence(tmp_path: Path) -> None:
    with FileReading(Found(tmp_path / "gone.jsonl", 10, named=False)) as reading:
        assert not reading.recognise()
    assert reading.report.outcome == "failed"
    assert reading.report.problems[0].reason == "the file cannot be read (No such file or directory)"


def test_names_that_are_not_utf8_can_be_stored(server: embedded.Lease, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jsonl")
    write(tmp_path / name, prompt("fine"))
    with fresh_database(server) as url:
        assert ingest([tmp_path], url).holds
        assert value(url, "select path from signalbox.import_files").endswith("caf\\udce9.jsonl")


def test_names_with_line_ends_and_commands_to_a_terminal_stay_one_line_of_words(
    server: embedded.Lease, tmp_path: Path
) -> None:
    write(tmp_path / "a\n\x1b[31mred.jsonl", prompt("fine"))
    with fresh_database(server) as url:
        assert ingest([tmp_path], url).holds
        assert value(url, "select path from signalbox.import_files").endswith("a\\x0a\\x1b[31mred.jsonl")


def test_words_of_a_log_command_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.note("an entry of type “\x1b]0;title\x07\x9b2J\r\tcafé 🏴”")
    output.emit(Namespace(json=False), {}, ["\x1b[2Jgone\nnext"])
    printed = capsys.readouterr()
    assert printed.err == "an entry of type “\\x1b]0;title\\x07\\x9b2J\\x0d\tcafé 🏴”\n"
    assert printed.out == "\\x1b[2Jgone\nnext\n"


def test_a_prompt_of_a_megabyte_of_words_goes_in(server: embedded.Lease, tmp_path: Path) -> None:
    """The full-text index refuses a text with more than a megabyte of different words."""
    words = " ".join(f"w{number}" for number in range(150_000))
    with fresh_database(server) as url:
        assert ingest([write(tmp_path / "long.jsonl", prompt(words))], url).holds
        (found,) = rows(
            url,
            """
            select length(p.prompt_text) as shown, p.prompt_length, length(e.data ->> 'prompt') as whole
            from chronicle.prompt_events as p inner join chronicle.events as e on e.id = p.event_id
            """,
        )
    assert found == {"shown": 200_000, "prompt_length": len(words), "whole": len(words)}


def test_names_longer_than_their_columns_go_in(server: embedded.Lease, tmp_path: Path) -> None:
    long = "n" * 300
    entry = prompt("fine", cwd=f"/home/{long}", gitBranch=long, agentId=long, version=long)
    call = {**entry, "uuid": "c1", "type": "assistant"}
    call["message"] = {"content": [{"type": "tool_use", "id": long * 20, "name": long, "input": {}}]}
    hook = {"session_id": "s", "hook_event_name": "Notification", "message": long, "notification_type": long}
    with fresh_database(server) as url:
        report = ingest([write(tmp_path / "long.jsonl", entry, call, hook, prompt("x", session=long))], url)
        assert [problem.reason for problem in report.problems] == [
            "a session id of 300 characters; at most 255 are kept"
        ]
        assert value(url, "select git_branch from chronicle.sessions where project_name is not null") == "n" * 255


def test_a_file_is_all_or_nothing(server: embedded.Lease, tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.jsonl", prompt(name, uuid=name)) for name in ("a", "b", "c")]
    with fresh_database(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter table chronicle.prompt_events add constraint refuse_b check (prompt_text <> 'b')")
        report = ingest(files, url)
        assert {row["prompt_text"] for row in rows(url, "select prompt_text from chronicle.prompt_events")} == {
            "a",
            "c",
        }
        assert value(url, "select count(*) from signalbox.import_files") == 2
    assert [file.outcome for file in report.files] == ["imported", "failed", "imported"]
    assert "the database refused the file" in report.files[1].problems[0].reason


@settings(max_examples=ROUNDS // 10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(record_lists)
def test_no_shape_of_a_record_stops_an_import(values: list[dict[str, Any]]) -> None:
    sort(values)
