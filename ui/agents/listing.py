"""The tables of the page of agents: agents by what hurts, and the windows behind one agent's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from data.reports.agent import WINDOW_SORTS
from data.reports.agents import SORTS
from data.reports.performance import Performance
from ui import lacking, page
from ui.agents import before
from ui.agents.choosing import Chosen, absent
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import COST_BASES, plural, point_change

_LONGEST_NAME = 34


def agents_table(view: View, agents: Sequence[Performance], period: Period, chosen: Chosen) -> tuple[str, bool]:
    """The agents, those that turned to people most first, each figure leading to what it rests on; what they are
    sorted by."""
    sorted_by = filters.sorting(SORTS, "-escalations", beside=WINDOW_SORTS)
    rows = tables.ordered([_row(view, one) for one in agents], sorted_by, SORTS)
    page.heading("Agents", "sorted by escalations" if sorted_by[0] == "escalations" else None)
    offset = paging.offset_of(len(rows))
    most = max((row["escalations"] or 0 for row in rows), default=0)
    tables.table(
        view,
        rows[offset : offset + paging.PAGE_SIZE],
        _columns(period, chosen, most),
        label="Agents by what hurts most",
        total=len(rows),
        sorted_by=sorted_by,
    )
    return sorted_by


def _row(view: View, one: Performance) -> dict[str, Any]:
    return asdict(one) | {
        "absent": absent(view),
        "automation_rate": one.automation_rate,
        "confidence": one.confidence,
        "is_countless": lacking.untold(view, "engine.agent_metrics", "actions_total") is not None,
        "is_present": one.is_present,
        "jobs_ended": one.jobs_ended,
        "previous_jobs_ended": one.previous_jobs_ended,
        "was_windowed": one.previous_windows > 0,
    }


def _absent(row: tables.Row, words: str | None = None) -> Markup:
    """A dash for an agent that was there before alone, the words where something is not known."""
    return tables.muted((words or row["absent"]) if row["is_present"] else figures.DASH)


def _columns(period: Period, chosen: Chosen, most: int) -> list[tables.Column]:
    bar = tables.bar("escalations", most, kind="waiting")

    def agent(row: tables.Row) -> Child:
        shown = figures.middle(row["agent"], _LONGEST_NAME) or "(no name)"
        return links.go(shown, "agents", period.query, agent=row["agent"], source=chosen.source)

    def escalated(row: tables.Row) -> Child:
        if row["escalations"] is None:
            return _absent(row)
        address = links.href("agents", period.query, agent=row["agent"], source=chosen.source, sort="-escalations")
        return links.go_to(bar(row), address) if row["escalations"] else "0"

    def escalations(row: tables.Row) -> Child:
        return before.below(escalated(row), before.count(row["previous_escalations"], is_known=row["was_windowed"]))

    def jobs(row: tables.Row, name: str, status: str) -> Child:
        if not row[name]:
            return "0" if row["jobs"] else _absent(row)
        return links.go(figures.count(row[name]), "jobs", period.query, agent=row["agent"], status=status)

    def done(row: tables.Row) -> Child:
        was = before.count(row["previous_jobs_completed"], is_known=row["previous_jobs_ended"] > 0)
        return before.below(jobs(row, "jobs_completed", "completed"), was)

    def failed(row: tables.Row) -> Child:
        was = before.failed(row["previous_jobs_failed"], row["previous_jobs_ended"])
        return before.below(jobs(row, "jobs_failed", "failed"), was)

    return [
        tables.Column("Agent", agent, hint=lambda row: row["agent"]),
        tables.Column("Escalations", escalations, is_number=True, sort="escalations", hint=_escalation_hint),
        tables.Column("Automated", _automated, is_number=True, sort="automated", down_first=False, hint=_rate_hint),
        tables.Column(
            "Actions",
            _actions,
            is_number=True,
            sort="actions",
            hint=lambda row: f"in {plural(row['windows'], 'window')} from {row['sources']}" if row["windows"] else None,
        ),
        tables.Column(
            "Confidence", _confidence, is_number=True, sort="confidence", down_first=False, hint=_confidence_hint
        ),
        tables.Column("Jobs done", done, is_number=True, sort="done"),
        tables.Column("Failed", failed, is_number=True, sort="failed", hint=_failed_hint),
        tables.Column("Cost (USD)", _cost, is_number=True, sort="cost", hint=_cost_hint),
    ]


def _automated(row: tables.Row) -> Child:
    was = before.rate(row["previous_automated"], row["previous_rated_actions"])
    if not row["rated_actions"]:
        return before.below(_absent(row, "no counts" if row["windows"] else None), was)
    moved = _moved(row)
    rate = figures.percent(row["automated"], row["rated_actions"])
    return before.below(join(rate, tables.muted(f"  {moved}") if moved else None), was)


def _actions(row: tables.Row) -> Child:
    says_none = not row["actions"] and (row["is_countless"] or row["countless_windows"] == row["windows"])
    if row["windows"] and not says_none:
        now: Child = figures.count(row["actions"])
    else:
        now = _absent(row, "no counts" if row["windows"] else None)
    return before.below(now, before.count(row["previous_actions"], is_known=row["was_windowed"]))


def _moved(row: tables.Row) -> str | None:
    moved = point_change(
        round(row["automated"]), row["rated_actions"], round(row["previous_automated"]), row["previous_rated_actions"]
    )
    return None if moved == "unchanged" else moved


def _escalation_hint(row: tables.Row) -> str | None:
    if not row["actions"]:
        return None
    words = (
        f"{100 * row['counted_escalations'] / row['actions']:.1f} per 100 of {figures.count(row['actions'])} actions"
    )
    if not row["previous_actions"]:
        return words
    earlier = 100 * row["previous_counted_escalations"] / row["previous_actions"]
    return f"{words}; before: {earlier:.1f} of {figures.count(row['previous_actions'])}"


def _rate_hint(row: tables.Row) -> str:
    left = f"; {plural(row['countless_windows'], 'window')} without counts left out" if row["countless_windows"] else ""
    return f"of {plural(row['rated_actions'], 'action')} of which it is known{left}"


def _confidence(row: tables.Row) -> Child:
    now = f"{row['confidence']:.2f}" if row["confidence"] is not None else _absent(row)
    return before.below(now, before.confidence(row["previous_confidence_sum"], row["previous_decisions"]))


def _confidence_hint(row: tables.Row) -> str | None:
    if not row["decisions"]:
        return None
    return f"mean of {plural(row['decisions'], 'decision')}"


def _failed_hint(row: tables.Row) -> str | None:
    if not row["jobs_ended"]:
        return None
    words = f"{figures.percent(row['jobs_failed'], row['jobs_ended'])} of {plural(row['jobs_ended'], 'job')}"
    ended = row["previous_jobs_ended"]
    if not ended:
        return words
    return f"{words}; before: {figures.percent(row['previous_jobs_failed'], ended)} of {figures.count(ended)}"


def _cost(row: tables.Row) -> Child:
    was = before.cost(row["previous_cost_usd"], row["previous_priced_windows"])
    if row["cost_usd"] is None:
        return before.below(_absent(row, "not priced" if row["windows"] else None), was)
    return before.below(tables.money(row["cost_usd"], is_estimate=row["estimated_windows"] > 0), was)


def _cost_hint(row: tables.Row) -> str | None:
    if not row["windows"]:
        return None
    words = f"{figures.count(row['priced_windows'])} of {plural(row['windows'], 'window')} priced"
    if row["estimated_windows"]:
        words += f", {figures.count(row['estimated_windows'])} estimated at list prices"
    return words


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
        lambda row: figures.percent(row["automation_rate"], 1) if row["automation_rate"] is not None else _none(),
        is_number=True,
        sort="automated",
        down_first=False,
        hint=lambda row: None if row["actions_total"] is not None else "no counts, so not in the weighted figure",
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


def _none(words: str = figures.NONE_RECORDED) -> Markup:
    return tables.muted(words)


def _span(row: tables.Row) -> Child:
    if row["window_start"] is None or row["window_end"] is None:
        return _none()
    return figures.duration((row["window_end"] - row["window_start"]).total_seconds() * 1000)
