"""What one line holds beyond every limit costs that line or its file, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from data import embedded
from data.errors import DatabaseFull
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, value
from tests.test_ingest_unreadable import prompt, write

REFUSING: LiteralString = """
    create or replace function chronicle.refuse() returns trigger language plpgsql as $$
    begin
        if new.prompt_text = '{what}' then
            raise exception 'no room for {what}' using errcode = '{state}';
        end if;
        return new;
    end $$;
    create or replace trigger refuse before insert on chronicle.prompt_events
    for each row execute function chronicle.refuse()
"""


def test_times_of_another_world_are_unknown_and_counted_and_end_no_import(
    server: embedded.Lease, tmp_path: Path
) -> None:
    zero, far = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
    told = [prompt("zero", "z"), prompt("far", "f"), prompt("odd offset", "o"), prompt("fine", "g")]
    told[0]["timestamp"], told[1]["timestamp"] = zero, far
    told[2]["timestamp"] = "2026-03-04T10:00:00+23:59"
    item = {"id": "i", "title": "i", "status": "closed", "issue_type": "task", "created_at": zero, "closed_at": far}
    hook = {"session_id": "h", "hook_event_name": "Notification", "message": "x", "timestamp": zero}
    with fresh_database(server) as url:
        report = ingest([write(tmp_path / "times.jsonl", *told, item, hook)], url)
        prompts = rows(url, "select prompt_text, created_at::text as at from chronicle.prompt_events order by 1")
        assert rows(url, "select created_at, started_at, completed_at from agents.jobs where job_data ? 'title'") == [
            {"created_at": None, "started_at": None, "completed_at": None}
        ]
        (span,) = rows(url, "select started_at, ended_at from chronicle.sessions where session_id = 's-unreadable'")
    assert report.holds
    assert [(row["prompt_text"], row["at"]) for row in prompts] == [
        ("far", None),
        ("fine", "2026-03-04 10:00:00+00"),
        ("odd offset", "2026-03-03 10:01:00+00"),
        ("zero", None),
    ]
    assert (span["started_at"].day, span["ended_at"].day) == (3, 4)
    assert (report.counts["placeholder_times"], report.counts["untimed_events"]) == (5, 3)
    assert " 5 times are before 1970 or after 2200 and taken for unknown." in report.sentence


def test_no_value_of_a_line_ends_an_import_or_costs_another_line(server: embedded.Lease, tmp_path: Path) -> None:
    long = "".join(chr(0x10000 + 7 * number) for number in range(4_000))  # nothing of it can be compressed
    uses = [
        {"type": "tool_use", "id": "t1", "name": "Task", "input": {"subagent_type": long}},
        {"type": "tool_use", "id": None, "name": None},
        {"type": "tool_use", "id": "t2", "name": "Skill", "input": {"skill": long}},
        {"type": "tool_use", "id": "t3", "name": "\0" * 255, "input": {}},
    ]
    calls = prompt("", "c1", agentId=long) | {"type": "assistant"}
    calls["message"] = {"id": long, "model": long, "usage": {"input_tokens": 2**61}, "content": uses}
    deep: Any = "\0"
    for _ in range(600):
        deep = [deep]
    status = {"session_id": "s", "model": {}, "cost": {"total_cost_usd": 10**309}}
    hook = {"session_id": "\0" * 255, "hook_event_name": "Stop", "agent_type": long}
    item = {"id": "i", "title": "i", "status": "open", "issue_type": "task", "assignee": long}
    odd = [
        calls,
        prompt("deep", "d", toolUseResult=1, deep=deep),
        status,
        hook,
        prompt("", "e") | {"message": "x"},
        item,
    ]
    write(tmp_path / "a.jsonl", *odd)
    write(tmp_path / "b.jsonl", prompt("fine", "f"))
    with fresh_database(server) as url:
        report = ingest([tmp_path], url)
        agents = {row["name"] for row in rows(url, "select agent_identifier as name from agents.jobs")}
        assert value(url, "select sop_id from engine.sop_executions") == long[:255]
        assert value(url, "select message_id || input_tokens from signalbox.model_replies")[32:] == "0"
        assert {row["tool_name"] for row in rows(url, "select tool_name from chronicle.tool_events")} == {
            "Task",
            "Skill",
            ("\\u0000" * 255)[:255],
        }
        assert value(url, "select prompt_text from chronicle.prompt_events") == "fine"
    assert agents == {"claude-code", long[:255]}
    assert [(problem.line, problem.reason) for problem in report.problems] == [
        (1, "1 call of 4 not in the shape of one: “id” is null, not a text"),
        (2, "nested too deeply"),
        (4, "a session id of 1530 characters; 1 to 255 are kept"),
        (5, "not in the shape of its kind: “message” is a text, not an object"),
    ]


def test_characters_between_records_cost_no_other_record_and_a_broken_log_is_no_other_file(
    server: embedded.Lease, tmp_path: Path
) -> None:
    first, second = (json.dumps({"session_id": "h", "hook_event_name": "Stop", "reason": each}) for each in "ab")
    told = json.dumps(prompt("fine"))
    (tmp_path / "array.json").write_text(f"\0\n[{first},\0\0{second}]", encoding="utf-8")
    (tmp_path / "commas.jsonl").write_text(f"{told},\n{told},\n", encoding="utf-8")
    (tmp_path / "zeros.jsonl").write_text("\0" * 5_000 + f"\n{told}\n", encoding="utf-8")
    with fresh_database(server) as url:
        report = ingest([tmp_path], url)
        assert value(url, "select count(*) from chronicle.events where event_type = 'session_stop'") == 2
        assert value(url, "select count(*) from chronicle.prompt_events") == 1
        alone = ingest([tmp_path / "commas.jsonl"], url)
    assert [(Path(problem.path).name, problem.line) for problem in report.problems] == [
        ("array.json", 1),
        ("array.json", 2),
        ("commas.jsonl", 1),
        ("commas.jsonl", 2),
        ("zeros.jsonl", 1),
    ]
    assert alone.sentence == "Nothing was imported: 2 lines or files could not be read."


def test_what_the_database_or_the_import_cannot_take_of_a_file_is_said_of_that_file(
    server: embedded.Lease, tmp_path: Path
) -> None:
    long = "".join(chr(0x10000 + 7 * number) for number in range(4_000))
    files = [write(tmp_path / f"{name}.jsonl", prompt(name, name, name)) for name in ("limit", "odd", "rule", "well")]
    write(files[0], prompt(long, "l", "limit"))
    with fresh_database(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create index on chronicle.prompt_events (prompt_text)")
            connection.execute(
                "insert into chronicle.sessions (session_id, metadata) values ('odd', '{\"models\": 5}')"
            )
            connection.execute("insert into chronicle.sessions (session_id, started_at) values ('well', 'infinity')")
            connection.execute(REFUSING.format(state="P0001", what="rule"))
        report = ingest(files, url)
        assert value(url, "select prompt_text from chronicle.prompt_events") == "well"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(REFUSING.format(state="53100", what="full"))
        with pytest.raises(DatabaseFull, match="Free some, then import again; files that were done before are kept"):
            ingest([write(tmp_path / "full.jsonl", prompt("full", "full"))], url)
    reasons = {Path(problem.path).stem: problem.reason for problem in report.problems}
    assert reasons.keys() == {"limit", "odd", "rule"}
    assert reasons["limit"].startswith("the database refused the file: index row")
    assert reasons["rule"] == "the database refused the file: no room for rule"
    assert reasons["odd"].startswith("Signalbox failed at it, which is an error of Signalbox: TypeError")
