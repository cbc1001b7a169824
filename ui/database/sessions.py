"""Connections by who holds them, long queries and idle transactions, and the way to end one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from data.access import Actor
from data.operations import ending
from data.operations.inspection import Server, Session
from ui import acts, page
from ui.asking import filters, links
from ui.database.looking import Looked
from ui.drawing import tables
from ui.drawing.markup import Child, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_MOST_GROUPS = 15


def queries(view: View, server: Looked[Server]) -> None:
    """What runs for more than a minute and what stands idle in a transaction, each with a way to end it."""
    if server.found is None:
        return
    chosen = _chosen(server.found)
    holding = server.found.holding
    # Who holds up others first, then who waits, then the others; each once.
    first = [*holding, *server.found.waiting]
    others = [*server.found.long_queries, *server.found.lasting_idle]
    shown = list({one.pid: one for one in [*first, *others]}.values())
    page.heading("Long queries, idle transactions and who waits for whom", "values in queries are left out")
    if not shown:
        page.note("None at this moment" + (", of what can be seen." if server.found.hidden else "."))
    else:
        rows = [_row(one) | {"holds_up": server.found.held_up_by(one.pid)} for one in shown]
        tables.table(view, rows, _columns(view), label="Long queries and idle transactions")
    if filters.given("process") and chosen is None:
        page.note(f"Process {figures.shortened(filters.given('process'), 20)} is no longer there.")
    elif chosen is not None:
        _way_out(view, chosen, server.found)


def connections(view: View, server: Looked[Server]) -> None:
    """Who holds how many connections, of the whole server."""
    if server.found is None:
        return
    groups = server.found.by_client
    reserved = server.found.facts["reserved_connections"]
    aside = f"{server.found.used} of {server.found.available}, and {reserved} reserved; of all databases of the server"
    page.heading("Connections", aside)
    rows: list[dict[str, Any]] = [
        {
            "database": database,
            "role": role,
            "application": application,
            "connections": states.total(),
            "states": ", ".join(f"{number} {state}" for state, number in states.most_common()),
        }
        for (database, role, application), states in groups[:_MOST_GROUPS]
    ]
    tables.table(
        view,
        rows,
        [
            tables.Column("Application", lambda row: _application(row["application"])),
            tables.Column(
                "Connections",
                tables.bar("connections", max((row["connections"] for row in rows), default=0)),
                is_number=True,
            ),
            tables.Column("Role", tables.text("role", 40)),
            tables.Column("Database", tables.text("database", 40)),
            tables.Column("What they do", tables.text("states", 120), wide=True),
        ],
        label="Connections by application",
    )
    if (left := len(groups) - len(rows)) > 0:
        page.note(f"{plural(left, 'smaller group is', 'smaller groups are')} not listed.")
    page.footer(view, report="database_connections", rows=len(groups))


def cancel(actor: Actor, pid: int, backend_start: datetime, query_start: datetime) -> str:
    """Stop a query; the sentence of the receipt. Raises what `ending.cancel` raises."""
    ended = ending.cancel(actor, pid, backend_start, query_start)
    return f"The query of process {ended.pid} ({ended.role_name}) was asked to stop. It stands in the audit log."


def terminate(actor: Actor, pid: int, backend_start: datetime, query_start: datetime) -> str:
    """End a connection, once its number is typed; the sentence of the receipt. Raises what it raises."""
    if acts.typed(_key(pid)).strip() != str(pid):
        raise ending.SessionMoved(f"{pid} was not typed, so nothing was done.")
    ended = ending.terminate(actor, pid, backend_start, query_start)
    return f"The connection of process {ended.pid} ({ended.role_name}) is ended. It stands in the audit log."


def _columns(view: View) -> list[tables.Column]:
    def process(row: tables.Row) -> Child:
        return links.go_to(str(row["pid"]), filters.here(view, process=str(row["pid"])), title="look closer, or end it")

    return [
        tables.Column("Process", process),
        tables.Column("For", _age, is_number=True),
        tables.Column("What", _what),
        tables.Column("Query", lambda row: tag("code", row["query"] or "(hidden)"), wide=True),
        tables.Column("Application", lambda row: _application(row["application_name"])),
        tables.Column("Role", tables.text("role_name", 30)),
    ]


def _way_out(view: View, one: Session, server: Server) -> None:
    with st.container(border=True):
        page.heading(f"Process {one.pid}", f"{one.role_name}, {one.application_name or 'no application name'}")
        if one.is_own:
            page.note("A connection of the console itself: it is not ended from here, its own time limit does that.")
            return
        if view.actor.dataset != "real" and not one.is_here:
            page.note("A connection to another database than the demo: switch to the real data to end it.")
            return
        if one.backend_start is None or one.query_start is None:
            page.note("What it does could not be seen, so it is not ended from here.")
            return
        if not one.is_idle_in_transaction and one.state != "active":
            page.note("It runs no query at this moment and holds no transaction open: there is nothing to end.")
            return
        may = server.facts["may_signal_others"] or server.facts["is_superuser"]
        page.note(_what_ending_does(one, server.held_up_by(one.pid), may))
        given = (one.pid, one.backend_start, one.query_start)
        if not one.is_idle_in_transaction:
            acts.button(f"Stop the query of process {one.pid}", cancel, *given, key=f"cancel_{one.pid}")
        closed = not one.is_idle_in_transaction and not one.was_cancelled
        if closed:
            page.note("Ending its connection is closed until its query was asked to stop and goes on all the same.")
            return
        st.text_input(f"To end the connection, type its number: {one.pid}", key=_key(one.pid), width=340)
        is_typed = acts.typed(_key(one.pid)).strip() == str(one.pid)
        st.button(
            f"End the connection of process {one.pid}",
            key=f"terminate_{one.pid}",
            disabled=not is_typed,
            on_click=acts.run,
            args=(terminate, *given),
            help=None if is_typed else f"Closed until {one.pid} stands in the field above.",
        )


def _what_ending_does(one: Session, held_up: Sequence[int], may: bool) -> str:
    told = (
        f"It has stood idle in its transaction for {figures.duration(one.state_age_ms)}. Ending its connection rolls "
        "that transaction back; its program has to connect again."
        if one.is_idle_in_transaction
        else f"Its query has run for {figures.duration(one.query_age_ms)}. Stopping it gives its program an error; "
        "what its transaction did so far is rolled back."
    )
    blocked = f" It waits for process {', '.join(map(str, one.blocked_by))}." if one.blocked_by else ""
    if held_up:
        blocked += f" Process {', '.join(map(str, held_up))} {'waits' if len(held_up) == 1 else 'wait'} for it."
    right = "" if may else " The console's role lacks pg_signal_backend: it can end what runs under its own role alone."
    return f"{told}{blocked}{right}"


def _chosen(server: Server) -> Session | None:
    asked = filters.given("process")
    return next((one for one in server.sessions if str(one.pid) == asked), None)


def _row(one: Session) -> dict[str, object]:
    return {name: getattr(one, name) for name in Session.__dataclass_fields__} | {"is_idle": one.is_idle_in_transaction}


def _age(row: tables.Row) -> str:
    return figures.duration(row["state_age_ms"] if row["is_idle"] else row["query_age_ms"])


def _what(row: tables.Row) -> Child:
    if row["holds_up"] and not row["blocked_by"]:
        words = f"{row['state']}, holds up {', '.join(str(pid) for pid in row['holds_up'])}"
        return tag("span", page.mark("broken", "holds up others"), words, class_="sb-state sb-broken")
    if row["is_idle"]:
        return tag("span", page.mark("attention", "idle"), "idle in transaction", class_="sb-state sb-attention")
    if row["blocked_by"]:
        waits = f"waits for {', '.join(str(pid) for pid in row['blocked_by'])}"
        return tag("span", page.mark("broken", "blocked"), waits, class_="sb-state sb-broken")
    return tag("span", page.mark("signal", "running"), "running", class_="sb-state sb-signal")


def _application(name: str) -> Child:
    return figures.shortened(name, 40) or tables.muted("not named")


def _key(pid: int) -> str:
    return f"typed_{pid}"
