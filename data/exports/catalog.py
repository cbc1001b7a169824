"""The reports that can be exported. A new one takes a named query of its area and an entry here."""

from __future__ import annotations

from data.exports.parameters import Report, flag, identifier, moment, one_of, text, whole_number

_PERIOD = {"start": moment, "end": moment, "untimed": flag}

REPORTS: dict[str, Report] = {
    "tool_calls": Report(
        query="exports.list_tool_calls",
        sentence="Every call of a tool, with its outcome, duration and error.",
        filters=_PERIOD
        | {"tool": text, "project": text, "outcome": one_of("succeeded", "failed", "refused", "unknown")},
    ),
    "sessions": Report(
        query="sessions.export_sessions",
        sentence="Sessions with what happened in them and what they cost.",
        filters=_PERIOD
        | {
            "project": text,
            "status": text,
            "model": text,
            "has": one_of("errors", "refusals", "notifications", "compactions", "subagents"),
            "search": text,
        },
    ),
    "session_events": Report(
        query="sessions.export_events",
        sentence="Every event of one session with its contents.",
        filters={"session": identifier},
    ),
    "tools": Report(
        query="tools.list_usage",
        sentence="Tools with their calls, outcomes and durations, against the period before.",
        filters=_PERIOD
        | {
            "previous_start": moment,
            "previous_end": moment,
            "tool": text,
            "project": text,
            "with_total": flag,
        },
    ),
    "tool_errors": Report(
        query="tools.list_errors",
        sentence="Kinds of failures of tools with how often and a case of each.",
        filters=_PERIOD | {"tool": text, "project": text, "limit": whole_number},
    ),
    "jobs": Report(
        query="jobs.list_jobs",
        sentence="Jobs with their state, times and messages.",
        filters=_PERIOD
        | {
            "agent": text,
            "status": one_of("pending", "running", "completed", "failed", "cancelled"),
            "search": text,
            "error_group": text,
            "long_running": flag,
            "newest": flag,
            "now": moment,
            "long_s": whole_number,
            "limit": whole_number,
            "offset": whole_number,
        },
    ),
    "job_failures": Report(
        query="jobs.list_failures",
        sentence="Kinds of failures of jobs with how often and a case of each.",
        filters=_PERIOD | {"agent": text, "search": text, "limit": whole_number},
    ),
    "approvals": Report(
        query="approvals.list_history",
        sentence="Questions to people that are over: decided, run out of time, or from imported logs.",
        filters={
            "shown": one_of("decided", "expired", "imported"),
            "now": moment,
            "limit": whole_number,
            "offset": whole_number,
        },
    ),
    "approvals_queue": Report(
        query="approvals.list_queue",
        sentence="Questions that wait for a decision.",
        filters={"now": moment, "soon_s": whole_number, "limit": whole_number, "offset": whole_number},
    ),
}
