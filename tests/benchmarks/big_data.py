"""The big demo databases that measurements share: console homes with 1 and 10 million events, kept between runs.

They lie in `.signalbox/bench`, or in the folder that SIGNALBOX_BENCH_HOME names, each in a folder called by its number
of events. What is missing is made at the first use: the demo, the migrations since, the rollups.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from data import demo, embedded, migration, rollups
from data.access import Actor
from data.console import Console, open_console
from data.errors import SignalboxError
from data.identity import demo_accounts
from data.settings import Settings

ONE_MILLION, TEN_MILLION = 1_000_000, 10_000_000
FOLDER = Path(os.environ.get("SIGNALBOX_BENCH_HOME", ".signalbox/bench"))

_BYTES_AN_EVENT = 1_800  # of the tables, their indexes and rollups, and of what sorting takes meanwhile
_BYTES_BESIDE = 4 << 30  # the log of the server, an empty cluster, and room for whoever else works here
_SAID_EVERY_S = 30.0
_WORTH_SAYING_S = 5.0
_OLDEST_DAYS = 5


class NoRoom(SignalboxError):
    """There is not enough room on the disk for the data of this measurement."""


def home(events: int) -> Path:
    """The home of a console whose demo has about so many events, brought up to date and with its rollups built.

    It says what it does on the way. Raises NoRoom, DemoBeingMade, DatabaseUnavailable, MigrationError.
    """
    place = _made(events)
    with _console(place):
        pass
    return place


@contextmanager
def opened(events: int) -> Iterator[Console]:
    """The console with that home, open as the command line opens it. Raises as `home` does."""
    with _console(_made(events)) as console:
        yield console


def admin() -> Actor:
    """Somebody who sees every row of the demo."""
    identity = demo_accounts.of_role("admin")
    return Actor(identity.user_id, identity.email, "admin", "demo")


def say(sentence: str) -> None:
    """Tell whoever waits."""
    print(sentence, file=sys.stderr, flush=True)


def _made(events: int) -> Path:
    """The home, with a demo in it."""
    place = FOLDER / str(events)
    with embedded.lease(_room_for(place, events)) as lease:
        if not demo.exists(lease):
            say(f"Making a demo of {events:,} events in {place}; it is kept for the next time.")
            made = demo.create(lease, migration.FOLDER, events=events, progress=_now_and_then())
            say(f"Made {sum(made.rows.values()):,} rows in {_minutes(made.seconds)}.")
        elif (found := demo.describe(lease)) and (days := found.days_old(datetime.now(UTC))) > _OLDEST_DAYS:
            say(
                f"The demo in {place} ended {days} days ago, so that the last 30 days hold less than they should: "
                "remove the folder to have it made anew."
            )
    return place


@contextmanager
def _console(place: Path) -> Iterator[Console]:
    """The console of this home, whose demo lacks nothing."""
    began = time.monotonic()
    with open_console(Settings(home=place), lambda _: None) as console:  # which applies what is missing to both
        stored = rollups.finish("demo")
        if (seconds := time.monotonic() - began) > _WORTH_SAYING_S:
            say(f"Brought {place} up to date in {_minutes(seconds)}: {stored:,} quarters of an hour were stored anew.")
        yield console


def _room_for(place: Path, events: int) -> Path:
    """The same place, made where it is missing, if there is room for so much data or it is there already."""
    if not (place / "postgres").exists():
        place.mkdir(parents=True, exist_ok=True)
        needed, free = events * _BYTES_AN_EVENT + _BYTES_BESIDE, shutil.disk_usage(place).free
        if free < needed:
            raise NoRoom(
                f"A demo of {events:,} events needs {needed >> 30} GB in {place.resolve()}, and {free >> 30} GB are "
                "free. Make room, or name another folder in SIGNALBOX_BENCH_HOME."
            )
    return place


def _now_and_then() -> Callable[[str], None]:
    """A progress that tells each sentence without numbers, and of the others one every half minute."""
    last = 0.0

    def progress(sentence: str) -> None:
        nonlocal last
        if not any(sign.isdigit() for sign in sentence) or time.monotonic() - last > _SAID_EVERY_S:
            last = time.monotonic()
            say(f"  {sentence}")

    return progress


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
