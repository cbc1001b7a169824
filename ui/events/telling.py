"""What the page of events tells first: how many, which more or fewer than before, the chart, the types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from data.reports.events import KIND_SORTS, MOST_KINDS, Counts, Kind
from ui import page
from ui.asking import filters, links
from ui.asking.periods import Period
from ui.drawing import charts, tables
from ui.drawing.markup import Child, Markup, join
from ui.events.choosing import Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import change, plural

_CHARTED = 7  # types in the chart; the others are one
_MOST_NAMED = 3
_LEAST_MOVED = 1.0  # a type is named when it doubled, or fell to half
_LISTED = 12  # types in the table; the picker and the export have them all
_LONGEST_NAME = 48


def summary(counts: Counts, period: Period, chosen: Chosen) -> None:
    """How many events there are, of how many types, and which types moved most against the period before."""
    where = "among the events without a time" if period.untimed else period.during
    of = f" of the type {chosen.event_type}" if chosen.event_type else ""
    words = f"{plural(counts.events, 'event')}{of} {where}"
    moved = change(counts.events, counts.previous_events) if period.previous else None
    if moved:
        words += f", {moved} on {period.previous_label} (n\u00a0=\u00a0{figures.count(counts.previous_events)})"
    if not chosen.event_type:
        unnamed = not chosen.emitter and any(not one.value and one.events for one in counts.emitters)
        named = counts.emitters_present - unnamed
        by = f" from {plural(named, 'emitter')}" if named else ""
        words += f"; {plural(counts.types_present, 'type')}{by}"
        if gone := counts.type_count - counts.types_present:
            words += f", and {plural(gone, 'type')} of {period.previous_label} alone"
    pieces: list[Child] = [f"{words}."]
    if period.previous and not chosen.event_type:
        pieces += _moves(counts, period, chosen)
    page.say(join(*pieces, between=" "))
    if counts.is_from_rows:
        filters.say_unsummed(("payload or by single aggregate",), "events")


def _moves(counts: Counts, period: Period, chosen: Chosen) -> list[Child]:
    """The types that moved most, in a sentence with links; nothing where none did."""
    compared = [one for one in counts.types if max(one.events, one.previous_events) >= 20 and one.previous_events >= 10]
    risen = [one for one in compared if one.events / one.previous_events >= 1 + _LEAST_MOVED]
    fallen = [one for one in compared if one.events / one.previous_events <= 1 / (1 + _LEAST_MOVED)]
    new = [one for one in counts.types if one.events >= 20 and not one.previous_events]
    pieces: list[Child] = []
    for kinds, words in ((risen, "Twice as many or more:"), (fallen, "Half as many or fewer:"), (new, "New:")):
        if kinds:
            named = [_named(one, period, chosen) for one in kinds[:_MOST_NAMED]]
            rest = f" and {plural(len(kinds) - _MOST_NAMED, 'other type')}" if len(kinds) > _MOST_NAMED else ""
            pieces.append(join(f"{words} ", join(*named, between=", "), f"{rest}."))
    if not pieces and compared:
        pieces.append(f"No type doubled or halved ({plural(len(compared), 'type')} with enough events to compare).")
    return pieces


def _named(one: Kind, period: Period, chosen: Chosen) -> Markup:
    link = links.go(
        figures.middle(one.value, _LONGEST_NAME), "events", period.query, **{**chosen.carried, "type": one.value}
    )
    before = f", was {figures.count(one.previous_events)}" if one.previous_events else ""
    return join(link, f" ({figures.count(one.events)}{before})")


def charted(counts: Counts, chosen: Chosen) -> tuple[str, ...]:
    """The types that get a series of their own in the chart."""
    if chosen.event_type:
        return (chosen.event_type,)
    return tuple(one.value for one in counts.types[:_CHARTED] if one.events)


def chart(view: View, buckets: pd.DataFrame, period: Period, bucket: str, chosen: Chosen, types: Sequence[str]) -> None:
    """Events over time by type, `types` each by itself; a click opens that time."""
    if period.untimed:
        page.note("These events have no time, so they cannot be drawn over it.")
        return
    page.heading(f"Events per {bucket}", chosen.event_type or "by type")
    charts.over_time(
        view,
        buckets.rename(columns={"event_type": "type"}),
        value="events",
        bucket=bucket,
        period=period,
        title="events",
        series=None if chosen.event_type else "type",
        opens="events",
        carrying=chosen.carried,
        choosing=None if chosen.event_type else {name: {"type": name} for name in types if name not in ("", "other")},
    )


def types_table(view: View, counts: Counts, period: Period, chosen: Chosen) -> tuple[int, tuple[str, bool]]:
    """The types with their counts against the period before; how many there are, and what they are sorted by."""
    shown = [one for one in counts.types if one.events or one.previous_events]
    if chosen.event_type:
        shown = [one for one in shown if one.value == chosen.event_type]
    sorted_by = filters.sorting(KIND_SORTS, "-events")
    page.heading("Types", "sorted by how many" if sorted_by[0] == "events" else None)
    top = max((one.events for one in shown), default=0)
    bar = tables.bar("events", top)
    rows = tables.ordered([_row(one) for one in shown], sorted_by, KIND_SORTS)[:_LISTED]

    def of_type(content: Child, row: tables.Row) -> Markup:
        return links.go(content, "events", period.query, **{**chosen.carried, "type": row["value"]})

    def name(row: tables.Row) -> Child:
        return of_type(figures.middle(row["value"] or "(no name)", _LONGEST_NAME), row)

    columns = [
        tables.Column("Type", name, hint=lambda row: row["value"], sort="type", down_first=False),
        tables.Column("Events", lambda row: of_type(bar(row), row), is_number=True, sort="events"),
    ]
    if period.previous:
        columns.append(
            tables.Column(
                "Change",
                lambda row: row["moved"] or tables.muted(figures.DASH),
                is_number=True,
                sort="change",
                hint=lambda row: f"{figures.count(row['previous_events'])} in {period.previous_label}",
            )
        )
    columns += [
        tables.Column("Confidence", _confidence, is_number=True, sort="confidence", down_first=False, hint=_decisions),
        tables.Column(
            f"Newest ({figures.zone_name(view.as_of, view.zone)})",
            lambda row: tables.when(view, "last_at")(row) if row["events"] else tables.muted(figures.DASH),
            sort="when",
            hint=lambda row: figures.exact(row["last_at"], view.zone),
        ),
    ]
    tables.table(view, rows, columns, label="Types of events", sorted_by=sorted_by)
    more = (len(shown) if counts.type_count <= MOST_KINDS else counts.type_count) - len(rows)
    if more > 0 and not chosen.event_type:
        page.note(f"{plural(more, 'more type')} in the picker and in the export.")
    return 1 if chosen.event_type else counts.type_count, sorted_by


def _row(one: Kind) -> dict[str, Any]:
    return asdict(one) | {"moved": change(one.events, one.previous_events)}


def _confidence(row: tables.Row) -> Child:
    return f"{row['confidence']:.2f}" if row["confidence"] is not None else tables.muted(figures.DASH)


def _decisions(row: tables.Row) -> str | None:
    if not row["decisions"]:
        return "no event of this type carries a confidence"
    return f"mean of {figures.count(row['decisions'])} of {plural(row['events'], 'event')} with a confidence"
