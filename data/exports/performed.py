"""What can be taken away of agents and of procedures."""

from __future__ import annotations

from data.exports.parameters import (
    COMPARED,
    PAGE,
    PERIOD,
    Report,
    flag,
    moment,
    one_of,
    order,
    text,
    texts,
    whole_number,
)
from data.reports import agents, sops

REPORTS: dict[str, Report] = {
    "agents": Report(
        query="agents.list_agents",
        sentence="Agents with their actions, escalations, confidence, jobs and what they cost, now and before.",
        filters=COMPARED | {"agent": text, "source": text, "of_source": text},
        left_out=frozenset({"windows_by_source"}),
        sorts=agents.SORTS,
    ),
    "agent_tools": Report(
        query="agents.calls.list_tool_calls",
        sentence="Answered calls of tools by the agent that events name, and what came of them, now and before.",
        filters=COMPARED | {"agents": texts},
    ),
    "agent_windows": Report(
        query="agent.list_windows",
        sentence="The spans of time that agents reported on, one by one.",
        filters=PERIOD
        | {
            "agent": text,
            "source": text,
            **order("when", "escalations", "actions", "automated", "confidence", "cost"),
            **PAGE,
        },
    ),
    "agent_failed_calls": Report(
        query="agents.calls.list_failed_calls",
        sentence="The failed calls of tools that events tie to an agent, one by one.",
        filters=PERIOD | {"agent": text, **order("when", "duration"), **PAGE},
    ),
    "sops": Report(
        query="sops.list_procedures",
        sentence="Procedures with their runs, cycle times, automation and cost, against the period before.",
        filters=COMPARED | {"sop": text, "agent": text, "with_total": flag},
        sorts=sops.SORTS,
        left_out=frozenset({"agents"}),
    ),
    "sop_executions": Report(
        query="sop_runs.list_executions",
        sentence="Runs of procedures with their states, times, interventions and messages.",
        filters=PERIOD
        | {
            "sop": text,
            "status": one_of("ended", "failed", "running", "cancelled", "completed", "stateless"),
            "agent": text,
            "step": text,
            "open_before": moment,
            **order("hurt", "when", "took", "cost", "people"),
            **PAGE,
        },
    ),
    "sop_human_steps": Report(
        query="sops.steps.list_human_steps",
        sentence="Steps of procedures at which people stepped in, with how often and how they came out.",
        filters=PERIOD | {"sop": text, "agent": text, "limit": whole_number},
        left_out=frozenset({"steps", "interventions"}),
    ),
}
