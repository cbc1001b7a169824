"""The questions that tests of the import ask of a database."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row

# Everything an import writes but ids of files, times of import, and provenance of records that several files hold.
SNAPSHOT: dict[str, LiteralString] = {
    "sessions": """
        select id, session_id, project_name, git_branch, working_directory, started_at, ended_at, status, metadata
        from chronicle.sessions order by id
    """,
    "events": """
        select id, session_id, event_type, source_app, timestamp, data, metadata from chronicle.events order by id
    """,
    "tool_events": """
        select id, session_id, event_id, tool_name, tool_type, phase, parameters, result, execution_time_ms, success,
            error_message, created_at, call_id
        from chronicle.tool_events order by id
    """,
    "prompt_events": """
        select id, session_id, event_id, prompt_text, prompt_length, created_at from chronicle.prompt_events order by id
    """,
    "notification_events": """
        select id, session_id, event_id, notification_type, message, severity, created_at
        from chronicle.notification_events order by id
    """,
    "lifecycle_events": """
        select id, session_id, event_id, lifecycle_type, trigger_reason, created_at
        from chronicle.lifecycle_events order by id
    """,
    "project_context": """
        select id, session_id, file_path, file_type, created_at from chronicle.project_context order by id
    """,
    "replies": "select * from signalbox.model_replies order by message_id",
    "records": """
        select r.record_key, r.event_id, f.path, r.line, r.place, r.part, r.source_kind, r.pair_key, r.pair_order
        from signalbox.import_records as r inner join signalbox.import_files as f on f.id = r.file_id
        order by r.record_key
    """,
    "jobs": """
        select id, user_id, agent_identifier, status, job_data, result, error_message, created_at, started_at,
            completed_at
        from agents.jobs order by id
    """,
    "approvals": """
        select id, session_id, user_id, agent_id, approval_type, title, request_payload, context, status, created_at,
            decided_at, decided_by, decided_by_name, decision_note, metadata
        from engine.human_approvals order by id
    """,
    "executions": """
        select id, sop_id, session_id, user_id, agent_id, status, current_step, steps, actions_total, actions_automated,
            human_interventions, cycle_time_hours, automation_rate, estimated_cost, error_message, started_at,
            completed_at, metadata
        from engine.sop_executions order by id
    """,
    "metrics": """
        select id, agent_id, user_id, source, window_start, window_end, actions_total, actions_automated,
            human_escalations, avg_confidence, confidence_count, automation_rate, total_cost, metadata
        from engine.agent_metrics order by id
    """,
}


def rows(url: str, query: LiteralString, **parameters: Any) -> list[DictRow]:
    """What the query finds, as the owner of the database."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("set timezone to 'UTC'")
        return connection.execute(query, parameters or None).fetchall()


def value(url: str, query: LiteralString, **parameters: Any) -> Any:
    """The first column of the first row."""
    found = rows(url, query, **parameters)
    return next(iter(found[0].values())) if found else None


def snapshot(url: str) -> dict[str, list[DictRow]]:
    """Everything that imports wrote, comparable between databases."""
    return {name: rows(url, query) for name, query in SNAPSHOT.items()}
