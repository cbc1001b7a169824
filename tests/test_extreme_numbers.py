"""Numbers that nobody can mean, in every column that takes them: no page closes, and stored sums are the live ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import sql

from data import rollups
from data.access import Actor
from data.reports import agents, integrity, lift_sessions, overview, sops
from tests import all_systems, performed, recorded
from tests.page_runs import open_page
from tests.recorded import Owner
from tests.test_cached_reads import addresses_of_systems

People = dict[str, Actor]
WORD = "extreme"
SYSTEMS = ["agents", "chronicle", "engine", "lift", "toolbox"]

_NUMBERS = {
    "int2": ("-32768", "-1", "0", "32767"),
    "int4": ("-2147483648", "-1", "0", "2147483647"),
    "int8": ("-9223372036854775808", "-1", "0", "999999999999", "4611686018427387904", "9223372036854775807"),
    "float4": ("NaN", "Infinity", "-Infinity", "-1", "3e38", "1e-45"),
    "float8": ("NaN", "Infinity", "-Infinity", "-1", "1e308", "5e-324"),
    "numeric": ("NaN", "Infinity", "-Infinity", "-1", "1e400", "1e-400", "9223372036854775807"),
}
_IN_JSON = ("-1", "0", "1e400", "1e-400", "9223372036854775807", '"NaN"', "null", "true", '{"a": 1}')
_PLACES_IN_JSON = {
    "lift.session_drafts": (
        "llm_metrics", ("{input_tokens}", "{output_tokens}", "{cost_usd}", "{latency_ms}")
    ),
    "chronicle.sessions": ("metadata", ("{cost,total_cost_usd}",)),
}  # fmt: skip

_COLUMNS = (
    "select format('%%I.%%I', n.nspname, r.relname) as place, a.attname as name, t.typname as type"
    " from pg_attribute as a join pg_class as r on r.oid = a.attrelid"
    " join pg_namespace as n on n.oid = r.relnamespace join pg_type as t on t.oid = a.atttypid"
    " where r.relkind = 'r' and a.attnum > 0 and not a.attisdropped and t.typname = any(%s)"
    " and (n.nspname = any(%s) or r.relname = 'model_replies') order by 1, 2"
)
_WINDOW = (
    "actions_total, rated_actions, automated, is_countless, human_escalations, counted_escalations, decisions,"
    " confidence_sum, is_confidence_countless, cost_usd"
)
_CHANGES_THAT_ARE_NO_FACTS = sql.SQL(
    "select {0} from analytics.agent_window_changes() except select {0} from analytics.agent_window_facts"
).format(sql.SQL(_WINDOW))
_GUARDS = (
    "select format('alter table %%s drop constraint %%I', c.conrelid::regclass, c.conname) as statement"
    " from pg_constraint as c where c.connamespace::regnamespace::text = any(%(ours)s) and c.contype in ('c', 'u')"
    " union all select format('drop index %%s', i.indexrelid::regclass) from pg_index as i"
    " join pg_class as r on r.oid = i.indexrelid where r.relnamespace::regnamespace::text = any(%(ours)s)"
    " and i.indisunique and not i.indisprimary"
    " and not exists (select from pg_constraint as c where c.conindid = i.indexrelid)"
)


def _prepare(owner: Owner, member: Actor) -> all_systems.Rows:
    """A row of everything, in tables that take any number, as those may that are adopted."""
    at = datetime.now(UTC) - timedelta(hours=3)
    recorded.one_of_everything(owner, at, WORD, member.user_id)
    rows = all_systems.add(owner, at, WORD, member)
    owner.execute(
        "update engine.agent_metrics"
        " set avg_confidence = 0.5, confidence_count = 7, total_cost = 1, automation_rate = 1"
    )
    performed.window(owner, at, rows.agent, source="rate", actions_automated=None, automation_rate=0.5,
                     user_id=member.user_id)  # fmt: skip
    owner.execute(
        "insert into engine.event_snapshots (aggregate_type, aggregate_id, sequence_number, state)"
        " values ('Client', %s, 1, '{}')", (rows.client,),
    )  # fmt: skip
    owner.execute(
        "insert into signalbox.model_prices values ('extreme-model', '2020-01-01', 1, 1, 1, 1, 1),"
        " ('tiny', '2020-01-01', 1e-400, 0, 0, 0, 0)"
    )
    recorded.reply(owner, recorded.session(owner, at, user_id=member.user_id), at, "tiny")
    for row in owner.execute(_GUARDS.encode(), {"ours": SYSTEMS}).fetchall():
        owner.execute(row["statement"].encode())
    return rows


def _add(owner: Owner, place: str, name: str, value: sql.Composable) -> None:
    """Some copies of the row of a table, with another value in a column: so many that sums overflow."""
    key = {"engine.events": "event_id", "signalbox.model_replies": "message_id"}.get(place, "id")
    found = owner.execute(
        "select attname as name from pg_attribute where attrelid = %s::regclass and attnum > 0 and attgenerated = ''"
        " and not attisdropped", (place,),
    ).fetchall()  # fmt: skip
    given = {key: sql.SQL("gen_random_uuid()"), name: value}
    columns = [row["name"] for row in found]
    query = sql.SQL(
        "insert into {table} ({columns}) overriding system value select {values} from (select * from {table} limit 1)"
        " as r cross join generate_series(1, 5) as n"
    ).format(
        table=sql.Identifier(*place.split(".")),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(given.get(column, sql.Identifier(column)) for column in columns),
    )
    assert owner.execute(query).rowcount == 5, f"there is no row of {place} to copy"


def _add_all(owner: Owner) -> None:
    found = owner.execute(_COLUMNS.encode(), (list(_NUMBERS), SYSTEMS)).fetchall()
    assert len(found) > 30
    for one in found:
        for number in _NUMBERS[one["type"]]:
            _add(owner, one["place"], one["name"], sql.SQL("{}").format(sql.Literal(number)))
    for place, (column, paths) in _PLACES_IN_JSON.items():
        for path in paths:
            for number in _IN_JSON:
                put = "jsonb_set(jsonb_set({0}, '{{cost}}', coalesce({0} -> 'cost', '{{}}')), {1}, {2})"
                _add(
                    owner, place, column,
                    sql.SQL(put).format(sql.Identifier(column), sql.Literal(path), sql.Literal(number)),
                )  # fmt: skip


def _compare(people: People) -> None:
    """All rows are one member's, who reads them live."""
    stored, live = people["manager"], people["member"]
    assert agents.read_agents(stored) == agents.read_agents(live)
    assert sops.read_procedures(stored) == sops.read_procedures(live)
    assert lift_sessions.list_validation(stored) == lift_sessions.list_validation(live)
    period: dict[str, Any] = dict.fromkeys(("start", "end", "previous_start", "previous_end"))
    told = [
        sorted(overview.read_activity(actor, **period, untimed=False, bucket="day", zone="UTC"), key=str)
        for actor in (stored, live)
    ]
    assert told[0] == told[1]


