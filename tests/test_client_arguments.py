"""What no client of the writers' kit takes: named by argument and reason before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from signalbox_client import (
    BadArgument,
    EventStore,
    Jobs,
    NewEvent,
    PostgresSessionStore,
    Procedures,
    Recorder,
    Reducer,
    checking,
)
from signalbox_client.events import Position
from signalbox_client.procedures import BadDefinition, Definition, read_definition, read_definitions
from signalbox_client.projections import Projection, Projections, Replay
from signalbox_client.sessions import Revision, Session

Owner = psycopg.Connection[DictRow]

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"
SOP = "sop_id: refund\ntitle: {}\nsteps:\n  - {{step: check, kind: human}}\n"


def happened(**given: Any) -> NewEvent:
    return NewEvent("LEAD_SCORED", "Lead", "a", emitted_by="test", **given)


WEST, EAST = timezone(timedelta(hours=-12)), timezone(timedelta(hours=12))
SELF: list[Any] = []
SELF.extend([SELF, SELF])


def projection(**given: Any) -> Projection:
    asked: dict[str, Any] = {
        "name": "leads", "aggregate_type": "Lead", "event_types": frozenset({"LEAD_SCORED"}), "key_column": "id",
        "key_of": lambda event: event.aggregate_id, "fold": lambda row, _: row or {}, "required": frozenset(),
    }  # fmt: skip
    return Projection(**asked | given)


# Where the type itself is what is refused, mypy would refuse it first: those lines tell it to pass over them.
REFUSED: list[tuple[str, Callable[[], object]]] = [
    # A time that the server stores and nobody can read again: the event would be there, and its writer told it is not.
    ("timestamp must lie between the years", lambda: happened(timestamp=datetime.max.replace(tzinfo=WEST))),
    ("timestamp must lie between the years", lambda: happened(timestamp=datetime.min.replace(tzinfo=EAST))),
    ("timestamp must lie between the years", lambda: happened(timestamp=datetime.max.replace(tzinfo=UTC))),
    ("confidence must be a finite number", lambda: happened(confidence=10**400)),
    ("payload is nested more than", lambda: happened(payload={"a": SELF})),
    ("payload.a has more than 4,300 digits", lambda: happened(payload={"a": -(10**4300)})),
    ("payload has a key that is no text but int", lambda: happened(payload={10**5000: 1})),
    ("data.a has a zero character", lambda: Jobs(NOWHERE).create("x", {"a": "\0"})),
    ("data has half of a surrogate pair", lambda: Jobs(NOWHERE).create("x", {"\ud800": 1})),
    ("data.a is inf", lambda: Jobs(NOWHERE).create("x", {"a": float("inf")})),
    ("start is no position", lambda: EventStore(NOWHERE).subscribe(Position(-1))),
    ("start is no position", lambda: EventStore(NOWHERE).subscribe(Position("x"))),  # type: ignore[arg-type]
    ("start must be text, not int", lambda: EventStore(NOWHERE).subscribe(5)),  # type: ignore[arg-type]
    ("position is no position", lambda: Position.parse("x")),
    (r"reducers\[0\] must be a Reducer", lambda: EventStore(NOWHERE, reducers=[None])),  # type: ignore[list-item]
    (r"projections\[0\] must be a Projection", lambda: Projections([None])),  # type: ignore[list-item]
    ("start has gaps that are none", lambda: EventStore(NOWHERE).subscribe(Position(5, ("x",)))),  # type: ignore[arg-type]
    ("reducers must be a list of Reducer, not int", lambda: EventStore(NOWHERE, reducers=5)),  # type: ignore[arg-type]
    ("reducers must be a list of Reducer, not str", lambda: EventStore(NOWHERE, reducers="")),  # type: ignore[arg-type]
    ("reducers must be a list of Reducer, not dict", lambda: EventStore(NOWHERE, reducers={})),
    ("name must be text, not int", lambda: Reducer("Lead", lambda state, _: state, name=0)),  # type: ignore[arg-type]
    ("name must be text, not NoneType", lambda: Reducer("Lead", lambda state, _: state, name=None)),  # type: ignore[arg-type]
    ("events must be a list of NewEvent, not str", lambda: EventStore(NOWHERE).append_many("")),  # type: ignore[arg-type]
    ("events must be a list of NewEvent, not dict", lambda: EventStore(NOWHERE).append_many({})),
    ("projections must be a list of Projection, not str", lambda: Projections("")),  # type: ignore[arg-type]
    ("name must be text, not NoneType", lambda: read_definition("{}", "json", name=None)),  # type: ignore[arg-type]
    ("projections must be Projections, not str", lambda: Replay(NOWHERE, "all")),  # type: ignore[arg-type]
    ("projections must be a list of Projection, not int", lambda: Projections(5)),  # type: ignore[arg-type]  # refused
    ("projections must be a list of Projection, not NoneType", lambda: Projections(None)),  # type: ignore[arg-type]  # too
    ("name must be text, not int", lambda: projection(name=5)),
    ("aggregate_type must be text, not NoneType", lambda: projection(aggregate_type=None)),
    ("key_column must be text, not int", lambda: projection(key_column=5)),
    ("event_types must be a collection, a list for instance, not int", lambda: projection(event_types=3)),
    ("event_types must be a collection, a list for instance, not str", lambda: projection(event_types="A")),
    ("required must be a collection, a list for instance, not int", lambda: projection(required=5)),
    ("required must be text, not int", lambda: projection(required=[5])),
    ("key_of must be a function, not int", lambda: projection(key_of=5)),
    ("fold must be a function, not NoneType", lambda: projection(fold=None)),
    (
        "event_types must be a collection, a list for instance, not dict",
        lambda: EventStore(NOWHERE).subscribe(event_types={"a": object()}),
    ),
    (
        "make_current must be True or False, not object",
        lambda: PostgresSessionStore(NOWHERE).save_revision(
            Revision(uuid4(), {}),
            make_current=object(),  # type: ignore[arg-type]  # what is wrong is the point
        ),
    ),
    ("lost_after must be longer than nothing", lambda: Jobs(NOWHERE).take(lost_after=timedelta.max)),
    (
        "before.created_at has no time zone",
        lambda: PostgresSessionStore(NOWHERE).list_sessions(
            uuid4(), before=Session(uuid4(), created_at=datetime.now(UTC).replace(tzinfo=None))
        ),
    ),
    (
        "as_read.updated_at must be a datetime",
        lambda: PostgresSessionStore(NOWHERE).update_session(
            uuid4(),
            {"prompt": "x"},
            as_read=Session(uuid4(), updated_at="now"),  # type: ignore[arg-type]
        ),
    ),
    ("definitions holds a int", lambda: Procedures(NOWHERE, emitted_by="x").store(5)),  # type: ignore[arg-type]
    (
        "definition.document is no definition: sop_id is missing",
        lambda: Procedures(NOWHERE, emitted_by="x").store(Definition("a\ud800", "t", None, "active", [], {})),
    ),
    (
        "definition has fields that differ from its document",
        lambda: Procedures(NOWHERE, emitted_by="x").store(
            Definition("b", "A", None, "active", [], read_definition(SOP.format("A"), "yaml").document)
        ),
    ),
    (
        "definitions holds refund twice",
        lambda: Procedures(NOWHERE, emitted_by="x").store(*[read_definition(SOP.format("A"), "yaml")] * 2),
    ),
    ("paths holds x+, which cannot be read", lambda: read_definitions(["x" * 5000])),
]


@pytest.mark.parametrize(("sentence", "act"), REFUSED, ids=[sentence for sentence, _ in REFUSED])
def test_what_cannot_be_honoured_is_named(sentence: str, act: Callable[[], object]) -> None:
    with pytest.raises(BadArgument, match=f"^{sentence}"):
        act()


def test_what_a_record_holds_for_other_tables_is_a_mapping_of_mappings() -> None:
    recorder = Recorder(NOWHERE)
    wrong: list[tuple[str, Any]] = [
        ("details must be a mapping, not int", 5),
        ("details must be one of", {"other": {}}),
        ("details.tool must be a mapping, not list", {"tool": [1]}),
        ("notification.a is nan", {"tool": {"a": float("nan")}}),
    ]
    for sentence, details in wrong:
        with pytest.raises(BadArgument, match=f"^{sentence}"):
            recorder.add("k", "notification", {}, details=details)
    assert recorder.abandon() == []


def test_times_near_both_ends_come_back(database_url: str) -> None:
    store = EventStore(database_url)
    for given in (datetime(1, 1, 4, tzinfo=WEST), datetime(9999, 12, 28, tzinfo=EAST)):
        assert store.append(happened(timestamp=given)).timestamp == given


def test_values_are_counted_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that holds one list twice, and so on: a few objects that would be written as billions."""
    monkeypatch.setattr(checking, "MAX_JSON_VALUES", 1000)
    assert checking.json_text("payload", [0] * 999) == f"[{','.join('0' * 999)}]"
    growing: list[Any] = []
    for _ in range(40):
        growing = [growing, growing]
    with pytest.raises(BadArgument, match="payload holds more than 1000 values"):
        happened(payload={"a": growing})


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("2026-02-31", "2026-02-31 is no timestamp; put text into quotes"),
        ("0x_", "0x_ is no int; put text into quotes"),
        ("!!int one", "one is no int; put text into quotes"),
        ("!!bool perhaps", "perhaps is no bool; put text into quotes"),
        ("!!timestamp soon", "soon is no timestamp; put text into quotes"),
        ("9" * 5000, "a number of more than 4,300 digits, which Python does not read; put text into quotes"),
    ],
)
def test_yaml_that_stands_for_no_value_is_named_by_its_line(title: str, reason: str) -> None:
    with pytest.raises(BadDefinition) as refused:
        read_definition(SOP.format(title), "yaml")
    assert [(problem.line, problem.column, problem.reason) for problem in refused.value.problems] == [(2, 8, reason)]


