"""Which triggers of the change log one of our tables has, and how another table can carry them.

What each logs depends on columns of its table: the slots of its times, the ids of sessions and calls, and what figures
are made of. In a table where these have other types, the trigger would make the writer's own statement fail. Such a
table says that it changed and no more: its figures are read from the rows, every time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from data.adoption.findings import TableFinding
from data.migration.files import FOLDER, SCHEMA_FILE
from data.migration.statements import split

_TRIGGER = re.compile(
    r"CREATE TRIGGER (?P<name>change_log_\w+) (?P<event>AFTER \w+) ON (?P<table>\w+\.\w+) (?P<rows>REFERENCING .+? )?"
    r"FOR EACH STATEMENT EXECUTE FUNCTION signalbox\.(?P<function>\w+)\((?P<arguments>.*)\)\Z",
    re.DOTALL,
)
_TIME = re.compile(r"timestamp(\(\d\))? with(out)? time zone|date")
_PRECISION = re.compile(r"\(\d\)")
_WORDS = re.compile(r"text|character( varying)?(\(\d+\))?( collate .*)?")
_ARGUMENT = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Mark:
    """A trigger of the change log; `event` and `rows` are words of its statement."""

    name: str
    event: str
    rows: str
    function: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """The columns that a function reads: times, which must all be of one type, identifiers, words, and others, which
    must be of our own type. `source` is the table that it tells of where that is not its own."""

    times: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    source: str | None = None


_CALLS = Needs(
    times=("created_at",),
    identifiers=("session_id", "event_id", "call_id"),
    words=("phase", "error_message"),
    others=("success", "execution_time_ms"),
)
NEEDS: Mapping[str, Needs] = {
    "log_sessions": Needs(times=("started_at",), identifiers=("id",), others=("metadata",)),
    "log_added_calls": _CALLS,
    "log_removed_calls": _CALLS,
    "log_prompts": Needs(times=("created_at",)),
    "log_jobs": Needs(times=("created_at", "started_at", "completed_at")),
    "log_windows": Needs(
        times=("window_end",),
        others=(
            "actions_total",
            "actions_automated",
            "human_escalations",
            "avg_confidence",
            "confidence_count",
            "automation_rate",
            "total_cost",
        ),
    ),
    "log_runs": Needs(times=("started_at", "completed_at")),
    "log_projects": Needs(identifiers=("id",), words=("project_name",), source="3"),
    "log_event_agents": Needs(identifiers=("id",), words=("source_app",), source="3"),
    "log_drafts": Needs(identifiers=("session_id",), source="20"),
    "log_truncate": Needs(),
}


@cache
def marks_of(table: str) -> tuple[Mark, ...]:
    """The triggers of the change log on one of our tables, as `schema.sql` makes them."""
    return tuple(
        Mark(
            match["name"],
            match["event"],
            match["rows"] or "",
            match["function"],
            tuple(_ARGUMENT.findall(match["arguments"])),
        )
        for statement in split((FOLDER / SCHEMA_FILE).read_text(encoding="utf-8"))
        if (match := _TRIGGER.search(statement.text[statement.code_start - statement.start :]))
        and match["table"] == table
    )


def carried(mark: Mark, table: TableFinding, source: str) -> Mark:
    """The trigger as another table carries it: itself, or, where its columns have other types, one that says only that
    the table changed. `source` is the number of our table."""
    needs = needs_of(mark)
    if needs is not None and _has(table, needs):
        return mark
    told = needs.source if needs and needs.source else source
    return Mark(mark.name, mark.event, mark.rows, "log_rows", (told, "-"))


def needs_of(mark: Mark) -> Needs | None:
    """The columns it reads; None for a function that is not known here."""
    if mark.function == "log_rows":
        time = mark.arguments[1]
        return Needs() if time == "-" else Needs(times=(time,))
    return NEEDS.get(mark.function)


def _has(table: TableFinding, needs: Needs) -> bool:
    # A column that reads as unknown counts at no time for reports, whatever its rows hold.
    found = {column.name: column.found or "" for column in table.columns if not column.is_null}
    times = {_PRECISION.sub("", found.get(name, "")) for name in needs.times}
    return (
        len(times) <= 1
        and all(_TIME.fullmatch(found.get(name, "")) for name in needs.times)
        and all(found.get(name) == "uuid" for name in needs.identifiers)
        and all(_WORDS.fullmatch(found.get(name, "")) for name in needs.words)
        and all(column.found == column.needed for column in table.columns if column.name in needs.others)
        and {*needs.others} <= {*found}
    )
