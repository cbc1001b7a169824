"""The parts of the page of one session: its head, the lanes, the selected item, the files it touched."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui import figures, filters, links, page, sessions, tables, timeline
from ui.markup import Child, Markup, join, span, tag
from ui.sentences import listed, plural
from ui.timeline import Item, Lane, Mark, Timeline
from ui.view import View

_MOST_ROWS = 400  # of happenings in recorded order
_LONGEST = 20_000  # characters of one value on the page; the whole of it is in the JSON


def head(view: View, session: Mapping[str, Any], items: Sequence[Item]) -> None:
    """What kind of session it was and what went wrong in it, in sentences."""
    failed = sum(timeline.state_of(item) == "broken" for item in items)
    calls = [item for item in items if item["kind"] == "call"]
    unknown = sum(item["outcome"] == "unknown" for item in calls)
    waits = sum(item["kind"] == "question" and item["is_open"] for item in items)
    what = [plural(sum(item["kind"] == "prompt" for item in items), "prompt"), plural(len(calls), "tool call")]
    if session["subagents"]:
        what.append(plural(session["subagents"], "subagent"))
    if compactions := sum(item["kind"] == "compaction" for item in items):
        what.append(plural(compactions, "compaction"))
    ending = f"{plural(failed, 'thing')} went wrong" if failed else "nothing is known to have gone wrong"
    if unknown:
        ending += f", {plural(unknown, 'call')} {'has' if unknown == 1 else 'have'} no recorded outcome"
    state = "waiting" if waits else "attention" if failed else "unknown" if calls and unknown == len(calls) else "well"
    page.say(f"{listed(what)}; {ending}.", state=state)
    st.html(tag("p", *_facts(view, session), class_="sb-facts"))


def _facts(view: View, session: Mapping[str, Any]) -> list[Child]:
    started, ended = session["started_at"], session["ended_at"]
    if started is None:
        when: Child = "order as recorded, no times"
    else:
        took = f", {figures.duration((ended - started).total_seconds() * 1000)}" if ended else ", not ended"
        zone = figures.zone_name(started, view.zone)
        when = f"{figures.moment(started, view.zone, view.as_of)} {zone}{took}"
    facts: list[tuple[str, Child]] = [
        ("project", session["project_name"]),
        ("branch", session["git_branch"]),
        ("when", when),
        ("status", session["status"]),
        ("model", listed(session["models"]) if session["models"] else "none recorded"),
        ("cost", sessions.cost_words(session)),
        ("id", tables.identifier("session_key")(session)),
    ]
    return [join(span(f"{name} ", "sb-muted"), value, span("   ", "")) for name, value in facts if value is not None]


def lanes(view: View, drawn: Timeline, picked: str | None) -> None:
    """The lane chart: one lane per tool and kind, subagents indented, gaps folded with their length."""
    if not drawn.lanes:
        return
    ticks = [
        tag("span", figures.moment(when, view.zone, when), style=f"left:{100 * left:.2f}%") for left, when in drawn.ticks
    ]
    body: list[Child] = [tag("div", tag("div", class_="sb-lane-name"), tag("div", *ticks, class_="sb-track sb-ticks"))]
    body += [_lane(view, lane, picked, drawn) for lane in drawn.lanes]
    note = " Where many lie together, one mark stands for them." if drawn.is_summarised else ""
    label = f"Timeline of the session.{note}"
    st.html(tag("div", *body, class_="sb-lanes", role="group", aria_label=label))
    if note:
        page.note(note.strip())


def _lane(view: View, lane: Lane, picked: str | None, drawn: Timeline) -> Markup:
    folds = [
        tag(
            "span",
            tag("b", figures.duration(gap.length.total_seconds() * 1000)) if lane is drawn.lanes[0] else None,
            class_="sb-fold",
            style=f"left:{100 * gap.left:.2f}%;width:{100 * gap.width:.2f}%",
            title=f"idle for {figures.duration(gap.length.total_seconds() * 1000)}",
        )
        for gap in drawn.gaps
    ]
    marks = [_mark(view, mark, picked) for mark in lane.marks]
    name = tag(
        "div",
        span(figures.shortened(lane.name, 24), "sb-deep" if lane.depth else "", title=lane.name),
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
    title = f"{crowd}{item['name']}{took}, {words_of(item)} · {when}\n{item['words'] or ''}"
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


def words_of(item: Item) -> str:
    """How a happening went, in words."""
    if item["kind"] == "call":
        return {"unknown": "no outcome recorded", "refused": "refused by a person"}.get(
            item["outcome"] or "unknown", str(item["outcome"])
        )
    if item["kind"] == "notification":
        return "not acknowledged" if item["is_open"] else "acknowledged"
    return str(item["outcome"] or item["kind"])


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
            tag("b", item["name"]),
            f" {figures.shortened(item['words'], 70)}" if item["words"] else None,
            href=filters.here(view, item=str(item["item_id"])),
            class_="sb-go" + (" sb-picked" if str(item["item_id"]) == picked else "") + (" sb-inner" if item["agent_id"] else ""),
            title=words_of(item),
        )
        for item in shown
    ]
    st.html(tag("div", *cells, class_="sb-order"))
    if more:
        page.note(f"{figures.count(more)} more are not drawn; the CSV holds all of them.")


def detail(view: View, item: Item, content: Mapping[str, Any]) -> None:
    """The selected item: what went in, what came out, how long it took, everything as JSON to copy."""
    state = timeline.state_of(item)
    page.heading(item["name"], join(page.mark(state), words_of(item)))
    took = figures.duration(item["duration_ms"]) if item["duration_ms"] is not None else figures.NONE_RECORDED
    facts = [("when", figures.exact(item["occurred_at"], view.zone)), ("took", took)]
    if item["kind"] not in ("call", "question"):
        facts.pop()
    if item["agent_id"]:
        facts.append(("subagent", f"{item['agent_type'] or ''} {item['agent_id']}".strip()))
    st.html(tag("p", *[join(span(f"{name} ", "sb-muted"), value, "   ") for name, value in facts], class_="sb-facts"))
    for title, value, language in _contents(item, content):
        page.heading(title)
        if value is None:
            page.note(figures.NONE_RECORDED)
        else:
            st.code(value[:_LONGEST], language=language, wrap_lines=True, height=min(320, 40 + 22 * value.count("\n") + 22 * (len(value) // 60)))
            if len(value) > _LONGEST:
                page.note(f"The first {figures.count(_LONGEST)} of {figures.count(len(value))} characters.")
    with st.expander("Everything as JSON"):
        st.code(as_json({**item, **content})[: 10 * _LONGEST], language="json", height=320)


def _contents(item: Item, content: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    if item["kind"] == "prompt":
        return [("What was asked", content["prompt_text"], None)]
    if item["kind"] == "notification":
        return [("What it said", content["message"], None)]
    if item["kind"] == "question":
        asked = ("What was asked", as_json(content["request_payload"]), "json")
        note = content["decision_note"]
        return [("Why", content["reason"], None), asked, ("What was decided", _decision(content, note), None)]
    if item["kind"] == "call":
        out = content["error_message"] or as_text(content["result"])
        return [("In", as_text(content["parameters"]), "json"), ("Error" if content["error_message"] else "Out", out, None)]
    return [("What was recorded", as_text(content["data"]), "json")]


def _decision(content: Mapping[str, Any], note: str | None) -> str:
    by = f" by {content['decided_by_name']}" if content["decided_by_name"] else ""
    return f"{content['status']}{by}{': ' + note if note else ''}"


def as_text(value: Any) -> str | None:
    """A recorded value as people read it: text as it is, everything else as indented JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and set(value) <= {"stdout", "stderr", "interrupted", "isImage"} and value.get("stdout"):
        return "\n".join(str(value[name]) for name in ("stdout", "stderr") if value.get(name))
    return as_json(value)


def as_json(value: Any) -> str:
    """Indented JSON; times and ids as text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def files(view: View, session: Mapping[str, Any]) -> None:
    """The files that tools touched."""
    touched = session["files"] or []
    if not touched:
        return
    with st.expander(f"{plural(len(touched), 'file')} touched"):
        lines = [tag("li", tag("code", entry["path"]), span(f" {entry['status'] or ''}", "sb-muted")) for entry in touched[:500]]
        st.html(tag("ul", *lines, class_="sb-files"))


def steps(view: View, around: Mapping[str, str | None], before: str | None, after: str | None, back: str) -> None:
    """Links to the items around the selected one, to the sessions around this one, and back to the list."""
    entries = (
        ("‹ previous item", _to(view, around["previous"])),
        ("next item ›", _to(view, around["next"])),
        ("next error", _to(view, around["error"])),
        ("next waiting", _to(view, around["waiting"])),
        ("« earlier in the list", before),
        ("later in the list »", after),
        ("back to the list", back),
    )
    pieces = [links.go_to(words, address) if address else span(words, "sb-off") for words, address in entries]
    st.html(tag("div", *pieces, class_="sb-steps"))


def _to(view: View, item_id: str | None) -> str | None:
    return filters.here(view, item=item_id) if item_id else None