def test_yaml_that_would_grow_or_nest_without_end_is_refused_where_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox_client.procedures.yaml_files.MAX_VALUES", 1000)
    doubling = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    for text, line, reason in (
        (doubling, 1, "more than 1000 values"),
        ("a:\n  " + "[" * 100_000, 2, "nested more than 100 levels"),
    ):
        with pytest.raises(BadDefinition) as refused:
            read_definition(text, "yaml")
        (problem,) = refused.value.problems
        assert (problem.line, reason in problem.reason) == (line, True)


def test_a_file_that_cannot_be_read_is_a_problem_of_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the system's answer is put in place here."""
    (tmp_path / "a.yaml").write_text(SOP.format("A"))

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadDefinition, match=r"a\.yaml:1:1: the file cannot be read: Permission denied"):
        read_definitions([tmp_path])


@pytest.mark.parametrize(
    "given",
    [
        {"cost_usd": Decimal("sNaN")},
        {"cost_usd": Decimal("1e400")},
        {"cost_usd": 1e300},
        {"actions": 2**40},
    ],
    ids=str,
)
def test_the_end_of_a_step_that_no_page_could_add_up_is_refused(
    database_url: str, owner: Owner, given: dict[str, Any]
) -> None:
    with Procedures(database_url, emitted_by="x") as procedures:
        procedures.store(read_definition(SOP.format("A"), "yaml"))
        run = procedures.start("refund").execution_id
        procedures.start_step(run, "check")
        with pytest.raises(BadArgument, match=next(iter(given))):
            procedures.complete_step(run, "check", **given)
        with pytest.raises(BadArgument, match=next(iter(given))):
            procedures.fail_step(run, "check", "no answer", **given)
    assert owner.execute("select count(*) as n from engine.events").fetchone() == {"n": 2}
