"""Twenty admins decide one question at the same moment: one wins, the others read who and when, nothing is half done.

`make prove` runs all rounds; the tests run a seeded tenth of them.
"""

from __future__ import annotations

import random
import threading
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import DictRow

from data import approvals, database
from data.access import Actor
from data.errors import SignalboxError
from tests.conftest import make_person

ROUNDS = 100
RACERS = 20


def race_round(owner: psycopg.Connection[DictRow], admins: list[Actor], number: int, seed: int) -> None:
    """One round: everybody decides at once; a part of the questions runs out of time while they do."""
    chance = random.Random(seed)
    where = f"round {number}, seed {seed}"
    approval_id = _ask(owner, chance)
    won: list[approvals.Receipt] = []
    lost: list[SignalboxError] = []
    start = threading.Barrier(len(admins))

    def run(actor: Actor, decision: approvals.Decision) -> None:
        start.wait()
        try:
            won.append(approvals.decide(actor, approval_id, decision, f"by {actor.email}"))
        except SignalboxError as error:
            lost.append(error)

    decisions: list[approvals.Decision] = [chance.choice(("approved", "rejected")) for _ in admins]
    threads = [threading.Thread(target=run, args=racer) for racer in zip(admins, decisions, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _check(owner, approval_id, won, lost, where)


def _ask(owner: psycopg.Connection[DictRow], chance: random.Random) -> UUID:
    """A question that waits; one in four has a few milliseconds left, so that some decide in time and some do not."""
    milliseconds = chance.randint(1, 60) if chance.random() < 0.25 else None
    approval_id = uuid4()
    owner.execute(
        "insert into engine.human_approvals (id, agent_id, approval_type, title, expires_at, correlation_id)"
        " values (%s, 'billing', 'refund', 'Refund of $240', now() + %s * interval '1 millisecond', %s)",
        (approval_id, milliseconds, uuid4()),
    )
    return approval_id


def _check(
    owner: psycopg.Connection[DictRow],
    approval_id: UUID,
    won: list[approvals.Receipt],
    lost: list[SignalboxError],
    where: str,
) -> None:
    row = owner.execute("select * from engine.human_approvals where id = %s", (approval_id,)).fetchone()
    events = owner.execute("select * from engine.events where aggregate_id = %s", (str(approval_id),)).fetchall()
    acts = owner.execute("select * from signalbox.audit_log where target = %s", (f"approval:{approval_id}",)).fetchall()
    assert row, where
    assert len(won) + len(lost) == RACERS, where
    assert len(won) == len(events) == len(acts) <= 1, where
    if not won:
        assert row["status"] == "pending", where
        assert all(isinstance(error, approvals.TimeRanOut) for error in lost), where
        return
    [winner], [event], [act] = won, events, acts
    assert (row["status"], row["decision_note"]) == (winner.decision, f"by {row['decided_by_name']}"), where
    assert event["event_type"] == f"HUMAN_APPROVAL_{winner.decision.upper()}", where
    assert (event["sequence_number"], event["correlation_id"]) == (1, row["correlation_id"]), where
    assert act["actor_id"] == row["decided_by"], where
    for error in lost:
        assert isinstance(error, approvals.AlreadyDecided), f"{where}: {error!r}"
        assert error.sentence.startswith(f"{row['decided_by_name']} {row['status']} this at "), where


def run_rounds(owner: psycopg.Connection[DictRow], database_url: str, rounds: int, seed: int) -> None:
    """That many rounds with as many connections as racers, so that they meet in the database and not in the pool."""
    database.open_database("real", database_url, pool_size=RACERS)
    admins = [make_person(owner, f"admin{number}", "admin") for number in range(RACERS)]
    for number in range(rounds):
        race_round(owner, admins, number, seed + number)


def test_all_rounds(owner: psycopg.Connection[DictRow], database_url: str) -> None:
    run_rounds(owner, database_url, ROUNDS, seed=20261120)
