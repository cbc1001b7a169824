"""Calls of skills become executions: what belongs to one, where people had a say, how long it took, what it cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, snapshot, value
from tests.ingest_records import REFUSAL, SESSION, answered, called, entry, hook, reply, typed, write

EXECUTIONS = "select * from engine.sop_executions order by started_at nulls first, sop_id"
# In USD per million: input 1, output 2.5.
PRICES = """
[[price]]
models = ["claude-opus-4-6"]
valid_from = 2026-01-01
input = 1
output = 2.5
cache_write = 3
cache_write_1h = 4
cache_read = 0.5
"""
SESSION_LOG: list[dict[str, Any]] = [
    typed(0, "commit what is there"),
    called(1, "before", "Read", {"file_path": "/a"}),
    answered(2, "before", "x"),
    reply(3, "msg-before", "claude-opus-4-6", input_tokens=1_000_000),
    called(10, "skill", "Skill", {"skill": "commit", "args": "-m"}),
    answered(10, "skill", "Launching skill: commit"),
    reply(11, "msg-in", "claude-opus-4-6", input_tokens=2_000_000, output_tokens=400_000),
    called(12, "status", "Bash", {"command": "git status"}),
    answered(13, "status", "dirty"),
    called(14, "no", "Bash", {"command": "git push"}),
    answered(100, "no", REFUSAL, failed=True),
    called(110, "sub", "Grep", {"pattern": "x"}, agentId="a1", isSidechain=True),
    answered(118, "sub", "y", agentId="a1", isSidechain=True),
    typed(200, "and now something else"),
    called(201, "after", "Bash", {"command": "ls"}),
    answered(202, "after", "a"),
    reply(203, "msg-after", "claude-opus-4-6", input_tokens=4_000_000),
]


@pytest.fixture
def price_table(tmp_path: Path) -> Path:
    table = tmp_path / "prices.toml"
    table.write_text(PRICES, encoding="utf-8")
    return table


def imported(server: embedded.Lease, path: Path, *told: Any, price_table: Path | None = None) -> list[Any]:
    with fresh_database(server) as url:
        assert ingest([write(path / "log.jsonl", told)], url, price_table=price_table).holds
        return rows(url, EXECUTIONS)


def test_a_skill_goes_on_until_a_person_speaks(server: embedded.Lease, tmp_path: Path, price_table: Path) -> None:
    (run,) = imported(server, tmp_path, *SESSION_LOG, price_table=price_table)
    assert (run["sop_id"], run["status"], run["agent_id"]) == ("commit", "completed", "claude-code")
    assert (run["actions_total"], run["actions_automated"], run["human_interventions"]) == (4, 3, 1)
    assert run["automation_rate"] == 0.75
    assert (run["started_at"].second, run["completed_at"].minute, run["completed_at"].second) == (10, 1, 58)
    assert run["cycle_time_hours"] == pytest.approx(108 / 3600)
    assert run["estimated_cost"] == Decimal(3), "the reply before it and the one after are not its own"
    assert run["metadata"]["cost_basis"] == "estimate"
    assert run["metadata"]["imported"] is True
    assert run["metadata"]["session_id"] == SESSION
    steps = [(step["step"], step["kind"], step.get("outcome"), step["agent"]) for step in run["steps"]]
    assert steps == [
        ("Skill", "agent", "succeeded", "claude-code"),
        ("Bash", "agent", "succeeded", "claude-code"),
        ("Bash", "human", "rejected", "claude-code"),
        ("Grep", "agent", "succeeded", "unknown"),
    ]
    assert run["steps"][1]["completed_at"] == "2026-03-03T08:00:13+00:00"


def test_a_skill_ends_where_the_next_one_begins(server: embedded.Lease, tmp_path: Path) -> None:
    told = [
        *SESSION_LOG[:9],
        called(14, "next", "Skill", {"skill": "test"}),
        answered(14, "next", "ok"),
        *SESSION_LOG[9:],
    ]
    first, second = imported(server, tmp_path, *told)
    assert (first["sop_id"], first["actions_total"], first["automation_rate"]) == ("commit", 2, 1)
    assert (second["sop_id"], second["actions_total"], second["actions_automated"]) == ("test", 3, 2)


@pytest.mark.parametrize("said", ["<command-name>/clear</command-name>", "[Request interrupted by user]"])
def test_commands_and_interruptions_are_a_person_speaking(said: str, server: embedded.Lease, tmp_path: Path) -> None:
    (run,) = imported(server, tmp_path, *SESSION_LOG[:9], typed(13, said), *SESSION_LOG[9:])
    assert run["actions_total"] == 2


def test_questions_inside_a_skill_are_where_people_step_in(server: embedded.Lease, tmp_path: Path) -> None:
    ask = {"questions": [{"question": "Which branch?"}]}
    told = [called(20, "ask", "AskUserQuestion", ask), answered(25, "ask", "main")]
    (run,) = imported(server, tmp_path, *SESSION_LOG[:9], *told)
    assert (run["actions_total"], run["human_interventions"], run["automation_rate"]) == (3, 1, 2 / 3)
    assert run["completed_at"].second == 25, "a session that ends there ends the skill"


def test_a_skill_of_a_subagent_has_the_subagents_calls_and_no_cost(server: embedded.Lease, tmp_path: Path) -> None:
    side: dict[str, Any] = {"agentId": "a1", "isSidechain": True}
    told = [
        called(1, "task", "Task", {"subagent_type": "diver", "prompt": "p"}),
        called(2, "skill", "Skill", {"skill": "dive"}, **side),
        answered(3, "skill", "ok", **side),
        called(4, "main", "Read", {"file_path": "/a"}),
        called(5, "deep", "Bash", {"command": "ls"}, **side),
        answered(6, "deep", "x", **side),
        reply(6, "msg", "claude-opus-4-6", input_tokens=9),
        answered(9, "task", "pearl", toolUseResult={"agentId": "a1", "status": "completed"}),
    ]
    (run,) = imported(server, tmp_path, *told)
    assert (run["agent_id"], run["actions_total"]) == ("diver", 2)
    assert run["estimated_cost"] is None
    assert "cost_basis" not in run["metadata"]


def test_replies_without_a_price_cost_nothing_known(server: embedded.Lease, tmp_path: Path, price_table: Path) -> None:
    other = reply(12, "msg-other", "model-of-tomorrow", input_tokens=7)
    (run,) = imported(server, tmp_path, *SESSION_LOG, other, price_table=price_table)
    assert (run["estimated_cost"], run["metadata"]["cost_basis"]) == (Decimal(3), "partial estimate")
    unpriced = [record for record in SESSION_LOG if record["uuid"] != "reply-msg-in-11"]
    (run,) = imported(server, tmp_path, *unpriced, other, price_table=price_table)
    assert (run["estimated_cost"], run["metadata"]["cost_basis"]) == (None, "not priced")


@pytest.mark.parametrize(
    ("result", "status", "rate", "message"),
    [
        (answered(12, "skill", "Unknown skill: commit", failed=True), "failed", 1, "Unknown skill: commit"),
        (answered(12, "skill", REFUSAL, failed=True), "cancelled", 0, REFUSAL),
        (typed(12, "no result came"), "cancelled", 1, "The log holds no result of this call."),
        (entry("progress", 9, "p", data={}), "running", 1, None),
    ],
)
def test_a_skill_that_did_not_run_has_no_calls_but_its_own(
    result: Any, status: str, rate: int, message: str | None, server: embedded.Lease, tmp_path: Path
) -> None:
    told = [called(10, "skill", "Skill", {"skill": "commit"}), result]
    later = [called(15, "x", "Read", {"file_path": "/a"}), answered(16, "x", "y")] if status != "running" else []
    (run,) = imported(server, tmp_path, *told, *later)
    assert (run["status"], run["actions_total"], run["automation_rate"]) == (status, 1, rate)
    assert run["error_message"] == message
    assert (run["completed_at"] is None) == (message is None or message.startswith("The log"))
    assert run["human_interventions"] == (message == REFUSAL)


def test_without_times_the_figures_of_a_skill_are_unknown(server: embedded.Lease, tmp_path: Path) -> None:
    told = [
        hook("PreToolUse", tool_name="Skill", tool_input={"skill": "commit"}),
        hook("PostToolUse", tool_name="Skill", tool_input={"skill": "commit"}, tool_response={"ok": True}),
        hook("PreToolUse", tool_name="Bash", tool_input={"command": "ls"}),
    ]
    (run,) = imported(server, tmp_path, *told)
    assert (run["sop_id"], run["status"], run["metadata"]["source"]) == ("commit", "completed", "hooks")
    unknown = ("started_at", "completed_at", "cycle_time_hours", "actions_total", "automation_rate", "estimated_cost")
    assert [run[name] for name in unknown] == [None] * len(unknown)


def test_a_skill_that_hooks_and_a_transcript_tell_ran_once(server: embedded.Lease, tmp_path: Path) -> None:
    given = {"skill": "commit", "args": "-m"}
    hooks = write(tmp_path / "hooks.jsonl", [hook("PreToolUse", tool_name="Skill", tool_input=given)])
    log = write(tmp_path / "log.jsonl", SESSION_LOG)
    for order in ((hooks, log), (log, hooks)):
        with fresh_database(server) as url:
            for path in order:
                ingest([path], url)
            (run,) = rows(url, EXECUTIONS)
        assert (run["actions_total"], run["metadata"]["source"]) == (4, "transcript")


@pytest.mark.parametrize("cut", range(5, len(SESSION_LOG), 3))
def test_a_grown_log_ends_where_a_whole_one_does(cut: int, server: embedded.Lease, tmp_path: Path) -> None:
    whole = write(tmp_path / "log.jsonl", SESSION_LOG)
    with fresh_database(server) as url, fresh_database(server) as alone:
        ingest([whole], alone)
        wanted = snapshot(alone)
        ingest([write(whole, SESSION_LOG[:cut])], url)
        ingest([write(whole, SESSION_LOG)], url)
        found = snapshot(url)
        written = value(url, "select count(*) from signalbox.change_log where source in (16, 17)")
        assert not ingest([whole], url).files[0].added
        assert value(url, "select count(*) from signalbox.change_log where source in (16, 17)") == written
    assert found["executions"] == wanted["executions"]
    assert found["metrics"] == wanted["metrics"]


def test_another_price_table_estimates_anew(server: embedded.Lease, tmp_path: Path, price_table: Path) -> None:
    log = write(tmp_path / "log.jsonl", SESSION_LOG)
    costs = "select estimated_cost from engine.sop_executions union all select total_cost from engine.agent_metrics"
    with fresh_database(server) as url:
        ingest([log], url, price_table=price_table)
        assert {row["estimated_cost"] for row in rows(url, costs)} == {Decimal(3), Decimal(8), None}
        price_table.write_text(PRICES.replace("input = 1", "input = 2"), encoding="utf-8")
        ingest([tmp_path / "nothing-else.jsonl"], url, price_table=price_table)
        assert {row["estimated_cost"] for row in rows(url, costs)} == {Decimal(5), Decimal(15), None}
