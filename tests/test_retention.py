"""Retention: old rows go piece by piece, and every figure that the rollups keep stays what it was."""

from __future__ import annotations

import json
import random
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import rollups
from data.access import Actor
from data.command import main
from data.database import queries
from data.errors import Busy, NotAllowed, WrongUse
from data.ingest import prices
from data.reports import tools
from data.rollups import keeping
from tests.recorded import call, event, notification, prompt, reply
from tests.recorded import session as make_session
from web.site import drop_old_rows

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
NOW = datetime.now(UTC)
TABLES = ("events", "tool_events", "prompt_events", "notification_events", "lifecycle_events")


def today() -> datetime:
    """Asked for anew: the tests may run over midnight."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def long_ago() -> datetime:
    return today() - timedelta(days=60)


def keep(owner: Owner, days: int | None = 30) -> None:
    owner.execute("update signalbox.retention set keep_raw_days = %s", (days,))


def calls_over_all(people: People) -> int:
    return tools.read_usage(people["manager"]).total.calls


def rows_before(owner: Owner, at: datetime) -> int:
    row = owner.execute(
        "select (select count(*) from chronicle.events where timestamp < %(at)s)"
        " + (select count(*) from chronicle.tool_events where created_at < %(at)s)"
        " + (select count(*) from chronicle.prompt_events where created_at < %(at)s)"
        " + (select count(*) from chronicle.notification_events where created_at < %(at)s)"
        " + (select count(*) from chronicle.lifecycle_events where created_at < %(at)s) as rows",
        {"at": at},
    ).fetchone()
    assert row
    return int(row["rows"])


def fill(owner: Owner, *, seed: int = 1, sessions: int = 12) -> None:
    """Sessions of sixty days with calls, prompts and notifications."""
    chance = random.Random(seed)
    for _ in range(sessions):
        began = long_ago() + timedelta(minutes=chance.randrange(60 * 24 * 60))
        session_pk = make_session(owner, began, project=chance.choice(("shop", "till", None)))
        for _ in range(chance.randrange(1, 12)):
            at = began + timedelta(seconds=chance.uniform(0, 86_400))
            call(
                owner, session_pk, at, chance.choice(("Bash", "Read")), ms=chance.choice((None, 0, 3, 40_000)),
                success=chance.choice((None, True, False)), answered=chance.random() < 0.8,
            )  # fmt: skip
        prompt(owner, session_pk, began, "Mend it")
        notification(owner, session_pk, began + timedelta(hours=1), "May I?")


def asked(name: str, chance: random.Random) -> tuple[str, dict[str, Any]]:
    """A report over a random window of whole hours."""
    hours = sorted(chance.sample(range(-24, 61 * 24), 2))
    start, end = (long_ago() + timedelta(hours=hour) for hour in hours)
    zone, unit = chance.choice(("UTC", "Europe/Paris", "Asia/Kolkata")), chance.choice(("hour", "day", "week"))
    parameters: dict[str, Any] = {
        "start": chance.choice((start, None)), "end": chance.choice((end, None)), "untimed": False,
        "previous_start": start - (end - start), "previous_end": start, "tool": chance.choice((None, "Bash")),
        "project": _project_of(name, chance),
        "with_total": True, "zone": zone, "unit": unit, "bucket": unit, "agent": None, "source": None,
        "agents": ["claude-code"],
        "coarsest": rollups.coarsest(unit, zone, long_ago(), NOW),
    }  # fmt: skip
    return name, parameters


def _project_of(name: str, chance: random.Random) -> str | None:
    if name.startswith("overview.project."):
        return "shop"
    return None if name == "tools.list_buckets" else chance.choice((None, "shop"))


REPORTS = (
    "tools.list_usage", "tools.list_buckets", "overview.read_activity", "overview.read_calls",
    "overview.project.read_activity", "overview.project.read_calls", "agents.calls.list_tool_calls",
)  # fmt: skip


def answers(owner: Owner, questions: list[tuple[str, dict[str, Any]]]) -> list[list[str]]:
    found = []
    for name, parameters in questions:
        rows = owner.execute(queries.find(name).text, parameters).fetchall()
        found.append(sorted(str(row) for row in rows))
    return found


def test_every_figure_is_what_it_was_and_the_rows_are_gone(owner: Owner, people: People) -> None:
    fill(owner)
    chance = random.Random(7)
    questions = [asked(name, chance) for name in REPORTS * 12]
    rollups.finish("real")
    before, rows = answers(owner, questions), rows_before(owner, today() - timedelta(days=30))
    keep(owner)
    assert rows > 50
    assert rollups.drop_all("real") == rows
    assert rows_before(owner, today() - timedelta(days=30)) == 0
    assert answers(owner, questions) == before
    rollups.finish("real")
    assert answers(owner, questions) == before
    assert rollups.drop_all("real") == 0
    kept = rollups.read_retention(people["member"])
    assert kept.raw_from == today() - timedelta(days=30)
    assert kept.dropped_rows == rows


def test_every_piece_leaves_the_figures_as_they_were(owner: Owner, people: People) -> None:
    fill(owner, sessions=25)
    rollups.finish("real")
    chance = random.Random(8)
    questions = [asked(name, chance) for name in REPORTS * 2]
    before = answers(owner, questions)
    keep(owner)
    pieces = 0
    while True:
        piece = rollups.drop("real", most_rows=5)
        assert piece
        assert piece.waits_for is None
        pieces += 1
        assert answers(owner, questions) == before
        if pieces % 3 == 0:
            rollups.refresh("real")
            assert answers(owner, questions) == before
        if not piece.is_unfinished:
            break
    assert pieces > 5
    assert people


def test_nothing_is_dropped_unless_somebody_says_so(owner: Owner, people: People) -> None:
    fill(owner, sessions=2)
    rollups.finish("real")
    assert rollups.drop("real") is None
    keep(owner, 90)
    assert rollups.drop_all("real") == 0
    assert rows_before(owner, NOW) > 0
    assert people


def test_what_comes_late_counts_at_once_and_is_added_by_the_next_pass(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, long_ago())
    for minute in range(3):
        call(owner, session_pk, long_ago() + timedelta(minutes=minute), ms=100)
    prompt(owner, session_pk, long_ago(), "Mend it")
    rollups.finish("real")
    keep(owner)
    rollups.drop_all("real")
    assert calls_over_all(people) == 3
    call(owner, session_pk, long_ago() + timedelta(minutes=5), ms=9000)
    call(owner, session_pk, long_ago() + timedelta(days=3), "Bash")
    prompt(owner, session_pk, long_ago(), "And this")
    for refreshes in range(3):
        usage = tools.read_usage(people["manager"])
        assert usage.total.calls == 5, f"after {refreshes} refreshes"
        assert {one.tool_name: one.calls for one in usage.tools} == {"Bash": 5}
        assert max(one.p95_ms or 0 for one in usage.tools) > 5000
        rollups.refresh("real")
    assert rollups.count_late(people["admin"]).rows > 0
    questions = [asked(name, random.Random(3)) for name in REPORTS]
    before = answers(owner, questions)
    assert rollups.drop_all("real") > 0
    assert rollups.count_late(people["admin"]).rows == 0
    assert (rows_before(owner, today() - timedelta(days=30)), calls_over_all(people)) == (0, 5)
    assert answers(owner, questions) == before
    by_project = tools.read_usage(people["manager"], project="shop")
    assert by_project.total.calls == 5
    rollups.finish("real")
    assert calls_over_all(people) == 5


def test_a_row_without_a_time_stays(owner: Owner, people: People) -> None:
    call(owner, make_session(owner, None), None)
    call(owner, make_session(owner, long_ago()), long_ago())
    rollups.finish("real")
    keep(owner)
    rollups.drop_all("real")
    assert owner.execute("select count(*) as rows from chronicle.events").fetchone() == {"rows": 2}
    assert calls_over_all(people) == 2


def test_an_event_stays_for_as_long_as_a_call_that_names_it(owner: Owner, people: People) -> None:
    """The call is of the agent that its event names, whenever it is counted anew."""
    session_pk, recent = make_session(owner, long_ago()), today() - timedelta(days=2)
    call(owner, session_pk, long_ago())
    event_id = event(owner, session_pk, "tool_post_use", long_ago() + timedelta(hours=2))
    owner.execute(
        "insert into chronicle.tool_events (session_id, event_id, tool_name, phase, success, created_at)"
        " values (%s, %s, 'Read', 'post', true, %s)",
        (session_pk, event_id, recent),
    )
    rollups.finish("real")
    chance = random.Random(4)
    questions = [asked(name, chance) for name in REPORTS * 3]
    questions += [(name, {**parameters, "start": None, "end": None}) for name, parameters in questions[: len(REPORTS)]]
    before = answers(owner, questions)
    assert "'calls': 2" in str(answers(owner, [questions[-1]]))

    assert rollups.foresee(people["admin"], 30).rows == 4
    keep(owner)
    assert rollups.drop_all("real") == 4
    assert answers(owner, questions) == before
    assert rollups.count_late(people["admin"]).rows == 0
    owner.execute(
        "insert into signalbox.change_log (source, slot) select source, 2147483647 from signalbox.rollup_state"
    )
    rollups.finish("real")
    assert answers(owner, questions) == before
    assert rollups.drop_all("real") == 0

    keep(owner, 1)
    assert rollups.drop_all("real") == 2
    assert rows_before(owner, NOW) == 0
    assert answers(owner, questions) == before


def test_a_call_whose_answer_is_dropped_is_not_taken_for_unanswered(owner: Owner, people: People) -> None:
    session_pk, call_id, recent = make_session(owner, long_ago()), uuid4(), today() - timedelta(days=2)
    for phase, at in (("pre", recent), ("post", long_ago())):  # by clocks that disagree
        owner.execute(
            "insert into chronicle.tool_events (session_id, event_id, tool_name, phase, success, call_id, created_at)"
            " values (%s, %s, 'Bash', %s, true, %s, %s)",
            (session_pk, event(owner, session_pk, "tool_pre_use", at), phase, call_id, at),
        )
    rollups.finish("real")
    keep(owner)
    for more in range(3):
        rollups.drop_all("real")
        usage = tools.read_usage(people["manager"])
        assert (usage.total.calls, usage.total.unanswered) == (1 + more, 0)
        call(owner, session_pk, recent)  # has the slot stored anew
        rollups.finish("real")


def test_a_recent_detail_outlives_its_old_event(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, long_ago())
    old = event(owner, session_pk, "user_prompt", long_ago())
    owner.execute(
        "insert into chronicle.prompt_events (session_id, event_id, prompt_text, created_at) values (%s, %s, 'x', %s)",
        (session_pk, old, today()),
    )
    rollups.finish("real")
    keep(owner)
    assert rollups.drop_all("real") == 1
    assert owner.execute("select event_id from chronicle.prompt_events").fetchall() == [{"event_id": None}]
    assert people


def test_sessions_costs_and_jobs_stay(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, long_ago())
    call(owner, session_pk, long_ago())
    reply(owner, session_pk, long_ago())
    prices.sync(owner, prices.load(None))
    owner.execute(
        "insert into agents.jobs (agent_identifier, status, created_at, completed_at)"
        " values ('a', 'completed', %s, %s)",
        (long_ago(), long_ago()),
    )
    rollups.finish("real")
    keep(owner)
    rollups.drop_all("real")
    kept = owner.execute(
        "select (select count(*) from chronicle.sessions) as sessions, (select count(*) from agents.jobs) as jobs,"
        " (select cost_basis from analytics.session_costs) as cost_basis"
    ).fetchone()
    assert kept == {"sessions": 1, "jobs": 1, "cost_basis": "estimate"}


def test_what_others_deleted_before_does_not_stay_in_the_sums_for_ever(owner: Owner, people: People) -> None:
    gone = make_session(owner, long_ago())
    call(owner, gone, long_ago())
    call(owner, make_session(owner, long_ago()), long_ago() + timedelta(days=2))
    rollups.finish("real")
    keep(owner)
    owner.execute("update signalbox.rollup_state set raw_from = 0 where drops_raw")
    owner.execute("delete from chronicle.sessions where id = %s", (gone,))
    assert calls_over_all(people) == 1
    rollups.drop_all("real")  # before anybody has refreshed
    rollups.finish("real")
    assert calls_over_all(people) == 1


def test_what_changed_through_another_row_is_stored_before_its_rows_go(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, long_ago(), project="shop")
    call(owner, session_pk, long_ago(), answered=False)
    call(owner, session_pk, long_ago() + timedelta(days=1))
    rollups.finish("real")
    keep(owner)
    asked_for = owner.execute("select call_id from chronicle.tool_events order by created_at limit 1").fetchone()
    assert asked_for
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, call_id, created_at)"
        " values (%s, 'Bash', 'post', true, %s, %s)",
        (session_pk, asked_for["call_id"], today()),
    )
    owner.execute("update chronicle.sessions set project_name = 'till'")
    rollups.drop_all("real")  # before anybody has refreshed
    for _ in range(2):
        total = tools.read_usage(people["manager"]).total
        assert (total.calls, total.unanswered) == (2, 0)
        assert tools.read_usage(people["manager"], project="till").total.calls == 2
        assert tools.read_usage(people["manager"], project="shop").total.calls == 0
        rollups.finish("real")


def test_a_rollup_that_is_built_anew_keeps_what_was_dropped(owner: Owner, people: People) -> None:
    for days in (60, 45, 5, 0):
        call(owner, make_session(owner, today() - timedelta(days=days)), today() - timedelta(days=days))
    rollups.finish("real")
    keep(owner)
    rollups.drop_all("real")
    owner.execute("update signalbox.rollup_state set built_from = 2147483647")
    piece = rollups.drop("real")
    assert piece
    assert piece.waits_for == "rollups"
    while True:
        assert calls_over_all(people) == 4
        done = rollups.refresh("real")
        if done and not done.is_unfinished:
            break
    assert calls_over_all(people) == 4
    assert tools.read_usage(people["manager"], start=today() - timedelta(days=46)).total.calls == 3


def test_a_truncated_table_keeps_the_sums_of_what_was_dropped(owner: Owner, people: People) -> None:
    for days in (60, 5):
        call(owner, make_session(owner, today() - timedelta(days=days)), today() - timedelta(days=days))
    rollups.finish("real")
    keep(owner)
    rollups.drop_all("real")
    owner.execute("truncate chronicle.tool_events")
    assert calls_over_all(people) == 1
    rollups.finish("real")
    assert calls_over_all(people) == 1


def test_adopted_tables_are_left_alone(owner: Owner, people: People) -> None:
    call(owner, make_session(owner, long_ago()), long_ago())
    rollups.finish("real")
    keep(owner)
    owner.execute("insert into signalbox.adopted_tables values ('chronicle', 'events', 'public', 'events', 'pointed')")
    piece = rollups.drop("real")
    assert piece
    assert (piece.dropped_rows, piece.waits_for) == (0, "adopted tables")
    assert people


@pytest.mark.parametrize("ending", ["killed", "held"])
def test_a_drop_that_does_not_come_to_its_end_leaves_everything_as_it_was(
    owner: Owner, people: People, database_url: str, ending: str
) -> None:
    fill(owner, sessions=4)
    rollups.finish("real")
    chance = random.Random(5)
    questions = [asked(name, chance) for name in REPORTS * 2]
    before, rows = answers(owner, questions), rows_before(owner, NOW)
    keep(owner)
    with closing(psycopg.connect(database_url)) as other:
        if ending == "killed":
            other.execute("set transaction isolation level repeatable read")
            other.execute("lock table signalbox.rollup_state in share row exclusive mode")
            other.execute("select signalbox.drop_raw(5)")
            pid = other.info.backend_pid
            owner.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        else:
            other.execute("update chronicle.events set processed_at = now()")
            with pytest.raises(Busy):
                rollups.drop("real")
            other.execute("update chronicle.tool_events set success = success")  # the writer went on unharmed
            other.rollback()
    assert (answers(owner, questions), rows_before(owner, NOW)) == (before, rows)
    assert rollups.drop_all("real") > 0
    assert answers(owner, questions) == before
    assert people


def test_a_piece_never_waits_for_a_writer_who_might_wait_for_it(
    owner: Owner, people: People, database_url: str
) -> None:
    call(owner, make_session(owner, long_ago()), long_ago())
    rollups.finish("real")
    keep(owner)
    with closing(psycopg.connect(database_url)) as other:
        other.execute("update chronicle.tool_events set success = success")
        owner.execute("begin isolation level repeatable read")
        owner.execute("set local statement_timeout = '20s'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            owner.execute("select signalbox.drop_raw()")
        owner.execute("rollback")
    assert people


def test_writers_at_the_same_time_are_neither_refused_nor_lost(owner: Owner, people: People, database_url: str) -> None:
    fill(owner, sessions=20)
    rollups.finish("real")
    keep(owner)
    before, written, failures, done = calls_over_all(people), [0, 0], list[Exception](), threading.Event()

    def write(number: int) -> None:
        chance = random.Random(number)
        try:
            with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
                session_pk = make_session(connection, long_ago())
                while not done.is_set():
                    with connection.transaction():
                        at = long_ago() + timedelta(seconds=chance.uniform(0, 60 * 86_400))
                        call(connection, session_pk, at, answered=chance.random() < 0.9)
                        connection.execute(
                            "update chronicle.events set processed_at = now() where session_id = %s", (session_pk,)
                        )
                    written[number] += 1
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for writer in writers:
        writer.start()
    while min(written) < 40 and not failures:
        rollups.drop_all("real", at_most_s=0.2)
        rollups.refresh("real")
    done.set()
    for writer in writers:
        writer.join()
    assert not failures
    assert calls_over_all(people) == before + sum(written)
    rollups.finish("real")
    rollups.drop_all("real")
    rollups.finish("real")
    assert rows_before(owner, today() - timedelta(days=30)) == 0
    assert calls_over_all(people) == before + sum(written)


def test_while_a_pass_of_the_refresher_runs_nothing_is_dropped(owner: Owner, people: People, database_url: str) -> None:
    keep(owner)
    with psycopg.connect(database_url) as other:
        other.execute("select signalbox.refresh_rollups()")
        with pytest.raises(Busy):
            rollups.drop("real")
        other.rollback()
        other.execute("set transaction isolation level repeatable read")
        other.execute("lock table signalbox.rollup_state in share row exclusive mode")
        assert rollups.refresh("real") is None
    assert rollups.drop("real")
    assert people


def test_a_drop_without_its_lock_and_snapshot_is_refused(owner: Owner) -> None:
    keep(owner)
    with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="REPEATABLE READ"):
        owner.execute("select signalbox.drop_raw()")


def test_only_an_admin_sets_the_age_and_it_stands_in_the_audit_log(owner: Owner, people: People) -> None:
    for role in ("member", "manager"):
        with pytest.raises(NotAllowed):
            rollups.keep(people[role], 30, seen=None)
        with pytest.raises(NotAllowed):
            rollups.foresee(people[role], 30)
    # Whatever Python says, the database has the last word.
    pretended = replace(people["manager"], role="admin")
    with pytest.raises(NotAllowed):
        rollups.keep(pretended, 30, seen=None)
    assert rollups.read_retention(people["member"]).keep_raw_days is None
    assert rollups.keep(people["admin"], 30, seen=None).keep_raw_days == 30
    with pytest.raises(keeping.ChangedMeanwhile):
        rollups.keep(people["admin"], 60, seen=None)
    wrong: Any
    for wrong in (0, -1, 40_000, True, 7.5, "7"):
        with pytest.raises(WrongUse):
            rollups.keep(people["admin"], wrong, seen=30)
    said = owner.execute("select actor_email, action, detail from signalbox.audit_log").fetchall()
    assert said == [
        {
            "actor_email": "admin@example.com",
            "action": "set how long events are kept",
            "detail": {"days": 30, "before": None},
        }
    ]


def test_an_age_says_before_what_it_would_drop(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, long_ago())
    call(owner, session_pk, long_ago())
    prompt(owner, session_pk, today(), "Mend it")
    found = rollups.foresee(people["admin"], 30)
    assert found.before == today() - timedelta(days=30)
    assert found.oldest_at == long_ago()
    assert (found.rows, found.tables["chronicle.tool_events"], found.tables["chronicle.prompt_events"]) == (4, 2, 0)
    keep(owner)
    rollups.finish("real")
    assert rollups.drop_all("real") == found.rows


def test_the_command_foretells_sets_drops_and_says_so(
    owner: Owner, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    call(owner, make_session(owner, long_ago()), long_ago())

    def run(*words: str) -> tuple[int, Any]:
        status = main(["rollup", *words, "--json"])
        printed = capsys.readouterr().out
        return status, json.loads(printed) if printed else None

    status, told = run("--keep-raw-days", "30", "--dry-run")
    assert (status, told["rows"], told["dry_run"]) == (0, 4, True)
    assert rows_before(owner, NOW) == 4
    status, told = run("--keep-raw-days", "30")
    assert (status, told["dropped_rows"], told["retention"]["keep_raw_days"]) == (0, 4, 30)
    assert rows_before(owner, NOW) == 0
    status, told = run()
    assert (status, told["dropped_rows"]) == (0, 0)
    status, told = run("--keep-raw-forever")
    assert (status, told["retention"]["keep_raw_days"], told["retention"]["dropped_rows"]) == (0, None, 4)
    assert run("--dry-run")[0] == 2
    assert run("--keep-raw-days", "3", "--keep-raw-forever")[0] == 2
    assert run("--keep-raw-days", "0")[0] == 2
    said = owner.execute("select actor_email, detail -> 'days' as days from signalbox.audit_log order by id").fetchall()
    assert [(row["actor_email"], row["days"]) for row in said] == [("command line", 30), ("command line", None)]


def test_the_worker_of_the_console_drops_what_is_due(owner: Owner, people: People) -> None:
    call(owner, make_session(owner, long_ago()), long_ago())
    rollups.finish("real")
    keep(owner)
    drop_old_rows()
    assert (rows_before(owner, NOW), calls_over_all(people)) == (0, 1)
