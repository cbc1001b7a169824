"""A million rows as CSV through the running console, against psql's \\copy of the same query as the same person."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg

from data import database, embedded, exports
from data.access import Actor
from data.database import queries
from data.database.beginning import claims_of
from data.identity import demo_accounts
from tests.browser.console import Console, running

ROWS = 1_000_000
ROUNDS = 3
BOUND = 0.8
BOUND_MB = 32  # how much the server may grow while it streams: a few pieces on their way
_FILL = """
    with made as (
        insert into chronicle.sessions (session_id, project_name)
        select 'session-' || n, 'project-' || n %% 7 from generate_series(1, 1000) as n returning id
    ), numbered as (select id, row_number() over () - 1 as n from made)
    insert into chronicle.tool_events
        (session_id, tool_name, tool_type, phase, success, error_message, execution_time_ms, created_at, call_id)
    select numbered.id, (array['Bash', 'Read', 'Edit', 'Grep'])[1 + n.n %% 4], 'builtin', 'post', n.n %% 10 > 0,
        case when n.n %% 10 = 0 then '=boom, "quoted" and long enough to be an error that somebody reads ' || n.n end,
        n.n %% 5000, timestamptz '2026-11-20' - n.n * interval '1 second', gen_random_uuid()
    from generate_series(1, %(rows)s) as n (n) join numbered on numbered.n = n.n %% 1000
"""


def measure(rows: int = ROWS, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """The rate over HTTP and that of psql, medians of interleaved rounds, and how much the server grew."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "home") as console,
        embedded.lease(console.home) as lease,
    ):
        with psycopg.connect(lease.url(), autocommit=True) as owner:
            owner.execute(_FILL, {"rows": rows})
            owner.execute("vacuum analyze chronicle.tool_events")
            _sum_up(owner)
        by_psql = _psql(lease)
        by_http, over_http_grew_mb = _over_http(console)
        by_http(), by_psql()
        times: dict[str, list[float]] = {"http": [], "psql": []}
        for number in range(rounds):
            for name, run in (("http", by_http), ("psql", by_psql))[:: 1 if number % 2 else -1]:
                began = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - began)
    http_s, psql_s = (statistics.median(times[name]) for name in ("http", "psql"))
    return [_rate(rows, http_s, psql_s, rounds), _memory(over_http_grew_mb(), rows)]


def _sum_up(owner: psycopg.Connection) -> None:
    """Store the sums of what was filled in: the console would do so meanwhile, on the processors that are measured."""
    while True:
        row = owner.execute("select is_unfinished, refreshed_slots from signalbox.refresh_rollups()").fetchone()
        if row == (False, 0):
            return


def _rate(rows: int, http_s: float, psql_s: float, rounds: int) -> dict[str, Any]:
    ratio = psql_s / http_s
    return {
        "name": "CSV export over HTTP",
        "value": round(rows / http_s),
        "unit": "rows/s",
        "limit": round(rows / psql_s),
        "ratio": round(ratio, 3),
        "bound": f"at least {BOUND} of psql",
        "holds": ratio >= BOUND,
        "how": f"{rows:,} rows of the report tool_calls as the manager, medians of {rounds} interleaved rounds; psql "
        "copies the same named query as the same person to /dev/null; HTTP is read by one plain socket",
    }


def _memory(grew_mb: float, rows: int) -> dict[str, Any]:
    return {
        "name": "memory of the server during an export",
        "value": round(grew_mb, 1),
        "unit": "MB",
        "limit": BOUND_MB,
        "ratio": round(grew_mb / BOUND_MB, 3),
        "bound": "at most 1",
        "holds": grew_mb <= BOUND_MB,
        "how": f"the most that the server's resident memory grew, sampled each 200 ms, over exports of {rows:,} rows",
    }


def _psql(lease: embedded.Lease) -> Callable[[], object]:
    account = next(account for account in demo_accounts.ACCOUNTS if account.role == "manager")
    actor = Actor(account.user_id, account.email, account.role)
    database.open_database("real", lease.url())
    asked = exports.report("tool_calls")
    parameters = asked.parse({})
    with database.reading(actor) as unit:
        query = psycopg.ClientCursor(unit.connection).mogrify(queries.find(asked.query).text, parameters)
    database.close_all()
    claims = claims_of(actor).replace("'", "''")
    command = [str(lease.binaries / "psql"), lease.url(), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    for line in (
        "set timezone = 'UTC'; set jit = off",
        f"set request.jwt.claims = '{claims}'",
        "set role authenticated",
        f"\\copy ({' '.join(query.split())}) to stdout (format csv, header)",
    ):
        command += ["-c", line]
    environment = os.environ | {"PGOPTIONS": "-c statement_timeout=0"}
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)


def _over_http(console: Console) -> tuple[Callable[[], object], Callable[[], float]]:
    host, _, port = console.url.removeprefix("http://").partition(":")
    with httpx.Client(base_url=console.url, headers={"origin": console.url}, trust_env=False) as client:
        client.post("/login", data={"account": "manager"})
        token = client.cookies["sb_session"]
    request = (
        f"GET /export/tool_calls.csv HTTP/1.1\r\nhost: {host}:{port}\r\ncookie: sb_session={token}\r\n"
        "connection: close\r\n\r\n"
    )
    highest: list[float] = []

    def read() -> None:
        done = threading.Event()
        watcher = threading.Thread(target=_watch_memory, args=(console.process.pid, done, highest))
        watcher.start()
        buffer, last = bytearray(1 << 20), b""
        with socket.create_connection((host, int(port))) as reader:
            reader.sendall(request.encode())
            while count := reader.recv_into(buffer):
                last = (last + bytes(buffer[max(count - 7, 0) : count]))[-7:]
        done.set()
        watcher.join()
        if last != b"\r\n0\r\n\r\n":
            raise RuntimeError("the export was broken off")

    # The first export warms what any export needs; only what comes after it is growth.
    return read, lambda: max(highest[1:]) - highest[0]


def _watch_memory(pid: int, done: threading.Event, highest: list[float]) -> None:
    most = 0.0
    while not done.wait(0.2):
        found = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
        most = max(most, int(found.stdout) / 1024)
    highest.append(most)
