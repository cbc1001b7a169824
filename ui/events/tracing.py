"""One correlation: what caused what, when after the first, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from data import calendar
from data.reports.events import MOST_TRACED, Event, Traced
from ui import page
from ui.asking import links, paging
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join, tag
from ui.events.listing import short, written
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural

_DEEPEST = 16  # levels that are drawn indented; deeper ones stay there
_INDENT_PX = 14


def show_trace(view: View, correlation: UUID, found: Traced) -> None:
    """The sentence and the tree of a correlation."""
    events = [line.event for line in found.lines]
    times = [event.timestamp for event in events if event.timestamp and calendar.holds(event.timestamp)]
    first = min(times, default=None)
    page.say(_sentence(found, calendar.milliseconds_between(first, max(times, default=None))))
    page.note(
        "Correlation ",
        tables.identifier("id")({"id": correlation}),
        f", first {figures.exact(first, view.zone)}. ",
        links.go("‹\u00a0All\u00a0events", "events"),
    )
    page.heading("What caused what", "times after the first event")
    own = {event.event_id for event in events}
    rows: list[dict[str, Any]] = [
        {
            "depth": line.depth,
            "event": line.event,
            "after_ms": calendar.milliseconds_between(first, line.event.timestamp),
            "cause": found.outside.get(line.event.causation_id) if line.event.causation_id else None,
            "is_ring": line.event.causation_id in own,
        }
        for line in found.lines
    ]
    shown = _page_of(rows)
    tables.table(view, shown, _columns(view), label="Events by cause", total=len(rows))
    if not found.is_complete:
        page.note(
            f"These are the first {figures.count(MOST_TRACED)} events of this correlation; there are more. The export "
            "has them all."
        )


def _page_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    offset = paging.offset_of(len(rows))
    return rows[offset : offset + paging.PAGE_SIZE]


def _sentence(found: Traced, first_to_last_ms: float | None) -> str:
    events = [line.event for line in found.lines]
    streams, emitters = {event.aggregate for event in events}, {event.emitted_by for event in events}
    shown = plural(len(events), "event") if found.is_complete else f"The first {figures.count(len(events))} events"
    named = sum(bool(name) for name in emitters)
    by = f" from {plural(named, 'emitter')}" if named else ""
    words = f"{shown} of {plural(len(streams), 'aggregate')}{by}"
    if len(events) > 1 and first_to_last_ms is not None:
        words += f", over {figures.duration(first_to_last_ms)}"
    roots = [line.event for line in found.lines if line.depth == 0]
    own = {event.event_id for event in events}
    outside = sum(root.causation_id is not None and root.causation_id not in own for root in roots)
    rings = sum(root.causation_id in own for root in roots)
    began = len(roots) - outside - rings
    parts = [f"{figures.count(began)} began by {'itself' if began == 1 else 'themselves'}"] if began else []
    if outside:
        parts.append(f"{figures.count(outside)} {'was' if outside == 1 else 'were'} caused from outside")
    if rings:
        parts.append(f"{plural(rings, 'ring')} of events that name each other as cause")
    return f"{words}. Of its beginnings, {listed(parts)}." if len(parts) > 1 or not began else f"{words}."


def _columns(view: View) -> list[tables.Column]:
    def what(row: tables.Row) -> Child:
        event: Event = row["event"]
        address = links.href("event_stream", **_place(event))
        indent = min(row["depth"], _DEEPEST) * _INDENT_PX
        arrow = tables.muted("↳ ") if row["depth"] else None
        return tag(
            "span",
            arrow,
            links.go_to(figures.middle(event.event_type, 44) or "(no type)", address),
            _cause(view, row) if row["depth"] == 0 else None,
            style=f"padding-left:{indent}px",
        )

    def aggregate(row: tables.Row) -> Child:
        event: Event = row["event"]
        return f"{figures.middle(event.aggregate_type, 20)} {short(event.aggregate_id)}, {event.sequence_number:,}"

    return [
        tables.Column("After", lambda row: _after(row["after_ms"]), is_number=True, hint=lambda row: _exact(view, row)),
        tables.Column("Event", what, hint=_depth),
        tables.Column("Aggregate, no.", aggregate, hint=lambda row: " ".join(row["event"].aggregate)),
        tables.Column("Emitter", lambda row: figures.middle(row["event"].emitted_by, 28)),
        tables.Column("Confidence", _confidence, is_number=True),
        tables.Column("Payload", _payload, line=True, hint=lambda row: written(row["event"].payload, 1000)),
    ]


def _depth(row: tables.Row) -> str | None:
    return f"{plural(row['depth'], 'cause')} before it" if row["depth"] > 1 else None


def _after(milliseconds: float | None) -> Child:
    if milliseconds is None:
        return tables.muted(figures.DASH)
    return "0" if not milliseconds else f"+{figures.duration(milliseconds)}"


def _exact(view: View, row: tables.Row) -> str:
    return figures.exact(row["event"].timestamp, view.zone)


def _confidence(row: tables.Row) -> Child:
    confidence = row["event"].confidence
    return f"{confidence:.2f}" if confidence is not None else tables.muted(figures.DASH)


def _payload(row: tables.Row) -> Child:
    payload = row["event"].payload
    return tag("code", written(payload, 200)) if payload else tables.muted("empty")


def _place(event: Event) -> Mapping[str, links.Value]:
    return {"type": event.aggregate_type, "id": event.aggregate_id, "at": event.sequence_number}


def _cause(view: View, row: tables.Row) -> Markup | None:
    """Of an event that began here: which event outside caused it, or that its cause cannot be found."""
    event: Event = row["event"]
    if event.causation_id is None:
        return None
    if row["is_ring"]:
        return tables.muted("  its cause comes below: they name each other in a ring")
    cause = row["cause"]
    if cause is None:
        found = "nor found" if view.actor.sees_all else "and not there or not yours to see"
        return tables.muted(f"  cause {figures.short_id(event.causation_id)} is not in this correlation, {found}")
    link = links.go(
        figures.middle(cause["event_type"], 36),
        "event_stream",
        type=cause["aggregate_type"],
        id=cause["aggregate_id"],
        at=cause["sequence_number"],
    )
    return join(tables.muted("  caused from outside by "), link)
