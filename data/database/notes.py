"""Notes which named queries ran in a block, so that whoever keeps an answer knows what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Ran:
    """The queries that ran in this thread. `is_all` is whether nothing else did that nobody can name."""

    queries: set[str] = field(default_factory=set)
    is_all: bool = True


_current: ContextVar[Ran | None] = ContextVar("ran", default=None)


@contextmanager
def taken() -> Iterator[Ran]:
    """Note what runs in the block, in this thread. A block inside another keeps its notes to itself."""
    ran = Ran()
    token = _current.set(ran)
    try:
        yield ran
    finally:
        _current.reset(token)


def started() -> Ran:
    """Note what runs in this thread from now on, until this is called again; blocks keep theirs to themselves."""
    ran = Ran()
    _current.set(ran)
    return ran


def query_ran(name: str) -> None:
    """Note a named query."""
    if ran := _current.get():
        ran.queries.add(name)


def something_else_ran() -> None:
    """Note that a statement may have run that is no named query."""
    if ran := _current.get():
        ran.is_all = False