def test_no_number_closes_a_page_and_stored_sums_are_the_live_ones(
    owner: Owner, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    rows = _prepare(owner, people["member"])
    _add_all(owner)
    rollups.finish("real")
    _compare(people)
    _add_all(owner)  # what is told of each change is read beside what is stored, and then added to it
    assert owner.execute(_CHANGES_THAT_ARE_NO_FACTS).fetchall() == []
    _compare(people)
    rollups.finish("real")
    _compare(people)
    assert rollups.list_failures("real") == {}
    plain: list[tuple[str, dict[str, str]]] = [(f"reports/{name}.py", {}) for name in _PAGES]
    for path, parameters in [*plain, *addresses_of_systems(rows, people["member"])]:
        page = open_page(people["admin"], path, **parameters)
        failed = [record.exc_text or str(record.exc_info) for record in caplog.records if record.exc_info]
        assert not failed, (path, parameters, failed)
        assert "could not be shown" not in page.text, (path, parameters)


_PAGES = (
    "overview", "sessions", "tools", "jobs", "agents", "sops", "events", "clients", "lift_sessions", "people",
    "projects",
)  # fmt: skip


def test_numbers_of_events_beyond_all_sums_are_counted(owner: Owner, people: People) -> None:
    for number in range(3):
        owner.execute(
            "insert into engine.events (event_type, aggregate_type, aggregate_id, sequence_number, payload, emitted_by)"
            " values ('T', 'A', %s, 9223372036854775807, '{}', 'x')",
            (str(number),),
        )
    found = integrity.read_integrity(people["admin"])
    assert (found.with_gaps, found.numbers_missing) == (3, 3 * (2**63 - 2))
    gaps = integrity.read_gaps(people["admin"])
    assert {(gap["first_missing"], gap["last_missing"], gap["numbers_missing"]) for gap in gaps} == {
        (1, 2**63 - 2, 2**63 - 2)
    }
