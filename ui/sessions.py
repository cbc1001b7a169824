"""The parts of the Sessions page: its filters, the sentence, the figures, and the table of sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from data.sessions import HAS, Chosen
from ui import figures, filters, links, page, tables
from ui.markup import Child, Markup, join, span, tag
from ui.periods import Period
from ui.sentences import change, plural
from ui.view import View

Row = Mapping[str, Any]

STATUS_STATES = {"active": "signal", "completed": "well", "error": "broken", "terminated": "unknown"}
_HAS_WORDS = {
    "errors": "with failed calls",
    "refusals": "with refused calls",
    "notifications": "with open notifications",
    "compactions": "with compactions",
    "subagents": "with subagents",
}
DEFAULT_SORT = "-when"


def chosen(period: Period) -> Chosen:
    """What the URL asks for, as the filters of the reads."""
    has = filters.given("has")
    return Chosen(
        start=period.start,
        end=period.end,
        untimed=period.untimed,
        project=filters.given("project"),
        status=filters.given("status"),
        model=filters.given("model"),
        has=has if has in HAS else None,
        search=filters.given("q"),
    )


def as_query(asked: Chosen, period: Period) -> dict[str, str]:
    """The same as parameters of the URL, for links to one session and back."""
    names = {"project": asked.project, "status": asked.status, "model": asked.model, "has": asked.has, "q": asked.search}
    return {**period.query, **{name: value for name, value in names.items() if value}}


def as_export(asked: Chosen) -> dict[str, links.Value]:
    """The same as parameters of the export."""
    return {
        "start": asked.start,
        "end": asked.end,
        "untimed": True if asked.untimed else None,
        "project": asked.project,
        "status": asked.status,
        "model": asked.model,
        "has": asked.has,
        "search": asked.search,
    }


def draw_filters(view: View, facets: Mapping[str, Mapping[str, int]]) -> None:
    """One picker per filter, each value with how many sessions it leaves; the active ones as chips."""
    filters.choice(view, "project", facets["project"])
    filters.choice(view, "status", facets["status"], every="Any status")
    filters.choice(view, "model", facets["model"])
    filters.choice(view, "has", facets["has"], every="Whatever happened", label=lambda has: _HAS_WORDS.get(has, has))
    active = {name: (name, value) for name in ("project", "status", "model") if (value := filters.given(name))}
    if has := filters.given("has"):
        active["has"] = ("sessions", _HAS_WORDS.get(has, has))
    if words := filters.given("q"):
        active["q"] = ("prompts say", words)
    filters.chips(view, active)


def summary(period: Period, asked: Chosen, counts: pd.DataFrame, total: int) -> None:
    """How many sessions there are, how that compares, how many went wrong."""
    wording = " that match" if _is_filtered(asked) else ""
    where = "" if period.untimed else f" started in {period.label}"
    if not total:
        page.say(f"No session{wording}{where}.", state="unknown")
        return
    now, before = _per_status(counts, is_current=True), _per_status(counts, is_current=False)
    words = f"{plural(total, 'session')}{wording}{where or ' without a recorded time'}"
    moved = change(total, sum(before.values())) if period.previous else None
    if moved:
        amount = "as many as" if moved == "unchanged" else f"{moved} on"
        so_far = " up to the same time" if period.is_partial else ""
        words += f", {amount} {period.previous_label}{so_far} (n = {figures.count(sum(before.values()))})"
    broken = now.get("error", 0)
    ended = f" {figures.count(broken)} ended in an error." if broken else " None ended in an error."
    page.say(f"{words}.{ended}", state="attention" if broken else "well")


def _is_filtered(asked: Chosen) -> bool:
    return any((asked.project, asked.status, asked.model, asked.has, asked.search))


def _per_status(counts: pd.DataFrame, *, is_current: bool) -> dict[str, int]:
    rows = counts[counts["is_current"].astype(bool) == is_current]
    return {str(status): int(number) for status, number in rows.groupby("status")["sessions"].sum().items()}


def slices(counts: pd.DataFrame) -> pd.DataFrame:
    """The sessions per slice of the period, for the chart."""
    return counts[counts["is_current"].astype(bool) & counts["bucket"].notna()]


def empty(view: View, period: Period, asked: Chosen, *, holds_any: bool) -> None:
    """Why the list is empty: no data, filtered out, or another time."""
    if not holds_any:
        own = "" if view.actor.sees_all else " A member sees own sessions only; ask an admin for the role manager."
        page.empty(f"No session is recorded here yet.{own}", "An admin imports logs: ", tag("code", "python -m data ingest PATH"))
    elif _is_filtered(asked):
        remaining = {name: None for name in ("project", "status", "model", "has", "q", "page")}
        page.empty(
            f"No session in {period.label} matches these filters.",
            links.go_to("Take the filters out", filters.here(view, **remaining)),
        )
    else:
        page.empty(f"No session started in {period.label}.", links.go("Show all time", "sessions", period="all"))


def table(view: View, rows: Sequence[Row], asked: Chosen, period: Period, order: tuple[str, bool], skipped: int) -> None:
    """The sessions of one page; each opens with the filters, so that next and previous stay inside them."""
    carried = as_query(asked, period) | {"sort": filters.given("sort") or DEFAULT_SORT}
    placed = [{**row, "at": skipped + number} for number, row in enumerate(rows)]

    def title(row: Row) -> Child:
        words = figures.shortened(row["first_prompt"], 110) or f"session {figures.short_id(row['session_id'])}"
        address = links.href("session", carried, session=row["session_pk"], at=row["at"])
        return links.go_to(words, address, title=row["first_prompt"])

    columns = [
        tables.moment(view, "started_at"),
        tables.Column("Session", title, wide=True),
        tables.Column("Project", _project),
        tables.Column("Status", tables.state("status", STATUS_STATES)),
        tables.Column("Took", tables.duration("duration_ms"), is_number=True, sort="duration"),
        tables.Column("Prompts", tables.count("prompts"), is_number=True, sort="prompts"),
        tables.Column("Calls", tables.count("calls"), is_number=True, sort="calls"),
        tables.Column("Failed", _failed, is_number=True, sort="errors", hint=_outcomes),
        tables.Column("Cost (USD)", cost, is_number=True, sort="cost", hint=lambda row: cost_words(row)),
    ]
    total = int(rows[0]["sessions_in_all"]) if rows else 0
    tables.table(view, placed, columns, label="Sessions", total=total, sorted_by=order)


def _project(row: Row) -> Child:
    return join(figures.shortened(row["project"], 28), span(f" {figures.shortened(row['branch'], 22)}", "sb-muted"))


def _failed(row: Row) -> Child:
    if not row["calls"]:
        return tables.muted(figures.DASH)
    if not row["answered_known"]:
        return tables.muted("unknown")
    failed = row["failed"]
    return tag("span", page.mark("broken"), figures.count(failed), class_="sb-broken") if failed else "0"


def _outcomes(row: Row) -> str:
    unknown = row["calls"] - row["answered_known"] - row["refused"]
    return (
        f"{figures.count(row['failed'])} failed, {figures.count(row['refused'])} refused by a person, "
        f"{figures.count(unknown)} without a recorded outcome, of {plural(row['calls'], 'call')}"
    )


def cost(row: Row) -> Markup | str:
    """The cost of a session with a sign for what it rests on; in words where there is none."""
    if row["cost_usd"] is None:
        return tables.muted(row["cost_basis"])
    written = figures.money(row["cost_usd"])
    return written if row["cost_basis"] == "recorded" else join(span("≈ ", "sb-muted"), written)


def cost_words(row: Row) -> str:
    """What the cost of a session rests on."""
    if row["cost_usd"] is None:
        return str(row["cost_basis"])
    tokens = f", {figures.compact(row['tokens'])} tokens" if row["tokens"] else ""
    sources = {
        "recorded": "as the agent recorded it",
        "estimate": "estimated at list prices",
        "partial estimate": "estimated at list prices; some replies are of models without a known price",
    }
    return f"{figures.money(row['cost_usd'])}, {sources.get(row['cost_basis'], row['cost_basis'])}{tokens}"


