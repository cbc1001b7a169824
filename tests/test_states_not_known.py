"""States that no report knows, as adopted tables may have them: every page counts them, says so and leads to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from data import rollups
from data.access import Actor
from tests import performed, recorded
from tests.page_runs import PageRun, open_address, open_page, taken_away
from tests.test_adopted_sight import file_of, verdicts
from tests.test_approvals import ask

Owner = psycopg.Connection[DictRow]
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def odd(owner: Owner, people: dict[str, Actor]) -> None:
    """Rows of each kind: one as documents have it, two with a state that none of them names."""
    for table in (
        "chronicle.sessions drop constraint chk_session_status_valid",
        "engine.sop_executions drop constraint sop_executions_status_valid",
        "engine.human_approvals drop constraint human_approvals_status_valid",
        "engine.chaos_experiments drop constraint chaos_experiments_status_valid",
        "lift.sessions drop constraint sessions_status_valid",
    ):
        owner.execute(f"alter table {table}")
    for word in ("paused", "on hold"):
        owner.execute(f"alter type agents.job_status add value '{word}'")
    at = NOW - timedelta(hours=3)
    for status in ("completed", "paused", "on hold"):
        session = recorded.session(owner, at)
        owner.execute("update chronicle.sessions set status = %s where id = %s", (status, session))
        performed.run(owner, at, status=status)
        performed.insert(owner, "engine", "chaos_experiments", {"name": "a", "hypothesis": "b", "status": status})
        ask(owner, status="approved" if status == "completed" else status, created_at=at)
        recorded.job(owner, at, status=status)
        lift = {
            "user_id": people["admin"].user_id,
            "prompt": "a",
            "status": "finalized" if status == "completed" else status,
        }
        performed.insert(owner, "lift", "sessions", lift)


LEAD = [
    ("sessions", {}, "How 2 of them ended is not known.", "2 of them", "sessions"),
    ("lift_sessions", {}, "How 2 of them ended is not known.", "2 of them", "lift_sessions"),
    ("sops", {}, "What became of 2 runs is not known.", "2 runs", "sop_executions"),
    ("jobs", {}, "What became of 2 jobs", "2 jobs", "jobs"),
    ("approvals", {}, "What became of 2 questions is not known.", "2 questions", "approvals"),
    ("approvals", {"show": "decided"}, "What became of 2 questions is not known.", "2 questions", "approvals"),
    ("clients", {"view": "experiments"}, "of 2 the status is not known", "2", "chaos_experiments"),
    ("overview", {}, "What became of 2 sessions", "2 sessions", "sessions"),
    ("overview", {}, "What became of 2 sessions, 2 jobs", "2 jobs", "jobs"),
    ("overview", {}, "0 failed; of 2 it is not known", "2", "jobs"),
    ("agents", {}, "of 2 jobs it is not known", "2 jobs", "jobs"),
    ("overview", {}, "2 runs of procedures and 2 questions is not known.", "2 runs of procedures", "sop_executions"),
    ("overview", {}, "2 runs of procedures and 2 questions is not known.", "2 questions", "approvals"),
]


@pytest.mark.usefixtures("odd")
def test_what_has_no_state_that_reports_know_is_told_and_found(people: dict[str, Actor]) -> None:
    for stored in (False, True):
        if stored:
            rollups.finish("real")
        for path, given, sentence, words, report in LEAD:
            page = look(people, path, **given)
            assert sentence in " ".join(page.text.split()), (path, given)
            assert "sb-well" not in verdicts(page).partition("Fresh from the stream")[0], (path, given)
            [address] = set(page.ways(words))
            found = open_address(people["admin"], address)
            taken = taken_away(people["admin"], found, report)
            states = {row.get("status", row.get("outcome")) for row in taken}
            assert (len(taken), states) == (2, {"paused", "on hold"}), address
            assert "paused" in found.text, "the list shows the word that stands there"


def look(people: dict[str, Actor], path: str, **given: Any) -> PageRun:
    return open_page(people["admin"], file_of(path), **given)
