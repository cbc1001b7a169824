"""Slows down whoever guesses passwords. Pure but for the clock.

Kept in the memory of the process: a guesser must not be able to write to the database. With several processes each
counts for itself, so that many times as many attempts pass; with Supabase its own limits stand behind these.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

FREE_ATTEMPTS = 5  # for one address from one place: typing errors are human
FREE_ATTEMPTS_OF_CLIENT = 30  # from one place, whatever the addresses: an office shares one
FIRST_WAIT_S = 2.0  # doubles with each further failure
LONGEST_WAIT_S = 900.0
FORGOTTEN_AFTER_S = 3600.0
MAX_KEPT = 10_000  # entries; the oldest go first


@dataclass
class _Failures:
    count: int = 0
    last_at: float = 0.0


class Throttle:
    """Counts attempts by address and client, and by client alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def begin(self, address: str, client: str) -> float:
        """Count an attempt before it is checked, so that many at once are counted too.

        Returns 0 to go on, else how many seconds to wait; an attempt that has to wait is not counted.
        """
        now = self._clock()
        wait_s = max(self._wait_s(key, free, now) for key, free in _keys(address, client))
        if wait_s > 0:
            return wait_s
        for key, _ in _keys(address, client):
            failures = self._failures.setdefault(key, _Failures())
            self._failures.move_to_end(key)
            failures.count, failures.last_at = failures.count + 1, now
        while len(self._failures) > MAX_KEPT:
            self._failures.popitem(last=False)
        return 0.0

    def succeeded(self, address: str, client: str) -> None:
        """Forget the failures of this address from here; for the client, only the attempt that succeeded."""
        (by_address, _), (by_client, _) = _keys(address, client)
        self._failures.pop(by_address, None)
        if by_client in self._failures:
            self._failures[by_client].count -= 1

    def _wait_s(self, key: tuple[str, str], free: int, now: float) -> float:
        failures = self._failures.get(key)
        if failures is None or now - failures.last_at > FORGOTTEN_AFTER_S:
            self._failures.pop(key, None)
            return 0.0
        if failures.count < free:
            return 0.0
        wait_s = min(FIRST_WAIT_S * 2.0 ** min(failures.count - free, 20), LONGEST_WAIT_S)
        return max(failures.last_at + wait_s - now, 0.0)


def _keys(address: str, client: str) -> Iterator[tuple[tuple[str, str], int]]:
    place = _place(client)
    yield (address.strip().lower(), place), FREE_ATTEMPTS
    yield ("any address", place), FREE_ATTEMPTS_OF_CLIENT


def _place(client: str) -> str:
    """One household of IPv6 addresses is one place, or everybody would have billions of them."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        return address.exploded[:19]
    return client
