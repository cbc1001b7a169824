"""What happened to somebody's session, told at once to whoever holds their pages open in this process.

Other processes learn it from the database; see `web_sessions.people_behind`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True)
class Notice:
    """`ended`: the session may do nothing any more. `changed`: it goes on, as somebody with other rights.

    It concerns one session, or every session of a person.
    """

    kind: Literal["ended", "changed"]
    session_hash: str | None = None
    user_id: UUID | None = None


Listener = Callable[[Notice], None]

_guard = threading.Lock()
_listeners: list[Listener] = []


def subscribe(listener: Listener) -> Callable[[], None]:
    """Call `listener` on every notice, from whatever thread it happens in; the result ends the subscription."""
    with _guard:
        _listeners.append(listener)

    def unsubscribe() -> None:
        with _guard:
            if listener in _listeners:
                _listeners.remove(listener)

    return unsubscribe


def announce(notice: Notice) -> None:
    """Tell every listener. Call it after the transaction has committed, or they look up what is not there yet."""
    with _guard:
        listeners = list(_listeners)
    for listener in listeners:
        listener(notice)
