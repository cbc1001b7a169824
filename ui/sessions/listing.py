"""The list of sessions: the sentence above it, its chart and its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from data.reports.sessions import Chosen
from ui import boundary, page, veil
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import charts, tables
from ui.drawing.markup import Child, Markup, tag
from ui.sessions.choosing import DEFAULT_SORT, Row, as_query
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import COST_BASES, change, plural

# What takes longer the more of it there is; failed calls and prompts have indexes of their own.
_COUNTED = {"calls": "the calls of all were", "cost": "what all cost was"}
STATUS_STATES = {"error": "broken", "terminated": "unknown", "completed": "well", "active": "signal"}


def summary(view: View, period: Period, asked: Chosen, counts: pd.DataFrame, total: int) -> None:
    """How many sessions there are, how that compares, how many went wrong; where there are some."""
    wording = f" that {'matches' if total == 1 else 'match'}" if filters.are_set() else ""
    where = "" if period.untimed else f" {period.during}" if period.choice == "all" else f" started {period.during}"
    now, before = _per_status(counts, is_current=True), _per_status(counts, is_current=False)
    words = f"{plural(total, 'session')}{wording}{where or ' without a recorded time'}"
    moved = change(total, sum(before.values())) if period.previous else None
    if moved:
        amount = "as many as" if moved == "unchanged" else f"{moved} on"
        so_far = " up to the same time" if period.is_partial else ""
        words += f", {amount} {period.previous_label}{so_far} (n = {figures.count(sum(before.values()))})"
    pieces: list[Child] = [words]
    if period.choice == "all" and (untimed := _untimed(counts)):
        of_them = f"{figures.count(untimed)} of them without a recorded time"
        pieces += [", ", links.go_to(of_them, filters.here(view, period="untimed", page=None))]
    broken = now.get("error", 0)
    silent = total - sum(number for status, number in now.items() if status in STATUS_STATES)
    pieces.append(". ")
    if broken:
        pieces += [_in_error(view, broken), "."]
    elif not silent:
        pieces.append("None ended in an error.")
    if silent:
        of_them = links.go_to(f"{figures.count(silent)} of them", filters.here(view, has="stateless", page=None))
        pieces += [" How " if broken else "How ", of_them, " ended is not known."]
    page.say(*pieces, state="attention" if broken else "unknown" if silent else "well")
    filters.say_unsummed(asked.unsummed, "sessions")


def _in_error(view: View, sessions: int) -> Markup:
    return links.go_to(f"{figures.count(sessions)} ended in an error", filters.here(view, status="error", page=None))


def say_order(order: tuple[str, bool], total: int) -> None:
    """Says what a list of many sessions is put into order by, where that has to be counted for every one of them."""
    if order[0] in _COUNTED and total > paging.PAGE_SIZE:
        page.note(f"No sums are kept of single sessions, so for this order {_COUNTED[order[0]]} counted.")


def _untimed(counts: pd.DataFrame) -> int:
    rows = counts[counts["is_current"].astype(bool) & counts["bucket"].isna()]
    return int(rows["sessions"].sum())


def _per_status(counts: pd.DataFrame, *, is_current: bool) -> dict[str, int]:
    rows = counts[counts["is_current"].astype(bool) == is_current]
    return {str(status): int(number) for status, number in rows.groupby("status")["sessions"].sum().items()}


def chart(view: View, counts: pd.DataFrame, asked: Chosen, period: Period, bucket: str) -> None:
    """Sessions per slice of the period by status; a click shows those of that time."""
    page.heading(f"Sessions started per {bucket}", "by status")
    drawn = counts[counts["is_current"].astype(bool) & counts["bucket"].notna()]
    named = drawn["status"].where(drawn["status"].isin(list(STATUS_STATES)), "not known")
    charts.over_time(
        view,
        drawn.assign(status=named).groupby(["bucket", "status"], as_index=False)["sessions"].sum(),
        value="sessions",
        bucket=bucket,
        title="Sessions started",
        series="status",
        series_colours=STATUS_STATES,
        height_px=110,
        period=period,
        opens="sessions",
        carrying={**as_query(asked, period), "sort": filters.given("sort")},
        choosing={status: {"status": status} for status in STATUS_STATES} | {"not known": {"has": "stateless"}},
    )


def table(
    view: View,
    rows: Sequence[Row],
    asked: Chosen,
    period: Period,
    order: tuple[str, bool],
    skipped: int,
    raw_from: datetime | None = None,
) -> None:
    """The sessions of one page; each opens with the filters, so that next and previous stay inside them. Of what began
    before `raw_from`, what happened is not kept row by row."""
    carried = as_query(asked, period) | {"sort": filters.given("sort") or DEFAULT_SORT}
    placed = [{**row, "at": skipped + number} for number, row in enumerate(rows)]

    alike = Counter(_look(row) for row in rows)

    def title(row: Row) -> Child:
        named = figures.short_id(row["session_key"] or row["session_pk"])
        words = figures.shortened(row["first_prompt"], 160) or f"session {named}"
        if row["first_prompt"] and alike[_look(row)] > 1:
            words = f"{named} · {words}"  # one that was resumed begins as its original did
        address = links.href("session", carried, session=row["session_pk"], at=row["at"])
        return links.go_to(words, address, title=row["first_prompt"])

    def known(cell: tables.Cell, table: str) -> tables.Cell:
        if veil.hides_all(table):
            return lambda _: tables.muted("unknown")
        return lambda row: tables.muted("not kept") if boundary.is_before(row, raw_from) else cell(row)

    columns = [
        tables.moment(view, "started_at"),
        tables.Column("Session", title, line=True),
        tables.Column("Project", tables.text("project_name", 28), hint=_branch),
        tables.Column("Status", tables.state("status", STATUS_STATES)),
        tables.Column("Took", _took, is_number=True, sort="duration"),
        tables.Column(
            "Prompts", known(tables.count("prompts"), "chronicle.prompt_events"), is_number=True, sort="prompts"
        ),
        tables.Column("Calls", known(tables.count("calls"), "chronicle.tool_events"), is_number=True, sort="calls"),
        tables.Column("Failed", known(_failed, "chronicle.tool_events"), is_number=True, sort="errors", hint=_outcomes),
        tables.Column("Cost (USD)", cost, is_number=True, sort="cost", hint=cost_words),
    ]
    total = int(rows[0]["sessions_in_all"]) if rows else 0
    tables.table(view, placed, columns, label="Sessions", total=total, sorted_by=order)


def _look(row: Row) -> tuple[str | None, datetime | None]:
    """What tells a session from others in a list: its first prompt and the minute in which it began."""
    return row["first_prompt"], row["started_at"] and row["started_at"].replace(second=0, microsecond=0)


def _branch(row: Row) -> str:
    return f"{row['project_name']}, branch {row['git_branch'] or figures.NONE_RECORDED}"


def _took(row: Row) -> Child:
    if row["duration_ms"] is None and row["started_at"] is not None and row["ended_at"] is None:
        return tables.muted("not ended")
    return tables.duration("duration_ms")(row)


def _failed(row: Row) -> Child:
    if not row["calls"]:
        return tables.muted(figures.DASH)
    if row["known_calls"] + row["refused_calls"] == 0:
        return tables.muted("unknown")
    failed = row["failed_calls"]
    return tag("span", page.mark("broken"), figures.count(failed), class_="sb-broken") if failed else "0"


def _outcomes(row: Row) -> str:
    unknown = row["calls"] - row["known_calls"] - row["refused_calls"]
    return (
        f"{figures.count(row['failed_calls'])} failed, {figures.count(row['refused_calls'])} refused by a person, "
        f"{figures.count(unknown)} without a recorded outcome, of {plural(row['calls'], 'call')}"
    )


def cost(row: Row) -> Child:
    """The cost of a session with a sign for what it rests on; in words where there is none."""
    if row["cost_usd"] is None:
        return tables.muted(row["cost_basis"])
    return tables.money(row["cost_usd"], is_estimate=row["cost_basis"] != "recorded")


def cost_words(row: Row) -> str:
    """What the cost of a session rests on."""
    if row["cost_usd"] is None:
        return str(row["cost_basis"])
    tokens = f", {figures.compact(row['tokens'])} tokens" if row["tokens"] else ""
    return f"{figures.money(row['cost_usd'])}, {COST_BASES.get(row['cost_basis'], row['cost_basis'])}{tokens}"
