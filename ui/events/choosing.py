"""What the page of events is asked for: type, aggregate, emitter, payload, a correlation; and why there is nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

from data.reports import events as reports
from data.reports.events import Counts, Kind
from ui import absence, cached, page
from ui.asking import emptiness, filters, links, url
from ui.asking.periods import Period
from ui.drawing.markup import Child, tag
from ui.view import View
from ui.wording import figures

_VIEWS = (("Events", None), ("Integrity", "integrity"))


@dataclass(frozen=True)
class Chosen:
    """The filters of the URL. `payload` is the JSON that payloads shall contain, `typed` the text it was made of;
    `complaint` says why there is none, where something was typed; `broad`: very many events contain it."""

    event_type: str | None
    aggregate: str | None
    aggregate_id: str | None
    emitter: str | None
    typed: str | None
    payload: str | None
    complaint: str | None
    broad: bool = False

    @property
    def narrowed(self) -> dict[str, Any]:
        """What readers and exports take."""
        return {
            "event_type": self.event_type,
            "aggregate": self.aggregate,
            "aggregate_id": self.aggregate_id,
            "emitter": self.emitter,
            "payload": self.payload,
            "broad": self.broad,
        }

    @property
    def carried(self) -> dict[str, links.Value]:
        """What every link of the page carries on."""
        return {
            "type": self.event_type,
            "aggregate": self.aggregate,
            "id": self.aggregate_id,
            "emitter": self.emitter,
            "q": self.typed if self.payload else None,
        }


def asked(view: View) -> Chosen:
    """What the URL asks for, before any picker is drawn."""
    typed = filters.given("q")
    payload, complaint = None, None
    if typed:
        try:
            payload = reports.parse_payload(typed)
        except (ValueError, RecursionError):
            complaint = _complaint(typed)
    return Chosen(
        filters.given("type"),
        filters.given("aggregate"),
        filters.given("id"),
        filters.given("emitter"),
        typed,
        payload,
        complaint,
        broad=payload is not None and cached.read(view, reports.is_broad, payload=payload),
    )


def _complaint(typed: str) -> str:
    return (
        f"“{figures.shortened(typed, 80)}” is no JSON object, so payloads were not searched. They are searched by what"
        ' they contain, such as {"client_id": "nordlicht-versand"} or {"signals": {"logins": 3}}.'
    )


def asked_correlation() -> UUID | None:
    """The correlation that the URL asks for; None where it asks for none, or for what is no id."""
    return url.asked_identifier("correlation")


def asks_for_integrity() -> bool:
    """Whether the URL asks for whether the log is whole, and not for the events."""
    return filters.asked_of("view", ("events", "integrity"), instead="the events are shown") == "integrity"


def switch(view: View, shown: str | None, period: dict[str, str] | None = None) -> None:
    """Links between the events and whether their log is whole."""
    pieces: list[Child] = []
    for words, name in _VIEWS:
        if name == shown:
            pieces.append(tag("span", words, class_="sb-chip", aria_current="true"))
        else:
            pieces.append(links.go_to(words, links.href(view.page.url_path, period, view=name), class_="sb-chip"))
    st.html(tag("div", *pieces, class_="sb-chips", role="navigation", aria_label="What of events"))


def search_fields(view: View) -> None:
    """The fields for payload and aggregate id, beside the title."""
    filters.search(view, 'Payload: {"key": 1}')
    filters.search(view, "Aggregate id", "id")


def pickers(view: View, chosen: Chosen, counts: Counts) -> None:
    """The pickers with their counts, the active filters as chips, and what a field could not be read as."""
    filters.choice(view, "type", _options(counts.types))
    filters.choice(view, "aggregate", _options(counts.aggregates))
    filters.choice(view, "emitter", _options(counts.emitters))
    filters.chips(
        view,
        {
            "type": ("type", chosen.event_type) if chosen.event_type else None,
            "aggregate": ("aggregate", chosen.aggregate) if chosen.aggregate else None,
            "id": ("id", chosen.aggregate_id) if chosen.aggregate_id else None,
            "emitter": ("emitter", chosen.emitter) if chosen.emitter else None,
            "q": ("payload contains", _compact(chosen.payload)) if chosen.payload else None,
        },
    )
    if chosen.complaint:
        page.say(chosen.complaint, state="attention")
    _other_readings(chosen)


def _options(kinds: Sequence[Kind]) -> dict[str, int]:
    return {one.value: one.events for one in kinds if one.events}


def _compact(payload: str) -> str:
    return figures.shortened(json.dumps(json.loads(payload), ensure_ascii=False), 80)


def _other_readings(chosen: Chosen) -> None:
    """An id may be that of a stream or of a correlation: links to both."""
    if chosen.aggregate_id is None:
        return
    ways: list[Child] = []
    if chosen.aggregate:
        ways += [
            links.go("Open this stream", "event_stream", type=chosen.aggregate, id=chosen.aggregate_id),
            " with its state at each event. ",
        ]
    try:
        correlation = UUID(chosen.aggregate_id)
    except ValueError:
        pass
    else:
        ways += [links.go("Look for a correlation of this id", "events", correlation=str(correlation)), "."]
    if ways:
        page.note(*ways)


def nothing(view: View, period: Period, chosen: Chosen, *, holds_any: bool) -> None:
    """Why there is no event: none that fits, hidden ones, none at all."""
    if holds_any:
        emptiness.say_none(view, period, "No event", "the events without a time")
    elif absence.explained(view, "analytics.stg_engine__events", "events"):
        return
    elif view.actor.sees_all:
        page.empty(
            "No event of the engine is recorded yet.",
            "Agents append them with EventStore of signalbox_client, or with engine.append_event().",
        )
    elif view.actor.client_id:
        page.empty(
            "No event of yours is recorded.",
            f"You see the events of {view.actor.client_id}, the client that your account speaks for; managers see all.",
        )
    else:
        page.empty(
            "No event of yours is recorded.",
            "Members see the events of the client that their account speaks for, and yours speaks for none; "
            "managers see all.",
        )
