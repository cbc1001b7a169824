"""The runs of procedures one by one, each leading to its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.reports import rates
from ui import page
from ui.asking import links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join
from ui.sops.choosing import STATES, Chosen
from ui.view import View
from ui.wording import figures, telling


def executions_table(
    view: View,
    rows: Sequence[Mapping[str, Any]],
    total: int,
    period: Period,
    chosen: Chosen,
    sorted_by: tuple[str, bool],
) -> None:
    """Runs one by one, each leading to its steps; from there to the one before and after."""
    what = "Runs open for over a day" if chosen.open_before else "Runs"
    hurting = sorted_by[0] == "hurt" and not chosen.open_before
    page.heading(what, "what failed or is open stands first" if hurting else None)
    if not rows:
        page.note("No run fits these filters. ", links.go("Look at all time", "sops", chosen.query, period="all"))
        return
    skipped = paging.offset_of(total)
    placed = [{**row, "at": skipped + number} for number, row in enumerate(rows)]

    def run(row: tables.Row) -> Markup:
        name = "" if chosen.sop else f"{figures.middle(row['sop_id'], 40)} "
        words = f"{name}{figures.shortened(row['title'], 60) or figures.short_id(row['execution_id'])}"
        query = {**period.query, **chosen.query}
        return links.go(words, "sop_execution", query, execution=str(row["execution_id"]), at=row["at"])

    tables.table(
        view,
        placed,
        [
            tables.Column(
                "Run",
                run,
                wide=any(row["title"] for row in rows),
                hint=lambda row: (
                    f"{row['title'] or ''}\n{row['execution_id']}, client {row['client_id'] or 'unknown'}".lstrip()
                ),
            ),
            tables.Column("State", tables.state("status", STATES)),
            tables.Column("Took", _took, is_number=True, sort="took"),
            _when(view),
            tables.Column("People", tables.count("human_interventions"), is_number=True, sort="people"),
            tables.Column("Automated", _automated, is_number=True),
            tables.Column(
                "Cost (USD)",
                lambda row: (
                    tables.money(row["estimated_cost_usd"], is_estimate=True)
                    if row["estimated_cost_usd"] is not None
                    else tables.muted("not priced")
                ),
                is_number=True,
                sort="cost",
            ),
            tables.Column("Agent", tables.text("agent", 30)),
            tables.Column("Says", _says, line=True, hint=lambda row: row["error_message"] or row["current_step"]),
        ],
        label="Runs",
        total=total,
        sorted_by=sorted_by,
    )


def _took(row: tables.Row) -> Child:
    if row["cycle_ms"] is not None:
        return figures.duration(row["cycle_ms"])
    return tables.muted("not ended" if row["status"] == "running" else "not timed")


def _automated(row: tables.Row) -> Child:
    if row["automation_rate"] is None:
        return tables.muted(figures.NONE_RECORDED)
    rate, stored = row["automation_rate"], row["stored_automation_rate"]
    contradicted = f"  stored {figures.percent(stored, 1)}" if rates.is_contradicted(rate, stored) else None
    return join(figures.percent(rate, 1), tables.muted(contradicted) if contradicted else None)


def _says(row: tables.Row) -> Child:
    at = row["current_step"] if row["status"] != "completed" else None
    return telling.error(row["error_message"]) or (
        f"at {figures.shortened(at, 80)}" if at else tables.muted(figures.DASH)
    )


def _when(view: View) -> tables.Column:
    """The time a run counts at: when it ended, while it is open since when; of one that is over and does not say, when
    it began."""

    def cell(row: tables.Row) -> Child:
        if row["completed_at"] is not None:
            return tables.when(view, "completed_at")(row)
        since = row["started_at"]
        words = "since" if row["status"] == "running" else "began"
        return f"{words} {figures.moment(since, view.zone, view.as_of)}" if since else tables.muted("no time")

    def hint(row: tables.Row) -> str:
        return "\n".join(
            f"{words} {figures.exact(row[name], view.zone)}"
            for words, name in (("started", "started_at"), ("ended", "completed_at"))
        )

    return tables.Column(f"When ({figures.zone_name(view.as_of, view.zone)})", cell, sort="when", hint=hint)
