"""The list of lift-sys sessions, and how its drafts fare by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from data.reports.lift_sessions import STATELESS, StatusCount
from ui import page
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, enumerated, join
from ui.lift_sessions.choosing import Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import change, plural

STATES = {"active": "signal", "finalized": "well", "abandoned": "unknown", "error": "broken"}


def summary(counts: Sequence[StatusCount], period: Period, chosen: Chosen) -> int:
    """How many sessions there are, how they ended and what they cost; how many fit."""
    fitting = [one for one in counts if chosen.status in (None, one.status)]
    total, before = sum(one.sessions for one in fitting), sum(one.previous_sessions for one in fitting)
    lost = [(one.status, one.sessions) for one in fitting if one.status in _LOST and one.sessions]
    query = {**period.query, "q": chosen.search, "has": "unpriced" if chosen.unpriced else None}
    words = f"{plural(total, 'session')} of lift-sys {period.during}"
    moved = change(total, before) if period.previous else None
    if moved:
        words += f", {moved} on {period.previous_label} (n = {figures.count(before)})"
    silent = sum(one.sessions for one in fitting if one.status == STATELESS)
    costs = [one.cost_usd for one in fitting if one.cost_usd is not None]
    drafts, priced = sum(one.drafts for one in fitting), sum(one.priced_drafts for one in fitting)
    whose = "Its" if total == 1 else "Their"
    cost: list[Child] = [" No cost is recorded."]
    if costs:
        summed = figures.money(sum(costs, Decimal()))
        way = links.go(summed, "lift_sessions", query, status=chosen.status, sort="-cost")
        cost = [f" {whose} drafts cost ", way, f" ({figures.count(priced)} of {plural(drafts, 'draft')} priced)."]
    gone = [
        join(links.go(figures.count(number), "lift_sessions", query, status=status), f" {_LOST[status][number > 1]}")
        for status, number in lost
    ]
    page.say(
        f"{words}.",
        *([" ", enumerated(gone), "."] if gone else []),
        *_silent(silent, query),
        *cost,
        state="attention" if lost else "unknown" if silent else "well",
    )
    return total


# What became of sessions that came to no good end, of one and of several.
_LOST = {"error": ("ended in an error", "ended in an error"), "abandoned": ("was given up", "were given up")}


def _silent(silent: int, query: Mapping[str, links.Value]) -> list[Child]:
    if not silent:
        return []
    of_them = links.go(f"{figures.count(silent)} of them", "lift_sessions", query, status=STATELESS)
    return [" How ", of_them, " ended is not known."]


def sessions_table(
    view: View, rows: Sequence[Mapping[str, Any]], total: int, order: tuple[str, bool], period: Period
) -> None:
    """One page of sessions; each leads to its revisions, drafts and holes."""

    def prompt(row: tables.Row) -> Child:
        words = figures.shortened(row["prompt"], 90) or figures.short_id(row["session_id"])
        return links.go(words, "lift_session", period.query, session=str(row["session_id"]))

    def valid(row: tables.Row) -> Child:
        checked = row["checked_drafts"]
        if not row["draft_count"]:
            return tables.muted(figures.DASH)
        return f"{row['valid_drafts']} of {checked}" if checked else tables.muted("not checked")

    columns = [
        tables.Column(
            f"Changed ({figures.zone_name(view.as_of, view.zone)})",
            tables.when(view, "updated_at"),
            sort="when",
            hint=lambda row: figures.exact(row["updated_at"], view.zone),
        ),
        tables.Column("Prompt", prompt, line=True, hint=lambda row: row["prompt"]),
        tables.Column("Status", tables.state("status", STATES)),
        tables.Column("Person", lambda row: row["owner"] or figures.short_id(row["owner_id"]) or "nobody"),
        tables.Column("Revisions", tables.count("revision_count"), is_number=True, sort="revisions"),
        tables.Column("Drafts", tables.count("draft_count"), is_number=True, sort="drafts"),
        tables.Column("valid", valid, is_number=True),
        tables.Column("Holes", tables.count("hole_count"), is_number=True, sort="holes"),
        tables.Column(
            "Cost",
            lambda row: _cost(row) if row["draft_count"] else tables.muted(figures.DASH),
            is_number=True,
            sort="cost",
        ),
    ]
    tables.table(view, rows, columns, label="Sessions of lift-sys", total=total, sorted_by=order)


def _cost(row: tables.Row) -> Child:
    return figures.money(row["cost_usd"]) if row["cost_usd"] is not None else tables.muted("not priced")


def validation_table(view: View, rows: Sequence[Mapping[str, Any]], period: Period, *, is_narrowed: bool) -> None:
    """How many drafts of each model parse, over those that were checked; of all sessions of the period, which is said
    where the list above `is_narrowed`."""
    page.heading("Drafts by model", "rates are taken over the checked ones")
    if is_narrowed:
        page.note("Drafts by model are of all sessions of the period, whatever the filters.")

    def led(row: tables.Row, words: str, only: str | None = None) -> Child:
        return links.go(words, "lift_sessions", period.query, model=row["model"], only=only)

    def rate(row: tables.Row, what: str) -> Child:
        checked = row[f"{what}_checked"]
        if not checked:
            return tables.muted("not checked")
        return led(row, f"{figures.percent(row[f'{what}_valid'], checked)} of {figures.count(checked)}", what)

    columns = [
        tables.Column("Model", tables.text("model")),
        tables.Column("Drafts", lambda row: led(row, figures.count(row["drafts"])), is_number=True),
        tables.Column("Syntax valid", lambda row: rate(row, "syntax"), is_number=True),
        tables.Column("AST valid", lambda row: rate(row, "ast"), is_number=True),
        tables.Column("Latency p50", tables.duration("latency_p50_ms"), is_number=True),
        tables.Column(
            "Cost",
            lambda row: _cost(row) if row["cost_usd"] is None else led(row, figures.money(row["cost_usd"]), "priced"),
            is_number=True,
            hint=lambda row: f"{row['priced']} of {row['drafts']} priced",
        ),
    ]
    tables.table(view, rows, columns, label="Drafts by model")
