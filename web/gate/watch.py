"""Notices within two seconds what other processes did to the sessions whose pages are open here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from itertools import count

from anyio import CapacityLimiter, to_thread

from data.access import Actor
from data.errors import SignalboxError
from web.gate.connections import Connections
from web.gate.people import People

log = logging.getLogger("signalbox.gate")

INTERVAL_S = 1.0  # one query for all pages that are looked at, none while there are none
HIDDEN_EVERY = 15  # rounds; a page that comes into sight is asked about in the next one

LookUpAll = Callable[[Collection[str]], dict[str, Actor]]


async def watch_sessions(connections: Connections, people: People, look_up_all: LookUpAll) -> None:
    """Compare, again and again, who is connected with who may be. Runs until it is cancelled.

    While the database does not answer, open pages stay open: whatever they ask for goes through the same database.
    """
    thread = CapacityLimiter(1)
    is_blind = False
    for number in count():
        await asyncio.sleep(INTERVAL_S)
        hashes = connections.session_hashes(hidden=number % HIDDEN_EVERY == 0)
        if not hashes:
            continue
        try:
            now = await to_thread.run_sync(look_up_all, hashes, limiter=thread)
        except SignalboxError as error:
            if not is_blind:
                log.warning("cannot look after open sessions", extra={"reason": type(error).__name__})
            is_blind = True
            continue
        is_blind = False
        for session_hash in hashes:
            connections.compare(session_hash, now.get(session_hash))
            people.remember(session_hash, now.get(session_hash))
