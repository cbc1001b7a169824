"""Procedures: definitions from files, checked to the line; executions step by step, each act with its event."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from signalbox_client import BadArgument, EventStore, Procedures
from signalbox_client.procedures import (
    BadDefinition,
    ExecutionNotFound,
    ExecutionOver,
    ProcedureNotFound,
    WrongStep,
    YamlUnavailable,
    read_definition,
    read_definitions,
)
from tests.poolers import MODES, Mode, Poolers
from tests.poolers import poolers as poolers  # noqa: PLC0414

Owner = psycopg.Connection[DictRow]

YAML = """\
# what happens to a new inquiry
sop_id: intake
title: Intake
description: |
  Reads and answers.
steps:
  - step: read
    title: Read the inquiry
    kind: agent
    agent: reader
  - step: decide
    kind: human
    approval_type: refund
"""
AS_JSON = json.dumps(
    {
        "sop_id": "intake",
        "title": "Intake",
        "description": "Reads and answers.\n",
        "steps": [
            {"step": "read", "title": "Read the inquiry", "kind": "agent", "agent": "reader"},
            {"step": "decide", "kind": "human", "approval_type": "refund"},
        ],
    },
    indent=1,
)


@pytest.fixture
def procedures(database_url: str) -> Iterator[Procedures]:
    with Procedures(database_url, emitted_by="runner") as opened:
        yield opened


def stored(owner: Owner) -> list[tuple[str, int, str]]:
    rows = owner.execute(
        "select sop_id, version, status from engine.sop_definitions order by sop_id, version"
    ).fetchall()
    return [(row["sop_id"], row["version"], row["status"]) for row in rows]


def test_yaml_and_json_say_the_same() -> None:
    assert read_definition(YAML, "yaml") == read_definition(AS_JSON, "json")


def test_a_changed_definition_is_a_new_version_and_an_unchanged_one_nothing(
    tmp_path: Path, owner: Owner, procedures: Procedures
) -> None:
    file = tmp_path / "intake.yaml"
    file.write_text(YAML)
    assert [(one.version, one.is_new) for one in procedures.load(tmp_path)] == [(1, True)]
    file.write_text(YAML.replace("# what happens to a new inquiry\n", ""))  # a comment is no content
    assert [(one.version, one.is_new) for one in procedures.load(tmp_path)] == [(1, False)]
    file.write_text(YAML.replace("Reads and", "Reads or"))
    assert [(one.version, one.is_new) for one in procedures.load(str(file))] == [(2, True)]
    file.write_text(YAML + "status: draft\n")
    assert [(one.version, one.is_new) for one in procedures.load(file)] == [(3, True)]
    assert stored(owner) == [("intake", 1, "retired"), ("intake", 2, "active"), ("intake", 3, "draft")]
    row = owner.execute("select title, description, steps, definition from engine.sop_definitions where version = 2")
    found = row.fetchone()
    assert found
    assert (found["title"], len(found["steps"]), found["definition"]["description"]) == (
        "Intake",
        2,
        "Reads or answers.\n",
    )
    assert procedures.start("intake").sop_version == 2
    assert procedures.start("intake", version=1).sop_version == 1


def test_loaders_at_the_same_time_make_one_version(database_url: str, owner: Owner) -> None:
    line = threading.Barrier(8)

    def load() -> None:
        with Procedures(database_url, emitted_by="x") as procedures:
            line.wait(30)
            procedures.store(read_definition(YAML, "yaml"))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert stored(owner) == [("intake", 1, "active")]


BROKEN: list[tuple[str, str, int, int, str]] = [
    ("yaml", YAML.replace("title: Intake", "titel: Intake"), 2, 1, "title is missing"),
    ("yaml", YAML.replace("title: Intake", "titel: Intake"), 3, 1, "titel is not known here"),
    ("yaml", YAML.replace("kind: human", "kind: robot"), 12, 11, "must be one of agent, human"),
    ("yaml", YAML.replace("    agent: reader\n", ""), 7, 5, "needs its agent"),
    ("yaml", YAML.replace("step: decide", "step: read"), 11, 11, "the step read is there twice, first in line 7"),
    ("yaml", YAML.replace("approval_type: refund", "agent: reader"), 13, 5, "has no agent"),
    ("yaml", YAML.replace("sop_id: intake", "sop_id: in take"), 2, 9, "must be a name"),
    ("yaml", YAML.replace("sop_id: intake", "sop_id: 5"), 2, 9, "must be a name"),
    ("yaml", YAML.replace("title: Intake", "title: [a]"), 3, 8, "must be text, not list"),
    ("yaml", YAML.replace("title: Intake", "title: ''"), 3, 8, "is empty"),
    ("yaml", YAML + "status: on\n", 14, 9, "on may mean true; write that, or put text into quotes"),
    ("yaml", YAML + "metadata: {answers: [yes, No]}\n", 14, 22, "yes may mean true"),
    ("yaml", YAML + "metadata: {answers: [yes, No]}\n", 14, 27, "No may mean false"),
    ("yaml", YAML + "metadata: {off: a}\n", 14, 12, "off may mean false; write that, or put text into quotes"),
    ("yaml", YAML.replace("title: Intake", "title: yes"), 3, 8, "yes may mean true"),
    ("yaml", YAML + "sop_id: again\n", 14, 1, "the key sop_id is there twice"),
    ("yaml", YAML + "metadata: {a: .nan}\n", 14, 15, "cannot be stored"),
    ("yaml", YAML.replace("steps:", "steps: {}\nother:"), 6, 8, "steps must be a list"),
    ("yaml", "sop_id: [a\ntitle: x", 2, 6, "':'|flow sequence|expected"),
    ("yaml", "a: b\n\tc: d", 2, 1, "tab|found character"),
    ("yaml", "a: \x07", 1, 4, "does not allow"),
    ("yaml", "", 1, 1, "empty"),
    ("yaml", "- a\n", 1, 1, "a definition is a mapping"),
    ("yaml", "5: a\n", 1, 1, "a key must be text"),
    ("yaml", "a: &a [*a]\n", 1, 4, "nested|unhashable|anchor|found"),
    ("yaml", "a: !!python/object:os.system {}\n", 1, 4, "not known here|tag|constructor"),
    ("yaml", "a: b\n---\nc: d\n", 2, 1, "another document|found"),
    ("json", AS_JSON.replace('"kind": "human"', '"kind": "robot"'), 14, 12, "must be one of agent, human"),
    ("json", AS_JSON.replace('"kind": "human",', '"kind": "human"'), 15, 4, "a comma or } is expected"),
    ("json", AS_JSON.replace('"title": "Intake"', '"title": NaN'), 3, 11, "NaN is no JSON value"),
    ("json", AS_JSON.replace('"title": "Intake"', '"title" "Intake"'), 3, 10, "a colon is expected"),
    ("json", AS_JSON.replace('"title": "Intake"', '"sop_id": "x"'), 3, 2, "the key sop_id is there twice"),
    ("json", AS_JSON + "x", 18, 2, "more after the end"),
    ("json", "{", 1, 2, "a key in double quotes"),
    ("json", '{"a": "b', 1, 7, "unterminated string"),
    ("json", "", 1, 1, "a value is expected"),
    ("json", "[" * 200, 1, 102, "nested more than 100"),
    ("json", '{"a": 1,}', 1, 9, "a key in double quotes"),
    (
        "json",
        AS_JSON.replace('"Intake"', "9" * 6000),
        3,
        11,
        "a number of more than 4,300 digits.*put text into quotes",
    ),
    ("yaml", YAML + "metadata: {a: " + "9" * 6000 + "}\n", 14, 15, "a number of more than 4,300 digits"),
    ("yaml", YAML + "metadata: {<<: {a: b}}\n", 14, 12, "<< merges keys, which is not taken here"),
    ("yaml", YAML + "metadata: {a: 12:30:45}\n", 14, 15, "12:30:45 is a number of base 60; put text into quotes"),
    ("yaml", YAML + "metadata: {a: 12:30:45.5}\n", 14, 15, "12:30:45.5 is a number of base 60"),
    ("yaml", YAML + "metadata: {a: 010}\n", 14, 15, "010 is a number of base 8; put text into quotes"),
]


@pytest.mark.parametrize(("form", "text", "line", "column", "reason"), BROKEN)
def test_what_is_wrong_is_named_by_file_line_and_column(
    tmp_path: Path, form: str, text: str, line: int, column: int, reason: str
) -> None:
    file = tmp_path / f"broken.{form}"
    file.write_text(text)
    with pytest.raises(BadDefinition, match=reason) as refused:
        read_definitions([file])
    places = [(problem.line, problem.column) for problem in refused.value.problems]
    assert (line, column) in places, refused.value.sentence
    assert f"{file}:{line}:{column}: " in refused.value.sentence


IN_YAML = (
    YAML
    + """\
