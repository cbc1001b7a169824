"""The console's own PostgreSQL (Linux, macOS): started by its first user, shared, stopped by the last.

    with embedded.lease(Path(".signalbox")) as lease:
        psycopg.connect(lease.url())

Leases are locks on files, which the kernel gives up when a process dies, so nothing that a dead process left
behind is believed: neither that it still uses the server, nor that a pid it noted is the server's. A process
that is killed gives its lease back by that; a watcher, asleep until then, stops the server if it was the
last. Should the watcher be killed, too, the server stays up until somebody uses it again and stops it as the
last.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from data.embedded.errors import EmbeddedServerError

if TYPE_CHECKING:
    from data.embedded.databases import bootstrap
    from data.embedded.holding import Inspection, Lease, inspect, lease

__all__ = ["EmbeddedServerError", "Inspection", "Lease", "bootstrap", "inspect", "lease"]


def __getattr__(name: str) -> object:
    # Loaded when asked for: the watcher lives in this package and has no use for a database driver.
    if name not in __all__:
        raise AttributeError(name)
    module = "data.embedded.databases" if name == "bootstrap" else "data.embedded.holding"
    return getattr(importlib.import_module(module), name)
