"""One stream: its sentence, a slider over its events, the state at one of them and what that event changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import streamlit as st

from data.errors import NotFound
from data.reports import events
from data.reports.streams import WINDOW, Step, StreamAt
from ui import cached, page, veil
from ui.asking import filters, links, url
from ui.drawing import difference, tables
from ui.drawing.markup import Child, span, tag
from ui.events.listing import written
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural

_MOST_CHARACTERS = 20_000  # of a state or payload; what is more is said
_MOST_OF_SLIDER = 2**53 - 1  # browsers count no further
_MOST_FIELDS = 6  # named in the column of what changed


def asked_stream(view: View) -> tuple[str, str, int | None]:
    """The aggregate that the URL names by type and id, and the number of the event to look at (None: the newest).

    An event's id names its stream and number, too. Raises NotFound where the URL names none.
    """
    aggregate_type, aggregate_id = filters.given("type"), filters.given("id")
    if aggregate_type is not None and aggregate_id is not None:
        return aggregate_type, aggregate_id, url.asked_number("at", otherwise="the newest event is shown")
    try:
        event_id = UUID(filters.given("event") or "")
    except ValueError:
        raise NotFound("This address names no stream. Open one from the list of events.") from None
    row = cached.read(view, events.find_event, event_id=event_id)
    return row["aggregate_type"], row["aggregate_id"], row["sequence_number"]


def head(view: View, aggregate: tuple[str, str], found: StreamAt) -> None:
    """How many events the stream has, from when to when, and whether numbers are missing."""
    about, name = found.about, f"{figures.middle(aggregate[0], 60)} {figures.middle(aggregate[1], 80)}"
    st.html(tag("h2", name, class_="sb-heading", style="font-size:18px"))
    times = ""
    if about.first_at and about.last_at and about.first_at != about.last_at:
        first, last = (
            figures.moment_with_zone(when, view.zone, view.as_of) for when in (about.first_at, about.last_at)
        )
        times = f", from {first} to {last}"
    words = f"{plural(about.events, 'event')}{times}."
    if about.missing > 0:
        have = "is" if about.missing == 1 else "are"
        is_whole = view.actor.sees_all and not veil.hides("engine.events")
        why = "so the log has a gap" if is_whole else "either lost or not yours to see"
        page.say(
            f"{words} {plural(about.missing, 'number')} up to {about.last_number:,} {have} missing, {why}.",
            state="unknown" if veil.hides("engine.events") else "broken",
        )
    else:
        page.say(f"{words} No number is missing.", state="well" if view.actor.sees_all else None)
    if (asked := url.asked_number("at")) is not None and asked != found.at:
        page.note(f"No event of this stream has the number {asked:,}, so that with the number {found.at:,} is shown.")
    page.note(
        links.go(
            "‹\u00a0All\u00a0events of it in the list", "events", period="all", aggregate=aggregate[0], id=aggregate[1]
        ),
    )


def slider(aggregate: tuple[str, str], found: StreamAt) -> None:
    """The slider over the numbers of the stream, and links to the events around the one shown."""
    last = found.about.last_number
    if last > _MOST_OF_SLIDER:
        page.note(f"The newest event has the number {last:,}: no slider reaches that far, the links below do.")
    elif last > 1:
        # The key carries the stream: another one has other ends.
        key = f"f_at_{aggregate[0]}_{aggregate[1]}"
        st.session_state[key] = found.at

        def put() -> None:
            filters.put("at", str(st.session_state[key]))

        st.slider("State after event", 1, last, key=key, on_change=put)
    steps: list[Child] = []
    for words, target in (
        ("« first", 1),
        ("‹ previous event", found.at - 1),
        ("next event ›", found.at + 1),
        ("newest »", last),
    ):
        if 1 <= target <= last and target != found.at:
            steps.append(links.go_to(words, _at(aggregate, target)))
        else:
            steps.append(span(words, "sb-off"))
    st.html(tag("div", *steps, class_="sb-steps"))


def _at(aggregate: tuple[str, str], number: int) -> str:
    return links.href("event_stream", type=aggregate[0], id=aggregate[1], at=number)


def show_event(view: View, found: StreamAt) -> None:
    """The event that is looked at: when, by whom, why, with what."""
    event = found.event
    if event is None:
        page.heading(f"Event {found.at:,}")
        why = "it is missing" if view.actor.sees_all else "it is missing or not yours to see"
        page.say(f"No event has the number {found.at:,}: {why}.", state="broken")
        return
    page.heading(
        f"Event {found.at:,}: {figures.middle(event.event_type, 80)}", figures.exact(event.timestamp, view.zone)
    )
    confidence = f", confidence {event.confidence:.2f}" if event.confidence is not None else ""
    who = f"Emitted by {figures.middle(event.emitted_by, 60)}" if event.emitted_by else "Who emitted it is not recorded"
    pieces: list[Child] = [f"{who}{confidence}. "]
    pieces.append(links.go("Its correlation", "events", correlation=str(event.correlation_id)))
    if event.causation_id:
        pieces += [", caused by ", tables.identifier("id")({"id": event.causation_id})]
    pieces += [". Id ", tables.identifier("id")({"id": event.event_id}), "."]
    page.note(*pieces)
    _json("Payload", event.payload)
    if event.metadata:
        with st.expander("Metadata"):
            _json(None, event.metadata)


def show_state(found: StreamAt) -> None:
    """The state after the event, and what folded it."""
    if found.after is None:
        page.heading(f"State after event {found.at:,}")
        page.say(f"The state is not known here. {found.problem}", state="unknown")
        return
    page.heading(f"State after event {found.at:,}", folded_by(found))
    _json(None, found.after)


def show_change(found: StreamAt) -> None:
    """What the event changed of the state before it."""
    page.heading("What it changed", "of the state before it" if found.reducer else "of the payloads merged before it")
    if found.after is None:
        page.note("Not known: neither is the state.")
        return
    if found.event is None:
        page.note("Nothing: the event is missing.")
    elif lines := list(difference.difference(found.before, found.after)):
        difference.draw(lines)
    else:
        page.note(_nothing_changed(found))


def _nothing_changed(found: StreamAt) -> str:
    if found.reducer is None and found.event and not isinstance(found.event.payload, dict):
        return "Nothing: its payload is no object, so it is not merged."
    if found.reducer is None:
        return "Nothing: its payload says nothing new."
    return "Nothing: events of this type change nothing of the state, or repeat what it was."


def folded_by(found: StreamAt) -> str:
    """What made the state: the reducer with its version, or merging, and from where on."""
    how = f"folded by {found.reducer}" if found.reducer else "merged payload, no reducer"
    if found.unmerged:
        how += f", without {plural(found.unmerged, 'payload that is no object', 'payloads that are no objects')}"
    if found.began_after is None:
        return f"{how}, from the first event on ({plural(found.folded, 'event')})"
    if found.reducer is None:
        return f"{how}, of its last {plural(found.folded, 'event')} alone: earlier ones are left out"
    after = f"and {plural(found.folded, 'event')} after it" if found.folded else "alone"
    return f"{how}, from the snapshot at event {found.began_after:,} {after}"


def _json(label: str | None, value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if label:
        page.note(label)
    st.code(text[:_MOST_CHARACTERS], language="json", wrap_lines=True)
    if len(text) > _MOST_CHARACTERS:
        page.note(f"{plural(len(text) - _MOST_CHARACTERS, 'more character')} not shown.")


def steps_table(view: View, aggregate: tuple[str, str], found: StreamAt) -> None:
    """The events around the one that is looked at, each with the fields it changed."""
    last = found.about.last_number
    page.heading("Events of the stream", "in order; each with the fields of the state it changed")

    def event(row: tables.Row) -> Child:
        words = figures.middle(row["step"].event.event_type, 44) or "(no type)"
        if row["number"] == found.at:
            return tag("b", words, aria_current="true")
        return links.go_to(words, _at(aggregate, row["number"]))

    columns = [
        tables.Column("No.", lambda row: f"{row['number']:,}", is_number=True),
        tables.Column("Event", event),
        tables.Column("Changed", _changed, wide=True),
        tables.Column(
            f"When ({figures.zone_name(view.as_of, view.zone)})",
            tables.when(view, "at"),
            hint=lambda row: figures.exact(row["at"], view.zone),
        ),
        tables.Column("Emitter", lambda row: figures.middle(row["step"].event.emitted_by, 28)),
        tables.Column("Payload", lambda row: tag("code", written(row["step"].event.payload, 160)), line=True),
    ]
    rows: list[Mapping[str, Any]] = [
        {"step": one, "number": one.event.sequence_number, "at": one.event.timestamp} for one in found.steps
    ]
    tables.table(view, rows, columns, label="Events of the stream")
    if last > WINDOW:
        _pages(aggregate, found)


def _changed(row: tables.Row) -> Child:
    step: Step = row["step"]
    if step.changed is None:
        return tables.muted("not known")
    if not step.changed:
        return tables.muted("nothing")
    shown = [figures.middle(name, 30) for name in step.changed[:_MOST_FIELDS]]
    more = len(step.changed) - len(shown)
    return listed([*shown, plural(more, "more field")] if more else shown)


def _pages(aggregate: tuple[str, str], found: StreamAt) -> None:
    """Links to the events before and after those listed; the slider moves along."""
    last = found.about.last_number
    first = (found.at - 1) // WINDOW * WINDOW + 1
    end = min(first + WINDOW - 1, last)
    pieces: list[Child] = [span(f"numbers {first:,} to {end:,} of {last:,}", "sb-muted")]
    for words, target, is_open in (
        ("« first", 1, first > 1),
        ("‹ previous", first - WINDOW, first > 1),
        ("next ›", first + WINDOW, end < last),
        ("last »", last, end < last),
    ):
        pieces.append(links.go_to(words, _at(aggregate, target)) if is_open else span(words, "sb-off"))
    st.html(tag("div", *pieces, class_="sb-pager"))
