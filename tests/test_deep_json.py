"""JSON that is nested as deep as the database takes it, or holds numbers as long: each page that shows some stands, and
says in its place what it does not show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from data import database, embedded
from data.access import Actor
from data.database.nesting import INSTEAD, MOST_LEVELS, cut
from tests import all_systems, performed, recorded
from tests.conftest import fresh_database, make_people
from tests.page_runs import open_page
from tests.recorded import Owner
from ui import cached

People = dict[str, Actor]

AT = datetime.now(UTC) - timedelta(hours=2)
DEPTHS = (490, 5000)
LONG_NUMBER = '{"outside": "harbour", "inside": 1e6000}'
_SYSTEMS = ["chronicle", "agents", "engine", "lift", "toolbox"]
_COLUMNS = """
    select n.nspname as schema_name, c.relname as table_name, a.attname as column_name
    from pg_attribute as a
    inner join pg_class as c on c.oid = a.attrelid
    inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any(%s) and c.relkind = 'r' and a.atttypid = 'jsonb'::regtype and not a.attisdropped
    order by 1, 2, 3
"""
# What holds a list keeps one, and what holds names keeps them.
_DEEPEN = """
    update {table} set {column} = case
        when jsonb_typeof({column}) = 'array' then jsonb_build_array(coalesce({column} -> 0, '{{}}') || %(deep)s::jsonb)
        when jsonb_typeof({column}) = 'object' then {column} || %(deep)s::jsonb
        else %(deep)s::jsonb
    end
