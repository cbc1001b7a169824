"""The windows behind the figures of one agent, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data import calendar
from data.reports import rates
from ui import page
from ui.agents.choosing import absent
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import COST_BASES, plural


def windows_table(
    view: View, rows: Sequence[Mapping[str, Any]], total: int, period: Period, sorted_by: tuple[str, bool]
) -> None:
    """The windows behind one agent's figures."""
    page.heading("Windows", "what the figures of actions, escalations, confidence and cost rest on")
    if not rows:
        where = "without a time" if period.untimed else period.during
        page.note(f"{absent(view).capitalize()} {where}: what is known of this agent are its jobs.")
        return
    rate = tables.Column(
        "Automated",
        _rate,
        is_number=True,
        sort="automated",
        down_first=False,
        hint=_window_rate_hint,
    )
    tables.table(
        view,
        rows,
        [
            tables.Column(
                f"Ended ({figures.zone_name(view.as_of, view.zone)})",
                tables.when(view, "window_end"),
                sort="when",
                hint=lambda row: (
                    f"{figures.exact(row['window_start'], view.zone)} to {figures.exact(row['window_end'], view.zone)}"
                ),
            ),
            tables.Column("Escalations", tables.count("human_escalations"), is_number=True, sort="escalations"),
            rate,
            tables.Column("Actions", tables.count("actions_total"), is_number=True, sort="actions"),
            tables.Column(
                "Confidence",
                lambda row: f"{row['avg_confidence']:.2f}" if row["avg_confidence"] is not None else _none(),
                is_number=True,
                sort="confidence",
                down_first=False,
            ),
            tables.Column("Decisions", tables.count("confidence_count"), is_number=True),
            tables.Column(
                "Cost (USD)",
                lambda row: (
                    tables.money(row["cost_usd"], is_estimate="estimate" in row["cost_basis"])
                    if row["cost_usd"] is not None
                    else _none("not priced")
                ),
                is_number=True,
                sort="cost",
                hint=lambda row: COST_BASES.get(row["cost_basis"], row["cost_basis"]),
            ),
            tables.Column("Spans", _span, is_number=True),
            tables.Column("Source", tables.text("source", 28)),
        ],
        label="Windows of the agent",
        total=total,
        sorted_by=sorted_by,
    )


def _rate(row: tables.Row) -> Child:
    if row["automation_rate"] is None:
        return _none()
    contradicted = tables.muted(f"  stored {_stored(row)}") if _is_contradicted(row) else None
    return join(figures.percent(row["automation_rate"], 1), contradicted)


def _window_rate_hint(row: tables.Row) -> str | None:
    if row["actions_total"] is None:
        return "no counts, so not in the weighted figure"
    if not _is_contradicted(row):
        return None
    return (
        f"the window stores {_stored(row)}; {figures.count(row['actions_automated'])} of "
        f"{plural(row['actions_total'], 'action')}, which it counts, are taken"
    )


def _is_contradicted(row: tables.Row) -> bool:
    return rates.is_contradicted(row["automation_rate"], row["stored_automation_rate"])


def _stored(row: tables.Row) -> str:
    return figures.percent(row["stored_automation_rate"], 1)


def _none(words: str = figures.NONE_RECORDED) -> Markup:
    return tables.muted(words)


def _span(row: tables.Row) -> Child:
    spanned = calendar.took_ms(row["window_start"], row["window_end"])
    return _none() if spanned is None else figures.duration(spanned)
