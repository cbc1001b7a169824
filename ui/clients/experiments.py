"""Chaos experiments: what was expected, how much they could hit, what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data import calendar
from data.reports.clients import NO_OUTCOME, STATELESS, ExperimentCount
from ui import lacking, page
from ui.asking import links
from ui.asking.periods import Period
from ui.clients.choosing import EXPERIMENT_STATES, OUTCOME_STATES
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, enumerated, join, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_LONGEST_TEXT = 240
_TABLE = "engine.chaos_experiments"
_OUTCOMES = (("confirmed", "confirmed what was expected"), ("refuted", "refuted it"), ("inconclusive", "told neither"))
_STATUSES = (("aborted", "stopped early"), ("running", "running"), ("planned", "planned"))


def summary(counts: Sequence[ExperimentCount], period: Period) -> None:
    """How many experiments there are, what came out of those that ended, which run."""
    total = sum(one.experiments for one in counts)
    by_outcome = {name: sum(one.experiments for one in counts if one.outcome == name) for name in OUTCOME_STATES}
    by_status = {name: sum(one.experiments for one in counts if one.status == name) for name in EXPERIMENT_STATES}

    def led(number: int, **asked: str) -> Markup:
        return links.go(figures.count(number), "clients", period.query, view="experiments", **asked)

    told: list[Child] = [
        join(led(by_outcome[name], outcome=name), f" {words}") for name, words in _OUTCOMES if by_outcome[name]
    ]
    told += [join(led(by_status[name], status=name), f" {words}") for name, words in _STATUSES if by_status[name]]
    silent = sum(one.experiments for one in counts if one.status == "completed" and one.outcome == NO_OUTCOME)
    if silent:
        told.append(join(led(silent, status="completed", outcome=NO_OUTCOME), " ended without an outcome"))
    stateless = sum(one.experiments for one in counts if one.status == STATELESS)
    if stateless:
        told.append(join("of ", led(stateless, status=STATELESS), " the status is not known"))
    silent += stateless
    state = "attention" if by_outcome["refuted"] or by_status["aborted"] else "unknown" if silent else "well"
    if not by_outcome["confirmed"] and state == "well":
        state = "unknown"
    words = f"{plural(total, 'chaos experiment')} {period.during}{': ' if told else ''}"
    page.say(words, enumerated(told), ".", state=state)


def experiments_table(view: View, rows: Sequence[Mapping[str, Any]], total: int) -> None:
    """One page of experiments; running ones first, then those that refuted what was expected."""
    columns = [
        tables.Column("Experiment", _experiment, wide=True, hint=lambda row: row["hypothesis"]),
        tables.Column("Status, outcome", _outcome),
        tables.Column("Findings", lambda row: _findings(view, row), wide=True, hint=lambda row: row["findings"]),
        tables.Column("Target, blast radius", lambda row: _radius(view, row), hint=lambda row: row["blast_radius"]),
        tables.Column(
            f"Began ({figures.zone_name(view.as_of, view.zone)})",
            lambda row: _began(view, row),
            hint=lambda row: _times(view, row),
        ),
        tables.Column("Events", lambda row: _correlation(view, row)),
    ]
    tables.table(view, rows, columns, label="Chaos experiments", total=total)


def _experiment(row: tables.Row) -> Child:
    name = tag("b", figures.shortened(row["name"], 120) or "(no name)")
    return join(name, tag("br"), tables.muted(figures.shortened(row["hypothesis"], _LONGEST_TEXT)))


def _outcome(row: tables.Row) -> Child:
    status = tables.state("status", EXPERIMENT_STATES)(row)
    if row["outcome"] is None:
        return status if row["status"] != "completed" else join(status, tag("br"), tables.muted("no outcome recorded"))
    kind = OUTCOME_STATES.get(row["outcome"], "unknown")
    outcome = tag("span", page.mark(kind, row["outcome"]), f" {row['outcome']}", class_=f"sb-state sb-{kind}")
    return join(outcome, tag("br"), tables.muted(row["status"]))


def _findings(view: View, row: tables.Row) -> Child:
    return figures.shortened(row["findings"], _LONGEST_TEXT) or tables.muted(
        lacking.absent(view, _TABLE, "findings", "none yet")
    )


def _radius(view: View, row: tables.Row) -> Child:
    """What is aimed at, and below it how much can be hit."""
    percent = row["blast_radius_percent"]
    share = figures.with_unit(f"{percent:.4g}", "%") if percent is not None else None
    words = figures.shortened(row["blast_radius"], 40)
    radius = ": ".join(piece for piece in (share, words) if piece) or (
        f"radius {lacking.absent(view, _TABLE, 'blast_radius', 'not named')}"
    )
    target = figures.middle(row["target"] or "", 30) or tables.muted(
        lacking.absent(view, _TABLE, "target", "not named")
    )
    return join(target, tag("br"), tables.muted(radius))


def _times(view: View, row: tables.Row) -> str:
    zone = view.zone
    began, ended = (figures.exact(row[name], zone) if row[name] else "–" for name in ("started_at", "ended_at"))
    return f"planned {figures.exact(row['created_at'], zone)}, began {began}, ended {ended}"


def _began(view: View, row: tables.Row) -> Child:
    """When it began, and below it how long it took."""
    if row["started_at"] is None:
        words = "not begun" if row["status"] == "planned" else "not recorded"
        return tables.muted(lacking.absent(view, _TABLE, "started_at", words))
    began = tables.when(view, "started_at")(row)
    took = calendar.took_ms(row["started_at"], row["ended_at"])
    if took is None:
        return began
    return join(began, tag("br"), tables.muted(f"took {figures.duration(took)}"))


def _correlation(view: View, row: tables.Row) -> Child:
    if row["correlation_id"] is None:
        return tables.muted(lacking.absent(view, _TABLE, "correlation_id", "none named"))
    identifier = str(row["correlation_id"])
    return links.go(tag("code", figures.short_id(identifier)), "events", correlation=identifier)
