"""The table of clients: worst first, with the change since the period began and a small trend."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ui import lacking, page
from ui.asking import links
from ui.asking.periods import Period
from ui.clients.choosing import STATES, WORDS
from ui.clients.telling import score
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_LONGEST_NAME = 40
_MOST_RISKS = 3


def clients_table(
    view: View,
    rows: Sequence[Mapping[str, Any]],
    total: int,
    period: Period,
    trends: Mapping[str, Sequence[float | None]],
    sorted_by: tuple[str, bool],
) -> None:
    """One page of clients; each leads to its history."""
    page.heading("Clients", "worst first" if sorted_by == ("worst", True) else None)

    def of_client(content: Child, row: tables.Row) -> Markup:
        return links.go(content, "clients", period.query, client=row["client_id"])

    def name(row: tables.Row) -> Child:
        return of_client(figures.middle(row["client_id"], _LONGEST_NAME) or "(no name)", row)

    def assessments(row: tables.Row) -> Child:
        number = row["assessments"]
        return of_client(figures.count(number), row) if number else tables.muted("none")

    def trend(row: tables.Row) -> Child:
        values = trends.get(row["client_id"], ())
        return _bars(values) if any(value is not None for value in values) else tables.muted(figures.NONE_RECORDED)

    columns = [
        tables.Column("Client", name, sort="client", down_first=False, hint=lambda row: row["client_id"]),
        tables.Column(
            "Health", lambda row: tag("b", score(row["health_score"])), is_number=True, sort="score", down_first=False
        ),
        tables.Column("Status", status_cell, sort="worst"),
    ]
    if period.start is not None:
        columns.append(tables.Column("Change", _change, is_number=True, sort="change", down_first=False, hint=_before))
    columns += [
        tables.Column("Trend", trend, hint=lambda _: f"the newest score of each part, {period.during}"),
        tables.Column(
            "Risk factors", lambda row: risks(view, row), wide=True, hint=lambda row: _all_risks(row) or None
        ),
        tables.Column(
            "Assessments",
            assessments,
            is_number=True,
            sort="assessments",
            hint=_sourced,
        ),
        tables.Column(
            f"Newest ({figures.zone_name(view.as_of, view.zone)})",
            tables.when(view, "computed_at"),
            sort="when",
            hint=lambda row: figures.exact(row["computed_at"], view.zone),
        ),
    ]
    tables.table(view, rows, columns, label="Clients, worst first", total=total, sorted_by=sorted_by)


def _bars(values: Sequence[float | None]) -> Markup:
    """Small bars out of a hundred; a part without an assessment is a gap."""
    heights = (0 if value is None else max(min(value, 100), 4) for value in values)
    return tag(
        "div", *[tag("i", style=f"height:{height:.0f}%") for height in heights], class_="sb-spark", aria_hidden="true"
    )


def status_cell(row: tables.Row) -> Markup:
    """A status of health with its mark and word."""
    status = row["status"] if row["status"] in STATES else "unknown"
    kind = STATES[status]
    return tag("span", page.mark(kind, WORDS[status]), f" {WORDS[status]}", class_=f"sb-state sb-{kind}")


def _change(row: tables.Row) -> Child:
    moved = row["change"]
    if moved is None:
        return tables.muted("no score before" if row["previous_score"] is None else figures.DASH)
    if abs(moved) < 0.05:
        return "unchanged"
    return f"{moved:+.1f}".removesuffix(".0").replace("-", "−")


def _before(row: tables.Row) -> str | None:
    if row["previous_status"] is None:
        return "not assessed before"
    status = WORDS.get(row["previous_status"], "unknown")
    return f"before: {score(row['previous_score'])}, {status}"


def _all_risks(row: tables.Row) -> str:
    given = row["risk_factors"]
    return ", ".join(named_risk(one) for one in given) if isinstance(given, list) else ""


def named_risk(given: object) -> str:
    """A risk factor in words: text as it is, anything else as JSON."""
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def risks(view: View, row: tables.Row) -> Child:
    """The first risk factors of an assessment, and how many more there are."""
    given = row["risk_factors"]
    if not isinstance(given, list) or not given:
        return tables.muted(lacking.absent(view, "engine.client_health", "risk_factors", "none named"))
    shown = ", ".join(figures.shortened(named_risk(one), 60) for one in given[:_MOST_RISKS])
    more = len(given) - _MOST_RISKS
    return join(shown, tables.muted(f" and {figures.count(more)} more") if more > 0 else None)


def _sourced(row: tables.Row) -> str:
    if not row["not_event_sourced"]:
        return (
            f"all {plural(row['assessments'], 'assessment')} from events"
            if row["assessments"]
            else "none in this period"
        )
    return f"{figures.count(row['not_event_sourced'])} of {plural(row['assessments'], 'assessment')} not event-sourced"
