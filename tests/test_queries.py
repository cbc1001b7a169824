"""Named queries: each has a sentence, fits the migrated database, is used, and no other SQL hides in Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from data import calendar
from data.database import queries

ROOT = Path(__file__).parent.parent
PLACEHOLDER = re.compile(r"%\(([a-z_0-9]+)\)s")
THINGS = "table|view|index|schema|database|role|user|function|trigger|policy|type|sequence|temporary|temp|unique"
STATEMENT = re.compile(
    r"^\s*(select\s.+\sfrom\s|select\s+\w+\.\w+\(|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s"
    rf"|with\s+\w+\s+as\s|truncate\s+(table\s|\w+\.)|(create|alter|drop)\s+(or\s+replace\s+)?({THINGS})\s"
    r"|set\s+(local|session)\s|call\s+\w+\.\w+\(|copy\s+[\w.]+\s*(\(.*\)\s*)?(from|to)\s|grant\s+\w+\s+on\s)",
    re.IGNORECASE | re.DOTALL,
)
# Where SQL composed in Python is the subject: connections, the launcher, the migration runner, adopting tables.
# The demo's agents query databases in what they are shown to do.
COMPOSERS = (
    "data/database/",
    "data/embedded/",
    "data/migration/",
    "data/adoption/",
    "data/sources/",  # makes a view of a query to see what it reads
    "data/demo/chronicle/toolset.py",
    "ui/database/indexes.py",  # shows a command to copy
)


PREPARABLE = re.compile(r"^(select|with|insert|update|delete|merge|values)\b", re.IGNORECASE)


@pytest.mark.parametrize("name", sorted(queries.all_queries()))
def test_query_has_a_sentence_and_fits_the_schema(name: str, migrated: psycopg.Connection[DictRow]) -> None:
    query = queries.find(name)
    assert len(query.sentence) > 15, f"{name} needs a sentence"
    if not PREPARABLE.match(query.text):
        assert query.text.split()[0] in UTILITY_STATEMENTS[name.partition(".")[0]]
        return
    numbered: dict[str, int] = {}
    text = PLACEHOLDER.sub(lambda m: f"${numbered.setdefault(m[1], len(numbered) + 1)}", query.text).replace("%%", "%")
    with migrated.transaction(force_rollback=True):
        create_temporary_tables(name.partition(".")[0], migrated)
        migrated.execute(f"prepare probe as {text}".encode())
        migrated.execute("deallocate probe")


# What cannot be prepared, by stem; the tests of these areas run every one of them.
UTILITY_STATEMENTS = {
    "ingest": {"create", "copy", "analyze", "truncate", "drop"},
    "demo": {"copy", "alter"},
    "migration": {"set", "reset"},
}


def create_temporary_tables(stem: str, connection: psycopg.Connection[DictRow]) -> None:
    """Statements of the import read temporary tables, which its first statements make."""
    for name, query in queries.all_queries().items():
        if name.startswith(f"{stem}.") and query.text.startswith("create temporary"):
            connection.execute(query.text.encode())


@pytest.fixture(scope="module")
def migrated(server: object) -> object:
    from tests.conftest import TEMPLATE  # noqa: PLC0415 - the one database every test copies

    with psycopg.connect(server.url(TEMPLATE), autocommit=True) as connection:  # type: ignore[attr-defined]
        yield connection


def test_the_calendar_that_queries_have_written_out_is_that_of_the_console() -> None:
    written = set(
        re.findall(
            r"'((?:19|2[0-9])\d\d-\d\d-\d\d [^']*)'", "".join(one.text for one in queries.all_queries().values())
        )
    )
    assert written == {f"{edge:%Y-%m-%d %H:%M}+00" for edge in (calendar.FIRST, calendar.END)}


def test_every_query_is_used() -> None:
    used: set[str] = set()
    for room in ("data", "web", "ui", "pages"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    used.add(node.value)
    assert not set(queries.all_queries()) - used


def hidden_in(source: str) -> list[int]:
    """The lines of a module on which a statement begins."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str | bytes)
        and STATEMENT.search(node.value if isinstance(node.value, str) else node.value.decode("latin-1"))
    ]


def test_no_sql_hides_in_python() -> None:
    hidden = {
        str(path.relative_to(ROOT)): lines
        for room in ("data", "web", "ui", "pages")
        for path in (ROOT / room).rglob("*.py")
        if not str(path.relative_to(ROOT)).startswith(COMPOSERS)
        if (lines := hidden_in(path.read_text(encoding="utf-8")))
    }
    assert not hidden


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 from agents.jobs",
        "select signalbox.refresh_rollups()",
        " with one as (select 1) select * from one",
        "insert into agents.jobs values (1)",
        "update agents.jobs set status = 'failed'",
        "DELETE FROM agents.jobs",
        "truncate signalbox.change_log",
        "create temporary table kept (id int)",
        "alter table agents.jobs add x int",
        "copy agents.jobs (id) from stdin",
        "set local role authenticated",
    ],
)
def test_a_statement_in_python_would_be_found(statement: str) -> None:
    for written in (repr(statement), f"b{statement!r}", f'f"{statement} {{name}}"'):
        assert hidden_in(f"TEXT = {written}"), written
    assert not hidden_in(repr(f"It says: {statement}."))
