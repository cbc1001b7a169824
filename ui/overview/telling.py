"""The first sentences of Overview and its figures, each against the period before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from data.jobs import ENDED, STATELESS
from ui import absence, page, veil
from ui.agents.telling import escalates, per_hundred
from ui.asking import links
from ui.asking.periods import Extent, Period
from ui.drawing import time_axis
from ui.drawing.cards import Card
from ui.drawing.markup import Child, Markup, enumerated, join
from ui.overview import of_project
from ui.overview.happenings import Cost, Escalating, Happened
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import change, listed, plural, point_change

Attention = Mapping[str, Any]

_SESSIONS, _CALLS, _JOBS = "chronicle.sessions", "chronicle.tool_events", "agents.jobs"
_MOST_PLACES = 21  # of a small trend, which is 84 pixels wide


def summary(view: View, period: Period, attention: Attention, happened: Happened) -> None:
    """The first sentences: what waits, then what happened and how it compares."""
    urgent = _urgent(period, attention, happened)
    hidden = attention["hidden"]
    first = [
        f"{told}." for told in (listed(urgent).capitalize(), absence.unseen(hidden.waiting) if hidden else "") if told
    ]
    names_project = happened.project is not None and bool(first)
    if not first:
        first.append(_nothing(happened))
    worse = happened.worse[0] if happened.worse else None
    more = urgent[1:] or worse or happened.escalating  # than what is not known of the backup
    state = (
        "waiting"
        if attention["pending_approvals"]
        else "attention"
        if urgent or worse or happened.escalating
        else "unknown"
        if hidden or _is_unknown(happened)
        else "well"
    )
    backup = attention["backup"]
    if backup and (backup.state == "broken" or (backup.state == "unknown" and state == "attention" and not more)):
        state = backup.state
    pieces: list[Child] = [" ".join(first), " ", _what_happened(period, happened, names_project=names_project)]
    if happened.untold:
        pieces += [" ", _untold(view, happened, period)]
    if happened.unjudged_calls:
        failed = plural(happened.unjudged_calls, "call of a tool", "calls of tools")
        way = links.go(failed, "tools", period.query, outcome="failed", project=happened.project)
        pieces += [" ", way, " failed; whether that is more than before cannot be told."]
    if worse:
        now, before = figures.per_cent(worse.rate), figures.per_cent(worse.rate_before)
        words = f"{worse.tool} fails more often than in {period.previous_label}"
        pieces += [
            " ",
            links.go(words, "tools", period.query, tool=worse.tool, project=happened.project),
            f": {now} of {figures.count(worse.calls)} calls, was {before}.",
        ]
    if happened.escalating:
        pieces += [" ", _escalating(happened.escalating, period)]
    page.say(*pieces, state=state)


def _is_unknown(happened: Happened) -> bool:
    """Whether something that happened could not be judged, or nothing of the project did."""
    is_bare = happened.project is not None and not happened.holds_any
    return bool(happened.untold or happened.unjudged_calls or is_bare)


def _nothing(happened: Happened) -> str:
    is_untold = bool(happened.untold)
    if happened.project is not None:
        nothing = veil.of_the_seen(f"Nothing {of_project.named(happened.project)}", is_untold=is_untold)
        return f"{nothing} needs you: no question waits, no session failed."
    return (
        f"{veil.of_the_seen('Nothing', is_untold=is_untold)} needs you: no question waits, no job runs over an hour, "
        "no job, session or run of a procedure failed."
    )


def _untold(view: View, happened: Happened, period: Period) -> Child:
    """What has no state that reports know: whether it failed is not known. Each number leads to its rows."""
    words = {
        "sessions": ("session",),
        "jobs": ("job",),
        "runs": ("run of a procedure", "runs of procedures"),
        "questions": ("question",),
    }
    ways: dict[str, tuple[str, Mapping[str, links.Value]]] = {
        "sessions": ("sessions", {"has": "stateless", "project": happened.project}),
        "jobs": ("jobs", {"status": STATELESS}),
        "runs": ("sops", {"status": STATELESS}),
    }
    if view.actor.can("decide_approvals"):
        ways["questions"] = ("approvals", {"show": STATELESS, "project": happened.project, "period": "all"})
    told: list[Child] = []
    for kind, number in happened.untold.items():
        counted = plural(number, *words[kind])
        told.append(links.go(counted, ways[kind][0], {**period.query, **ways[kind][1]}) if kind in ways else counted)
    return join("What became of ", enumerated(told), " is not known.")


def _urgent(period: Period, attention: Attention, happened: Happened) -> list[str]:
    counts = (
        (attention["pending_approvals"], "question waits", "questions wait", " for a decision"),
        (attention.get("long_running_jobs", 0), "job runs", "jobs run", " over an hour"),
        (happened.count("jobs failed"), "job failed", "jobs failed", ""),
        (happened.count("runs failed"), "run of a procedure failed", "runs of procedures failed", ""),
        (attention.get("long_open_runs", 0), "run of a procedure is", "runs of procedures are", " open for over a day"),
        (happened.count("sessions in error"), "session ended in an error", "sessions ended in an error", ""),
    )
    urgent = [f"{plural(number, one, many)}{more}" for number, one, many, more in counts if number]
    return [*urgent, *([attention["backup"].words] if attention["backup"] else [])]


def _escalating(escalating: Sequence[Escalating], period: Period) -> Markup:
    """The agent that turns to people more often than before, and how many others do."""
    first = escalating[0]
    words = (
        f" {escalates(first.factor)} in {period.previous_label}: {per_hundred(first.escalations, first.actions)} of "
        f"{figures.count(first.actions)}, was {per_hundred(first.previous_escalations, first.previous_actions)} of "
        f"{figures.count(first.previous_actions)}"
    )
    others: Child = None
    if more := len(escalating) - 1:
        told = plural(more, "other agent escalates", "other agents escalate")
        others = join("; ", links.go(f"{told} more as well", "agents", period.query, sort="-escalations"))
    name = links.go(figures.middle(first.agent, 40) or "(no name)", "agents", period.query, agent=first.agent)
    return join(name, words, others, ".")


def _what_happened(period: Period, happened: Happened, *, names_project: bool) -> Child:
    """What there was in the period, each number leading to it."""
    sessions = happened.count("sessions")
    if not happened.holds_any:
        none = veil.seen("No session and no call of a tool", _SESSIONS, _CALLS)
        return "" if happened.project is not None else f"{none} is recorded {period.during}."
    when = period.during[0].upper() + period.during[1:]
    query: Mapping[str, links.Value] = {**period.query, "project": happened.project}
    counted = plural(sessions, "session") if sessions else veil.seen("no session", _SESSIONS)
    pieces: list[Child] = [f"{when} there {'was' if sessions < 2 else 'were'} ", links.go(counted, "sessions", query)]
    pieces.append(f" {of_project.named(happened.project or '')}" if names_project else None)
    moved = change(sessions, happened.before("sessions")) if period.previous else None
    if moved:
        pieces.append(f" ({_against(moved, happened.before('sessions'), period)})")
    known = happened.calls.known
    if known:
        of = links.go(plural(known, "tool call"), "tools", query, outcome="known")
        pieces += [f"; {figures.percent(happened.calls.succeeded, known)} of ", of, " succeeded"]
    elif happened.calls.calls:
        of = links.go(plural(happened.calls.calls, "tool call"), "tools", query, list="calls")
        pieces += ["; of ", of, " no outcome is recorded"]
    return join(*pieces, ".")


def _against(moved: str, before: int, period: Period) -> str:
    so_far = " up to the same time" if period.is_partial else ""
    same = moved == "unchanged"
    return f"{'as many as' if same else moved + ' on'} {period.previous_label}{so_far}, n = {figures.count(before)}"


def figures_of(view: View, period: Period, happened: Happened, known: Extent) -> list[Card]:
    """Sessions, success of calls, jobs (of a project, which has none, sessions in error) and cost, each against the
    period before."""
    bucket = period.bucket(known)
    calls, before = happened.calls, happened.calls_before
    points = point_change(calls.succeeded, calls.known, before.succeeded, before.known)
    project = happened.project
    prompts = happened.count("prompts")
    query: Mapping[str, links.Value] = {**period.query, "project": project}
    judged: Child = plural(calls.known, "known outcome")
    if calls.known:
        judged = links.go(judged, "tools", query, outcome="known")
    outcomes = join(judged, f" of {figures.count(calls.calls)}")
    return [
        Card(
            "Sessions started",
            veil.counted(happened.count("sessions"), _SESSIONS),
            change(happened.count("sessions"), happened.before("sessions")),
            _than(period, happened.before("sessions")),
            (plural(prompts, "prompt") if prompts or not veil.hides("chronicle.prompt_events") else "prompts unknown")
            if project is None
            else of_project.share(happened),
            links.href("sessions", period.query, project=project),
            _trend(view, period, bucket, happened, "sessions"),
        ),
        Card(
            "Tool calls that succeeded",
            figures.percent(calls.succeeded, calls.known) if calls.known else "unknown",
            points,
            _than(period, before.known),
            outcomes if calls.calls or not veil.hides(_CALLS) else None,
            links.href("tools", period.query, project=project),
        ),
        (_jobs_card if project is None else _errors_card)(view, period, bucket, happened),
        _cost_card(period, happened),
    ]


def _jobs_card(view: View, period: Period, bucket: str, happened: Happened) -> Card:
    done, failed = happened.count("jobs completed"), happened.count("jobs failed")
    untold = happened.untold.get("jobs", 0)
    done_before = happened.before("jobs completed") + happened.before("jobs failed")
    words: Child = f"{veil.counted(failed, _JOBS)} failed"
    words = links.go(words, "jobs", period.query, status="failed") if failed else words
    unknown = links.go(figures.count(untold), "jobs", period.query, status=STATELESS)
    silent = join("; of ", unknown, " it is not known") if untold else None
    return Card(
        "Jobs finished",
        veil.counted(done + failed, _JOBS) if done + failed or not untold else "unknown",
        change(done + failed, done_before),
        _than(period, done_before),
        join(words, silent),
        links.href("jobs", period.query, status=ENDED),
        _trend(view, period, bucket, happened, "jobs completed", "jobs failed"),
    )


def _errors_card(view: View, period: Period, bucket: str, happened: Happened) -> Card:
    number, before = happened.count("sessions in error"), happened.before("sessions in error")
    sessions = happened.count("sessions")
    return Card(
        "Sessions in error",
        veil.counted(number, _SESSIONS),
        change(number, before),
        _than(period, before),
        f"{figures.percent(number, sessions)} of {plural(sessions, 'session')}" if sessions else None,
        links.href("sessions", period.query, status="error", project=happened.project),
        _trend(view, period, bucket, happened, "sessions in error"),
    )


def _than(period: Period, before: int) -> str:
    return f"on {period.previous_label}, n\u00a0=\u00a0{figures.count(before)}"


def _trend(view: View, period: Period, bucket: str, happened: Happened, *kinds: str) -> list[float | None]:
    """How many per slice over the whole period, at most twenty-one places; a place without any is a gap."""
    counted: dict[datetime, float] = {}
    for row in happened.slices:
        if row["kind"] in kinds:
            counted[row["bucket"]] = counted.get(row["bucket"], 0.0) + float(row["happened"])
    if not counted:
        return []
    places = [counted.get(at) for at in time_axis.starts_of(view, period, bucket, counted)]
    together = -(-len(places) // _MOST_PLACES)
    return [_sum_of(places[first : first + together]) for first in range(0, len(places), together)]


def _sum_of(places: Sequence[float | None]) -> float | None:
    held = [number for number in places if number is not None]
    return sum(held) if held else None


def _cost_card(period: Period, happened: Happened) -> Card:
    cost, before = happened.cost, happened.cost_before
    moved = None
    if cost.amount is not None and before.amount:
        moved = change(float(cost.amount), float(before.amount), cases=min(_priced(cost), _priced(before)))
    value = figures.money(cost.amount) if cost.amount is not None else _no_cost(cost)
    address = links.href("sessions", period.query, sort="-cost", project=happened.project)
    return Card(
        "Cost of sessions",
        value,
        moved,
        _than(period, _priced(before)),
        _basis(cost, period, happened.project),
        address,
    )


def _priced(cost: Cost) -> int:
    return sum(number for kind, number in cost.sessions.items() if kind not in ("not priced", "none recorded"))


def _no_cost(cost: Cost) -> str:
    none = "unknown" if veil.hides(_SESSIONS) else figures.NONE_RECORDED
    return "not priced" if cost.sessions.get("not priced") else none


def _basis(cost: Cost, period: Period, project: str | None) -> Child:
    """On what a cost rests: how many sessions recorded theirs, are estimated at list price, or are not priced in full,
    which lead to their list."""
    recorded, estimated = cost.sessions.get("recorded", 0), cost.sessions.get("estimate", 0)
    unpriced = cost.sessions.get("partial estimate", 0) + cost.sessions.get("not priced", 0)
    said: list[Child] = [f"{figures.count(recorded)} recorded"] if recorded else []
    said += [f"{figures.count(estimated)} estimated"] if estimated else []
    if unpriced:
        words = f"{figures.count(unpriced)} not priced in full"
        said.append(links.go(words, "sessions", period.query, has="unpriced", project=project))
    return join(*said, between=", ")