metadata:
  n: .nan
  m: [1, .inf]
  k: "a\\0"
  "b\\0": 010
  k: 5
  when: [2026-11-20, 12, 0x1F, 0, -7, 0.5, "010", "12:30:45", "<<", true, "yes"]
  5: x
  <<: {z: .nan}
title: .nan
"""
)
IN_JSON = AS_JSON.replace(
    ' "steps"', ' "metadata": {"n": NaN,\n"m": [1, -Infinity],\n"k": "a\\u0000",\n"b\\u0000": tru,\n"k": 1},\n "steps"'
)


@pytest.mark.parametrize(
    ("form", "text", "places"),
    [
        ("yaml", IN_YAML, [(15, 6), (16, 10), (17, 6), (18, 3), (18, 10), (19, 3), (21, 3), (22, 3), (22, 11), (23, 1),
                           (23, 8)]),
        ("json", IN_JSON, [(5, 20), (6, 10), (7, 6), (8, 1), (8, 12), (9, 1)]),
    ],
)  # fmt: skip
def test_every_fault_of_a_file_is_told_with_its_place(form: Any, text: str, places: list[tuple[int, int]]) -> None:
    with pytest.raises(BadDefinition) as refused:
        read_definition(text, form)
    assert [(problem.line, problem.column) for problem in refused.value.problems] == places, refused.value.sentence


def test_all_problems_of_all_files_are_told_and_nothing_is_loaded(
    tmp_path: Path, owner: Owner, procedures: Procedures
) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "b.yml").write_text(YAML.replace("kind: human", "kind: robot").replace("title: Intake", "title: 5"))
    (tmp_path / "c.json").write_text(AS_JSON)
    (tmp_path / "d.json").write_bytes(b'{\n "a": "\xff"}')
    (tmp_path / "ignored.txt").write_text("nothing")
    with pytest.raises(BadDefinition) as refused:
        procedures.load(tmp_path)
    assert [(Path(p.path).name, p.line, p.column) for p in refused.value.problems] == [
        ("b.yml", 3, 8), ("b.yml", 12, 11), ("c.json", 2, 12), ("d.json", 2, 8),
    ]  # fmt: skip
    assert "c.json:2:12: intake is already defined in" in refused.value.sentence
    assert stored(owner) == []


def test_paths_that_are_not_there_are_refused(tmp_path: Path, procedures: Procedures) -> None:
    (tmp_path / "x.toml").write_text("")
    for wrong in (tmp_path / "none.yaml", tmp_path / "x.toml", 5):
        with pytest.raises(BadArgument, match="paths holds"):
            procedures.load(wrong)  # type: ignore[arg-type]
    with pytest.raises(BadArgument, match="paths holds an empty text"):
        procedures.load("")


def test_without_pyyaml_json_works_and_yaml_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert read_definition(AS_JSON, "json").sop_id == "intake"
    with pytest.raises(YamlUnavailable, match="pip install PyYAML"):
        read_definition(YAML, "yaml")


@pytest.mark.parametrize("way", ["direct", *MODES])
def test_an_execution_leaves_its_events_and_its_row(
    owner: Owner, database_url: str, poolers: Poolers, way: str
) -> None:
    mode: Mode = "session" if way == "session" else "transaction"
    url = database_url if way == "direct" else poolers.url(mode, database_url)
    with Procedures(url, emitted_by="runner") as procedures:
        procedures.store(read_definition(YAML, "yaml"))
        correlation = uuid4()
        one = procedures.start("intake", client_id="acme", agent_id="reader", correlation_id=correlation).execution_id
        assert procedures.start_step(one, "read").open_step == "read"
        procedures.escalate(one, "read", "Unsure", confidence=0.4)
        done = procedures.complete_step(one, "read", actions=4, cost_usd=0.5, note="ok", confidence=0.9)
        assert (done.actions_total, done.actions_automated, done.automation_rate) == (4, 4, 1.0)
        procedures.start_step(one, "decide")
        procedures.complete_step(one, "decide", outcome="approved")
        over = procedures.complete(one)
    assert (over.status, over.actions_total, over.actions_automated, over.automation_rate) == ("completed", 5, 4, 0.8)
    assert (over.human_interventions, over.estimated_cost, over.current_step) == (2, Decimal("0.5"), None)
    assert over.cycle_time_hours is not None
    assert [(step["step"], step["outcome"], step["note"]) for step in over.steps] == [
        ("read", "done", "ok"), ("decide", "approved", None),
    ]  # fmt: skip
    with EventStore(database_url) as store:
        events = list(store.stream("SopExecution", str(one)))
    assert [event.event_type.removeprefix("SOP_") for event in events] == [
        "EXECUTION_STARTED", "STEP_STARTED", "STEP_ESCALATED", "STEP_COMPLETED", "STEP_STARTED", "STEP_COMPLETED",
        "EXECUTION_COMPLETED",
    ]  # fmt: skip
    assert {event.correlation_id for event in events} == {correlation}
    assert {event.payload["client_id"] for event in events} == {"acme"}
    assert (events[3].payload["actions_automated"], events[5].payload["actions_automated"]) == (4, 0)


def test_a_cost_that_nobody_told_and_a_short_time_stay_what_they_are(
    owner: Owner, procedures: Procedures, database_url: str
) -> None:
    procedures.store(read_definition(YAML, "yaml"))
    runs = [procedures.start("intake").execution_id for _ in range(3)]
    for one, cost in zip(runs, (None, 0, Decimal("0.25")), strict=True):
        assert procedures.start_step(one, "read").estimated_cost is None
        procedures.complete_step(one, "read", cost_usd=cost)
        procedures.start_step(one, "decide")
        procedures.complete_step(one, "decide")
        procedures.complete(one)
    rows = "select id, estimated_cost, cycle_time_hours * 3600 as seconds from engine.sop_executions"
    stored = {row["id"]: row for row in owner.execute(rows)}
    assert [stored[one]["estimated_cost"] for one in runs] == [None, 0, Decimal("0.25")]
    times = owner.execute("select id, extract(epoch from completed_at - started_at) as s from engine.sop_executions")
    for row in times:
        assert stored[row["id"]]["seconds"] == pytest.approx(float(row["s"]), abs=1e-5)
    with EventStore(database_url) as store:
        ended = [e for one in runs for e in store.stream("SopExecution", str(one)) if e.event_type.endswith("PLETED")]
    assert [event.payload.get("cost_usd") for event in ended if event.payload.get("step") == "read"] == [None, 0, 0.25]


def test_acts_that_do_not_fit_are_refused_and_leave_nothing(owner: Owner, procedures: Procedures) -> None:
    procedures.store(read_definition(YAML, "yaml"))
    one = procedures.start("intake").execution_id
    with pytest.raises(WrongStep, match="no step is open"):
        procedures.complete_step(one, "read")
    with pytest.raises(WrongStep, match="has no step dance; its steps are read, decide"):
        procedures.start_step(one, "dance")
    procedures.start_step(one, "read")
    with pytest.raises(WrongStep, match="read is still open"):
        procedures.start_step(one, "decide")
    with pytest.raises(WrongStep, match="read is open"):
        procedures.fail_step(one, "decide", "x")
    with pytest.raises(WrongStep, match="read is open"):
        procedures.escalate(one, "decide", "x")
    with pytest.raises(WrongStep, match="read is still open"):
        procedures.complete(one)
    assert procedures.cancel(one, "enough").status == "cancelled"
    over: list[Callable[[], Any]] = [
        lambda: procedures.complete(one),
        lambda: procedures.fail(one, "x"),
        lambda: procedures.cancel(one, "x"),
        lambda: procedures.start_step(one, "read"),
        lambda: procedures.complete_step(one, "read"),
    ]
    for act in over:
        with pytest.raises(ExecutionOver, match="is cancelled"):
            act()
    assert owner.execute("select count(*) from engine.events").fetchone() == {"count": 3}
    with pytest.raises(ExecutionNotFound):
        procedures.execution(uuid4())
    with pytest.raises(ExecutionNotFound):
        procedures.complete(uuid4())
    with pytest.raises(ProcedureNotFound, match="unknown has no active version"):
        procedures.start("unknown")
    with pytest.raises(ProcedureNotFound, match="intake has no version 7"):
        procedures.start("intake", version=7)


def test_of_two_who_end_an_execution_one_wins(database_url: str, owner: Owner, procedures: Procedures) -> None:
    procedures.store(read_definition(YAML, "yaml"))
    one = procedures.start("intake").execution_id
    lost: list[type[Exception]] = []
    line = threading.Barrier(6)

    def end() -> None:
        with Procedures(database_url, emitted_by="x") as mine:
            line.wait(30)
            try:
                mine.complete(one)
            except ExecutionOver as error:
                lost.append(type(error))

    threads = [threading.Thread(target=end) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert lost == [ExecutionOver] * 5
    assert owner.execute("select count(*) from engine.events").fetchone() == {"count": 2}


def test_an_event_and_its_row_are_kept_or_lost_together(owner: Owner, procedures: Procedures) -> None:
    procedures.store(read_definition(YAML, "yaml"))
    with pytest.raises(BadArgument, match=r"^session_id is the id of no session"):
        procedures.start("intake", session_id=uuid4())
    with pytest.raises(BadArgument, match=r"^user_id is the id of nobody"):
        procedures.start("intake", user_id=uuid4())
    assert owner.execute("select count(*) from engine.events").fetchone() == {"count": 0}


def test_arguments_that_cannot_be_honoured_are_refused_before_anything_is_written(
    owner: Owner, procedures: Procedures
) -> None:
    one, here = uuid4(), procedures
    wrong: list[tuple[str, Callable[[], Any]]] = [
        ("emitted_by", lambda: Procedures("postgresql:///x", emitted_by="")),
        ("paths", here.load),
        ("sop_id", lambda: here.start("")),
        ("version", lambda: here.start("x", version=0)),
        ("agent_id", lambda: here.start("x", agent_id="")),
        ("client_id", lambda: here.start("x", client_id="\0")),
        ("session_id", lambda: here.start("x", session_id="x")),
        ("user_id", lambda: here.start("x", user_id="x")),
        ("correlation_id", lambda: here.start("x", correlation_id="x")),
        ("causation_id", lambda: here.start("x", causation_id="x")),
        ("execution_id", lambda: here.execution("x")),
        ("execution_id", lambda: here.complete(None)),  # type: ignore[arg-type]
        ("step", lambda: here.start_step(one, "")),
        ("step", lambda: here.complete_step(one, 5)),  # type: ignore[arg-type]
        ("actions must", lambda: here.complete_step(one, "x", actions=-1)),
        ("actions_automated", lambda: here.complete_step(one, "x", actions=1, actions_automated=2)),
        ("cost_usd", lambda: here.complete_step(one, "x", cost_usd=-1)),
        ("cost_usd", lambda: here.complete_step(one, "x", cost_usd=Decimal("nan"))),
        ("cost_usd", lambda: here.complete_step(one, "x", cost_usd="1")),  # type: ignore[arg-type]
        ("outcome", lambda: here.complete_step(one, "x", outcome="")),
        ("note", lambda: here.complete_step(one, "x", note="")),
        ("confidence", lambda: here.complete_step(one, "x", confidence=2)),
        ("error", lambda: here.fail_step(one, "x", "")),
        ("error", lambda: here.fail(one, " ")),
        ("reason", lambda: here.cancel(one, None)),  # type: ignore[arg-type]
        ("reason", lambda: here.escalate(one, "x", "x" * 10_001)),
        ("form", lambda: read_definition("{}", "toml")),  # type: ignore[arg-type]
        ("text", lambda: read_definition(5, "json")),  # type: ignore[arg-type]
    ]
    for argument, act in wrong:
        with pytest.raises(BadArgument, match=f"^{argument}"):
            act()
    assert owner.execute("select count(*) from engine.events").fetchone() == {"count": 0}
