"""The reports that can be exported. A new one takes a named query of its area and an entry here."""

from __future__ import annotations

from data.exports import operated
from data.exports.parameters import (
    Report,
    flag,
    identifier,
    json_object,
    moment,
    one_of,
    order,
    text,
    texts,
    whole_number,
)
from data.reports import agents, events, people, sops, tool_usage

_SPAN = {"start": moment, "end": moment}
_PERIOD = _SPAN | {"untimed": flag}
_COMPARED = _PERIOD | {"previous_start": moment, "previous_end": moment}
_PAGE = {"limit": whole_number, "offset": whole_number}
_OF_QUESTIONS = {"agent": text, "kind": text, "risk": text, "project": text}


REPORTS: dict[str, Report] = {
    "tool_calls": Report(
        query="exports.list_tool_calls",
        sentence="Every call of a tool, with its outcome, duration and error.",
        filters=_PERIOD
        | {
            "tool": text,
            "project": text,
            "outcome": one_of("succeeded", "failed", "refused", "unknown", "timed"),
            "error_group": text,
            **order("when", "duration"),
        },
    ),
    "sessions": Report(
        query="sessions.listing.export_sessions",
        sentence="Sessions with what happened in them and what they cost.",
        filters=_PERIOD
        | {
            "project": text,
            "status": text,
            "model": text,
            "has": one_of("errors", "refusals", "notifications", "waiting", "compactions", "subagents", "unpriced"),
            "search": text,
            "now": moment,
            **order("when", "duration", "prompts", "calls", "errors", "cost"),
        },
    ),
    "session_events": Report(
        query="session.export_events",
        sentence="Every event of one session with its contents.",
        filters={"session": identifier},
    ),
    "tools": Report(
        query="tools.list_usage",
        sentence="Tools with their calls, outcomes and durations, against the period before.",
        filters=_COMPARED | {"tool": text, "project": text, "with_total": flag},
        sorts=tool_usage.SORTS,
    ),
    "tool_errors": Report(
        query="tools.list_errors",
        sentence="Kinds of failures of tools with how often and a case of each.",
        filters=_PERIOD | {"tool": text, "project": text, "error_group": text, "limit": whole_number},
        left_out=frozenset({"groups", "item_id"}),
    ),
    "jobs": Report(
        query="jobs.list_jobs",
        sentence="Jobs with their state, times and messages.",
        filters=_PERIOD
        | {
            "agent": text,
            "status": one_of("pending", "running", "completed", "failed", "cancelled", "ended"),
            "search": text,
            "error_group": text,
            "long_running": flag,
            "newest": flag,
            "now": moment,
            "long_s": whole_number,
            **_PAGE,
        },
    ),
    "job_failures": Report(
        query="jobs.list_failures",
        sentence="Kinds of failures of jobs with how often and a case of each.",
        filters=_PERIOD | {"agent": text, "search": text, "error_group": text, "limit": whole_number},
        left_out=frozenset({"groups"}),
    ),
    "approvals": Report(
        query="approvals.list_history",
        sentence="Questions to people that are over: decided, run out of time, or from imported logs.",
        filters=_PERIOD
        | _OF_QUESTIONS
        | {
            "shown": one_of("decided", "expired", "imported"),
            "outcome": one_of("approved", "rejected", "expired", "pending"),
            "now": moment,
            **_PAGE,
        },
    ),
    "backups": Report(
        query="backup.export_runs",
        sentence="Backups that were tried, with what reading their file back found.",
        filters={},
    ),
    "approvals_queue": Report(
        query="approvals.list_queue",
        sentence="Questions that wait for a decision.",
        filters=_OF_QUESTIONS | {"now": moment, "soon_s": whole_number, **_PAGE},
        left_out=frozenset({"waiting"}),
    ),
    "agents": Report(
        query="agents.list_agents",
        sentence="Agents with their actions, escalations, confidence, jobs and what they cost, now and before.",
        filters=_COMPARED | {"agent": text, "source": text},
        sorts=agents.SORTS,
    ),
    "agent_tools": Report(
        query="agents.calls.list_tool_calls",
        sentence="Answered calls of tools by the agent that events name, and what came of them, now and before.",
        filters=_COMPARED | {"agents": texts},
    ),
    "agent_windows": Report(
        query="agent.list_windows",
        sentence="The spans of time that agents reported on, one by one.",
        filters=_PERIOD
        | {
            "agent": text,
            "source": text,
            **order("when", "escalations", "actions", "automated", "confidence", "cost"),
            **_PAGE,
        },
    ),
    "sops": Report(
        query="sops.list_procedures",
        sentence="Procedures with their runs, cycle times, automation and cost, against the period before.",
        filters=_COMPARED | {"sop": text, "agent": text, "with_total": flag},
        sorts=sops.SORTS,
        left_out=frozenset({"agents"}),
    ),
    "sop_executions": Report(
        query="sop_runs.list_executions",
        sentence="Runs of procedures with their states, times, interventions and messages.",
        filters=_PERIOD
        | {
            "sop": text,
            "status": one_of("failed", "running", "cancelled", "completed"),
            "agent": text,
            "step": text,
            "open_before": moment,
            **order("hurt", "when", "took", "cost", "people"),
            **_PAGE,
        },
    ),
    "sop_human_steps": Report(
        query="sops.list_human_steps",
        sentence="Steps of procedures at which people stepped in, with how often and how they came out.",
        filters=_PERIOD | {"sop": text, "agent": text, "limit": whole_number},
        left_out=frozenset({"steps"}),
    ),
    "events": Report(
        query="events.list_newest",
        sentence="Events of the engine with their payloads, the newest first.",
        filters=_PERIOD
        | {
            "event_type": text,
            "aggregate": text,
            "aggregate_id": text,
            "emitter": text,
            "correlation": identifier,
            "payload": json_object,
            "broad": flag,
            "place_at": moment,
            "place_id": identifier,
            "limit": whole_number,
        },
    ),
    "event_types": Report(
        query="events.list_kinds",
        sentence="Types, aggregates or emitters of events with how many, against the period before.",
        filters=_COMPARED
        | {
            "kind": one_of("type", "aggregate", "emitter"),
            "event_type": text,
            "aggregate": text,
            "aggregate_id": text,
            "emitter": text,
            "payload": json_object,
            "broad": flag,
            "limit": whole_number,
        },
        found_query="events.found.list_kinds",
        found_by=frozenset({"aggregate_id", "payload"}),
        sorts=events.KIND_SORTS,
    ),
    "clients": Report(
        query="clients.list_clients",
        sentence="Clients with their newest assessment, against the one before the period.",
        filters=_SPAN
        | {
            "status": one_of("critical", "at_risk", "unknown", "healthy"),
            "client": text,
            "search": text,
            **order("worst", "client", "score", "change", "when", "assessments"),
            **_PAGE,
        },
    ),
    "client_history": Report(
        query="clients.list_history",
        sentence="Assessments of clients with their signals and risk factors, the newest first.",
        filters=_PERIOD | {"client": text, **_PAGE},
    ),
    "client_executions": Report(
        query="clients.list_executions",
        sentence="Runs of procedures about one client, the newest first.",
        filters={"client": text, **_PAGE},
    ),
    "chaos_experiments": Report(
        query="clients.list_experiments",
        sentence="Chaos experiments with what was expected, how much they could hit and what came out.",
        filters=_SPAN
        | {
            "status": one_of("planned", "running", "completed", "aborted"),
            "outcome": one_of("confirmed", "refuted", "inconclusive"),
            **_PAGE,
        },
    ),
    "lift_sessions": Report(
        query="lift_sessions.list_sessions",
        sentence="Sessions of lift-sys with their revisions, drafts, holes and cost.",
        filters=_SPAN
        | {
            "status": text,
            "search": text,
            "unpriced": flag,
            **order("when", "revisions", "drafts", "holes", "cost"),
            **_PAGE,
        },
    ),
    "lift_drafts": Report(
        query="lift_sessions.list_drafts",
        sentence="Drafts of one session of lift-sys with their code, validity and cost.",
        filters={"session_id": identifier, **_PAGE},
    ),
    "lift_drafts_by_model": Report(
        query="lift_sessions.list_validation",
        sentence="Drafts of lift-sys by model: how many parse, how long they took and what they cost.",
        filters=_SPAN,
    ),
    "lift_revisions": Report(
        query="lift_sessions.list_revisions",
        sentence="Revisions of one session of lift-sys with who changed what.",
        filters={"session_id": identifier, **_PAGE},
    ),
    "lift_holes": Report(
        query="lift_sessions.list_holes",
        sentence="Holes of one session of lift-sys with what they were filled with.",
        filters={"session_id": identifier, **_PAGE},
    ),
    "people": Report(
        query="people.list_people",
        sentence="People with their sessions, jobs, success and cost, against the period before.",
        filters=_COMPARED | {"person": text},
        sorts=people.SORTS,
    ),
    "person": Report(
        query="people.list_activity",
        sentence="What one person did: sessions and jobs with their states and costs.",
        filters=_PERIOD
        | {"person": text, "kind": one_of("session", "lift", "job"), "state": text, "unpriced": flag, **_PAGE},
    ),
    "projects": Report(
        query="projects.list_projects",
        sentence="Projects of ToolboxAI with their workspaces, owners and members.",
        filters=_PERIOD
        | {
            "project": identifier,
            "workspace": identifier,
            "status": one_of("active", "archived"),
            "search": text,
            **order("status", "project", "members", "created"),
            **_PAGE,
        },
    ),
    "workspaces": Report(
        query="projects.list_workspaces",
        sentence="Workspaces of ToolboxAI with their owners, projects and members.",
        filters=_PERIOD | {"chosen": identifier, "status": text, "search": text, "limit": whole_number},
        left_out=frozenset({"workspaces", "fitting"}),
    ),
    "project_members": Report(
        query="projects.list_members",
        sentence="Who belongs to a project or a workspace of ToolboxAI.",
        filters={"project": identifier, "workspace": identifier, **_PAGE},
    ),
    **operated.REPORTS,
}
