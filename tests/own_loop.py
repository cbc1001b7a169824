"""Runs asynchronous tests in an event loop of their own, whatever loop a browser test left in this thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[object, object, Result]) -> Result:
    """What the coroutine returns, awaited in a thread and loop of its own; raises what it raises."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
