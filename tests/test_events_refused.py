"""What is no event: `engine.append_event` and the writers' kit refuse the same, by the name of the argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from signalbox_client import BadArgument, EventStore, NewEvent

Owner = psycopg.Connection[DictRow]

WHOLE: dict[str, Any] = {
    "event_type": "LEAD_SCORED", "aggregate_type": "Lead", "aggregate_id": "1", "emitted_by": "test", "payload": {},
    "metadata": {}, "confidence": None, "timestamp": None, "expected_sequence": None,
}  # fmt: skip
FIRST, LAST = datetime.min.replace(tzinfo=UTC) + timedelta(days=2), datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
LITTLE = timedelta(microseconds=1)
WHITE = "".join(character for number in range(0x3001) if (character := chr(number)).isspace())

TAKEN: list[tuple[str, Any]] = [
    ("event_type", "x" * 200),
    ("event_type", f"{WHITE}😀"),
    ("aggregate_type", "\u200b"),
    ("aggregate_id", "y" * 400),
    ("aggregate_id", str(uuid4())),
    ("emitted_by", " me "),
    ("payload", {"a": [None]}),
    ("metadata", {"": ""}),
    ("confidence", 0.0),
    ("confidence", 1.0),
    ("expected_sequence", 0),
    ("timestamp", FIRST),
    ("timestamp", LAST),
]
REFUSED: list[tuple[str, Any]] = [
    *((name, value) for name in ("event_type", "aggregate_type", "aggregate_id", "emitted_by") for value in (None, "")),
    *((name, value) for name in ("event_type", "emitted_by") for value in ("\t ", WHITE, "x" * 201)),
    ("aggregate_type", "x" * 201),
    ("aggregate_id", "x" * 401),
    *((name, value) for name in ("payload", "metadata") for value in ([], [1], "text", 5, True)),
    *(("confidence", value) for value in (-0.1, 1.5, float("nan"), float("inf"))),
    ("expected_sequence", -1),
    ("timestamp", FIRST - LITTLE),
    ("timestamp", LAST + LITTLE),
]


def in_sql(owner: Owner, given: dict[str, Any]) -> None:
    owner.execute(
        "select engine.append_event(p_event_type => %(event_type)s, p_aggregate_type => %(aggregate_type)s,"
        " p_aggregate_id => %(aggregate_id)s, p_emitted_by => %(emitted_by)s, p_payload => %(payload)s,"
        " p_metadata => %(metadata)s, p_confidence => %(confidence)s, p_timestamp => %(timestamp)s::timestamptz,"
        " p_expected_sequence => %(expected_sequence)s)",
        given | {name: Jsonb(given[name]) for name in ("payload", "metadata") if given[name] is not None},
    )


def by_the_kit(store: EventStore, given: dict[str, Any]) -> None:
    told = {name: value for name, value in given.items() if name != "expected_sequence"}
    store.append(NewEvent(**told), expected_sequence=given["expected_sequence"])


def test_both_take_the_same(owner: Owner, database_url: str) -> None:
    with EventStore(database_url) as store:
        for number, (argument, value) in enumerate(TAKEN):
            in_sql(owner, WHOLE | {"aggregate_id": f"{number} in SQL", argument: value})
            by_the_kit(store, WHOLE | {"aggregate_id": f"{number} by the kit", argument: value})
    found = owner.execute("select count(*) as n from engine.events").fetchone()
    assert found == {"n": 2 * len(TAKEN)}


def test_both_refuse_the_same_by_name_and_nothing_is_appended(owner: Owner, database_url: str) -> None:
    with EventStore(database_url) as store:
        for argument, value in REFUSED:
            given = WHOLE | {argument: value}
            with pytest.raises(BadArgument, match=f"^{argument} "):
                by_the_kit(store, given)
            with pytest.raises(psycopg.errors.InvalidParameterValue, match=rf"^p_{argument} .*\. Nothing was appended"):
                in_sql(owner, given)
    assert owner.execute("select count(*) as n from engine.events").fetchone() == {"n": 0}


@pytest.mark.parametrize("value", ["infinity", "-infinity", "0044-03-15 BC", "290000-01-01"])
def test_times_that_only_the_server_knows_are_refused(owner: Owner, value: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"^p_timestamp is .*between the years 1 and 9999"):
        in_sql(owner, WHOLE | {"timestamp": value})


def test_what_may_be_left_out_may_be_null(owner: Owner) -> None:
    in_sql(owner, WHOLE | {"payload": None, "metadata": None})
    row = owner.execute("select payload, metadata from engine.events").fetchone()
    assert row == {"payload": {}, "metadata": {}}


def test_events_of_another_world_keep_nobody_from_the_others(owner: Owner, database_url: str) -> None:
    """They come beside the function: copied from elsewhere by a service."""
    for number, at in enumerate(("infinity", "0044-03-15 BC", "290000-01-01"), start=1):
        owner.execute(
            "insert into engine.events (event_type, aggregate_type, aggregate_id, emitted_by, sequence_number,"
            " timestamp) values ('ODD', 'Client', 'odd', 'x', %s, %s)",
            (number, at),
        )
    with EventStore(database_url) as store:
        last = store.append(NewEvent("CLIENT_CONTACTED", "Client", "odd", emitted_by="x"))
        for events in (list(store.stream("Client", "odd")), store.subscribe("beginning").poll()):
            assert [event.timestamp for event in events] == [None, None, None, last.timestamp]
