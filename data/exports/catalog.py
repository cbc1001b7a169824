"""The reports that can be exported. A new one takes a named query of its area and an entry here."""

from __future__ import annotations

from data.exports import operated, performed
from data.exports.parameters import (
    COMPARED,
    PAGE,
    PERIOD,
    SPAN,
    Report,
    flag,
    identifier,
    json_object,
    moment,
    one_of,
    order,
    text,
    whole_number,
)
from data.reports import events, lift_sessions, people, sessions, tool_usage

_URGENT = {"urgency": one_of("expiring", "overdue", "risky"), "soon_s": whole_number, "overdue_s": whole_number}
_DOINGS = {"person": text, "kind": one_of(*people.KINDS), "state": text, "has": one_of(*people.HAS)}
_OF_QUESTIONS = {"agent": text, "kind": text, "risk": text, "project": text, "now": moment}


REPORTS: dict[str, Report] = {
    "tool_calls": Report(
        query="exports.list_tool_calls",
        sentence="Every call of a tool, with its outcome, duration and error.",
        filters=PERIOD
        | {
            "tool": text,
            "project": text,
            "outcome": one_of("succeeded", "failed", "refused", "unknown", "known", "timed"),
            "error_group": text,
            **order("when", "duration"),
        },
    ),
    "sessions": Report(
        query="sessions.listing.export_sessions",
        sentence="Sessions with what happened in them and what they cost.",
        filters=PERIOD
        | {
            "project": text,
            "status": text,
            "model": text,
            "has": one_of(*sessions.HAS),
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
        filters=COMPARED | {"tool": text, "project": text, "with_total": flag},
        sorts=tool_usage.SORTS,
    ),
    "tool_errors": Report(
        query="tools.list_errors",
        sentence="Kinds of failures of tools with how often and a case of each.",
        filters=PERIOD | {"tool": text, "project": text, "error_group": text, "limit": whole_number},
        left_out=frozenset({"groups", "item_id"}),
    ),
    "jobs": Report(
        query="jobs.list_jobs",
        sentence="Jobs with their state, times and messages.",
        filters=PERIOD
        | {
            "agent": text,
            "status": one_of("pending", "running", "completed", "failed", "cancelled", "ended", "stateless"),
            "search": text,
            "error_group": text,
            "long_running": flag,
            "startless": flag,
            "newest": flag,
            "now": moment,
            "long_s": whole_number,
            **PAGE,
        },
    ),
    "job_failures": Report(
        query="jobs.list_failures",
        sentence="Kinds of failures of jobs with how often and a case of each.",
        filters=PERIOD | {"agent": text, "search": text, "error_group": text, "limit": whole_number},
        left_out=frozenset({"groups"}),
    ),
    "approvals": Report(
        query="approvals.list_history",
        sentence="Questions to people that are over: decided, run out of time, or from imported logs.",
        filters=PERIOD
        | _OF_QUESTIONS
        | {
            "shown": one_of("decided", "expired", "imported", "stateless"),
            "outcome": one_of("approved", "rejected", "expired", "pending"),
            **PAGE,
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
        filters=_OF_QUESTIONS | _URGENT | PAGE,
        left_out=frozenset({"waiting"}),
    ),
    **performed.REPORTS,
    "events": Report(
        query="events.list_newest",
        sentence="Events of the engine with their payloads, the newest first.",
        filters=PERIOD
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
        filters=COMPARED
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
        filters=SPAN
        | {
            "status": one_of("critical", "at_risk", "unknown", "healthy"),
            "client": text,
            "search": text,
            **order("worst", "client", "score", "change", "when", "assessments"),
            **PAGE,
        },
    ),
    "client_history": Report(
        query="clients.list_history",
        sentence="Assessments of clients with their signals and risk factors, the newest first.",
        filters=PERIOD | {"client": text, **PAGE},
    ),
    "client_executions": Report(
        query="clients.list_executions",
        sentence="Runs of procedures about one client, the newest first.",
        filters={"client": text, **PAGE},
    ),
    "chaos_experiments": Report(
        query="clients.list_experiments",
        sentence="Chaos experiments with what was expected, how much they could hit and what came out.",
        filters=SPAN
        | {
            "status": one_of("planned", "running", "completed", "aborted", "stateless"),
            "outcome": one_of("confirmed", "refuted", "inconclusive", "none"),
            **PAGE,
        },
    ),
    "lift_sessions": Report(
        query="lift_sessions.list_sessions",
        sentence="Sessions of lift-sys with their revisions, drafts, holes and cost.",
        filters=SPAN
        | {
            "status": text,
            "search": text,
            "unpriced": flag,
            **order("when", "revisions", "drafts", "holes", "cost"),
            **PAGE,
        },
    ),
    "lift_drafts": Report(
        query="lift_sessions.list_drafts",
        sentence="Drafts of one session of lift-sys with their code, validity and cost.",
        filters={"session_id": identifier, **PAGE},
    ),
    "lift_drafts_by_model": Report(
        query="lift_sessions.list_validation",
        sentence="Drafts of lift-sys by model: how many parse, how long they took and what they cost.",
        filters=SPAN,
    ),
    "lift_drafts_of_model": Report(
        query="lift_sessions.list_drafts_of_model",
        sentence="Drafts of lift-sys by one model with their validity and cost.",
        filters=SPAN | {"model": text, "only": one_of(*lift_sessions.PARTS), **PAGE},
    ),
    "lift_revisions": Report(
        query="lift_sessions.list_revisions",
        sentence="Revisions of one session of lift-sys with who changed what.",
        filters={"session_id": identifier, **PAGE},
    ),
    "lift_holes": Report(
        query="lift_sessions.list_holes",
        sentence="Holes of one session of lift-sys with what they were filled with.",
        filters={"session_id": identifier, **PAGE},
    ),
    "people": Report(
        query="people.list_people",
        sentence="People with their sessions, jobs, success and cost, against the period before.",
        filters=COMPARED | {"person": text},
        sorts=people.SORTS,
    ),
    "person": Report(
        query="people.list_activity",
        sentence="What one person did: sessions and jobs with their states and costs.",
        filters=PERIOD | PAGE | _DOINGS,
    ),
    "projects": Report(
        query="projects.list_projects",
        sentence="Projects of ToolboxAI with their workspaces, owners and members.",
        filters=PERIOD
        | {
            "project": identifier,
            "workspace": identifier,
            "status": one_of("active", "archived"),
            "search": text,
            **order("status", "project", "members", "created"),
            **PAGE,
        },
    ),
    "workspaces": Report(
        query="projects.list_workspaces",
        sentence="Workspaces of ToolboxAI with their owners, projects and members.",
        filters=PERIOD | {"chosen": identifier, "status": text, "search": text, "limit": whole_number},
        left_out=frozenset({"workspaces", "fitting"}),
    ),
    "project_members": Report(
        query="projects.list_members",
        sentence="Who belongs to a project or a workspace of ToolboxAI.",
        filters={"project": identifier, "workspace": identifier, **PAGE},
    ),
    **operated.REPORTS,
}
