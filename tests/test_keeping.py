"""The store of answers: one computation for all who ask, valid while its tables stand, bounded, with safe keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ui.keeping import OVERHEAD_BYTES, Store, as_key, held_bytes

Compute = Callable[[], tuple[Any, Collection[str]]]
PATIENCE_S = 30


def gives(result: object, *names: str) -> Compute:
    return lambda: (result, names)


def fails() -> tuple[Any, Collection[str]]:
    raise ValueError


def test_an_answer_holds_while_what_it_rests_on_stands() -> None:
    store = Store(100_000)
    assert store.answer("key", {"a": "1", "b": "1"}, gives("first", "a"))[0] == "first"
    assert store.answer("key", {"a": "1", "b": "2"}, gives("second", "a")) == ("first", {"a"})
    assert store.answer("key", {"a": "2", "b": "2"}, gives("third", "a", "b"))[0] == "third"
    assert store.answer("key", {"a": "2"}, gives("fourth", "a"))[0] == "fourth", "b is not there any more"
    assert store.answer("other", {"a": "2"}, gives("fifth", "a"))[0] == "fifth"


def test_each_caller_has_an_own_copy() -> None:
    store, versions = Store(100_000), {"a": "1"}
    store.answer("key", versions, gives([1], "a"))[0].append(2)
    store.answer("key", versions, gives([], "a"))[0].append(3)
    assert store.answer("key", versions, gives([], "a"))[0] == [1]


def test_the_oldest_goes_when_the_bytes_are_full() -> None:
    room = 3 * (OVERHEAD_BYTES + 1500)
    store, versions = Store(room), {"a": "1"}
    for key in range(3):
        store.answer(key, versions, gives("x" * 1000, "a"))
    store.answer(0, versions, fails)  # asked for again
    store.answer(3, versions, gives("x" * 1000, "a"))
    assert len(store) == 3
    assert store.size <= room
    store.answer(0, versions, fails)
    with pytest.raises(ValueError):  # noqa: PT011 - our own, above
        store.answer(1, versions, fails)
    store.answer(4, versions, gives("x" * 10_000, "a"))  # larger than everything: given, not kept
    assert len(store) == 3
    store.clear()
    assert (len(store), store.size) == (0, 0)


def test_what_an_answer_is_kept_under_counts_as_well() -> None:
    store, versions = Store(20_000), {f"table {number}": f"version {number}" for number in range(40)}
    for number in range(100):
        store.answer(("key", "x" * 400, number), versions, lambda: (None, versions.keys()))
    each = sys.getsizeof("x" * 400) + sum(sys.getsizeof(word) for pair in versions.items() for word in pair)
    assert 0 < len(store) * each < 20_000
    store.clear()
    small = Store(20_000)
    small.answer("k" * 30_000, {"a": "1"}, gives(None, "a"))
    assert len(small) == 0, "its key alone is more than there is room for"
    assert held_bytes(("a", {"b": "c"}, frozenset("d"), str)) == sum(
        map(sys.getsizeof, (("a", {}, frozenset(), str), "a", {"b": "c"}, "b", "c", frozenset("d"), "d"))
    )


class Waiting:
    """A computation that waits until it is told to end; a second one under the same key must not begin."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.began, self.may_end, self.times = Event(), Event(), 0

    def compute(self) -> tuple[Any, Collection[str]]:
        self.times += 1
        self.began.set()
        assert self.may_end.wait(PATIENCE_S)
        if self.times == 1 and self.is_failing:
            raise ValueError
        return self.times, ["a"]

    is_failing = False

    def asked(self, threads: ThreadPoolExecutor, version: str) -> Future[Any]:
        return threads.submit(self.store.answer, "key", {"a": version}, self.compute)


def test_who_comes_meanwhile_waits_for_the_same_answer() -> None:
    waiting = Waiting(Store(100_000))
    with ThreadPoolExecutor(10) as threads:
        answers = [waiting.asked(threads, "1") for _ in range(10)]
        assert waiting.began.wait(PATIENCE_S)
        waiting.may_end.set()
        assert {answer.result(PATIENCE_S)[0] for answer in answers} == {1}
    assert waiting.times == 1


def test_who_comes_with_newer_versions_does_not_take_the_older_answer() -> None:
    waiting = Waiting(Store(100_000))
    with ThreadPoolExecutor(2) as threads:
        older = waiting.asked(threads, "1")
        assert waiting.began.wait(PATIENCE_S)
        newer = waiting.asked(threads, "2")
        waiting.may_end.set()
        assert (older.result(PATIENCE_S)[0], newer.result(PATIENCE_S)[0]) == (1, 2)


def test_an_error_is_not_kept() -> None:
    waiting = Waiting(Store(100_000))
    waiting.is_failing = True
    waiting.may_end.set()
    with ThreadPoolExecutor(1) as threads:
        with pytest.raises(ValueError):  # noqa: PT011 - our own, above
            waiting.asked(threads, "1").result(PATIENCE_S)
        assert waiting.asked(threads, "1").result(PATIENCE_S)[0] == 2


def test_what_was_begun_before_everything_was_forgotten_is_not_kept() -> None:
    waiting = Waiting(Store(100_000))
    with ThreadPoolExecutor(1) as threads:
        answer = waiting.asked(threads, "1")
        assert waiting.began.wait(PATIENCE_S)
        waiting.store.clear()
        waiting.may_end.set()
        answer.result(PATIENCE_S)
    assert len(waiting.store) == 0


@dataclass(frozen=True)
class One:
    value: object


@dataclass(frozen=True)
class Another:
    value: object


class Colour(Enum):
    RED = 1


def test_values_that_a_reader_could_tell_apart_are_different_keys() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    different = [
        None, 0, 0.0, False, "", "0", (), [], {}, (0,), [0], {"a": 0}, {"a": False}, Colour.RED,
        One(0), One(False), One("0"), Another(0), One([0]), One({"a": [0]}), frozenset({1}),
        moment, moment.astimezone(ZoneInfo("Asia/Kolkata")), moment.date(),
    ]  # fmt: skip
    assert len({as_key(value) for value in different}) == len(different)
    assert as_key(One({"a": [0, moment]})) == as_key(One({"a": [0, datetime(2026, 1, 1, tzinfo=UTC)]}))


def test_what_has_no_value_is_no_key() -> None:
    for value in (object(), lambda: None, One(object())):
        with pytest.raises(TypeError):
            as_key(value)


def test_whoever_is_about_to_wait_says_so_before() -> None:
    """It may hold a connection that the one it waits for needs."""
    said = Event()
    waiting = Waiting(Store(100_000, before_waiting=said.set))
    with ThreadPoolExecutor(2) as threads:
        first = waiting.asked(threads, "1")
        assert waiting.began.wait(PATIENCE_S)
        assert not said.is_set()
        second = waiting.asked(threads, "1")
        assert said.wait(PATIENCE_S)
        assert not second.done()
        waiting.may_end.set()
        assert first.result(PATIENCE_S)[0] == second.result(PATIENCE_S)[0] == 1
