"""Pages got ready before they are asked for.

A browser that was given the document of a page reads Streamlit's program first, for longer than the database takes to
answer, and only then asks for the page. What that will show is computed meanwhile and kept as every answer is
(`ui.cached`), so that the page finds it there, or waits for what is still under way.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from streamlit.delta_generator import DeltaGenerator

from data.access import Actor
from data.errors import SignalboxError
from ui import overview, viewer
from ui.navigation import FIRST, PageEntry
from ui.view import View, view_of, zone_named

log = logging.getLogger("signalbox.ahead")

AT_MOST = 2  # at once: what comes beyond is worth no connection of those who already wait

_READY: Mapping[PageEntry, Callable[[View, Mapping[str, str]], None]] = {FIRST: overview.get_ready}
_places = threading.BoundedSemaphore(AT_MOST)


def begin(actor: Actor, url_path: str, query: Mapping[str, str], zone_name: str | None) -> None:
    """Begin what a page will ask for under an address with this query, in a thread of its own; for the event loop.

    `zone_name` is what the browser called its time zone when it was here before. Nothing is begun without it, for
    another page than those that have a way of getting ready, and where `AT_MOST` are under way.
    """
    zone = zone_named(zone_name)
    entry = next((entry for entry in _READY if entry.url_path == url_path), None)
    if zone is None or entry is None or not actor.can(entry.needs) or not _places.acquire(blocking=False):
        return
    threading.Thread(target=_run, args=(entry, actor, query, zone), name="ahead", daemon=True).start()


def _run(entry: PageEntry, actor: Actor, query: Mapping[str, str], zone: ZoneInfo) -> None:
    try:
        _READY[entry](view_of(entry, viewer.in_open_dataset(actor), zone, DeltaGenerator()), query)
    except SignalboxError as error:
        log.info("could not get ready", extra={"page": entry.url_path, "reason": error.sentence})  # the page says it
    except Exception:
        log.exception("getting ready failed", extra={"page": entry.url_path})
    finally:
        _places.release()
