"""Whether the log of events is whole, in sentences: gaps, snapshots, projections against a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from data.reports import integrity as reports
from data.reports.integrity import Comparison, Integrity
from data.reports.streams import SNAPSHOTS_EVERY, stream_types
from ui import cached, page, veil
from ui.asking import links
from ui.drawing import tables
from ui.drawing.markup import Child, join, tag
from ui.events.listing import short, written
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural

_CHECKED, _COMPARED = "events_checked", "events_compared"
MOST_LISTED = 50


@dataclass(frozen=True)
class Checked:
    """What was found in this tab: at a time, at a state of the tables, for one sight of one database.

    The log may have millions of events and change every second, so it is not looked through at each view.
    """

    found: Any
    at: datetime
    versions: tuple[tuple[str, str], ...]
    whose: tuple[str, ...]


@dataclass(frozen=True)
class Log:
    """The log in numbers, its gaps, its snapshots that lag."""

    counts: Integrity
    gaps: Sequence[Mapping[str, Any]]
    lags: Sequence[Mapping[str, Any]]


def _kept(view: View, name: str) -> Checked | None:
    """What was found before in this tab; None where that was for another sight or database."""
    kept = st.session_state.get(name)
    return kept if isinstance(kept, Checked) and kept.whose == _whose(view) else None


def _keep(view: View, name: str, found: object) -> Checked:
    kept = Checked(found, view.as_of, view.versions, _whose(view))
    st.session_state[name] = kept
    return kept


def _whose(view: View) -> tuple[str, ...]:
    return *view.sight, view.actor.dataset


def _say_when(view: View, checked: Checked, done: str) -> None:
    clock = f"{checked.at.astimezone(view.zone):%H:%M:%S} {figures.zone_name(checked.at, view.zone)}"
    stale = " Rows have come or changed since." if checked.versions != view.versions else ""
    page.note(f"{done} at {clock}.{stale}")


def log(view: View) -> None:
    """Gaps and snapshots: looked for when the tab first comes here, and again when asked."""
    checked = _kept(view, _CHECKED)
    if checked is None or st.session_state.get("check_log"):
        counts = cached.read(view, reports.read_integrity)
        gaps = cached.read(view, reports.read_gaps, limit=MOST_LISTED) if counts.with_gaps else []
        lags = cached.read(view, reports.read_snapshot_lags, limit=MOST_LISTED) if counts.behind else []
        checked = _keep(view, _CHECKED, Log(counts, gaps, lags))
    found: Log = checked.found
    view.recalls.update(("engine.events", "engine.event_snapshots"))
    if found.counts.events:
        say_log(found.counts)
    else:
        page.say("There is no event to check.", state="unknown")
    _say_when(view, checked, "Checked")
    st.button("Check again", key="check_log")
    if found.gaps:
        gaps_table(view, found.gaps)
    if found.lags:
        lags_table(view, found.lags)


def say_log(found: Integrity) -> None:
    """Numbers and snapshots, each with its mark."""
    of = f"{plural(found.events, 'event')} in {plural(found.aggregates, 'stream')}"
    if found.with_gaps:
        have = "has" if found.with_gaps == 1 else "have"
        page.say(
            f"{plural(found.with_gaps, 'stream')} {have} gaps: {plural(found.numbers_missing, 'number')} missing. "
            f"Looked at {of}.{' Row security may keep them.' if veil.hides('engine.events') else ''}",
            state="unknown" if veil.hides("engine.events") else "broken",
        )
    else:
        page.say(f"No number is missing in {of}.", state="well")
    if not found.with_reducer:
        page.say("No stream has a reducer in this console, so snapshots cannot be judged.", state="unknown")
    elif veil.hides("engine.events", "engine.event_snapshots"):
        page.say(
            "Row security keeps events or snapshots from your role, so snapshots cannot be judged.", state="unknown"
        )
    elif found.behind:
        most = f" The furthest is {figures.count(found.most_behind)} events behind." if found.most_behind else ""
        page.say(
            f"{plural(found.behind, 'stream')} {'has' if found.behind == 1 else 'have'} a newest snapshot more than "
            f"{SNAPSHOTS_EVERY} events old.{most}",
            state="attention",
        )
    else:
        page.say(
            f"Snapshots keep up: none of {plural(found.with_reducer, 'stream')} with a reducer lies more than "
            f"{SNAPSHOTS_EVERY} events behind.",
            state="well",
        )


def gaps_table(view: View, rows: Sequence[Mapping[str, Any]]) -> None:
    """The missing numbers; each leads to its place in the stream."""
    page.heading("Missing numbers", "the streams that miss most first")

    def numbers(row: tables.Row) -> Child:
        first, last = row["first_missing"], row["last_missing"]
        words = f"{first:,}" if first == last else f"{first:,} to {last:,}"
        return links.go(words, "event_stream", type=row["aggregate_type"], id=row["aggregate_id"], at=first)

    columns = [
        tables.Column("Stream", _stream, hint=_whole_name),
        tables.Column("Which", numbers, is_number=True),
        tables.Column("How many", tables.count("numbers_missing"), is_number=True),
    ]
    tables.table(view, rows, columns, label="Missing numbers")
    _say_cut(rows)


def lags_table(view: View, rows: Sequence[Mapping[str, Any]]) -> None:
    """Streams whose snapshots lag; each leads to its newest event."""
    page.heading("Snapshots that lag", "EventStore.catch_up of signalbox_client makes what is missing")
    columns = [
        tables.Column("Stream", _stream, hint=_whole_name),
        tables.Column("Events behind", tables.count("events_behind"), is_number=True),
        tables.Column("Newest event", lambda row: f"{row['sequence_number']:,}", is_number=True),
        tables.Column(
            "Newest snapshot",
            lambda row: f"{row['snapshot_sequence']:,}" if row["snapshot_sequence"] else tables.muted("none"),
            is_number=True,
        ),
        tables.Column("By other versions", tables.count("snapshots_by_other_versions"), is_number=True),
    ]
    tables.table(view, rows, columns, label="Snapshots that lag")
    _say_cut(rows)


def _stream(row: tables.Row) -> Child:
    words = f"{figures.middle(row['aggregate_type'], 24)} {short(row['aggregate_id'])}"
    return links.go(words, "event_stream", type=row["aggregate_type"], id=row["aggregate_id"])


def _whole_name(row: tables.Row) -> str:
    return f"{row['aggregate_type']} {row['aggregate_id']}"


def _say_cut(rows: Sequence[Mapping[str, Any]]) -> None:
    if len(rows) >= MOST_LISTED:
        page.note(f"The first {MOST_LISTED}; there may be more.")


def projections(view: View) -> None:
    """Projections against a replay: a button, because it reads every event of theirs, and what it found when."""
    page.heading("Projections", "rows that follow from events, against what the events say now")
    pressed = st.button("Compare with a replay now", key="compare_projections")
    page.note("This reads every event of these projections: some seconds at a hundred thousand of them.")
    checked = _kept(view, _COMPARED)
    if pressed:
        with st.spinner("Replaying…"):
            made = [
                reports.compare_projection(view.actor, name, limit=MOST_LISTED) for name in reports.projection_names()
            ]
        checked = _keep(view, _COMPARED, made)
    if checked is None:
        names = ", ".join(reports.projection_names())
        page.say(f"Not compared yet in this tab: {names}.", state="unknown")
        return
    view.recalls.update(f"engine.{comparison.name}" for comparison in checked.found)
    for comparison in checked.found:
        _say_comparison(comparison)
    _say_when(view, checked, "Compared")
    _differences(view, checked.found)


def _say_comparison(found: Comparison) -> None:
    wrong = []
    if found.differing:
        wrong.append(f"{plural(found.differing, 'row differs', 'rows differ')} from the replay")
    if found.missing:
        wrong.append(
            f"{plural(found.missing, 'row')} that events tell of {'is' if found.missing == 1 else 'are'} not there"
        )
    if found.failing:
        wrong.append(f"{plural(found.failing, 'event')} cannot be projected")
    own = ""
    if found.gone:
        one = found.gone == 1
        own += (
            f" {plural(found.gone, 'row')} {'is' if one else 'are'} rightly not there: the session that"
            f" {'it' if one else 'they'} belonged to was deleted."
        )
    if found.not_event_sourced:
        stand = "is" if found.not_event_sourced == 1 else "are"
        own += f" {plural(found.not_event_sourced, 'row')} {stand} not event-sourced and cannot be compared."
    if found.not_compared:
        own += f" Not compared, because the adopted table lacks it: {listed(found.not_compared)}."
    own += "".join(f" {sentence}." for sentence in found.limits)
    if found.not_compared and not found.rows:
        page.say(
            f"{found.name}: the adopted table is read without the column {listed(found.not_compared)}, by which its "
            "rows are found.",
            state="unknown",
        )
    elif veil.hides("engine.events", f"engine.{found.name}"):
        page.say(
            f"{found.name}: row security keeps events or rows from your role, so they cannot be compared.{own}",
            state="unknown",
        )
    elif wrong:
        page.say(f"{found.name}: {', '.join(wrong)}, of {plural(found.rows, 'row')} from events.{own}", state="broken")
    elif found.rows:
        page.say(
            f"{found.name}: {plural(found.rows, 'row')} as replay gives {'it' if found.rows == 1 else 'them'}.{own}",
            state="unknown" if found.not_compared else "well",
        )
    else:
        page.say(f"{found.name}: no event tells of a row, so there is nothing to compare.{own}", state="unknown")


def _differences(view: View, comparisons: Sequence[Comparison]) -> None:
    """The rows that differ or are missing, with links to their streams where the row's key is the stream's."""
    types = stream_types()
    rows: list[dict[str, Any]] = []
    for found in comparisons:
        rows += [
            {"name": found.name, "key": one.key, "column": one.column, "replayed": one.replayed, "stored": one.stored}
            for one in found.differences
        ]
        rows += [{"name": found.name, "key": key, "column": None} for key in found.missing_keys]
        rows += [{"name": found.name, "key": None, "column": None, "failed": sentence} for sentence in found.failed]
    if not rows:
        return
    page.heading("What differs")

    def key(row: tables.Row) -> Child:
        if row["key"] is None:
            return tables.muted(figures.DASH)
        if row["name"] in types:
            return links.go(figures.short_id(row["key"]), "event_stream", type=types[row["name"]], id=row["key"])
        return links.go(figures.short_id(row["key"]), "event_stream", event=row["key"])

    def values(row: tables.Row) -> Child:
        if row.get("failed"):
            return str(row["failed"])
        if row["column"] is None:
            return "not there, though events tell of it"
        stored, replayed = (written(row[name], 80) for name in ("stored", "replayed"))
        return join(tag("code", stored), " stored, ", tag("code", replayed), " by the events")

    columns = [
        tables.Column("Projection", lambda row: row["name"]),
        tables.Column("Row", key, hint=lambda row: row["key"]),
        tables.Column("Column", lambda row: row["column"] or tables.muted(figures.DASH)),
        tables.Column("What", values, wide=True),
    ]
    tables.table(view, rows[:MOST_LISTED], columns, label="What differs")
