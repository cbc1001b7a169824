"""What the tools of agents did, where events of sessions tie calls to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from data.reports.performance import ToolCalls
from ui import page
from ui.agents import before
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, join
from ui.tools import Chosen as Calls
from ui.tools import calls_table
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural, point_change


def failed_calls(agent: str, period: Period) -> str:
    """The address of the failed calls of an agent."""
    return links.href("agents", period.query, agent=agent, list="failed")


def failures_table(
    view: View, rows: Sequence[Mapping[str, Any]], total: int, period: Period, sorted_by: tuple[str, bool]
) -> None:
    """The failed calls of an agent one by one."""
    calls_table(view, rows, total, period, Calls(None, None, "failed", None, single=True), sorted_by)


def say_tools(tools: ToolCalls | None, agent: str, period: Period) -> None:
    """The tool success of one agent against the period before, or that none is recorded."""
    if tools is None:
        page.note(f"Tool success: not recorded. No event of a session names {figures.middle(agent, 60)}.")
        return
    was = before.rate(tools.previous_succeeded, tools.previous_known)
    earlier = f", {was} in {period.previous_label}" if was else ""
    if not tools.known:
        tied = f"{plural(tools.calls, 'answered call')} tied to this agent, no outcome" if tools.calls else "no call"
        page.note(f"Tool success: unknown. {tied.capitalize()}{earlier}.")
        return
    failures = plural(tools.failed, "call")
    page.note(
        f"Tool success: {figures.percent(tools.succeeded, tools.known)} of {plural(tools.known, 'call')} with a known "
        f"outcome{earlier}. Events of sessions tie {plural(tools.calls, 'answered call')} to this agent",
        join("; ", links.go_to(f"{failures} failed", failed_calls(agent, period)), ".") if tools.failed else ".",
    )


def tools_table(view: View, tools: Mapping[str, ToolCalls], period: Period) -> None:
    """The tool success of the agents that events name."""
    if not tools:
        page.note("Tool success: not recorded. No event of a session names one of these agents.")
        return
    page.heading("Tool success", "answered calls in sessions whose events name the agent")
    rows = [
        {"agent": agent, "known": calls.known, "previous_known": calls.previous_known, **asdict(calls)}
        for agent, calls in tools.items()
    ]
    most = max(row["failed"] for row in rows)

    def agent(row: tables.Row) -> Child:
        return links.go(figures.middle(row["agent"], 40), "agents", period.query, agent=row["agent"])

    bar = tables.bar("failed", most, kind="broken")

    def failures(row: tables.Row) -> Child:
        return links.go_to(bar(row), failed_calls(row["agent"], period)) if row["failed"] else bar(row)

    tables.table(
        view,
        rows,
        [
            tables.Column("Agent", agent, hint=lambda row: row["agent"]),
            tables.Column("Failed calls", failures, is_number=True),
            tables.Column("Succeeded", _succeeded, is_number=True),
            tables.Column("of known", tables.count("known"), is_number=True),
            tables.Column("Answered calls", _answered, is_number=True),
        ],
        label="Tool success of agents",
    )


def _succeeded(row: tables.Row) -> Child:
    was = before.rate(row["previous_succeeded"], row["previous_known"])
    if not row["known"]:
        return before.below(tables.muted("unknown" if row["calls"] else figures.DASH), was)
    moved = point_change(row["succeeded"], row["known"], row["previous_succeeded"], row["previous_known"])
    rate = figures.percent(row["succeeded"], row["known"])
    return before.below(join(rate, tables.muted(f"  {moved}") if moved and moved != "unchanged" else None), was)


def _answered(row: tables.Row) -> Child:
    was = before.count(row["previous_calls"], is_known=row["previous_calls"] > 0)
    return before.below(figures.count(row["calls"]), was)
