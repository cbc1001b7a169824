"""Has what is written to a browser leave at once.

A run of a page is written in several small messages, and an answer in two: its head and its body. Without this the
second one waits in the kernel until the browser's side has acknowledged the first, which takes a way there and back,
and on many systems forty milliseconds more. The event loop asks for it only on sockets that are marked as TCP, which
those that the server makes are not. And Streamlit pauses after each time that it has written: what a run says after
waiting for the database came late.
"""

from __future__ import annotations

import asyncio
import socket

from starlette.types import Receive
from streamlit.runtime import runtime


def at_once(receive: Receive) -> None:
    """Ask for it on the connection behind a `receive`, where the server lets it be found; Starlette wraps `send`."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    line = transport.get_extra_info("socket") if isinstance(transport, asyncio.BaseTransport) else None
    if line is not None and line.family in (socket.AF_INET, socket.AF_INET6):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def without_pauses() -> None:
    """Have Streamlit look for more at once after it has written. Its five milliseconds are no setting of it."""
    vars(runtime)["MESSAGE_FLUSH_INTERVAL_SECS"] = 0.0
