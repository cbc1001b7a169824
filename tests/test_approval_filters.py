"""Figures of questions under each filter and period, against the rows themselves; stored sums among them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import approvals, exports, rollups
from data.access import Actor
from data.approvals import Questions
from tests import recorded
from tests.test_approvals import ask

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
Rows = list[dict[str, Any]]

NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
WEEK = timedelta(days=7)
AGENTS = ("billing", 'the "night 🌙" one', "O'Neil; --")
KINDS = ("refund", "deploy <b>now</b>")
RISKS = ("low", "critical")
PROJECTS = ("shop", "Größe 🚦 %s")
QUESTIONS = 160

PERIODS: dict[str, dict[str, Any]] = {
    "week": {"start": NOW - WEEK, "end": NOW},
    "week before": {"start": NOW - 2 * WEEK, "end": NOW - WEEK},
    "all": {},
    "untimed": {"untimed": True},
}
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"agent": AGENTS[1]},
    {"risk": "critical"},
    {"agent": AGENTS[2], "risk": "low"},
    {"kind": KINDS[1]},
    {"project": PROJECTS[1]},
    {"agent": AGENTS[0], "kind": KINDS[0], "project": PROJECTS[0]},
    {"agent": "nobody 👻"},
)


def fill(owner: Owner) -> None:
    """Questions of two weeks and of no time, of all that is filtered by; most of them are in the stored sums. Some have
    a status that reports do not know, as adopted tables may have one."""
    owner.execute("alter table engine.human_approvals drop constraint human_approvals_status_valid")
    chance = random.Random(20261121)
    sessions = [recorded.session(owner, NOW - WEEK, project=name) for name in PROJECTS]
    for number in range(QUESTIONS):
        at = None if number % 12 == 0 else NOW - timedelta(seconds=chance.uniform(60, 14 * 86_400))
        status = chance.choice(("pending", "approved", "rejected", "expired"))
        is_decided = status in ("approved", "rejected")
        ask(
            owner,
            agent_id=chance.choice(AGENTS),
            approval_type=chance.choice(KINDS),
            risk_level=chance.choice(RISKS),
            session_id=chance.choice((*sessions, None)),
            status="escalated" if number % 7 == 3 else status,
            created_at=at,
            decided_at=at + timedelta(seconds=chance.uniform(1, 9000)) if at and is_decided else None,
            expires_at=None if is_decided else (at or NOW) + timedelta(hours=chance.choice((1, 24 * 30))),
            metadata=Jsonb({"imported": chance.random() < 0.3}),
        )
        if number == QUESTIONS // 2:
            rollups.finish("real")


def rows_of(owner: Owner) -> Rows:
    """All questions, each with its list and outcome at NOW as the words of the documents have it."""
    found = owner.execute(
        "select q.*, s.project_name from engine.human_approvals as q"
        " left join chronicle.sessions as s on s.id = q.session_id"
    ).fetchall()
    return [described(row) for row in found]


def described(row: Mapping[str, Any]) -> dict[str, Any]:
    is_late = row["status"] == "pending" and row["expires_at"] is not None and row["expires_at"] <= NOW
    outcome = "expired" if is_late else row["status"]
    stands = {"approved": "decided", "rejected": "decided", "expired": "expired", "pending": "queue"}.get(
        outcome, "stateless"
    )
    over = row["decided_at"] or (None if row["metadata"]["imported"] else row["expires_at"])
    waited = (over - row["created_at"]).total_seconds() * 1000 if over and row["created_at"] else None
    is_open = stands == "queue" and not row["metadata"]["imported"]
    hurries = {
        "expiring": row["expires_at"] is not None and row["expires_at"] <= NOW + timedelta(hours=1),
        "overdue": row["created_at"] is not None and row["created_at"] < NOW - timedelta(days=1),
        "risky": row["risk_level"] in ("high", "critical"),
    }
    return {
        "id": row["id"],
        "urgency": [name for name, is_so in hurries.items() if is_open and is_so],
        "at": row["created_at"],
        "outcome": outcome,
        "list": "imported" if row["metadata"]["imported"] and stands != "stateless" else stands,
        "waited_ms": waited,
        "agent": row["agent_id"],
        "kind": row["approval_type"],
        "risk": row["risk_level"],
        "project": row["project_name"],
    }


def within(rows: Rows, *, start: Any = None, end: Any = None, untimed: bool = False) -> Rows:
    if untimed:
        return [row for row in rows if row["at"] is None]
    return [row for row in rows if start is None or (row["at"] is not None and start <= row["at"] < end)]


def matching(rows: Rows, given: Mapping[str, str], but: str = "") -> Rows:
    return [row for row in rows if all(value in held(row, name) for name, value in given.items() if name != but)]


def held(row: Mapping[str, Any], name: str) -> list[Any]:
    """What a filter finds in a question: nothing, its value, or all that makes it urgent."""
    if name == "urgency":
        return list(row[name])
    return [] if row[name] is None else [row[name]]


def test_figures_of_each_filter_and_period_are_those_of_the_rows(owner: Owner, people: People) -> None:
    fill(owner)
    rows, admin = rows_of(owner), people["admin"]
    for given in FILTERS:
        chosen = matching(rows, given)
        queue = [row for row in chosen if row["list"] == "queue"]
        shown = approvals.read_queue(admin, chosen=Questions(NOW, **given), limit=QUESTIONS)
        assert {row["approval_id"] for row in shown.shown} == {row["id"] for row in queue}
        assert exports.count(
            admin, "approvals_queue", exports.parse("approvals_queue", {"now": [NOW.isoformat()], **as_link(given)})
        ) == len(queue)
        for name, period in PERIODS.items():
            per_list = Counter(row["list"] for row in within(chosen, **period))
            counts = approvals.read_counts(admin, chosen=Questions(NOW, **period, **given))
            assert counts == approvals.Counts(
                waiting=sum(row["list"] == "queue" for row in rows),
                queue=len(queue),
                decided=per_list["decided"],
                expired=per_list["expired"],
                imported=per_list["imported"],
                stateless=per_list["stateless"],
            ), (given, name)


@pytest.mark.parametrize("shown", approvals.VIEWS[1:])
def test_a_history_is_told_as_its_rows_are(owner: Owner, people: People, shown: approvals.View) -> None:
    fill(owner)
    rows, admin = rows_of(owner), people["admin"]
    compared: dict[str, Any] = {f"previous_{edge}": at for edge, at in PERIODS["week before"].items()}
    for given in FILTERS:
        chosen = Questions(NOW, shown, **PERIODS["week"], **given)
        told: Any = approvals.read_summary(admin, chosen=chosen, **compared)
        now, before = (
            [row for row in within(matching(rows, given), **PERIODS[name]) if row["list"] == shown]
            for name in ("week", "week before")
        )
        assert told.counts == approvals.read_counts(admin, chosen=chosen)
        assert told.previous(shown) == len(before)
        outcomes = Counter(row["outcome"] for row in now)
        assert {name: told.of(name) for name in approvals.OUTCOMES} == {
            name: outcomes[name] for name in approvals.OUTCOMES
        }
        assert told.previous_approved == sum(row["outcome"] == "approved" for row in before)
        assert told.previous_rejected == sum(row["outcome"] == "rejected" for row in before)
        for waits, timed, p50_ms in (
            (waits_of(now), told.timed, told.p50_ms),
            (waits_of(before), told.previous_timed, told.previous_p50_ms),
        ):
            assert timed == len(waits)
            assert p50_ms == (pytest.approx(median(waits)) if waits else None)
        without_time = [row for row in matching(rows, given) if row["at"] is None and row["list"] == shown]
        assert told.untimed == len(without_time)


def waits_of(rows: Rows) -> list[float]:
    return [row["waited_ms"] for row in rows if row["waited_ms"] is not None]


@pytest.mark.parametrize("shown", approvals.VIEWS[1:])
def test_lists_files_and_slices_hold_the_questions_of_their_filters(
    owner: Owner, people: People, shown: approvals.View
) -> None:
    fill(owner)
    rows = rows_of(owner)
    for asked in PERIODS.values():
        of_list = [row for row in within(rows, **asked) if row["list"] == shown]
        assert of_list
        for given in (*FILTERS, {"outcome": "approved"}, {"outcome": "expired", "risk": "low"}):
            expected = matching(of_list, given)
            held = {row["id"] for row in expected}
            chosen = Questions(NOW, shown, **asked, **given)
            listed = approvals.read_history(people["admin"], chosen=chosen, limit=QUESTIONS)
            assert {row["approval_id"] for row in listed} == held
            link: dict[str, list[str]] = (
                {"shown": [str(shown)], "now": [NOW.isoformat()]} | as_link(asked) | as_link(given)
            )
            assert exports.count(people["admin"], "approvals", exports.parse("approvals", link)) == len(held)
            if "outcome" not in given:
                assert drawn(people["admin"], shown, asked | given) == Counter(
                    "stateless" if shown == "stateless" else row["outcome"] for row in expected if row["at"]
                )


def drawn(actor: Actor, shown: approvals.View, asked: Mapping[str, Any]) -> Counter[str]:
    """How many questions of each outcome a chart holds, "stateless" those of none that it knows."""
    buckets = approvals.read_buckets(actor, chosen=Questions(NOW, shown, **asked), unit="day", zone="UTC")
    return Counter({name: int(buckets[name].sum()) for name in (*approvals.OUTCOMES, "stateless")})


def as_link(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """Parameters as they stand in the link of an export."""
    return {
        name: ["true" if value is True else value.isoformat() if isinstance(value, datetime) else value]
        for name, value in given.items()
    }


@pytest.mark.parametrize("shown", approvals.VIEWS)
def test_each_value_of_a_filter_says_how_many_it_leaves_beside_the_other_filters(
    owner: Owner, people: People, shown: approvals.View
) -> None:
    fill(owner)
    asked = {} if shown == "queue" else PERIODS["week"]
    of_list = [row for row in within(rows_of(owner), **asked) if row["list"] == shown]
    both: dict[str, Any] = {"outcome": "approved", "agent": AGENTS[1]}
    urgent: list[dict[str, Any]] = [
        {"urgency": name, "agent": AGENTS[0]} for name in approvals.URGENCIES if shown == "queue"
    ]
    assert shown != "queue" or {name for row in of_list for name in row["urgency"]} == set(approvals.URGENCIES)
    for given in (*FILTERS, both, *urgent):
        values = approvals.read_filter_values(people["admin"], chosen=Questions(NOW, shown, **asked, **given))
        for name, counts in values.items():
            left = Counter(value for row in matching(of_list, given, but=name) for value in held(row, name))
            assert counts == dict(left), (given, name)
            assert list(counts.values()) == sorted(counts.values(), reverse=True)
    for given in urgent:
        queue = approvals.read_queue(people["admin"], chosen=Questions(NOW, **given), limit=QUESTIONS)
        assert {row["approval_id"] for row in queue.shown} == {row["id"] for row in matching(of_list, given)}, given
        asked_for = exports.parse("approvals_queue", {"now": [NOW.isoformat()], **as_link(given)})
        assert exports.count(people["admin"], "approvals_queue", asked_for) == len(queue.shown)


def test_sums_that_are_stored_answer_by_agent_and_risk(owner: Owner, people: People) -> None:
    fill(owner)
    rollups.finish("real")
    given: dict[str, Any] = {"agent": AGENTS[0], "risk": "low"}
    told = approvals.read_counts(people["admin"], chosen=Questions(NOW, **given))
    assert told.decided + told.imported > 0
    # Nobody could change the table like this: it shows that the figures come from what is stored.
    owner.execute("alter table engine.human_approvals disable trigger user")
    owner.execute("delete from engine.human_approvals where status <> 'pending'")
    assert approvals.read_counts(people["admin"], chosen=Questions(NOW, **given)).decided == told.decided


def test_members_are_told_of_their_own_questions_alone(owner: Owner, people: People) -> None:
    for name in ("member", "other"):
        ask(owner, agent_id=f"agent of {name}", status="approved", decided_at=NOW, user_id=people[name].user_id)
    decided = Questions(NOW, "decided")
    values = approvals.read_filter_values(people["member"], chosen=decided)
    assert values["agent"] == {"agent of member": 1}
    assert approvals.read_summary(people["member"], chosen=decided).approved == 1
    assert approvals.read_summary(people["manager"], chosen=decided).approved == 2
    assert approvals.read_buckets(people["member"], chosen=decided)["approved"].sum() == 1


def test_what_is_over_decides_the_period_that_a_history_opens_on(owner: Owner, people: People) -> None:
    admin = people["admin"]
    empty = approvals.read_coverage(admin, now=NOW)
    assert (empty.last, empty.untimed, empty.holds_rows) == (None, 0, False)
    ask(owner, created_at=NOW - timedelta(hours=1))
    assert approvals.read_coverage(admin, now=NOW).last is None
    over = ask(owner, created_at=NOW - 5 * WEEK, status="approved", decided_at=NOW)
    ask(owner, created_at=None, status="approved", decided_at=NOW)
    known = approvals.read_coverage(admin, now=NOW)
    assert (known.first, known.last, known.untimed) == (NOW - 5 * WEEK, NOW - 5 * WEEK, 1)
    owner.execute("update engine.human_approvals set created_at = 'infinity' where id = %s", (over,))
    ask(owner, created_at=NOW - 3 * WEEK, status="expired")
    known = approvals.read_coverage(admin, now=NOW)
    assert (known.first, known.last, known.untimed) == (NOW - 3 * WEEK, NOW - 3 * WEEK, 2)
