"""What the tools of agents did, where events of sessions tie calls to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from data.reports.performance import ToolCalls
from ui import page
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural


def say_tools(tools: ToolCalls | None, agent: str) -> None:
    """The tool success of one agent, or that none is recorded."""
    if tools is None:
        page.note(f"Tool success: not recorded. No event of a session names {figures.middle(agent, 60)}.")
    elif not tools.known:
        page.note(f"Tool success: unknown. {plural(tools.calls, 'answered call')} tied to this agent, no outcome.")
    else:
        page.note(
            f"Tool success: {figures.percent(tools.succeeded, tools.known)} of {plural(tools.known, 'call')} with a "
            f"known outcome, of {figures.count(tools.calls)} answered ones that events of sessions tie to this agent."
        )


def tools_table(view: View, tools: Mapping[str, ToolCalls], period: Period) -> None:
    """The tool success of the agents that events name."""
    if not tools:
        page.note("Tool success: not recorded. No event of a session names one of these agents.")
        return
    page.heading("Tool success", "answered calls in sessions whose events name the agent")
    rows = [{"agent": agent, "known": calls.known, **asdict(calls)} for agent, calls in tools.items()]
    most = max(row["failed"] for row in rows)

    def agent(row: tables.Row) -> Child:
        return links.go(figures.middle(row["agent"], 40), "agents", period.query, agent=row["agent"])

    tables.table(
        view,
        rows,
        [
            tables.Column("Agent", agent, hint=lambda row: row["agent"]),
            tables.Column("Failed calls", tables.bar("failed", most, kind="broken"), is_number=True),
            tables.Column("Succeeded", tables.rate("succeeded", "known"), is_number=True),
            tables.Column("of known", tables.count("known"), is_number=True),
            tables.Column("Answered calls", tables.count("calls"), is_number=True),
        ],
        label="Tool success of agents",
    )
