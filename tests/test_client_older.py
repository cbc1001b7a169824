"""What the writers' kit rests on, once more on the oldest PostgreSQL at hand: its other tests run on the newest."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from data import database, embedded, migration
from tests.conftest import MIGRATIONS, TEMPLATE
from tests.embedded_holders import folder
from tests.servers import seventeen, system_binaries
from tests.test_client_jobs import (
    test_a_job_goes_from_asked_to_done,
    test_a_worker_does_not_wait_for_a_job_that_another_is_taking,
    test_one_lost_job_is_taken_again_by_one_worker,
)
from tests.test_client_recorder import test_everything_recorded_arrives_with_its_details
from tests.test_client_recorder_failures import test_two_attempts_at_one_batch_at_once_store_it_once
from tests.test_client_sessions import test_a_session_lives_through_all_eight_operations
from tests.test_event_store import (
    adding,
    store,
    test_a_snapshot_is_kept_at_every_hundredth_event_and_no_other,
    test_of_writers_that_expect_the_same_sequence_one_wins,
)
from tests.test_event_subscription import test_an_event_whose_transaction_ends_late_is_not_missed
from tests.test_procedures import procedures, test_of_two_who_end_an_execution_one_wins
from tests.test_projections import test_a_rebuild_makes_the_same_rows_again

__all__ = [
    "adding",
    "procedures",
    "store",
    "test_a_job_goes_from_asked_to_done",
    "test_a_rebuild_makes_the_same_rows_again",
    "test_a_session_lives_through_all_eight_operations",
    "test_a_snapshot_is_kept_at_every_hundredth_event_and_no_other",
    "test_a_worker_does_not_wait_for_a_job_that_another_is_taking",
    "test_an_event_whose_transaction_ends_late_is_not_missed",
    "test_everything_recorded_arrives_with_its_details",
    "test_of_two_who_end_an_execution_one_wins",
    "test_of_writers_that_expect_the_same_sequence_one_wins",
    "test_one_lost_job_is_taken_again_by_one_worker",
    "test_two_attempts_at_one_batch_at_once_store_it_once",
]


@pytest.fixture(scope="module")
def older() -> Iterator[embedded.Lease]:
    """A server of the oldest version at hand, with a migrated database to copy."""
    binaries = next(iter(system_binaries()), None) or seventeen()
    with folder() as path, embedded.lease(path / "older", binaries) as lease:
        with psycopg.connect(lease.url("postgres"), autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("alter system set full_page_writes = off")
            connection.execute("select pg_reload_conf()")
        lease.ensure_database(TEMPLATE)
        migration.up(lease.url(TEMPLATE), MIGRATIONS, progress=lambda _: None)
        yield lease


@pytest.fixture
def database_url(older: embedded.Lease) -> Iterator[str]:
    """In place of the newest server's: a database of the older one."""
    name = f"test_{uuid4().hex[:12]}"
    copying = sql.SQL("create database {} template {} strategy file_copy")
    with psycopg.connect(older.url("postgres"), autocommit=True) as connection:
        connection.execute(copying.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    yield older.url(name)
    database.close_all()
    older.drop_database(name)


@pytest.fixture
def url(database_url: str) -> str:
    """Straight to it: the poolers stand in front of the newest server."""
    return database_url


@pytest.fixture
def transaction_url(database_url: str) -> str:
    """As `url`."""
    return database_url


def test_it_is_not_the_newest_version(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert 15 <= connection.info.server_version // 10_000 < 18
