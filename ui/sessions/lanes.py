"""A session drawn: one lane per tool and kind, and what has no time in recorded order."""

from __future__ import annotations

import streamlit as st

from ui import page
from ui.asking import filters
from ui.drawing.markup import Child, Markup, span, tag
from ui.sessions import timeline
from ui.sessions.timeline import Gap, Lane, Mark, Timeline, words_of
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_MOST_ROWS = 400  # of happenings in recorded order
_LONGEST_WORDS = 80  # of one of them


_TICK_ROOM = 0.1  # of the width: where the length of a gap stands, no time does


_KEY = (
    ("sb-kind-prompt", "prompt"),
    ("sb-kind-call sb-is-well", "call, as long as it took"),
    ("sb-is-broken", "failed"),
    ("sb-is-attention", "refused or not acknowledged"),
    ("sb-is-waiting", "waits for a human"),
    ("sb-is-unknown", "outcome not recorded"),
)


def lanes(view: View, drawn: Timeline, picked: str | None) -> None:
    """The lane chart: one lane per tool and kind, subagents indented, gaps folded with their length."""
    if not drawn.lanes:
        return
    ticks = _ticks(view, drawn)
    ticks += [
        tag("b", _length(gap), style=f"left:{100 * (gap.left + gap.width / 2):.2f}%", title=f"idle for {_length(gap)}")
        for gap in drawn.gaps
        if gap.is_named
    ]
    body: list[Child] = [tag("div", tag("div", class_="sb-lane-name"), tag("div", *ticks, class_="sb-track sb-ticks"))]
    body += [_lane(view, lane, picked, drawn) for lane in drawn.lanes]
    st.html(tag("div", *body, class_="sb-lanes", role="group", aria_label="Timeline of the session"))
    key: list[Child] = []
    for classes, words in _KEY:
        key += [tag("span", tag("i", class_=f"sb-event sb-key {classes}"), words, class_="sb-whole"), "   "]
    crowds = "Where many lie together, one mark stands for them." if drawn.is_summarised else None
    folds = "Hatched: idle time, folded." if drawn.gaps else None
    page.note(*key, " ".join(words for words in (folds, crowds) if words) or None)


def _ticks(view: View, drawn: Timeline) -> list[Markup]:
    """The times above the lanes: to the second where they would be the same to the minute, and no time twice."""
    places = [
        (left, when) for left, when in drawn.ticks if all(abs(left - gap.left) > _TICK_ROOM for gap in drawn.gaps)
    ]
    words = [figures.moment(when, view.zone, when) for _, when in places]
    if len(set(words)) < len(words):
        words = [f"{when.astimezone(view.zone):%H:%M:%S}" for _, when in places]
    return [
        tag("span", told, style=f"left:{100 * left:.2f}%")
        for number, ((left, _), told) in enumerate(zip(places, words, strict=True))
        if told not in words[:number]
    ]


def _length(gap: Gap) -> str:
    return figures.duration(gap.length.total_seconds() * 1000)


def _lane(view: View, lane: Lane, picked: str | None, drawn: Timeline) -> Markup:
    folds = [
        tag(
            "span",
            class_="sb-fold",
            style=f"left:{100 * gap.left:.2f}%;width:{100 * gap.width:.2f}%",
            title=f"idle for {_length(gap)}",
        )
        for gap in drawn.gaps
    ]
    marks = [_mark(view, mark, picked) for mark in lane.marks]
    name = tag(
        "div",
        span(lane.name, "sb-deep" if lane.depth else "sb-cut", title=lane.name),
        span(f" {figures.count(lane.items)}", "sb-muted"),
        class_="sb-lane-name",
    )
    return tag("div", name, tag("div", *folds, *marks, class_="sb-track"), class_="sb-lane")


def _mark(view: View, mark: Mark, picked: str | None) -> Markup:
    item = mark.first
    state = timeline.state_of(item)
    ids = {str(one["item_id"]) for one in mark.items}
    crowd = f"{plural(len(mark.items), 'happening')}, the first: " if len(mark.items) > 1 else ""
    took = f", {figures.duration(item['duration_ms'])}" if item["duration_ms"] is not None else ""
    when = figures.exact(item["occurred_at"], view.zone)
    title = f"{crowd}{timeline.name_of(item)}{took}, {words_of(item)} · {when}\n{item['words'] or ''}"
    classes = f"sb-go sb-event sb-is-{state} sb-kind-{item['kind']}"
    if picked in ids:
        classes += " sb-picked"
    if len(mark.items) > 1:
        classes += " sb-crowd"
    return tag(
        "a",
        href=filters.here(view, item=str(item["item_id"])),
        class_=classes,
        style=f"left:{100 * mark.left:.3f}%;width:{100 * mark.width:.3f}%",
        title=title,
        aria_label=title,
        aria_current="true" if picked in ids else None,
    )


def untimed(view: View, drawn: Timeline, picked: str | None) -> None:
    """What has no time, in the order in which it was recorded."""
    if not drawn.untimed:
        return
    shown = drawn.untimed[:_MOST_ROWS]
    more = len(drawn.untimed) - len(shown)
    page.heading("Order as recorded, no times", plural(len(drawn.untimed), "happening"))
    cells = [
        tag(
            "a",
            page.mark(timeline.state_of(item)),
            tag("b", timeline.name_of(item)),
            f" {figures.shortened(item['words'], _LONGEST_WORDS)}" if item["words"] else None,
            href=filters.here(view, item=str(item["item_id"])),
            class_="sb-go"
            + (" sb-picked" if str(item["item_id"]) == picked else "")
            + (" sb-inner" if item["agent_id"] else ""),
            title=words_of(item),
        )
        for item in shown
    ]
    st.html(tag("div", *cells, class_="sb-order"))
    if more:
        page.note(f"{plural(more, 'more is', 'more are')} not drawn; the CSV holds all of them.")