"""


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> str:
    """An object with a word on the outside and one at the bottom of so many objects, or lists."""
    return f'{{"outside": "harbour", "inside": {opening * depth}"bottom"{closing * depth}}}'


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cached.forget()


@dataclass(frozen=True, slots=True)
class Deepened:
    """A database in which every column of JSON holds the same, and the pages that show it."""

    url: str
    admin: Actor
    addresses: dict[str, tuple[str, dict[str, str]]]
    is_cut: bool


CONTENTS = [*(nested(depth) for depth in DEPTHS), LONG_NUMBER]


@pytest.fixture(scope="module", params=CONTENTS, ids=[*map(str, DEPTHS), "long number"])
def deepened(request: pytest.FixtureRequest, server: embedded.Lease) -> Iterator[Deepened]:
    """One of everything in every system, read by all pages and changed by none."""
    with (
        fresh_database(server) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner,
    ):
        people = make_people(owner, {"admin": "admin", "member": "member"})
        addresses = _add_rows(owner, people["member"])
        owner.execute("alter table engine.events disable trigger user")
        owner.execute("delete from engine.events where sequence_number > 9")  # hundreds show no more than a few
        for row in owner.execute(_COLUMNS, (_SYSTEMS,)).fetchall():
            table = sql.Identifier(row["schema_name"], row["table_name"])
            owner.execute(sql.SQL("alter table {} disable trigger user").format(table))
            statement = sql.SQL(_DEEPEN).format(table=table, column=sql.Identifier(row["column_name"]))
            owner.execute(statement, {"deep": request.param})
        yield Deepened(url, people["admin"], addresses, request.param != LONG_NUMBER)


def _add_rows(owner: Owner, member: Actor) -> dict[str, tuple[str, dict[str, str]]]:
    """Pages with the parameters that open the rows that were added."""
    rows = all_systems.add(owner, AT, "word", member)
    inside = {"session_id": rows.lift_session, "user_id": member.user_id}
    performed.insert(owner, "lift", "session_revisions", {**inside, "revision_number": 2, "ir_content": Jsonb({})})
    session_pk = recorded.session(owner, AT, user_id=member.user_id)
    recorded.prompt(owner, session_pk, AT, "hello")
    call = recorded.call(owner, session_pk, AT, agent_id="a1")
    recorded.notification(owner, session_pk, AT, "look")
    job = recorded.job(owner, AT, status="failed", completed=AT, error="no", user_id=member.user_id)
    question = recorded.question(owner, AT, "May I?", session_pk=session_pk)
    stream = {"type": "Client", "id": rows.client}
    return {
        "overview": ("reports/overview.py", {}),
        "sessions": ("reports/sessions.py", {}),
        "session": ("reports/session.py", {"session": str(session_pk)}),
        "call": ("reports/session.py", {"session": str(session_pk), "item": str(call)}),
        "tools": ("reports/tools.py", {"list": "calls"}),
        "jobs": ("reports/jobs.py", {}),
        "job": ("reports/jobs.py", {"job": str(job)}),
        "agents": ("reports/agents.py", {}),
        "agent": ("reports/agents.py", {"agent": rows.agent}),
        "sops": ("reports/sops.py", {"sop": "refund"}),
        "run": ("reports/sop_execution.py", {"execution": str(rows.execution)}),
        "events": ("reports/events.py", {}),
        "correlation": ("reports/events.py", {"correlation": str(rows.correlation)}),
        "stream": ("reports/event_stream.py", stream),
        "event": ("reports/event_stream.py", {**stream, "at": "3"}),
        "clients": ("reports/clients.py", {}),
        "client": ("reports/clients.py", {"client": rows.client}),
        "experiments": ("reports/clients.py", {"view": "experiments"}),
        "people": ("reports/people.py", {"person": str(member.user_id)}),
        "projects": ("reports/projects.py", {"project": str(rows.project)}),
        "lift": ("reports/lift_sessions.py", {}),
        "representation": ("reports/lift_session.py", {"session": str(rows.lift_session)}),
        "difference": ("reports/lift_session.py", {"session": str(rows.lift_session), "revision": "2"}),
        "approvals": ("admin/approvals.py", {}),
        "approval": ("admin/approvals.py", {"approval": str(question)}),
    }


PAGES = (
    "overview", "sessions", "session", "call", "tools", "jobs", "job", "agents", "agent", "sops", "run", "events",
    "correlation", "stream", "event", "clients", "client", "experiments", "people", "projects", "lift",
    "representation", "difference", "approvals", "approval",
)  # fmt: skip
SHOW_IT = ("call", "job", "event", "representation", "approval")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands(deepened: Deepened, name: str) -> None:
    path, parameters = deepened.addresses[name]
    database.open_database("real", deepened.url)
    text = open_page(deepened.admin, path, **parameters).text
    assert "could not be shown" not in text
    assert "unexpected" not in text
    assert "bottom" not in text
    if name in SHOW_IT:
        assert "harbour" in text, "what lies above is shown"
        assert INSTEAD in text or not deepened.is_cut


@pytest.mark.parametrize("brackets", [('{"a":', "}"), ("[", "]"), ('[{"a":', "}]")], ids=["objects", "lists", "both"])
def test_what_lies_deep_is_cut_and_nothing_else(brackets: tuple[str, str]) -> None:
    levels = sum(brackets[0].count(one) for one in "[{")
    for depth in (MOST_LEVELS // levels - 1, MOST_LEVELS // levels, 3000):
        read = json.loads(cut(nested(depth, *brackets).encode()))
        inner: Any = read["inside"]
        while not isinstance(inner, str):
            inner = inner["a"] if isinstance(inner, dict) else inner[0]
        assert inner == ("bottom" if depth * levels + 1 <= MOST_LEVELS else INSTEAD)
        assert read["outside"] == "harbour"


@pytest.mark.parametrize(
    "value",
    [
        [{"n": number, "words": 'a "quoted" ] \\ { [ é 🚦'} for number in range(300)],
        "[" * 300,
        {"[" * 300: '{"' * 300},
        [],
    ],
    ids=["wide", "text", "name", "empty"],
)
def test_what_is_wide_or_looks_deep_stays_as_it_is(value: Any) -> None:
    assert json.loads(cut(json.dumps(value).encode())) == value


def test_what_is_read_to_be_written_again_is_whole(owner: Owner, people: People) -> None:
    deep = json.loads(nested(MOST_LEVELS + 1))
    owner.execute("update auth.users set raw_app_meta_data = %s", (Jsonb(deep),))
    with database.operating() as unit:
        row = unit.connection.execute("select raw_app_meta_data as read from auth.users limit 1").fetchone()
    assert row == {"read": deep}
