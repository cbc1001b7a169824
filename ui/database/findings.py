"""The sentences the page opens with: each check with its outcome, what is wrong first, what is unknown never green."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import streamlit as st

from data.operations.inspection import LONG_WAIT_MS, MANY_MARKS, MOST_MARKS, IndexFinding, Server, Table
from ui import page
from ui.asking import links
from ui.database.looking import Looked
from ui.drawing.markup import Child, Markup, code, join, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural
from ui.wording.sizes import size

_ORDER = ("broken", "attention", "unknown", "well")
_MOST_NAMED = 4
_LEAST_UNUSED_BYTES = 10_000_000

Line = tuple[str, Markup]


def sentences(
    view: View,
    server: Looked[Server],
    tables: Looked[list[Table]],
    indexes: Looked[list[IndexFinding]],
) -> None:
    """The first sentence, then one line for each check."""
    lines = [*_of_server(view, server), *_of_tables(tables), *_of_indexes(indexes)]
    lines.sort(key=lambda line: _ORDER.index(line[0]))
    wrong = sum(state in ("broken", "attention") for state, _ in lines)
    unknown = sum(state == "unknown" for state, _ in lines)
    blind = f" {plural(unknown, 'thing')} could not be checked." if unknown else ""
    where = _where(server)
    if wrong:
        state = next(state for state, _ in lines)
        page.say(f"{plural(wrong, 'thing needs', 'things need')} a look{where}.{blind}", state=state)
    else:
        page.say(f"Nothing found wrong{where}.{blind}", state="unknown" if unknown else "well")
    st.html(tag("ul", *[tag("li", page.mark(state), line) for state, line in lines], class_="sb-lines"))


def _where(server: Looked[Server]) -> str:
    if server.found is None:
        return ""
    facts = server.found.facts
    version = str(facts["server_version"]).split(maxsplit=1)[0]
    return f" in {facts['database_name']} ({size(facts['size_bytes'])}, PostgreSQL {version})"


def _of_server(view: View, server: Looked[Server]) -> Iterator[Line]:
    if server.found is None:
        yield _unknown(server)
        return
    found = server.found
    used = f"{found.used} of {found.available} connections are used"
    yield ("attention" if found.is_nearly_full else "well"), join(f"{used}.")
    yield from _waiting(view, found)
    yield _long(view, found)
    yield _idle(view, found)
    yield _backlog(view, found)
    yield from _not_kept(found)
    yield from _failing(view, found)
    if found.hidden and found.facts["sees_all_sessions"]:
        words = plural(found.hidden, "session")
        yield "unknown", join(f"What {words} do could not be seen: the server does not tell (track_activities is off).")
    elif found.hidden:
        role = found.facts["role_name"]
        yield (
            "unknown",
            join(
                f"What {plural(found.hidden, 'session')} of other roles do could not be seen: the role {role} lacks "
                "pg_read_all_stats. A superuser gives it by ",
                code(f'grant pg_read_all_stats to "{role}"'),
                ".",
            ),
        )


def _waiting(view: View, found: Server) -> Iterator[Line]:
    """Who holds up whom; said only where it lasts, because everybody waits for a moment now and then."""
    waiting = [one for one in found.waiting if (one.query_age_ms or 0) > LONG_WAIT_MS]
    if not waiting:
        return
    since = _since(view, len(waiting), waiting[0].query_age_ms)
    words = plural(len(waiting), "query waits", "queries wait")
    awaited = {pid for one in waiting for pid in one.blocked_by}
    heads = [one for one in found.holding if one.pid in awaited] or found.holding
    named: list[Child] = []
    for one in heads[:_MOST_NAMED]:
        name = f" ({one.application_name or one.role_name}, {one.state or 'hidden'})"
        named += [", " if named else "", links.go(f"process {one.pid}", "database", process=str(one.pid)), name]
    yield (
        "broken",
        join(f"{words} for a lock, {since}. It is held by ", *named or ["nobody seen"], "."),
    )


def _since(view: View, number: int, age_ms: float | None) -> str:
    began = view.as_of - timedelta(milliseconds=age_ms or 0)
    words = "since" if number == 1 else "the longest since"
    return f"{words} {figures.moment(began, view.zone, view.as_of)} ({figures.duration(age_ms)})"


def _long(view: View, found: Server) -> Line:
    foreign = [one for one in found.long_queries if not one.is_own]
    if foreign:
        since = _since(view, len(foreign), foreign[0].query_age_ms)
        words = plural(len(foreign), "query runs", "queries run")
        return "attention", join(f"{words} for more than a minute, {since}.")
    if found.hidden:
        return "unknown", join("No query that can be seen runs for more than a minute; some sessions are hidden.")
    if found.long_queries:
        own = plural(len(found.long_queries), "query", "queries")
        return "well", join(f"No query runs for more than a minute but {own} of the console itself.")
    return "well", join("No query runs for more than a minute.")


def _idle(view: View, found: Server) -> Line:
    if found.long_idle:
        since = _since(view, len(found.long_idle), found.long_idle[0].state_age_ms)
        words = plural(len(found.long_idle), "transaction stands", "transactions stand")
        return "attention", join(f"{words} open and idle for more than a minute, {since}: "
                                 "it keeps locks, and dead rows from being removed.")  # fmt: skip
    if found.hidden:
        return "unknown", join("No transaction that can be seen stands open and idle; some sessions are hidden.")
    return "well", join("No transaction stands open and idle for more than a minute.")


def _backlog(view: View, found: Server) -> Line:
    """Whether the sums that reports read are kept: without that every figure is right all the same, and slower."""
    marks, at = found.facts["change_log_marks"], found.facts["rollups_refreshed_at"]
    more = "more than " if marks >= MOST_MARKS else ""
    words = f"{more}{plural(marks, 'change waits', 'changes wait')} to be summed up"
    said = f"{words[0].upper()}{words[1:]}"
    last = f"last done {figures.moment(at, view.zone, view.as_of)}" if at else "never done so far"
    if found.stands_still:
        passed = found.facts["rollups_passed_at"]
        since = f"since {figures.moment(passed, view.zone, view.as_of)}" if passed else "so far"
        return "attention", join(
            f"{said}, and nothing has summed up {since}: figures are right and take longer. A running console does ",
            "that every few seconds, pg_cron where it was asked to (README), ",
            code("python -m data rollup"),
            " once.",
        )
    if marks > MANY_MARKS:
        return "attention", join(f"{said}, {last}: figures are right and take longer until that is done.")
    if unbuilt := found.facts["rollups_to_build"]:
        words = plural(unbuilt, "rollup is", "rollups are")
        return "attention", join(f"{words} still being built, {last}: figures are right and take longer.")
    return "well", join(f"{said}, {last}.")


def _not_kept(found: Server) -> Iterator[Line]:
    """Of which tables no sums are stored as long as they stay where they are: no fault, and nothing that ends."""
    if number := found.facts["rollups_not_kept"]:
        words = plural(number, "rollup is", "rollups are")
        yield (
            "well",
            join(
                f"{words} not stored: the tables below are adopted, and nothing tells of their changes. Figures are "
                "right, and are read row by row."
            ),
        )


def _failing(view: View, found: Server) -> Iterator[Line]:
    """Which sums the last pass could not store, and why."""
    for one in found.facts["rollups_failing"]:
        since = figures.moment(found.facts["rollups_failing_since"], view.zone, view.as_of)
        subject = one["subject"].replace("_", " ")
        yield (
            "attention",
            join(
                f"The sums of {subject} cannot be stored, since {since}: ",
                tag("code", one["failure"]),
                ". Their figures are read row by row: that takes longer, and fails where a row is the reason.",
            ),
        )


def _of_tables(tables: Looked[list[Table]]) -> Iterator[Line]:
    if tables.found is None:
        yield _unknown(tables)
        return
    by_protection: dict[str, list[Table]] = {}
    for table in tables.found:
        by_protection.setdefault(table.protection, []).append(table)
    ours = len(tables.found) - len(by_protection.get("foreign", []))
    wrong = list(_protection(by_protection))
    yield from wrong
    if not wrong:
        yield (
            "well",
            join(f"All {plural(ours, 'table has', 'tables have')} row-level security, and policies where it is open."),
        )
    dead = [table for table in tables.found if table.needs_vacuum]
    if dead:
        words = plural(len(dead), "table has", "tables have")
        yield "attention", join(f"{words} many dead rows: {_names(dead)}.")
    else:
        yield "well", join("No table has many dead rows.")


def _protection(by_protection: dict[str, list[Table]]) -> Iterator[Line]:
    told = (
        ("open", "broken", "without row-level security can be reached from outside: every row of"),
        ("no policy", "attention", "can be reached, yet no policy lets anybody see a row:"),
        ("unguarded", "attention", "without row-level security, reached by the owner alone so far:"),
    )
    for kind, state, words in told:
        if found := by_protection.get(kind):
            yield state, join(f"{plural(len(found), 'table')} {words} {_names(found)}.")


def _of_indexes(indexes: Looked[list[IndexFinding]]) -> Iterator[Line]:
    if indexes.found is None:
        yield _unknown(indexes)
        return
    invalid = [one for one in indexes.found if one.finding == "invalid" and not one.is_being_built]
    twice = [one for one in indexes.found if one.finding == "duplicate"]
    unused = [one for one in indexes.found if one.finding == "unused" and one.size_bytes >= _LEAST_UNUSED_BYTES]
    if invalid:
        names = listed([one.index_name for one in invalid[:_MOST_NAMED]])
        yield (
            "attention",
            join(f"{plural(len(invalid), 'index is', 'indexes are')} invalid and used by no query: {names}."),
        )
    if twice:
        names = listed([one.index_name for one in twice[:_MOST_NAMED]])
        yield "attention", join(f"{plural(len(twice), 'index is', 'indexes are')} there twice: {names}.")
    if unused:
        together = size(sum(one.size_bytes for one in unused))
        words = plural(len(unused), "index", "indexes")
        was = "was" if len(unused) == 1 else "were"
        yield "attention", join(f"{words} of {size(_LEAST_UNUSED_BYTES)} or more {was} never read ({together}).")
    if not invalid and not twice and not unused:
        yield (
            "well",
            join(f"No index is invalid, there twice, or larger than {size(_LEAST_UNUSED_BYTES)} and never read."),
        )


def _unknown(looked: Looked[Server] | Looked[list[Table]] | Looked[list[IndexFinding]]) -> Line:
    return "unknown", join(f"The {looked.subject} could not be looked at: {looked.why_not}")


def _names(tables: Sequence[Table]) -> str:
    names = [table.name for table in tables[:_MOST_NAMED]]
    if more := len(tables) - len(names):
        names.append(f"{figures.count(more)} more")
    return listed(names)
