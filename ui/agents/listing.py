"""The table of the page of agents: agents by what hurts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from data.reports.agent import WINDOW_SORTS
from data.reports.agents import SORTS
from data.reports.performance import Performance
from data.reports.tools import SORTS as CALL_SORTS
from ui import page
from ui.agents import before
from ui.agents.choosing import Chosen, absent
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural, point_change

_LONGEST_NAME = 34


def agents_table(view: View, agents: Sequence[Performance], period: Period, chosen: Chosen) -> tuple[str, bool]:
    """The agents, those that turned to people most first, each figure leading to what it rests on; what they are
    sorted by."""
    sorted_by = filters.sorting(SORTS, "-escalations", beside=(*WINDOW_SORTS, *CALL_SORTS))
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
        shown = figures.middle(row["agent"], _LONGEST_NAME)
        if not shown:
            return tables.muted("(no name)")
        return links.go(shown, "agents", period.query, agent=row["agent"], source=chosen.source)

    def windows(content: Child, row: tables.Row, sort: str) -> Child:
        if not row["agent"]:  # no address asks for those without a name
            return content
        return links.go(content, "agents", period.query, agent=row["agent"], source=chosen.source, sort=sort)

    def led(cell: Callable[[tables.Row, _Windows], Child]) -> tables.Cell:
        return lambda row: cell(row, windows)

    def escalated(row: tables.Row) -> Child:
        if row["escalations"] is None:
            return _absent(row)
        return windows(bar(row), row, "-escalations") if row["escalations"] else "0"

    def escalations(row: tables.Row) -> Child:
        return before.below(escalated(row), before.count(row["previous_escalations"], is_known=row["was_windowed"]))

    def jobs(row: tables.Row, name: str, status: str) -> Child:
        if not row[name]:
            return "0" if row["jobs"] > row["jobs_stateless"] else _absent(row)
        number = figures.count(row[name])
        # No address asks for those without a name.
        return links.go(number, "jobs", period.query, agent=row["agent"], status=status) if row["agent"] else number

    def done(row: tables.Row) -> Child:
        was = before.count(row["previous_jobs_completed"], is_known=row["previous_jobs_ended"] > 0)
        return before.below(jobs(row, "jobs_completed", "completed"), was)

    def failed(row: tables.Row) -> Child:
        was = before.failed(row["previous_jobs_failed"], row["previous_jobs_ended"])
        return before.below(jobs(row, "jobs_failed", "failed"), was)

    return [
        tables.Column("Agent", agent, hint=lambda row: row["agent"]),
        tables.Column("Escalations", escalations, is_number=True, sort="escalations", hint=_escalation_hint),
        tables.Column(
            "Automated",
            led(_automated),
            is_number=True,
            sort="automated",
            down_first=False,
            hint=_rate_hint,
        ),
        tables.Column(
            "Actions",
            led(_actions),
            is_number=True,
            sort="actions",
            hint=_actions_hint,
        ),
        tables.Column(
            "Confidence",
            led(_confidence),
            is_number=True,
            sort="confidence",
            down_first=False,
            hint=_confidence_hint,
        ),
        tables.Column("Jobs done", done, is_number=True, sort="done", hint=_done_hint),
        tables.Column("Failed", failed, is_number=True, sort="failed", hint=_failed_hint),
        tables.Column("Cost (USD)", led(_cost), is_number=True, sort="cost", hint=_cost_hint),
    ]


_Windows = Callable[[Child, tables.Row, str], Child]  # a figure of an agent as a link to its windows in that order


def _automated(row: tables.Row, windows: _Windows) -> Child:
    was = before.rate(row["previous_automated"], row["previous_rated_actions"])
    if not row["rated_actions"]:
        return before.below(_absent(row, _uncounted(row)), was)
    moved = _moved(row)
    rate = windows(figures.percent(row["automated"], row["rated_actions"]), row, "automated")
    return before.below(join(rate, tables.muted(f"  {moved}") if moved else None), was)


def _actions(row: tables.Row, windows: _Windows) -> Child:
    known = row["actions"] is not None
    now = windows(figures.count(row["actions"]), row, "-actions") if known else _absent(row, _uncounted(row))
    return before.below(now, before.count(row["previous_actions"]))


def _uncounted(row: tables.Row) -> str | None:
    """What stands for a number that windows do not tell; None where there is no window."""
    return "no counts" if row["windows"] else None


def _actions_hint(row: tables.Row) -> str | None:
    if not row["windows"]:
        return None
    words = f"in {plural(row['windows'], 'window')} from {row['sources']}"
    silent = row["windows"] - row["counted_windows"]
    return f"{words}; {figures.count(silent)} {'does' if silent == 1 else 'do'} not say how many" if silent else words


def _moved(row: tables.Row) -> str | None:
    moved = point_change(
        round(row["automated"]), row["rated_actions"], round(row["previous_automated"]), row["previous_rated_actions"]
    )
    return None if moved == "unchanged" else moved


def _escalation_hint(row: tables.Row) -> str | None:
    if not row["actions"]:
        return None
    words = f"{100 * row['counted_escalations'] / row['actions']:.1f} per 100 of {plural(row['actions'], 'action')}"
    if not row["previous_actions"]:
        return words
    earlier = 100 * row["previous_counted_escalations"] / row["previous_actions"]
    return f"{words}; before: {earlier:.1f} of {figures.count(row['previous_actions'])}"


def _rate_hint(row: tables.Row) -> str:
    left = f"; {plural(row['countless_windows'], 'window')} without counts left out" if row["countless_windows"] else ""
    return f"of {plural(row['rated_actions'], 'action')} of which it is known{left}"


def _confidence(row: tables.Row, windows: _Windows) -> Child:
    given = row["confidence"]
    now = windows(f"{given:.2f}", row, "confidence") if given is not None else _absent(row)
    return before.below(now, before.confidence(row["previous_confidence_sum"], row["previous_decisions"]))


def _confidence_hint(row: tables.Row) -> str | None:
    if not row["decisions"]:
        return None
    return f"mean of {plural(row['decisions'], 'decision')}"


def _done_hint(row: tables.Row) -> str | None:
    if not row["jobs_stateless"]:
        return None
    return f"what became of {plural(row['jobs_stateless'], 'job')} is not known"


def _failed_hint(row: tables.Row) -> str | None:
    if not row["jobs_ended"]:
        return None
    words = f"{figures.percent(row['jobs_failed'], row['jobs_ended'])} of {plural(row['jobs_ended'], 'job')}"
    ended = row["previous_jobs_ended"]
    if not ended:
        return words
    return f"{words}; before: {figures.percent(row['previous_jobs_failed'], ended)} of {figures.count(ended)}"


def _cost(row: tables.Row, windows: _Windows) -> Child:
    was = before.cost(row["previous_cost_usd"], row["previous_priced_windows"])
    if row["cost_usd"] is None:
        return before.below(_absent(row, "not priced" if row["windows"] else None), was)
    cost = tables.money(row["cost_usd"], is_estimate=row["estimated_windows"] > 0)
    return before.below(windows(cost, row, "-cost"), was)


def _cost_hint(row: tables.Row) -> str | None:
    if not row["windows"]:
        return None
    words = f"{figures.count(row['priced_windows'])} of {plural(row['windows'], 'window')} priced"
    if row["estimated_windows"]:
        words += f", {figures.count(row['estimated_windows'])} estimated at list prices"
    return words
