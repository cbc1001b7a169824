"""One happening of a session: what went in, what came out, how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import streamlit as st

from data import adoption
from data.access import Actor
from data.reports import session
from ui import acts, deeds, page
from ui.drawing.markup import join, span, tag
from ui.sessions import timeline
from ui.sessions.timeline import Item, name_of, words_of
from ui.view import View
from ui.wording import figures

_ONE_LINE = 100
_LONGEST = 20_000  # characters of one value on the page; the whole of it is in the JSON


def picked(items: Sequence[Item], asked: str | None) -> Item | None:
    """The item of this id. Where there is none: the first that went wrong, else that waits, else the first prompt."""
    found = next((item for item in items if item["item_id"] == asked), None)
    for state in ("broken", "waiting"):
        found = found or next((item for item in items if timeline.state_of(item) == state), None)
    return found or next((item for item in items if item["kind"] == "prompt"), None) or next(iter(items), None)


def detail(view: View, item: Item, content: Mapping[str, Any]) -> None:
    """The selected item: what went in, what came out, how long it took, everything as JSON to copy."""
    state = timeline.state_of(item)
    page.heading(name_of(item), join(page.mark(state), words_of(item)))
    took = figures.duration(item["duration_ms"]) if item["duration_ms"] is not None else figures.NONE_RECORDED
    facts = [("when", figures.exact(item["occurred_at"], view.zone)), ("took", took)]
    if item["kind"] not in ("call", "question"):
        facts.pop()
    if item["agent_id"]:
        facts.append(("subagent", f"{item['agent_type'] or ''} {item['agent_id']}".strip()))
    st.html(tag("p", *[join(span(f"{name} ", "sb-muted"), value, "   ") for name, value in facts], class_="sb-facts"))
    for title, value, language in _contents(item, content):
        page.heading(title)
        if value is None:
            page.note(figures.NONE_RECORDED)
        else:
            is_long = value.count("\n") > 16 or len(value) > 1200
            st.code(value[:_LONGEST], language=language, wrap_lines=True, height=340 if is_long else "content")
            if len(value) > _LONGEST:
                page.note(f"The first {figures.count(_LONGEST)} of {figures.count(len(value))} characters.")
    with st.expander("Everything as JSON"):
        st.code(as_json({**item, **content})[: 10 * _LONGEST], language="json", height=320)
    is_open = content.get("notification_id") and not content["is_acknowledged"]
    if is_open and deeds.is_possible(view, adoption.ACKNOWLEDGING):
        acts.button("Acknowledge this notification", _acknowledge, content["notification_id"], key="acknowledge")


def _acknowledge(actor: Actor, notification_id: str) -> str:
    session.acknowledge(actor, UUID(notification_id))
    return "The notification is acknowledged."


def _contents(item: Item, content: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    if item["kind"] == "prompt":
        return [("What was asked", content["prompt_text"], None)]
    if item["kind"] == "notification":
        return [("What it said", content["message"], None)]
    if item["kind"] == "question":
        asked = ("What was asked", as_json(content["request_payload"]), "json")
        note = content["decision_note"]
        return [("Why", content["reason"], None), asked, ("What was decided", _decision(content, note), None)]
    if item["kind"] == "call":
        out = content["error_message"] or as_text(content["result"])
        return [
            ("In", as_lines(content["parameters"]), None),
            ("Error" if content["error_message"] else "Out", out, None),
        ]
    return [("What was recorded", as_text(content["data"]), "json")]


def _decision(content: Mapping[str, Any], note: str | None) -> str:
    by = f" by {content['decided_by_name']}" if content["decided_by_name"] else ""
    return f"{content['status']}{by}{': ' + note if note else ''}"


def as_text(value: Any) -> str | None:
    """A recorded value as people read it: text as it is, everything else as indented JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return value
    if (
        isinstance(value, Mapping)
        and set(value) <= {"stdout", "stderr", "interrupted", "isImage"}
        and value.get("stdout")
    ):
        return "\n".join(str(value[name]) for name in ("stdout", "stderr") if value.get(name))
    return as_json(value)


def as_lines(value: Any) -> str | None:
    """What a tool was given, one line per argument; a text of several lines stands below its name as it is."""
    if not isinstance(value, Mapping):
        return as_text(value)
    lines = []
    for name, argument in value.items():
        written = argument if isinstance(argument, str) else as_json(argument)
        lines.append(f"{name}:\n{written}" if "\n" in written or len(written) > _ONE_LINE else f"{name}: {written}")
    return "\n".join(lines) or "no arguments"


def as_json(value: Any) -> str:
    """Indented JSON; times and ids as text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
