"""A transaction that several readers share: begun by the first, ended after the last or before its thread waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

from data.access import Actor

U = TypeVar("U")


class _Shared(Generic[U]):
    """The transaction of one block, while it is open."""

    def __init__(self, actor: Actor, begin: Callable[[], AbstractContextManager[U]]) -> None:
        self.actor = actor
        self._begin = begin
        self._open = ExitStack()
        self._unit: U | None = None

    @contextmanager
    def reading(self) -> Iterator[U]:
        """The unit. What is raised inside ends the transaction, because nothing more can be read in it."""
        if self._unit is None:
            self._unit = self._open.enter_context(self._begin())
        try:
            yield self._unit
        except BaseException as error:
            self._unit = None
            # Raises what the error means to people, where it means something.
            self._open.pop_all().__exit__(type(error), error, error.__traceback__)
            raise

    def let_go(self) -> None:
        """End the transaction, if there is one; the next reader begins another."""
        self._unit = None
        self._open.pop_all().close()


_current: ContextVar[_Shared[object] | None] = ContextVar("shared", default=None)


@contextmanager
def of(actor: Actor, begin: Callable[[], AbstractContextManager[object]]) -> Iterator[None]:
    """Share what `begin` opens among all that read as this actor inside, in this thread."""
    shared = _Shared(actor, begin)
    token = _current.set(shared)
    try:
        yield
    finally:
        _current.reset(token)
        shared.let_go()


def current(actor: Actor) -> AbstractContextManager[object] | None:
    """The shared unit as a block; None where this actor's readers share none."""
    shared = _current.get()
    return shared.reading() if shared is not None and shared.actor == actor else None


def let_go() -> None:
    """Give the connection of a shared transaction back, if there is one."""
    if shared := _current.get():
        shared.let_go()
