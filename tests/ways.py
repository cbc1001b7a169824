"""The ways to a test's database: straight, through a session pooler, through a transaction pooler."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.poolers import Poolers
from tests.poolers import poolers as poolers  # noqa: PLC0414 - a fixture

WAYS = ("direct", "session", "transaction")


@pytest.fixture(params=WAYS)
def url(request: pytest.FixtureRequest, database_url: str, poolers: Poolers) -> str:
    """The address of the test's database, by each way."""
    return database_url if request.param == "direct" else poolers.url(request.param, database_url)


@pytest.fixture
def transaction_url(database_url: str, poolers: Poolers) -> str:
    """The address of the test's database through a transaction pooler, the strictest way."""
    return poolers.url("transaction", database_url)


def together(number: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work` returns in as many threads, started at once; an error in one is an error of the test."""
    results: list[Any] = [None] * number
    errors: list[BaseException] = []
    gate = threading.Barrier(number)

    def run(turn: int) -> None:
        gate.wait()
        try:
            results[turn] = work(turn)
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(turn,)) for turn in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
