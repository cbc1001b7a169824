"""The list of events: newest first, pages that cost the same wherever they lie."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import streamlit as st

from data.reports.events import Page
from ui import page
from ui.asking import filters, links
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, span, tag
from ui.events.choosing import Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_PLACE, _DIRECTION = "place", "turn"


def asked_place(period: Period, chosen: Chosen) -> tuple[tuple[datetime, UUID] | None, bool]:
    """After which event the page of the list begins, and whether it goes upwards from there.

    A place counts for the period and the filters that it was given out for: with others the list begins anew. Of what
    is no place a note says so.
    """
    asked = st.query_params.get(_PLACE)
    written, ends, mark = (filters.given(_PLACE) or "").rpartition("~")
    place = _read_place(written)
    if asked and (place is None if written else not ends):
        page.note("The address asks for a place in the list that cannot be read, so the newest events are shown.")
    elif asked and mark == _mark_of(period, chosen):
        return place, filters.given(_DIRECTION) == "newer"
    return None, False


def _read_place(written: str) -> tuple[datetime, UUID] | None:
    when, _, identifier = written.partition("~")
    try:
        at = datetime.fromisoformat(when)
        return (at, UUID(identifier)) if at.tzinfo else None
    except ValueError:
        return None


def _mark_of(period: Period, chosen: Chosen) -> str:
    """A few characters that differ between periods and filters."""
    asked = json.dumps([period.query, chosen.carried], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()[:8]


def events_table(view: View, found: Page, total: int, period: Period, chosen: Chosen) -> None:
    """One page of events; each leads to its place in its stream, and to its correlation."""
    page.heading("Events", "newest first")
    tables.table(view, found.rows, columns(view), label="Events, newest first")
    _pager(view, found, total, _mark_of(period, chosen))


def columns(view: View) -> list[tables.Column]:
    """What is shown of an event."""
    return [
        tables.Column(
            f"When ({figures.zone_name(view.as_of, view.zone)})",
            tables.when(view, "occurred_at"),
            hint=lambda row: figures.exact(row["occurred_at"], view.zone),
        ),
        tables.Column("Type", _type, hint=lambda row: row["event_type"]),
        tables.Column("Aggregate", _aggregate, hint=lambda row: f"{row['aggregate_type']} {row['aggregate_id']}"),
        tables.Column("No.", lambda row: figures.count(row["sequence_number"]), is_number=True),
        tables.Column("Emitter", lambda row: figures.middle(row["emitted_by"], 28), hint=lambda row: row["emitted_by"]),
        tables.Column("Confidence", _confidence, is_number=True),
        tables.Column("Payload", _payload, line=True, hint=lambda row: written(row["payload"], 1000)),
        tables.Column("Correlation", _correlation),
    ]


def _type(row: tables.Row) -> Child:
    return links.go(figures.middle(row["event_type"], 40) or "(no type)", "event_stream", **stream_of(row))


def stream_of(row: tables.Row) -> dict[str, links.Value]:
    """The parameters of an event's place in its stream; by its own id where a name cannot stand in an address."""
    if not all(one.isprintable() and 0 < len(one) <= filters.LONGEST_VALUE for one in _names(row)):
        return {"event": str(row["event_id"])}
    return {"type": row["aggregate_type"], "id": row["aggregate_id"], "at": row["sequence_number"]}


def _names(row: tables.Row) -> tuple[str, str]:
    return row["aggregate_type"], row["aggregate_id"]


def _aggregate(row: tables.Row) -> Child:
    words = f"{figures.middle(row['aggregate_type'], 20)} {short(row['aggregate_id'])}"
    return links.go(words, "events", period="all", aggregate=row["aggregate_type"], id=row["aggregate_id"])


def short(identifier: str) -> str:
    """An id as it can be read: of a UUID the first characters, of a long name its beginning and end."""
    try:
        return figures.short_id(UUID(identifier))
    except ValueError:
        return figures.middle(identifier, 28)


def _confidence(row: tables.Row) -> Child:
    return f"{row['confidence']:.2f}" if row["confidence"] is not None else tables.muted(figures.DASH)


def _payload(row: tables.Row) -> Child:
    return tag("code", written(row["payload"], 200)) if row["payload"] else tables.muted("empty")


def written(value: Any, length: int) -> str:
    """A JSON value in one line, cut at a length; without the braces of an object."""
    text = json.dumps(value, ensure_ascii=False)
    return figures.as_written(text[1:-1] if isinstance(value, dict) else text, length)


def _correlation(row: tables.Row) -> Child:
    identifier = str(row["correlation_id"])
    return links.go(tag("code", figures.short_id(identifier)), "events", correlation=identifier)


def _pager(view: View, found: Page, total: int, mark: str) -> None:
    if not (found.has_newer or found.has_older):
        return
    rows = found.rows
    newest, oldest = (_place_of(rows[0], mark), _place_of(rows[-1], mark)) if rows else (None, None)
    pieces: list[Child] = [span(f"{figures.count(len(rows))} of {plural(total, 'event')}", "sb-muted")]
    for words, is_open, place, turn in (
        ("« newest", found.has_newer, None, None),
        ("‹ newer", found.has_newer, newest, "newer"),
        ("older ›", found.has_older, oldest, None),
        ("oldest »", found.has_older, f"~{mark}", "newer"),
    ):
        if is_open:
            address = filters.here(view, **{_PLACE: place, _DIRECTION: turn})
            pieces.append(links.go_to(words, address))
        else:
            pieces.append(span(words, "sb-off"))
    st.html(tag("div", *pieces, class_="sb-pager"))


def _place_of(row: tables.Row, mark: str) -> str | None:
    return f"{row['occurred_at'].isoformat()}~{row['event_id']}~{mark}" if row["occurred_at"] else None
