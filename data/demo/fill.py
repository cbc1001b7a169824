"""Fills a migrated, empty database: one thread draws the rows, the other copies them in, few blocks ahead."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

import psycopg

from data.database.queries import find
from data.demo.chronicle import blocks as chronicle
from data.demo.columns import Block
from data.demo.engine import blocks as engine
from data.demo.engine.tally import Tally
from data.demo.lift import blocks as lift
from data.demo.people import PEOPLE
from data.demo.prices import Prices
from data.demo.request import Request
from data.demo.toolbox import blocks as toolbox
from data.demo.work import blocks as work
from data.ingest import prices as price_table

Connection = psycopg.Connection[tuple[object, ...]]

_BLOCKS_AHEAD = 2
_PIECE_BYTES = 1 << 18


@dataclass(frozen=True)
class Filled:
    """How many rows each table got, by its name."""

    rows: dict[str, int]


def systems(request: Request, prices: Prices) -> Iterator[list[Block]]:
    """The rows of all systems, one list of blocks per transaction. Further systems are added here."""
    tally = Tally()
    yield from chronicle.blocks(request, prices)
    yield from work.blocks(request, tally)
    yield from engine.blocks(request, tally)
    yield from lift.blocks(request, prices)
    yield from toolbox.blocks(request)


def fill(url: str, request: Request, progress: Callable[[str], None]) -> Filled:
    """Put the people, the prices and all rows of the request into the database, and gather statistics.

    Raises psycopg errors.
    """
    with psycopg.connect(url, prepare_threshold=None) as connection:
        prices = add_bases(connection)
        filled = copy_all(connection, systems(request, prices), lambda done: progress(_said(done, request)))
        connection.execute(find("demo.resume_counting").text)
        connection.commit()
        connection.autocommit = True
        progress("Gathering statistics")
        connection.execute("vacuum (analyze)")
    return filled


def add_bases(connection: Connection) -> Prices:
    """What every row refers to: people with their roles, and list prices. Until the end lift-sys counts nothing."""
    connection.execute("set timezone = 'UTC'")
    connection.execute("set synchronous_commit = off")
    _add_people(connection)
    listed = price_table.load()
    price_table.sync(connection, listed)
    connection.execute(find("demo.pause_counting").text)
    connection.commit()
    return Prices.listed(listed)


def copy_all(connection: Connection, drawn: Iterator[list[Block]], progress: Callable[[int], None]) -> Filled:
    """Copy what is drawn, each list in one transaction, while another thread draws on; `progress` hears the events."""
    rows: Counter[str] = Counter()
    with closing(_ahead(drawn)) as ready:
        for blocks in ready:
            for block in blocks:
                copy_in(connection, block)
                rows[_table(block)] += block.rows
            connection.commit()
            progress(rows["chronicle.events"])
    return Filled(dict(rows))


def copy_in(connection: Connection, block: Block) -> None:
    """Copy one block into its table."""
    if not block.rows:
        return
    view = memoryview(block.data)
    with connection.cursor() as cursor, cursor.copy(find(block.query).text) as copy:
        for start in range(0, len(view), _PIECE_BYTES):
            copy.write(bytes(view[start : start + _PIECE_BYTES]))


def _said(events: int, request: Request) -> str:
    return f"Copying rows: {events:,} of about {request.events:,} events"


def _table(block: Block) -> str:
    return find(block.query).text.split()[1]


def _add_people(connection: Connection) -> None:
    for person in PEOPLE:
        if person.user_id is None:
            continue
        named = {"user_id": person.user_id, "email": person.email, "client_id": person.client_id}
        connection.execute(find("demo.add_person").text, named)
        if person.role != "member":
            connection.execute(find("demo.add_role").text, {"user_id": person.user_id, "role": person.role})


def _ahead(drawn: Iterator[list[Block]]) -> Generator[list[Block], None, None]:
    """The same lists, drawn in another thread while the caller waits for the database."""
    ready: queue.Queue[list[Block] | BaseException | None] = queue.Queue(_BLOCKS_AHEAD)
    is_wanted = threading.Event()
    is_wanted.set()

    def put(entry: list[Block] | BaseException | None) -> None:
        while is_wanted.is_set():
            with suppress(queue.Full):
                ready.put(entry, timeout=0.2)
                break

    def draw() -> None:
        try:
            for blocks in drawn:
                put(blocks)
                if not is_wanted.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            put(error)
        else:
            put(None)

    drawer = threading.Thread(target=draw, name="demo rows")
    drawer.start()
    try:
        while (entry := ready.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            yield entry
    finally:
        is_wanted.clear()
        drawer.join()
