"""The views of every page that are measured: as it opens, over all time, by a filter, its last page, one row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import LiteralString


@dataclass(frozen=True)
class PageView:
    """A page with parameters of its URL. `found_by` is a query of the owner whose first row gives more of them by their
    names, so that one of its rows is opened."""

    page: str
    parameters: dict[str, str] = field(default_factory=dict)
    found_by: LiteralString | None = None


_LAST = "1000000"  # a page beyond the last one is the last one
_PROJECT = "select project_name as project from chronicle.sessions group by 1 order by count(*) desc, 1 limit 1"
# Of a length that there is in a demo of any size: how long a session is does not rest on how many there are.
_SESSION = (
    "select session_id::text as session from chronicle.events group by 1 having count(*) between 100 and 300"
    " order by abs(count(*) - 200), 1 limit 1"
)
_JOB = "select id::text as job from agents.jobs order by length(job_data::text) desc, 1 limit 1"
_AGENT = "select agent_identifier as agent from agents.jobs group by 1 order by count(*) desc, 1 limit 1"
_SOP = "select sop_id as sop from engine.sop_executions group by 1 order by count(*) desc, 1 limit 1"
_EXECUTION = "select id::text as execution from engine.sop_executions order by length(steps::text) desc, 1 limit 1"
_TYPE = "select event_type as type from engine.events group by 1 order by count(*) desc, 1 limit 1"
_STREAM = (
    "select aggregate_type as type, aggregate_id as id from engine.events group by 1, 2 order by count(*) desc, 1, 2"
    " limit 1"
)
_PERSON = (
    "select user_id::text as person from agents.jobs where user_id is not null group by 1 order by count(*) desc, 1"
    " limit 1"
)
_LIFT = "select id::text as session from lift.sessions order by revision_count desc, 1 limit 1"
_QUESTION = "select id::text as approval from engine.human_approvals order by created_at desc, 1 limit 1"
_CLIENT = "select aggregate_id as client from engine.events where aggregate_type = 'Client' order by 1 limit 1"

VIEWS: tuple[PageView, ...] = (
    PageView("overview", {"period": "30d"}),
    PageView("overview", {"period": "all"}),
    PageView("sessions", {"period": "30d"}),
    PageView("sessions", {"period": "all", "page": _LAST}),
    PageView("sessions", {"period": "30d"}, _PROJECT),
    PageView("sessions", {"period": "30d", "q": "refund"}),
    PageView("sessions", {"period": "30d", "sort": "-errors"}),
    PageView("session", {}, _SESSION),
    PageView("lift_sessions", {"period": "30d"}),
    PageView("lift_sessions", {"period": "all", "page": _LAST}),
    PageView("lift_session", {}, _LIFT),
    PageView("tools", {"period": "30d"}),
    PageView("tools", {"period": "all", "list": "calls", "page": _LAST}),
    PageView("tools", {"period": "all", "list": "calls", "sort": "-duration"}),
    PageView("tools", {"period": "30d", "outcome": "failed"}),
    PageView("jobs", {"period": "30d"}),
    PageView("jobs", {"period": "all", "page": _LAST}),
    PageView("jobs", {"period": "30d"}, _AGENT),
    PageView("jobs", {"period": "30d", "q": "refund"}),
    PageView("jobs", {}, _JOB),
    PageView("agents", {"period": "30d"}),
    PageView("agents", {"period": "all"}, _AGENT),
    PageView("sops", {"period": "30d"}),
    PageView("sops", {"period": "all"}, _SOP),
    PageView("sops", {"period": "all", "list": "runs", "page": _LAST}),
    PageView("sop_execution", {}, _EXECUTION),
    PageView("events", {"period": "30d"}),
    PageView("events", {"period": "all"}, _TYPE),
    PageView("events", {"period": "all", "q": '{"priority": "high"}'}),
    PageView("event_stream", {}, _STREAM),
    PageView("clients"),
    PageView("clients", {}, _CLIENT),
    PageView("people", {"period": "30d"}),
    PageView("people", {"period": "30d"}, _PERSON),
    PageView("projects"),
    PageView("backups"),
    PageView("approvals"),
    PageView("approvals", {"show": "decided", "page": _LAST}),
    PageView("approvals", {}, _QUESTION),
    PageView("seen_as"),
    PageView("migrations"),
    PageView("database"),
    PageView("database", {"table": "chronicle.events"}),
)
