"""No chart is cut into slices at times that no period can name, by any query: the first of all would stop it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import rollups
from data.database import queries
from tests import performed, recorded
from tests.test_approvals import ask
from tests.test_odd_times import PLACEHOLDERS

FIRST_OF_ALL = "4714-11-24 00:00+00 BC"  # no slice of a chart, in any zone, may begin before it
ASKED: dict[str, Any] = {
    "types": ["ODD"], "payload": "{}", "broad": True, "client": "odd", "error_group": "odd", "now": None,
    "shown": "decided", "project": "shop", "coarsest": 4, "untimed": False, "zone": "America/New_York",
}  # fmt: skip


@pytest.mark.usefixtures("people")
def test_no_slice_of_a_chart_is_cut_from_what_no_period_can_name(owner: psycopg.Connection[DictRow]) -> None:
    plain = datetime(2026, 1, 1, tzinfo=UTC)
    for at in (plain, FIRST_OF_ALL, *PLACEHOLDERS):
        session_pk = recorded.session(owner, plain)
        recorded.call(owner, session_pk, plain, ms=0, success=False, error="odd")
        recorded.prompt(owner, session_pk, plain, "odd")
        owner.execute("update chronicle.sessions set started_at = %s where id = %s", (at, session_pk))
        for table in ("tool_events", "prompt_events"):
            column = sql.SQL("update {} set created_at = %s where session_id = %s")
            owner.execute(column.format(sql.Identifier("chronicle", table)), (at, session_pk))
        performed.insert(owner, "agents", "jobs", {"agent_identifier": "odd", "created_at": at})
        performed.run(owner, plain, started_at=at, completed_at=at)
        performed.run(owner, plain, status="running", started_at=at, completed_at=None)
        performed.window(owner, plain, window_start=None, window_end=at)
        owner.execute("insert into engine.client_health (client_id, computed_at) values ('odd', %s)", (at,))
        performed.engine_event(owner, plain, "ODD", timestamp=at)
        ask(owner, status="approved", created_at=at, session_id=session_pk)
    asked = [one for one in queries.all_queries().values() if "date_trunc(%(" in one.text]
    assert len(asked) > 10
    for _ in ("as it is", "from what is stored"):
        for query in asked:
            search = "odd" if query.name.startswith("jobs") else None
            names = set(re.findall(r"%\(([a-z_0-9]+)\)s", query.text))
            for unit in ("hour", "day", "week", "month"):
                given = dict.fromkeys(names) | ASKED | {"unit": unit, "bucket": unit, "search": search}
                rows = owner.execute(query.text, {name: given[name] for name in names}).fetchall()
                cut = {row["bucket"] for row in rows if row["bucket"] is not None}
                assert len(cut) == 1, (query.name, unit, cut)
        rollups.finish("real")
