"""Two imports at once, an import that dies, and an import while others write."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psycopg
import pytest

from data import embedded
from data.ingest import Progress, ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, snapshot, value
from tests.ingest_fixtures import FOLDER, LIGHTHOUSE
from tests.proofs.prove_ingest_orders import import_at_once, start_import


def test_two_imports_of_the_same_files_add_everything_once(server: embedded.Lease) -> None:
    import_at_once(server)


def test_an_import_that_was_killed_can_be_repeated(server: embedded.Lease, tmp_path: Path) -> None:
    lines = LIGHTHOUSE.read_text(encoding="utf-8").splitlines()
    for number in range(40):
        session = f"{number:08d}-aaaa-4bbb-8ccc-000000000000"
        text = "\n".join(lines).replace("11111111-aaaa-4bbb-8ccc-000000000001", session)
        text = text.replace("toolu_", f"toolu_{number}_").replace('"msg_', f'"msg_{number}_')
        (tmp_path / f"{number:02d}.jsonl").write_text(text + "\n", encoding="utf-8")
    with fresh_database(server) as url, fresh_database(server) as alone:
        ingest([tmp_path], alone)
        killed = start_import(url, [str(tmp_path)])
        until = time.monotonic() + 60
        while time.monotonic() < until and not value(url, "select count(*) from signalbox.import_files"):
            time.sleep(0.005)
        killed.send_signal(signal.SIGKILL)
        killed.communicate(timeout=60)
        whole = rows(
            url,
            """
            select s.session_id, count(*) from chronicle.events as e
            inner join chronicle.sessions as s on s.id = e.session_id group by 1
            """,
        )
        assert len({row["count"] for row in whole}) <= 1, "of each file everything or nothing"
        ingest([tmp_path], url)
        wanted, found = snapshot(alone), snapshot(url)
    for table, content in wanted.items():
        assert found[table] == content, table


def test_a_session_that_something_else_made_keeps_its_row(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                """
                insert into chronicle.sessions (session_id, status, started_at, metadata)
                values (%s, 'active', null, %s)
                """,
                ("11111111-aaaa-4bbb-8ccc-000000000001", '{"kept": true}'),
            )
        ingest([LIGHTHOUSE], url)
        (session,) = rows(url, "select * from chronicle.sessions")
        assert session["status"] == "active"
        assert session["metadata"]["kept"] is True
        assert session["started_at"] is not None
        assert value(url, "select count(*) from chronicle.events where session_id = %(id)s", id=session["id"]) > 0
        assert ingest([LIGHTHOUSE], url).counts["events_added"] == 0


def test_progress_is_told_before_each_file_and_at_the_end(server: embedded.Lease) -> None:
    told: list[Progress] = []
    with fresh_database(server) as url:
        ingest([FOLDER], url, progress=told.append)
    assert [state.files_done for state in told] == list(range(told[0].files + 1))
    assert told[0].bytes_done == 0
    assert told[-1].bytes_done == told[-1].bytes > 0


def test_a_connection_of_ones_own_is_left_as_it_was(server: embedded.Lease) -> None:
    with fresh_database(server) as url, psycopg.connect(url, autocommit=True) as connection:
        before = connection.execute("select count(*) from pg_settings where source = 'session'").fetchone()
        ingest([LIGHTHOUSE], connection)
        assert connection.execute("select to_regclass('pg_temp.staged_records')").fetchone() == (None,)
        assert connection.execute("select count(*) from pg_settings where source = 'session'").fetchone() == before


@pytest.mark.parametrize("own_connection", [True, False])
def test_an_import_that_is_stopped_leaves_nothing_behind(own_connection: bool, server: embedded.Lease) -> None:
    class Stopped(Exception):
        """What a person who presses Ctrl-C amounts to."""

    def stop(state: Progress) -> None:
        if state.files_done == 3:
            raise Stopped

    with fresh_database(server) as url, psycopg.connect(url, autocommit=True) as connection:
        with pytest.raises(Stopped):
            ingest([FOLDER], url if own_connection else connection, progress=stop)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert 0 < value(url, "select count(*) from signalbox.import_files") <= 3
        ingest([FOLDER], connection)
        with fresh_database(server) as alone:
            ingest([FOLDER], alone)
            assert snapshot(url) == snapshot(alone)


def test_each_file_may_meet_another_connection_of_the_server(server: embedded.Lease) -> None:
    """Behind a pooler nothing outlives a transaction: neither settings nor temporary tables nor prepared statements."""
    with fresh_database(server) as url, fresh_database(server) as alone:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:

            def forget(_: Progress) -> None:
                connection.execute("discard all")

            report = ingest([FOLDER], connection, progress=forget)
        assert report.counts["files_failed"] == 0
        ingest([FOLDER], alone)
        assert snapshot(url) == snapshot(alone)
