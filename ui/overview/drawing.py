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
from ui.overview import showing, telling
from ui.overview.happenings import gather
from ui.view import View


@dataclass(frozen=True)
class Drawn:
    """What the page shows of a period: its first sentences, figures and what needs somebody; its trends; how many calls
    the CSV holds, None where it may hold fewer than there were."""

    first: Markup
    trends: Markup
    calls: int | None
    problems: int
    first_problems: Sequence[Mapping[str, Any]]


def newest_backup(view: View) -> Attention | None:
    """What is wrong with the backups. Not kept with what is drawn: a file may go without any table changing."""
    if not is_told(view):
        return None
    return backups.attention(view, cached.read(view, reports.read_attention, now=view.minute))


def hidden_questions(view: View) -> HiddenQuestions | None:
    """Which waiting questions row security hides from this person. Asked of an adopted table alone, whose policies are
    not ours: by those whoever sees all sees them. Before drawing, which holds a connection while it waits for none."""
    if "engine.human_approvals" not in view.adopted or not view.actor.sees_all:
        return None
    seen = cached.read(view, reports.read_attention, now=view.minute)["pending_approvals"]
    return absence.hidden_questions(view, seen_waiting=seen, sees_any=True)


def draw(
    view: View, *, period: Period, known: Extent, backup: Attention | None, hidden: HiddenQuestions | None = None
) -> Drawn:
    """Everything about a period, what is wrong with the backups, and which waiting questions are hidden."""
    asked: dict[str, Any] = {
        **period.parameters,
        **period.compared,
        "bucket": period.bucket(known),
        "zone": str(view.zone),
    }
    attention = cached.read(view, reports.read_attention, now=view.minute)
    attention["backup"], attention["hidden"] = backup, hidden
    happened = gather(cached.read(view, reports.read_activity, **asked), cached.read(view, reports.read_calls, **asked))
    calls: int | None = happened.calls.calls
    with page.gathering() as first:
        telling.summary(view, period, attention, happened)
        if boundary.say(view, period, sums="calls and prompts", rows="lists, search and single calls"):
            calls = None  # the CSV holds the rows alone
        cards.cards(telling.figures_of(view, period, happened, known))
        showing.needs_you(view, period, attention, happened)
    with page.gathering() as trends:
        showing.trends(view, period, happened, known)
    return Drawn(
        page.one_of(first),
        page.one_of(trends),
        calls,
        attention["problems"],
        attention["first_problems"],
    )


def draw_newest(view: View, *, period: Period) -> Markup:
    """The newest happenings, and how many events no period holds."""
    with page.gathering() as pieces:
        showing.newest(view, cached.read(view, reports.list_newest, most=10))
        filters.say_untimed(view, period, filters.extent(view, "events"), "event", in_all_time=True)
    return page.one_of(pieces)
