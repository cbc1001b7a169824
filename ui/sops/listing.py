"""The tables of the page of procedures: procedures by what hurts, steps at which people step in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from data.reports import sop_runs
from data.reports.sops import SORTS, HumanSteps, Procedure
from ui import lacking, page
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join
from ui.sops.choosing import Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural, point_change


def procedures_table(view: View, procedures: Sequence[Procedure], period: Period, chosen: Chosen) -> tuple[str, bool]:
    """The procedures, what fails most first, those that never ran in the period last; what they are sorted by."""
    sorted_by = filters.sorting(SORTS, "-failed", beside=sop_runs.SORTS)
    rows = tables.ordered([_row(one) for one in procedures], sorted_by, SORTS)
    page.heading("Procedures", "sorted by failed runs" if sorted_by[0] == "failed" else None)
    offset = paging.offset_of(len(rows))
    tables.table(
        view,
        rows[offset : offset + paging.PAGE_SIZE],
        _columns(period, chosen, max((row["failed"] for row in rows), default=0)),
        label="Procedures by what hurts most",
        total=len(rows),
        sorted_by=sorted_by,
    )
    return sorted_by


def _row(one: Procedure) -> dict[str, Any]:
    return asdict(one) | {
        "ended": one.ended,
        "stateless": one.stateless,
        "automation_rate": one.automation_rate,
        "previous_ended": one.previous_ended,
    }


def _cost(row: tables.Row) -> Child:
    if row["cost_usd"] is None:
        return _absent(row, "not priced")
    return tables.money(row["cost_usd"], is_estimate=True)


def _absent(row: tables.Row, words: str = figures.NONE_RECORDED) -> Markup:
    return tables.muted(words if row["executions"] else figures.DASH)


def _columns(period: Period, chosen: Chosen, most_failed: int) -> list[tables.Column]:
    bar = tables.bar("failed", most_failed, kind="broken")

    def query(row: tables.Row) -> dict[str, links.Value]:
        return {**period.query, "sop": row["sop_id"], "agent": chosen.agent}

    def procedure(row: tables.Row) -> Child:
        words = figures.shortened(row["title"], 60) or figures.middle(row["sop_id"] or "", 40) or "(no name)"
        unnumbered = " version not recorded" if row["versions"] else " not defined here"
        version = f" v{row['newest_version']}" if row["newest_version"] else unnumbered
        return join(links.go(words, "sops", query(row)), tables.muted(version))

    def failed(row: tables.Row) -> Child:
        if not row["failed"]:
            return "0" if row["executions"] > row["stateless"] else _absent(row)
        return links.go_to(bar(row), links.href("sops", query(row), status="failed"))

    def runs(row: tables.Row) -> Child:
        return links.go(figures.count(row["executions"]), "sops", query(row)) if row["executions"] else "0"

    def sorted_(content: Child, row: tables.Row, sort: str, status: str | None = None) -> Markup:
        return links.go(content, "sops", query(row), status=status, sort=sort)

    def time(name: str) -> tables.Cell:
        return lambda row: (
            sorted_(figures.duration(row[name]), row, "-took", "completed")
            if row[name] is not None
            else _absent(row, "not timed")
        )

    def people(row: tables.Row) -> Child:
        number = row["interventions"]
        return sorted_(figures.count(number), row, "-people") if number is not None else _absent(row)

    def cost(row: tables.Row) -> Child:
        return _cost(row) if row["cost_usd"] is None else sorted_(_cost(row), row, "-cost")

    def automated(row: tables.Row) -> Child:
        if not row["rated_actions"]:
            return _absent(row, "no counts")
        moved = None
        if period.previous:
            moved = point_change(
                round(row["automated"]),
                row["rated_actions"],
                round(row["previous_automated"]),
                row["previous_rated_actions"],
            )
        words = sorted_(figures.percent(row["automated"], row["rated_actions"]), row, "-people")
        return join(words, tables.muted(f"  {moved}") if moved and moved != "unchanged" else None)

    return [
        tables.Column("Procedure", procedure, hint=_defined),
        tables.Column("Failed", failed, is_number=True, sort="failed", hint=_failed_hint),
        tables.Column("Runs", runs, is_number=True, sort="runs", hint=_runs_hint),
        tables.Column("p50", time("p50_ms"), is_number=True, sort="p50", hint=_time_hint),
        tables.Column("p95", time("p95_ms"), is_number=True, sort="p95", hint=_time_hint),
        tables.Column("Average", time("average_ms"), is_number=True, sort="average"),
        tables.Column(
            "Automated",
            automated,
            is_number=True,
            sort="automated",
            down_first=False,
            hint=lambda row: f"of {plural(row['rated_actions'], 'action')}" if row["rated_actions"] else None,
        ),
        tables.Column(
            "People stepped in",
            people,
            is_number=True,
            sort="people",
            hint=_people_hint,
        ),
        tables.Column(
            "Cost (USD)",
            cost,
            is_number=True,
            sort="cost",
            hint=lambda row: f"{figures.count(row['priced'])} of {plural(row['executions'], 'run')} priced",
        ),
    ]


def _defined(row: tables.Row) -> str:
    if not row["versions"]:
        return f"{row['sop_id']}: runs name it, no definition is recorded"
    steps = f", {plural(row['steps'], 'step')}" if row["steps"] is not None else ""
    return f"{row['sop_id']}: {plural(row['versions'], 'version')}, the newest {row['definition_status']}{steps}"


def _failed_hint(row: tables.Row) -> str | None:
    if not row["ended"]:
        return None
    words = f"{figures.percent(row['failed'], row['ended'])} of {plural(row['ended'], 'run')} that ended by themselves"
    if not row["previous_ended"]:
        return words
    before = figures.percent(row["previous_failed"], row["previous_ended"])
    return f"{words}; before: {before} of {figures.count(row['previous_ended'])}"


def _runs_hint(row: tables.Row) -> str:
    parts = [f"{figures.count(row[name])} {name}" for name in ("completed", "failed", "cancelled", "running")]
    return f"{', '.join(parts)}; {figures.count(row['started'])} began in the period"


def _people_hint(row: tables.Row) -> str:
    silent = f"; {figures.count(row['silent'])} do not say" if row["silent"] else ""
    return f"in {figures.count(row['stepped_in'])} of {plural(row['executions'], 'run')}{silent}"


def _time_hint(row: tables.Row) -> str | None:
    if not row["timed"]:
        return None
    words = f"of {plural(row['timed'], 'completed run')}"
    if not row["previous_timed"]:
        return words
    return (
        f"{words}; before: p50 {figures.duration(row['previous_p50_ms'])}, "
        f"p95 {figures.duration(row['previous_p95_ms'])} of {figures.count(row['previous_timed'])}"
    )


def human_steps_table(view: View, steps: HumanSteps, shown: Procedure, period: Period, chosen: Chosen) -> None:
    """Where people step in, the most frequent first; how that adds up to what the runs count."""
    page.heading("Where people step in", "steps that a person took or helped with, as the runs and their events tell")
    if not steps.shown:
        untold = lacking.untold(view, "engine.sop_executions", "steps")
        page.note(f"At which is {untold}." if untold else "No run of this period records a step that a person took.")
        return
    bar = tables.bar("times", steps.shown[0].times, kind="waiting")

    def of_step(content: Child, row: tables.Row) -> Child:
        if not row["step_name"]:
            return content
        return links.go(content, "sops", period.query, sop=row["sop_id"], step=row["step_name"], agent=chosen.agent)

    def step(row: tables.Row) -> Child:
        return of_step(figures.shortened(row["step_name"], 80) or tables.muted("(no name)"), row)

    columns = [
        tables.Column("Step", step, hint=lambda row: row["step_name"]),
        tables.Column("Times", lambda row: of_step(bar(row), row), is_number=True),
        tables.Column("Runs", lambda row: of_step(figures.count(row["executions"]), row), is_number=True),
        tables.Column("Came out", tables.text("outcomes", 160), line=True, hint=lambda row: row["outcomes"]),
    ]
    if not chosen.sop:
        columns.insert(2, tables.Column("Procedure", tables.text("sop_id", 40)))
    tables.table(view, [asdict(one) for one in steps.shown], columns, label="Steps at which people step in")
    if (left := steps.steps - len(steps.shown)) > 0:
        page.note(f"{plural(left, 'rarer step is', 'rarer steps are')} in the export alone.")
    if shown.interventions is not None and shown.interventions != steps.interventions:
        stored = plural(shown.interventions, "intervention")
        seen = "" if view.actor.sees_all else " that you may see"
        told = f"steps and events{seen} tell of {figures.count(steps.interventions)}"
        page.note(f"The runs store {stored}, which the sentence and the lists take; their {told}.")
