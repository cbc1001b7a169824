"""What this process measures about itself: query times and cache reads, as plain counters. Imports nothing of ours.

The HTTP side turns them into the text that Prometheus reads; whoever counts here needs to know nothing about that.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass, field

# Upper bounds of the histogram's slots, in seconds: from a primary key look-up to the longest statement timeout.
QUERY_TIME_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass
class QueryTimes:
    """How often a named query ran and how long it took: one count per bound and one for everything above."""

    slots: list[int] = field(default_factory=lambda: [0] * (len(QUERY_TIME_BOUNDS_S) + 1))
    total_s: float = 0.0

    def copy(self) -> QueryTimes:
        """The same figures, apart from later ones."""
        return QueryTimes(list(self.slots), self.total_s)


@dataclass
class CacheReads:
    """How often a cached read was asked for, and how often it had to be computed."""

    reads: int = 0
    fills: int = 0

    @property
    def hits(self) -> int:
        """Reads that were answered without computing. Reads and fills are counted by different threads."""
        return max(self.reads - self.fills, 0)


@dataclass(frozen=True)
class CacheSize:
    """How many answers are kept and how many bytes they take, roughly."""

    answers: int = 0
    size_bytes: int = 0


_guard = threading.Lock()
_queries: dict[str, QueryTimes] = {}
_caches: dict[str, CacheReads] = {}
_cache_size = CacheSize()


def query_took(name: str, seconds: float) -> None:
    """Count one run of the named query."""
    slot = bisect_left(QUERY_TIME_BOUNDS_S, seconds)
    with _guard:
        times = _queries.setdefault(name, QueryTimes())
        times.slots[slot] += 1
        times.total_s += seconds


def cache_read(name: str) -> None:
    """Count that a cached read was asked for."""
    with _guard:
        _caches.setdefault(name, CacheReads()).reads += 1


def cache_filled(name: str) -> None:
    """Count that a cached read had to be computed."""
    with _guard:
        _caches.setdefault(name, CacheReads()).fills += 1


def cache_holds(answers: int, size_bytes: int) -> None:
    """Note what the cache holds now."""
    global _cache_size  # noqa: PLW0603 - the one figure here that is no counter
    _cache_size = CacheSize(answers, size_bytes)


def cache_size() -> CacheSize:
    """What the cache held when it last changed."""
    return _cache_size


def query_times() -> dict[str, QueryTimes]:
    """What was counted so far, by the name of the query."""
    with _guard:
        return {name: times.copy() for name, times in _queries.items()}


def cache_reads() -> dict[str, CacheReads]:
    """What was counted so far, by the name of the cached read."""
    with _guard:
        return {name: CacheReads(counts.reads, counts.fills) for name, counts in _caches.items()}
