"""The open pages and streams of this process, so that they can be ended the moment their session ends.

Owned by the event loop: other threads go through `Connections.hear`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from data.access import Actor
from data.identity.notices import Notice

ACTOR = "signalbox.actor"  # scope: the Actor of a request; missing where nobody is signed in
CONNECTION = "signalbox.connection"  # scope: the Connection of a streamed answer

# Why a websocket was closed; gate.js knows them too. 1012 is the standard's "service restart": the page waits for us.
SESSION_ENDED = 4401
PERSON_CHANGED = 4409
SERVER_STOPS = 1012

# What gate.js says of a tab: it is seen, it is hidden, it is seen and holds a form with words in it.
Sight = Literal["visible", "hidden", "writing"]
SIGHTS: tuple[Sight, ...] = ("visible", "hidden", "writing")

Kind = Literal["page", "stream"]


@dataclass(eq=False)
class Connection:
    """One open websocket or streamed answer. `ended` is set once, after `code` says why.

    `sight` is whether somebody may be looking at the page, and may be run again: its script says so.
    `say` sends the script a word; None until it has said something itself.
    """

    actor: Actor
    kind: Kind
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    code: int = SESSION_ENDED
    sight: Sight = "visible"
    say: Callable[[str], Awaitable[None]] | None = None
    key: str = field(default_factory=lambda: secrets.token_hex(8))

    def end(self, code: int) -> None:
        """Have it closed; the first reason stays."""
        if not self.ended.is_set():
            self.code = code
            self.ended.set()


class Connections:
    """Every open connection of signed-in people."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self.shown = asyncio.Event()  # a page has just come into sight
        self.is_stopping = False

    @contextmanager
    def opened(self, actor: Actor, kind: Kind) -> Iterator[Connection]:
        """A connection of this person, for as long as the block runs."""
        connection = Connection(actor, kind)
        if self.is_stopping:
            connection.end(SERVER_STOPS)
        self._open.add(connection)
        try:
            yield connection
        finally:
            self._open.discard(connection)

    def count(self, kind: Kind) -> int:
        """How many of a kind are open."""
        return sum(connection.kind == kind for connection in list(self._open))

    def visible(self) -> list[Connection]:
        """The pages that somebody may be looking at."""
        return [connection for connection in self._open if connection.kind == "page" and connection.sight != "hidden"]

    def see(self, connection: Connection, sight: Sight) -> None:
        """A page was hidden or shown, or somebody writes in it."""
        connection.sight = sight
        if sight == "visible":
            self.shown.set()

    def session_hashes(self, *, hidden: bool = True) -> set[str]:
        """The sessions that have something open; without `hidden` only those with something that is looked at."""
        return {
            open_.actor.session_hash
            for open_ in self._open
            if open_.actor.session_hash and (hidden or open_.sight != "hidden")
        }

    def hear(self, notice: Notice) -> None:
        """End what a notice is about."""
        code = SESSION_ENDED if notice.kind == "ended" else PERSON_CHANGED
        self._end_where(
            lambda actor: notice.session_hash in (None, actor.session_hash) and actor.is_concerned(notice.user_id),
            code,
        )

    def compare(self, session_hash: str, now: Actor | None) -> None:
        """End the connections of a session that is over, or that somebody with other rights goes on with."""
        self._end_where(lambda actor: now is None and actor.session_hash == session_hash, SESSION_ENDED)
        self._end_where(lambda actor: actor.session_hash == session_hash and actor != now, PERSON_CHANGED)

    def end_all(self) -> None:
        """The server stops: close everything, and what is opened from now on."""
        self.is_stopping = True
        self._end_where(lambda _: True, SERVER_STOPS)

    def _end_where(self, concerns: Callable[[Actor], bool], code: int) -> None:
        for connection in list(self._open):
            if concerns(connection.actor):
                connection.end(code)
