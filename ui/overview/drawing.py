"""The first page drawn: its pieces of HTML, which are kept together with the answers that they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.reports import overview as reports
from data.reports.absence import HiddenQuestions
from ui import absence, backups, boundary, cached, page
from ui.asking import filters
from ui.asking.periods import Extent, Period
from ui.backups.attention import Attention, is_told
from ui.drawing import cards
from ui.drawing.markup import Markup
from ui.overview import of_project, showing, telling
from ui.overview.happenings import gather
from ui.view import View
from ui.wording.sentences import plural

_HAPPENED = ("sessions", "events", "tools", "jobs")  # what the figures and charts are of, and so the periods


@dataclass(frozen=True)
class Drawn:
    """What the page shows of a period: its first sentences, figures and what needs somebody; its trends; how many calls
    the CSV holds, None where it may hold fewer than there were; how many sessions each project has in it."""

    first: Markup
    trends: Markup
    calls: int | None
    problems: int
    first_problems: Sequence[Mapping[str, Any]]
    projects: Mapping[str, int]


def extent(view: View) -> Extent:
    """From when to when there is what the page's figures and charts are of."""
    return filters.extent(view, _HAPPENED)


def is_empty(view: View) -> bool:
    """Whether there is nothing yet that the page could tell of."""
    return not filters.extent(view, (*_HAPPENED, "approvals")).holds_rows


def figures(view: View, known: Extent, period: Period, project: str | None) -> Drawn:
    """What the page shows of a period, as it is kept."""
    return cached.drawn(
        view,
        draw,
        period=period,
        known=known,
        backup=None if project else newest_backup(view),
        hidden=hidden_questions(view, project),
        project=project,
    )


def newest(view: View, project: str | None) -> Markup:
    """The newest happenings, as they are kept."""
    return cached.drawn(view, draw_newest, project=project)


def get_ready(view: View, query: Mapping[str, str]) -> None:
    """Have the page's pieces kept before a browser asks for them under an address with this query."""
    if is_empty(view):
        return
    known, project = extent(view), filters.given("project", query)
    figures(view, known, filters.asked_period(view, known, query=query), project)
    newest(view, project)


def newest_backup(view: View) -> Attention | None:
    """What is wrong with the backups. Not kept with what is drawn: a file may go without any table changing."""
    if not is_told(view):
        return None
    return backups.attention(view, cached.read(view, reports.read_attention, now=view.minute))


def hidden_questions(view: View, project: str | None = None) -> HiddenQuestions | None:
    """Which waiting questions row security hides from this person, whatever their project. Asked where it may hide any
    from whoever sees all. Before drawing, which holds a connection while it waits for none."""
    if "engine.human_approvals" not in view.veiled or not view.actor.sees_all:
        return None
    seen = _attention(view, project)["pending_approvals" if project is None else "seen_waiting"]
    return absence.hidden_questions(view, seen_waiting=seen, sees_any=True)


def draw(
    view: View,
    *,
    period: Period,
    known: Extent,
    backup: Attention | None,
    hidden: HiddenQuestions | None = None,
    project: str | None = None,
) -> Drawn:
    """Everything about a period, what is wrong with the backups, and which waiting questions are hidden; or of a period
    what is of one project."""
    asked: dict[str, Any] = {
        **period.parameters,
        **period.compared,
        "bucket": period.bucket(known),
        "zone": str(view.zone),
        "project": project,
    }
    attention = _attention(view, project)
    attention["backup"], attention["hidden"] = backup, hidden
    activity, calls = cached.read(view, reports.read_activity, **asked), cached.read(view, reports.read_calls, **asked)
    happened = gather(activity, calls, project, attention["stateless_approvals"])
    is_empty = project is not None and not happened.holds_any
    with page.gathering() as first:
        telling.summary(view, period, attention, happened)
        if project is not None:
            of_project.say_left_out(view, period)
        sums = "calls and prompts" if project is None else "calls"
        is_cut = boundary.say(view, period, sums=sums, rows="lists, search and single calls") is not None
        if is_empty:
            of_project.empty(period, project or "")
        else:
            cards.cards(telling.figures_of(view, period, happened, known))
        showing.needs_you(view, period, attention, happened)
    with page.gathering() as trends:
        if not is_empty:
            showing.trends(view, period, happened, known)
    return Drawn(
        page.one_of(first),
        page.one_of(trends),
        None if is_cut else happened.calls.calls,  # the CSV holds the rows alone
        attention.get("problems", 0),
        attention.get("first_problems", ()),
        happened.projects,
    )


def _attention(view: View, project: str | None) -> dict[str, Any]:
    """What waits for somebody; of a project the questions and notifications of its sessions and nothing else."""
    if project is None:
        return cached.read(view, reports.read_attention, now=view.minute)
    return cached.read(view, reports.read_attention_of, project=project, now=view.minute)


def draw_newest(view: View, *, project: str | None = None) -> Markup:
    """The newest happenings, of all or of one project."""
    with page.gathering() as pieces:
        if project is None:
            showing.newest(view, cached.read(view, reports.list_newest, most=10))
        else:
            showing.newest(view, cached.read(view, reports.list_newest_of, project=project, most=10), project)
    return page.one_of(pieces)


def say_untimed(view: View, period: Period, project: str | None = None) -> None:
    """How many events no period holds."""
    known = filters.extent(view, "events")
    if project is not None:
        of_project.say_untimed(period, known, project)
        return
    filters.say_untimed(view, period, known, "event", in_all_time=True)
    if period.untimed and known.untimed:
        page.note(f"These are of {plural(known.untimed, 'event')} without a recorded time.")
