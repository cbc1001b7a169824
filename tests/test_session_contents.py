"""How many sessions hold what one may look for, which cost most and which made most calls: what is stored and what
changed since are together what the tables say."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import DictRow

from data import rollups
from data.access import Actor
from data.database import queries
from data.reports import sessions
from data.reports.sessions import Chosen
from tests import dropped_history, rolled_history
from tests.recorded import REFUSAL, call, event
from tests.recorded import session as make_session
from tests.rolled_contents import add_content, change_content, empty_contents
from tests.rolled_times import BASE, new_id, some, some_time

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
DAY = datetime(2026, 11, 10, tzinfo=UTC)
STEPS = 600  # of which the tests take a seeded tenth, and the proofs all


def has(actor: Actor, **chosen: object) -> dict[str, int]:
    return sessions.count_facets(actor, chosen=Chosen(**chosen))["has"]  # type: ignore[arg-type]  # as a page asks


def without_triggers(owner: Owner, table: str, statement: str) -> None:
    """Nobody could change the table like this: it shows that a figure comes from what is stored."""
    owner.execute(f"alter table {table} disable trigger user".encode())
    owner.execute(statement.encode())
    owner.execute(f"alter table {table} enable trigger user".encode())


_SESSIONS = (
    b"""insert into chronicle.sessions (session_id, project_name, status, started_at)
    select public.next_id()::text, %(project)s, %(status)s, %(at)s from generate_series(1, %(rows)s)""",
    b"update chronicle.sessions set started_at = %(at)s where id = %(id)s",
    b"update chronicle.sessions set status = %(status)s, project_name = %(project)s where id = %(id)s",
    b"""insert into signalbox.model_replies (message_id, session_id, model, replied_at, output_tokens)
    select public.next_id()::text, %(id)s, %(model)s, %(at)s, %(tokens)s where %(id)s::uuid is not null""",
    b"""update signalbox.model_replies set session_id = %(id)s
    where message_id > %(message)s and %(id)s::uuid is not null""",
    b"update chronicle.sessions set metadata = %(metadata)s::jsonb where id = %(id)s",
    b"""insert into signalbox.model_prices (model, valid_from, input_usd_per_million, output_usd_per_million,
    cache_write_usd_per_million, cache_write_1h_usd_per_million, cache_read_usd_per_million)
    select 'claude-opus-4-5', '2026-11-05', 1, %(tokens)s, 1, 1, 1 where %(status)s::text is null
    on conflict (model, valid_from) do update set output_usd_per_million = excluded.output_usd_per_million""",
    b"delete from signalbox.model_replies where session_id = %(id)s",
    b"delete from chronicle.sessions where id = %(id)s and %(status)s::text is null",
)


def change_sessions(owner: Owner, chance: random.Random) -> None:
    """Sessions come, begin at another time, are of another project or state, have another model, or are gone."""
    values = {
        "id": some(owner, chance, "select id from chronicle.sessions"),
        "at": some_time(chance),
        "rows": chance.choice((1, 1, 4)),
        "project": chance.choice((None, "a", "b")),
        "status": chance.choice(("completed", "error", None)),
        "model": chance.choice(("claude-opus-4-5", "unknown-model")),
        "tokens": chance.choice((0, 1000, chance.randrange(10**6))),
        "message": str(new_id(chance)),
        "metadata": chance.choice(("{}", '{"cost": {"total_cost_usd": 0.25}}', '{"cost": {"total_cost_usd": null}}')),
    }
    owner.execute(chance.choice((_SESSIONS[0], *_SESSIONS)), values)


def compare(owner: Owner, chance: random.Random, where: str) -> None:
    """Some windows and filters, from what is stored and from the tables alone."""
    for _ in range(3):
        start, end = sorted((some_time(chance) or BASE, some_time(chance) or BASE))
        asked = {
            "start": chance.choice((start, None)),
            "end": chance.choice((end, None)),
            "untimed": chance.random() < 0.1,
            "project": chance.choice((None, None, "a")),
            "status": chance.choice((None, None, "error")),
            "model": chance.choice((None, None, "unknown-model")),
        }
        if asked["untimed"]:
            asked |= {"start": None, "end": None}
        stored = owner.execute(queries.find("sessions.count_has").text, asked).fetchall()
        base = owner.execute(
            queries.find("sessions.found.count_facets").text, asked | {"has": None, "search": None, "now": None}
        ).fetchall()
        known = {row["value"]: row["sessions"] for row in base if row["filter"] == "has"}
        assert {row["value"]: row["sessions"] for row in stored} == known, f"{where}: {asked}"
        asked |= {"has": None, "search": None, "now": None, "downwards": chance.random() < 0.8}
        asked["sort"] = chance.choice(("cost", "calls"))
        page = owner.execute(
            queries.find("sessions.listing.list_page").text, asked | {"most": None, "skipped": 0}
        ).fetchall()
        base = owner.execute(queries.find("sessions.listing.export_sessions").text, asked).fetchall()
        assert [row["session_key"] for row in page] == [row["session_id"] for row in base], f"{where}: {asked}"


WRITES: dict[Callable[[Owner, random.Random], None], int] = {
    change_sessions: 20, add_content: 30, change_content: 20, empty_contents: 1,
}  # fmt: skip


@pytest.mark.parametrize("drops", [False, True])
def test_after_every_step_of_a_random_history_the_tables_say_the_same(owner: Owner, drops: bool) -> None:
    step_by_step(owner, STEPS // 10, drops=drops)


def step_by_step(owner: Owner, steps: int, *, drops: bool) -> None:
    """So many steps of a random history, with retention or without."""
    chance = random.Random(f"contents {drops}")
    (dropped_history if drops else rolled_history).prepare(owner)
    for step in range(steps):
        kind = chance.random()
        if drops and kind < 0.04:
            dropped_history.drop(owner, chance)
        elif kind < 0.25:
            owner.execute("select signalbox.refresh_rollups(%s)", (chance.choice((1, 1, 3, 500)),))
        else:
            chance.choices(list(WRITES), weights=list(WRITES.values()))[0](owner, chance)
        compare(owner, chance, f"step {step}")


def test_what_is_stored_is_not_looked_up_again(owner: Owner, people: People) -> None:
    first, second = make_session(owner, DAY), make_session(owner, DAY + timedelta(hours=9), project="port")
    for session_pk in (first, second):
        call(owner, session_pk, DAY + timedelta(hours=30), success=False)
        event(owner, session_pk, "compact_pre", DAY + timedelta(hours=31), agent_id="a1")
    rollups.finish("real")
    without_triggers(owner, "chronicle.tool_events", "delete from chronicle.tool_events")
    without_triggers(owner, "chronicle.events", "delete from chronicle.events")
    assert has(people["manager"], start=DAY, end=DAY + timedelta(days=1)) == {
        "errors": 2, "compactions": 2, "subagents": 2,
    }  # fmt: skip
    assert has(people["manager"], project="port") == {"errors": 1, "compactions": 1, "subagents": 1}
    # Of a session with a new row in another quarter of an hour it is looked up what it holds, and of no other.
    call(owner, first, DAY + timedelta(hours=40), success=False)
    assert has(people["manager"]) == {"errors": 2, "compactions": 1, "subagents": 1}
    rollups.finish("real")
    without_triggers(owner, "chronicle.tool_events", "delete from chronicle.tool_events")
    assert has(people["manager"])["errors"] == 2


def test_what_sessions_cost_is_stored_and_not_priced_again(owner: Owner, people: People) -> None:
    def dearest(name: str) -> list[str]:
        rows = sessions.list_page(people[name], chosen=Chosen(), sort="cost", downwards=True, most=9)
        return [row["session_pk"] for row in rows]

    owner.execute(
        "insert into signalbox.model_prices (model, valid_from, input_usd_per_million, output_usd_per_million,"
        " cache_write_usd_per_million, cache_write_1h_usd_per_million, cache_read_usd_per_million)"
        " values ('claude-opus-4-5', '2026-11-01', 1, 1, 1, 1, 1)"
    )
    dear, cheap, free = (make_session(owner, DAY + timedelta(hours=hour)) for hour in range(3))
    own = make_session(owner, None, user_id=people["member"].user_id)
    for session_pk, tokens in ((dear, 3000), (cheap, 1000), (own, 2000)):
        owner.execute(
            "insert into signalbox.model_replies (message_id, session_id, model, replied_at, output_tokens)"
            " values (%s, %s, 'claude-opus-4-5', %s, %s)",
            (f"of {session_pk}", session_pk, DAY, tokens),
        )
    order = [str(one) for one in (dear, own, cheap, free)]
    assert dearest("manager") == order
    rollups.finish("real")
    without_triggers(owner, "signalbox.model_replies", "update signalbox.model_replies set output_tokens = 0")
    assert dearest("manager") == order
    assert dearest("member") == [str(own)]
    # Nor is what is stored of a session whose replies changed added to what it costs now.
    owner.execute("update signalbox.model_replies set output_tokens = 2500 where session_id = %s", (cheap,))
    assert dearest("manager") == [str(one) for one in (dear, cheap, own, free)]


def test_rows_without_a_time_are_stored_too(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, None)
    call(owner, session_pk, None, success=False, agent_id="a1")
    rollups.finish("real")
    assert has(people["manager"]) == {"errors": 1, "subagents": 1}
    without_triggers(owner, "chronicle.tool_events", "update chronicle.tool_events set success = true")
    assert has(people["manager"], untimed=True) == {"errors": 1, "subagents": 1}
    owner.execute("delete from chronicle.events")
    rollups.finish("real")
    assert has(people["manager"]) == {}


def test_what_was_there_before_is_found_when_sums_are_built_anew(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    call(owner, session_pk, DAY + timedelta(hours=30), success=False, agent_id="a1")
    call(owner, session_pk, None, success=False, error=REFUSAL)
    event(owner, session_pk, "compact_pre", DAY)
    rollups.finish("real")
    owner.execute("truncate analytics.content_rollup, analytics.session_content_rollup")
    owner.execute("update signalbox.rollup_state set built_from = 2147483647 where subject = 'sessions'")
    assert has(people["manager"]) == {"errors": 1, "refusals": 1, "compactions": 1, "subagents": 1}
    rollups.finish("real")
    without_triggers(owner, "chronicle.tool_events", "delete from chronicle.tool_events")
    assert has(people["manager"]) == {"errors": 1, "refusals": 1, "compactions": 1, "subagents": 1}


def test_a_member_is_told_of_own_sessions_from_the_tables(owner: Owner, people: People) -> None:
    for name in ("member", "manager"):
        session_pk = make_session(owner, DAY, user_id=people[name].user_id)
        call(owner, session_pk, DAY, success=False)
    rollups.finish("real")
    assert has(people["member"]) == {"errors": 1}
    assert has(people["manager"]) == {"errors": 2}


def test_an_adopted_table_is_read_live(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    rollups.finish("real")
    owner.execute(
        "insert into signalbox.adopted_tables (system, table_name, source_schema, source_table, mode)"
        " values ('chronicle', 'tool_events', 'x', 'x', 'pointed')"
    )
    owner.execute("alter table chronicle.tool_events disable trigger user")
    call(owner, session_pk, DAY, success=False)
    assert has(people["manager"]) == {"errors": 1}
