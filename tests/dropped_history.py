"""Random histories with retention: pieces of what is old are dropped, and what they counted has to go on counting."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from data import rollups
from tests import rolled_history
from tests.rolled_history import ZONES, Connection, compare_errors, rows_of_query
from tests.rolled_times import BASE, some_time


def prepare(connection: Connection) -> None:
    """What retention drops is kept aside as it counted when it went, for the comparison."""
    rolled_history.prepare(connection)
    connection.execute(
        "create table public.gone_calls (id uuid, project_name text, tool_name text, tool_type text, phase text,"
        " duration_ms integer, success boolean, error_message text, occurred_at timestamptz)"
    )
    connection.execute("create table public.gone_prompts (id uuid, occurred_at timestamptz)")


def drop(connection: Connection, chance: random.Random) -> None:
    """What retention does: an age is set, and one piece dropped."""
    boundary = BASE + timedelta(days=chance.randrange(-20, 12))
    days = max(1, (datetime.now(UTC) - boundary).days)
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("lock table signalbox.rollup_state in share row exclusive mode")
        connection.execute("update signalbox.retention set keep_raw_days = %s", (days,))
        connection.execute(
            "insert into public.gone_calls select c.tool_event_id, s.project_name, c.tool_name, c.tool_type,"
            " case when c.is_answered then 'post' else 'pre' end, c.duration_ms, c.success, c.error_message,"
            " c.occurred_at from analytics.tool_calls as c"
            " left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk"
        )
        connection.execute("insert into public.gone_prompts select id, created_at from chronicle.prompt_events")
        connection.execute("select signalbox.drop_raw(%s)", (chance.choice((1, 5, 50)),))
        connection.execute("delete from public.gone_calls where id in (select id from chronicle.tool_events)")
        connection.execute("delete from public.gone_prompts where id in (select id from chronicle.prompt_events)")


def _bring_back(connection: Connection, *, calls: bool) -> None:
    """As if nothing had ever been dropped: everything is read live, and what was dropped is there again."""
    connection.execute(
        "insert into signalbox.adopted_tables (system, table_name, source_schema, source_table, mode)"
        " select split_part(c.name, '.', 1), split_part(c.name, '.', 2), 'x', 'x', 'pointed'"
        " from signalbox.rollup_state as s inner join signalbox.change_sources as c using (source)"
        " order by c.name"  # two readers at once wait for each other in turn
    )
    connection.execute(
        "insert into chronicle.prompt_events (prompt_text, created_at) select 'x', occurred_at from public.gone_prompts"
    )
    if not calls:
        return  # the sessions that they need would be counted
    connection.execute(
        "insert into chronicle.sessions (session_id, project_name, started_at)"
        " select distinct 'gone ' || project_name, nullif(project_name, '(no project)'), null::timestamptz"
        " from public.gone_calls where project_name is not null"
    )
    connection.execute(
        "insert into chronicle.tool_events (session_id, tool_name, tool_type, phase, execution_time_ms, success,"
        " error_message, created_at, call_id)"
        " select s.id, g.tool_name, g.tool_type, g.phase, g.duration_ms, g.success, g.error_message, g.occurred_at,"
        " g.id"
        " from public.gone_calls as g left join chronicle.sessions as s on s.session_id = 'gone ' || g.project_name"
    )


def _whole_hours(at: datetime | None, raw_from: datetime | None, *, up: bool) -> datetime | None:
    """Below the boundary there are whole hours only."""
    if at is None or raw_from is None or at >= raw_from:
        return at
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour + timedelta(hours=1) if up and hour < at else hour


def compare(connection: Connection, chance: random.Random, where: str) -> None:
    """One report over a random window, once with the stored rows and once with everything live, in one snapshot."""
    start, end = sorted((some_time(chance) or BASE, some_time(chance) or BASE))
    connection.execute("begin isolation level repeatable read")
    try:
        _compare(connection, chance, where, start, end)
    finally:
        connection.execute("rollback")


def _compare(connection: Connection, chance: random.Random, where: str, begin: datetime, until: datetime) -> None:
    row = connection.execute("select raw_from from signalbox.retention").fetchone()
    raw_from = row["raw_from"] if row else None
    start, end = _whole_hours(begin, raw_from, up=False), _whole_hours(until, raw_from, up=True)
    assert start
    assert end
    asked: dict[str, Any] = {"start": chance.choice((start, start, None)), "end": chance.choice((end, end, None))}
    asked["untimed"] = False
    if chance.random() < 0.05:
        asked = {"start": None, "end": None, "untimed": True}
    before: dict[str, Any] = {"previous_start": None, "previous_end": None}
    if asked["start"] and asked["end"]:
        previous = _whole_hours(asked["start"] - (asked["end"] - asked["start"]), raw_from, up=False)
        before = {"previous_start": previous, "previous_end": asked["start"]}
    zone, unit = chance.choice(ZONES), chance.choice(("hour", "day", "week", "month"))
    sliced = {
        "zone": zone,
        "coarsest": rollups.coarsest(unit, zone, BASE - timedelta(days=90), BASE + timedelta(days=90)),
    }
    tool, project = chance.choice((None, None, "A")), chance.choice((None, None, "a", "b"))
    if chance.random() < 0.1:
        # What failures said goes with their rows.
        compare_errors(connection, asked | {"tool": tool, "project": project, "error_group": None}, where)
        return
    of_project = {"project": project or "a"}
    outcome = chance.choice((None, "timed", "failed"))
    name, parameters = chance.choice(
        [
            ("tools.list_usage", before | {"tool": tool, "project": project, "with_total": True}),
            ("tools.list_buckets", sliced | {"unit": unit, "tool": tool, "project": project}),
            (
                "tools.facets.count_facets",
                {"tool": tool, "project": project, "outcome": outcome},
            ),
            ("overview.read_activity", before | sliced | {"bucket": unit, "agent": None, "source": None}),
            ("overview.read_calls", before | sliced | {"bucket": unit, "tool": None, "project": None}),
            ("overview.project.read_activity", before | sliced | of_project | {"bucket": unit}),
            ("overview.project.read_calls", before | sliced | of_project | {"bucket": unit, "tool": None}),
        ]
    )
    parameters = asked | parameters
    stored = rows_of_query(connection, name, parameters)
    _bring_back(connection, calls=name.startswith("tools.") or name.endswith(".read_calls"))
    live = rows_of_query(connection, name, parameters)
    differing = [pair for pair in zip(stored, live, strict=False) if pair[0] != pair[1]]
    assert stored == live, f"{where}: {name} {parameters} gave {differing or (stored, live)}"
