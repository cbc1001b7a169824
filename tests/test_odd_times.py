"""Times that Python cannot hold are read as unknown: one such row must not close a page to everybody."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import database, exports, rollups
from data.access import Actor
from data.database import queries
from data.exports import catalog as exports_catalog
from tests import all_systems, recorded
from tests.page_runs import open_page
from tests.test_cached_reads import WORD, addresses, addresses_of_systems

QUERY = (
    "select 'infinity'::timestamptz as never, '-infinity'::timestamptz as always,"
    " '0044-03-15 BC'::timestamptz as ides, '2026-01-01Z'::timestamptz as plain"
)
READ = {"never": None, "always": None, "ides": None, "plain": datetime(2026, 1, 1, tzinfo=UTC)}


def test_pooled_and_lone_connections_read_every_time(people: dict[str, Actor]) -> None:
    for unit in (database.reading, database.writing, database.apart):
        with unit(people["admin"]) as opened:
            assert opened.connection.execute(QUERY).fetchone() == READ


WORLDS = [
    # when things begin and when they end
    ("4713-01-02 00:00+00 BC", "290000-01-01 00:00+00"),
    ("290000-01-01 00:00+00", "4713-01-02 00:00+00 BC"),
    ("-infinity", "infinity"),
    ("infinity", "-infinity"),
    ("0001-01-03 00:00+00", "9998-12-01 00:00+00"),
    ("9998-12-01 00:00+00", "0001-01-03 00:00+00"),
]
# Each end of the world once as a beginning or as an end; the proofs take it as both.
TAKEN_HERE = (WORLDS[0], WORLDS[3], WORLDS[5])
ENDS = ("ended_at", "completed_at", "decided_at", "updated_at", "expires_at", "processed_at", "last_modified")
SYSTEMS = ["agents", "chronicle", "engine", "lift", "toolbox"]


def move_to(owner: psycopg.Connection[DictRow], begins: str, ends: str) -> None:
    """Every time that the rows of the systems hold, with whatever guards their tables off."""
    columns = owner.execute(
        "select c.table_schema, c.table_name, array_agg(c.column_name::text) as names"
        " from information_schema.columns as c"
        " join pg_tables as t on t.schemaname = c.table_schema and t.tablename = c.table_name"
        " where c.table_schema = any(%s) and c.data_type = 'timestamp with time zone' group by 1, 2",
        (SYSTEMS,),
    ).fetchall()
    for row in columns:
        table = sql.Identifier(row["table_schema"], row["table_name"])
        values = [
            sql.SQL("{0} = case when {0} is not null then {1}::timestamptz end").format(
                sql.Identifier(name), sql.Literal(ends if name in ENDS else begins)
            )
            for name in row["names"]
        ]
        owner.execute(sql.SQL("alter table {} disable trigger user").format(table))
        owner.execute(sql.SQL("update {} set {}").format(table, sql.SQL(", ").join(values)))
        owner.execute(sql.SQL("alter table {} enable trigger user").format(table))


@pytest.mark.parametrize(("begins", "ends"), TAKEN_HERE)
def test_no_page_and_no_export_is_closed_by_times_of_another_world(
    owner: psycopg.Connection[DictRow], people: dict[str, Actor], begins: str, ends: str
) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    session = recorded.one_of_everything(owner, now, WORD, people["member"].user_id)
    rows = all_systems.add(owner, now, WORD, people["member"])
    asked = [*addresses(owner, session), *addresses_of_systems(rows, people["member"])]
    completed = owner.execute("select id from agents.jobs where status = 'completed'").fetchone()
    assert completed
    move_to(owner, begins, ends)
    owner.execute(
        "insert into signalbox.change_log (source, slot) select source, 2147483647 from signalbox.rollup_state"
    )
    rollups.finish("real")
    over_all = [(path, {**parameters, "period": "all"}) for path, parameters in asked]
    # What began long ago is in no other period than that one; what is to come is in the one that pages begin with, too.
    is_to_come = owner.execute("select %s::timestamptz > now() as found", (begins,)).fetchone() == {"found": True}
    asked = [
        *(asked if is_to_come else []),
        *over_all,
        ("reports/jobs.py", {"job": str(completed["id"])}),
        ("reports/jobs.py", {"period": "untimed"}),
        ("reports/jobs.py", {"period": "all", "q": WORD}),
        ("reports/sessions.py", {"period": "all", "sort": "duration"}),
    ]
    closed = [
        (path, parameters)
        for path, parameters in asked
        if "tell whoever runs this console" in open_page(people["admin"], path, **parameters).text
    ]
    assert not closed
    for name in exports_catalog.REPORTS:
        assert list(exports.stream(people["admin"], name, exports.parse(name, {}), "csv")), name


def test_how_long_something_of_another_world_took_is_unknown(
    owner: psycopg.Connection[DictRow], people: dict[str, Actor]
) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    recorded.one_of_everything(owner, now, WORD, people["member"].user_id)
    move_to(owner, *WORLDS[0])
    row = owner.execute(
        "select (select max(duration_ms) from analytics.session_summary) as session,"
        " (select avg_processing_time from analytics.job_stats) as job"
    ).fetchone()
    assert row == {"session": None, "job": None}


# The ends of what is counted by its time, and ends of slots where a float8 of seconds is a slot further on.
FAR = (
    "4714-11-24 00:00+00 BC", "4710-01-01 00:00+00 BC", "1000-01-01 00:59:59.999999+00 BC",
    "9998-12-31 23:59:59.999999+00", "9999-01-01 00:00:00.000001+00", "59990-01-01 00:00+00",
    "59999-12-31 23:59:59.999999+00",
)  # fmt: skip


@pytest.mark.usefixtures("people")
def test_sums_of_times_at_the_ends_are_those_of_the_rows(owner: psycopg.Connection[DictRow]) -> None:
    for at in FAR:
        owner.execute(
            "insert into chronicle.tool_events (tool_name, phase, created_at) values ('T', 'post', %s)", (at,)
        )
    edges = (*FAR, "9999-01-01 00:00+00", "59990-01-01 00:15+00")
    usage = queries.find("tools.list_usage").text
    others = {"untimed": False, "previous_start": None, "previous_end": None, "tool": None, "project": None}

    def calls(start: str | None, end: str | None) -> int:
        rows = owner.execute(usage, {**others, "start": start, "end": end, "with_total": True}).fetchall()
        return int(rows[0]["calls"]) if rows else 0

    for state in ("built", "stored anew"):
        rollups.finish("real")
        for edge in edges:
            row = owner.execute(
                "select count(*) filter (where created_at < %(at)s::timestamptz) as earlier,"
                " count(*) filter (where created_at >= %(at)s::timestamptz) as later from chronicle.tool_events",
                {"at": edge},
            ).fetchone()
            assert row == {"earlier": calls(None, edge), "later": calls(edge, None)}, (state, edge)
        assert owner.execute("update chronicle.tool_events set success = true").rowcount == len(FAR)
        # As where more changed than the log holds row by row.
        owner.execute("insert into signalbox.change_log (source, slot) select source, slot from signalbox.change_log")
