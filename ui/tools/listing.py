"""The lists of the page of tools: tools by what hurts, kinds of errors, single calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from data.reports import tool_usage
from data.reports import tools as reports
from data.reports.tool_usage import ToolUsage, Usage
from data.reports.tools import Errors
from ui import page
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, enumerated, join, tag
from ui.tools.choosing import STATES, WORDS, Chosen
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import plural, point_change

_LONGEST_NAME = 34  # of a tool in a table
_CUT_AT = 160  # characters of a message that make its kind: see analytics.error_group
_MOST_NAMED = 5  # tools in one sentence
# Calls that can be leafed through: a page costs as much as all before it, and nobody leafs that far.
MOST_LEAFED = 10_000


def by_tool(view: View, usage: Usage, period: Period, project: str | None) -> tuple[str, bool]:
    """The table of tools, what hurts most first; what they are sorted by."""
    sorted_by = filters.sorting(tool_usage.SORTS, "-failed", beside=reports.SORTS)
    rows = tables.ordered([_row(one) for one in usage.tools], sorted_by, tool_usage.SORTS)
    page.heading(
        "Tools", "sorted by failed calls, then by the time spent in them" if sorted_by[0] == "failed" else None
    )
    offset = paging.offset_of(len(rows))
    tables.table(
        view,
        rows[offset : offset + paging.PAGE_SIZE],
        _columns({**period.query, "project": project}, max((row["failed"] for row in rows), default=0)),
        label="Tools by what hurts most",
        total=len(rows),
        sorted_by=sorted_by,
    )
    return sorted_by


def _row(one: ToolUsage) -> dict[str, Any]:
    return asdict(one) | {
        "known": one.known,
        "failure_rate": one.failure_rate,
        "change": _moved(one),
        "was": f"{figures.percent(one.previous_failed, one.previous_known)} of {figures.count(one.previous_known)}",
    }


def _moved(one: ToolUsage) -> str | None:
    moved = point_change(one.failed, one.known, one.previous_failed, one.previous_known)
    return None if moved == "unchanged" else moved


def _absent(row: tables.Row, words: str) -> Markup:
    """A dash for a tool that was only called before, the words where something is not known."""
    return tables.muted(words if row["calls"] else figures.DASH)


def _columns(carried: Mapping[str, links.Value], most_failed: int) -> list[tables.Column]:
    def linked(name: str, outcome: str | None) -> tables.Cell:
        return lambda row: (
            links.go(figures.count(row[name]), "tools", carried, tool=row["tool_name"], outcome=outcome)
            if row[name]
            else "0"
        )

    def tool(row: tables.Row) -> Child:
        shown = figures.middle(row["tool_name"], _LONGEST_NAME)
        return links.go(shown, "tools", carried, tool=row["tool_name"])

    def time(name: str) -> tables.Cell:
        return lambda row: (
            links.go(
                figures.duration(row[name]), "tools", carried, tool=row["tool_name"], outcome="timed", sort="-duration"
            )
            if row[name] is not None
            else _absent(row, "not timed")
        )

    failed = tables.bar("failed", most_failed, kind="broken")

    def failures(row: tables.Row) -> Child:
        if not row["failed"]:
            return "0" if row["known"] else _absent(row, "unknown")
        return links.go(failed(row), "tools", carried, tool=row["tool_name"], outcome="failed")

    def rate(row: tables.Row) -> Child:
        if not row["known"]:
            return _absent(row, "unknown")
        moved = tables.muted(f"  {row['change']}") if row["change"] else None
        share = figures.percent(row["failed"], row["known"])
        return join(links.go(share, "tools", carried, tool=row["tool_name"], outcome="known"), moved)

    def hint(row: tables.Row) -> str:
        return f"{row['failed']} of {row['known']} calls with a known outcome; before: {row['was']}"

    return [
        tables.Column("Tool", tool, hint=lambda row: row["tool_name"]),
        tables.Column("Failed", failures, is_number=True, sort="failed"),
        tables.Column("of known", rate, is_number=True, sort="rate", hint=hint),
        tables.Column("Calls", linked("calls", None), is_number=True, sort="calls"),
        tables.Column("Refused", linked("refused", "refused"), is_number=True, sort="refused"),
        tables.Column("Not recorded", linked("unknown", "unknown"), is_number=True, sort="unknown"),
        tables.Column("Average", time("average_ms"), is_number=True, sort="average"),
        tables.Column("p50", time("p50_ms"), is_number=True, sort="p50"),
        tables.Column("p95", time("p95_ms"), is_number=True, sort="p95"),
        tables.Column("Time in all", time("total_ms"), is_number=True, sort="time"),
    ]


def errors_of(view: View, usage: Usage, errors: Errors, period: Period, carried: Mapping[str, links.Value]) -> None:
    """Kinds of failures with their newest case, and apart from them what people refused."""
    page.heading("Why calls failed", "messages of one kind together; paths, ids and numbers left out")
    if errors.shown:
        columns = _error_columns(view, period, carried, errors.shown[0].cases)
        tables.table(view, [asdict(one) for one in errors.shown], columns, label="Kinds of failures")
    else:
        page.note("No call failed." if usage.total.known else "No outcome is recorded, so no failure either.")
    if (left := errors.groups - len(errors.shown)) > 0:
        page.note(f"{plural(left, 'rarer kind is', 'rarer kinds are')} in the export alone.")
    if usage.total.refused:
        page.note(*_refusals(usage, period, carried))


def _refusals(usage: Usage, period: Period, carried: Mapping[str, links.Value]) -> list[Child]:
    refused = sorted((one for one in usage.tools if one.refused), key=lambda one: -one.refused)
    query = {**period.query, **carried, "outcome": "refused"}
    names: list[Child] = [
        join(f"{one.tool_name} ", links.go(figures.count(one.refused), "tools", query, tool=one.tool_name))
        for one in refused[:_MOST_NAMED]
    ]
    if len(refused) > _MOST_NAMED:
        names.append(f"{len(refused) - _MOST_NAMED} more")
    words = plural(usage.total.refused, "call")
    return [
        "A person refused ",
        links.go(words, "tools", query),
        join(" (", enumerated(names), "). They never ran, so they are no failures."),
    ]


def _error_columns(view: View, period: Period, carried: Mapping[str, links.Value], most: int) -> list[tables.Column]:
    bar = tables.bar("cases", most, kind="broken")

    def of_kind(content: Child, row: tables.Row) -> Markup:
        query = {**period.query, **carried, "tool": row["tool_name"], "error": row["group"]}
        return links.go(content, "tools", query)

    def example(row: tables.Row) -> Child:
        words = telling.line(row["example"], row["group"]) or row["group"]
        if not row["session_pk"]:
            return words
        return links.go(words, "session", period.query, session=row["session_pk"], item=row["item_id"])

    return [
        tables.Column("Kind", lambda row: of_kind(_kind(row["group"]), row), wide=True),
        tables.Column("Cases", lambda row: of_kind(bar(row), row), is_number=True),
        tables.Column("Tool", _tool, hint=lambda row: row["tool_name"]),
        tables.Column(
            f"Last ({figures.zone_name(view.as_of, view.zone)})",
            tables.when(view, "last_at"),
            hint=lambda row: figures.exact(row["last_at"], view.zone),
        ),
        tables.Column("Newest case", example, line=True, hint=lambda row: row["example"]),
    ]


def _kind(group: str) -> str:
    return f"{group}…" if len(group) >= _CUT_AT else group


def calls_table(
    view: View,
    rows: Sequence[Mapping[str, Any]],
    total: int,
    period: Period,
    chosen: Chosen,
    sorted_by: tuple[str, bool],
) -> None:
    """The chosen calls one by one, each with the session it belongs to; what all have in common is in the heading."""
    page.heading(chosen.calls, chosen.narrowed_to)
    columns: list[tuple[bool, tables.Column]] = [
        (True, tables.moment(view, "occurred_at")),
        (not chosen.tool, tables.Column("Tool", _tool, hint=lambda row: row["tool_name"])),
        # Without a recorded outcome there are two kinds: with and without a result.
        (chosen.only in (None, "unknown", "known", "timed"), tables.Column("Outcome", _outcome)),
        (True, tables.Column("Session", lambda row: _session(row, period))),
        (True, tables.Column("Took", tables.duration("duration_ms"), is_number=True, sort="duration")),
        (True, tables.Column("What went in", _asked, line=True, hint=lambda row: row["parameters"])),
        (chosen.only != "succeeded", tables.Column("Error", _error, line=True, hint=lambda row: row["error_message"])),
    ]
    shown = [column for is_shown, column in columns if is_shown]
    tables.table(view, rows, shown, label="Calls", total=leafed_of(total), sorted_by=sorted_by)
    if total > MOST_LEAFED:
        page.note(
            f"The pages hold the first {figures.count(MOST_LEAFED)} of {figures.count(total)} calls in this order. For "
            "others turn the order round or narrow the filters; the CSV holds all of them."
        )


def leafed_of(total: int) -> int:
    """How many of so many calls the pages hold."""
    return min(total, MOST_LEAFED)


def _error(row: tables.Row) -> Child:
    return telling.error(row["error_message"]) or tables.muted(figures.DASH)


def _tool(row: tables.Row) -> str:
    return figures.middle(row["tool_name"] or figures.DASH, _LONGEST_NAME)


def _asked(row: tables.Row) -> Child:
    said = telling.value(row["parameters"])
    return tag("code", said) if said else tables.muted(figures.NONE_RECORDED)


def _outcome(row: tables.Row) -> Markup:
    state = STATES[row["outcome"]]
    words = WORDS[row["outcome"]] if row["is_answered"] else "no result recorded"
    return tag("span", page.mark(state, words), words, class_=f"sb-state sb-{state}")


def _session(row: tables.Row, period: Period) -> Child:
    if row["session_pk"] is None:
        return tables.muted("no session")
    words = f"{row['project_name'] or '(no project)'} {figures.short_id(row['session_key'])}"
    return links.go(words, "session", period.query, session=str(row["session_pk"]))


def total_of(usage: Usage, errors: Errors, chosen: Chosen) -> int:
    """How many calls the list holds over all its pages."""
    if chosen.group:
        return sum(one.cases for one in errors.shown if one.group == chosen.group)
    return int(getattr(usage.total, chosen.outcome)) if chosen.outcome else usage.total.calls
