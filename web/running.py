"""Start and end of the server: what is loaded early, what a signal does, what looks after the rest meanwhile."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

log = logging.getLogger("signalbox.server")

# Loaded before the first page asks for them, and then kept out of every later garbage collection, which would else go
# through all of it each time.
HEAVY_MODULES = ("pandas", "pyarrow", "PIL.Image")

# After this, what still hangs is cut: a reader that takes nothing keeps its answer's connection open for ever.
LONGEST_GOODBYE_S = 5.0


def warm_up(modules: Collection[str] = ()) -> None:
    """Import what pages need, and these modules of theirs, and freeze it. Takes about a second."""
    for name in (*HEAVY_MODULES, *modules):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


@contextmanager
def ending_at_signals(end_all: Callable[[], None]) -> Iterator[None]:
    """Call `end_all` in the event loop when the process is told to end, before the server waits for open answers.

    The server has set its own handlers by now; they are called afterwards. Does nothing outside the main thread.
    """
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}
    timers: list[asyncio.TimerHandle] = []

    def chained(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(say_goodbye)
        _call(before[number], number, frame)

    def say_goodbye() -> None:
        end_all()
        timers.append(loop.call_later(LONGEST_GOODBYE_S, force))

    def force() -> None:
        log.warning("cutting what still hangs", extra={"after_s": LONGEST_GOODBYE_S})
        # The server is ending already and takes this as the order to leave at once.
        _call(before[signal.SIGINT], signal.SIGINT, None)

    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.getsignal(number)
            signal.signal(number, chained)
    except ValueError:  # not the main thread: whoever started us there ends us, too
        yield
        return
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for restored, handler in before.items():
            signal.signal(restored, handler)


def _call(handler: Any, number: int, frame: FrameType | None) -> None:
    if callable(handler):
        handler(number, frame)


async def repeat(work: Callable[[], object], every_s: float, what: str) -> None:
    """Do `work` in a thread again and again; a failure is said once until it works again. Runs until cancelled."""
    has_failed = False
    while True:
        await asyncio.sleep(every_s)
        try:
            await asyncio.to_thread(work)
            has_failed = False
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round tries again, and it is said
            if not has_failed:
                log.warning("%s failed", what, extra={"reason": type(error).__name__, "detail": str(error)})
            has_failed = True
