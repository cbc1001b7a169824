"""The frame of one session: what kind it was, steps to its happenings and to other sessions, its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

from data import calendar
from data.errors import NotFound
from ui import page, veil
from ui.asking import filters, links, paging, url
from ui.drawing import tables
from ui.drawing.markup import Child, enumerated, join, span, tag
from ui.sessions import parts
from ui.sessions.choosing import DEFAULT_SORT
from ui.sessions.listing import cost_words
from ui.sessions.timeline import Item
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural


def head(view: View, session: Mapping[str, Any], items: Sequence[Item], *, is_known: bool = True) -> None:
    """What kind of session it was and what went wrong in it, in sentences; these are left out where it is not known
    any more."""
    held = {part: len(parts.of(items, part)) for part in parts.PARTS}

    def led(number: int, part: str, noun: str) -> Child:
        words = plural(number, noun)
        return parts.led(view, words, part) if number else words

    calls, failed, refused, errors, unknown = (
        held[part] for part in ("calls", "failed", "refused", "errors", "unknown")
    )
    waits = sum(item["kind"] == "question" and item["is_open"] for item in items)
    what = [
        "An unknown number of prompts"
        if veil.hides_all("chronicle.prompt_events")
        else led(held["prompts"], "prompts", "prompt"),
        "an unknown number of tool calls"
        if veil.hides_all("chronicle.tool_events")
        else led(calls, "calls", "tool call"),
    ]
    if session["subagents"]:
        what.append(led(session["subagents"], "subagents", "subagent"))
    if held["compactions"]:
        what.append(led(held["compactions"], "compactions", "compaction"))
    wrong = [join(led(failed, "failed", "call"), " failed")] if failed else []
    if refused:
        wrong.append(join(led(refused, "refused", "call"), " was" if refused == 1 else " were", " refused by a person"))
    if errors:
        wrong.append(join(led(errors, "errors", "other error"), " is recorded" if errors == 1 else " are recorded"))
    ending = enumerated(wrong) or (
        "whether anything went wrong is not known" if veil.hides() else "nothing is known to have gone wrong"
    )
    silent: list[Child] = []
    if unknown:
        silent = [", ", led(unknown, "unknown", "call"), f" {'has' if unknown == 1 else 'have'} no recorded outcome"]
    state = "waiting" if waits else "attention" if wrong else "unknown" if calls and unknown == calls else "well"
    if is_known:
        page.say(enumerated(what), "; ", ending, *silent, ".", state=state)
    first = next((item["words"] for item in items if item["kind"] == "prompt" and item["words"]), None)
    if first:
        st.html(tag("p", f"“{figures.shortened(first, 150)}”", class_="sb-quote"))
    st.html(tag("p", *_facts(view, session), class_="sb-facts"))


def say_cut(view: View, session: Mapping[str, Any], shown: int, total: int) -> None:
    """That a session holds more than is shown, how much, and where all of it is."""
    if total <= shown:
        return
    ways: list[Child] = []
    if view.actor.can("export_rows"):
        address = links.href("export/session_events.csv", session=str(session["session_pk"]))
        words = f"The CSV holds all {plural(session['events'], 'event')}"
        ways = [" ", tag("a", words, href=address, title="Take all events of this session away as CSV"), "."]
    page.say(
        f"Shown are the first {figures.count(shown)} of {figures.count(total)} happenings, and the figures above are "
        f"of these alone; {plural(total - shown, 'later one is', 'later ones are')} not on this page.",
        *ways,
        state="attention",
    )


def _facts(view: View, session: Mapping[str, Any]) -> list[Child]:
    started, ended = session["started_at"], session["ended_at"]
    lasted = calendar.took_ms(started, ended)
    if started is None:
        when: Child = "order as recorded, no times"
    else:
        took = ", not ended" if ended is None else f", {figures.duration(lasted)}" if lasted is not None else ""
        when = f"{figures.moment_with_zone(started, view.zone, view.as_of)}{took}"
    facts: list[tuple[str, Child]] = [
        ("project", session["project_name"]),
        ("branch", session["git_branch"]),
        ("when", when),
        ("status", session["status"]),
        ("model", listed(session["models"]) if session["models"] else "none recorded"),
        ("cost", cost_words(session)),
        ("id", tables.identifier("session_key")(session)),
    ]
    return [
        join(tag("span", span(f"{name} ", "sb-muted"), value, class_="sb-whole"), "   ")
        for name, value in facts
        if value is not None
    ]


@dataclass(frozen=True)
class Place:
    """Where a session stands in the list it was opened from: `at` counts from 0, None when it was not opened from one.

    `carried` are the filters and the order of that list, as parameters of the URL.
    """

    at: int | None
    carried: Mapping[str, str]

    @property
    def first(self) -> int:
        """The place of the session before it, or its own where it is the first."""
        return max((self.at or 0) - 1, 0)


def asked_session() -> UUID:
    """The id of the session that the URL names. Raises NotFound when that is none."""
    try:
        return UUID(filters.given("session") or "")
    except ValueError:
        raise NotFound("This address names no session. Open one from the list of sessions.") from None


def place_in_list(query: Mapping[str, str]) -> Place:
    """Where the session stands in the list of these filters, in the order that the URL names."""
    return Place(url.asked_number("at"), {**query, "sort": filters.given("sort") or DEFAULT_SORT})


def ways(place: Place, pk: str, ids: Sequence[str]) -> None:
    """Links to the sessions around this one in the list it was opened from, and back to that list.

    `ids` are those of the list from `place.first` on; where the list has moved on, only the way back is left.
    """
    page_number = None if place.at is None else place.at // paging.PAGE_SIZE + 1
    pieces = [links.go_to("‹ back to the list", links.href("sessions", place.carried, page=page_number))]
    if pk in ids:
        here = ids.index(pk)
        for words, number in (("« session before", here - 1), ("session after »", here + 1)):
            if 0 <= number < len(ids):
                at = place.first + number
                pieces.append(links.go(words, "session", place.carried, session=ids[number], at=at))
    st.html(tag("div", *pieces, class_="sb-steps"))


def steps(around: Mapping[str, str | None]) -> None:
    """Buttons, with keys, to the item before and after, to the next error and to the next that waits."""
    entries = (
        ("previous", "‹ Previous", "k"),
        ("next", "Next ›", "j"),
        ("error", "Next error", "e"),
        ("waiting", "Next waiting", "w"),
    )
    with st.container(horizontal=True, gap="small", key="sb_steps"):
        for name, words, key in entries:
            target = around[name]
            st.button(words, key=f"step_{name}", shortcut=key, disabled=target is None, on_click=_pick, args=(target,))


def _pick(item_id: str | None) -> None:
    if item_id:
        filters.put("item", item_id)


def files(session: Mapping[str, Any]) -> None:
    """The files that tools touched."""
    touched = session["files"] or []
    if not touched:
        return
    with st.expander(f"{plural(len(touched), 'file')} touched"):
        lines = [
            tag("li", tag("code", entry["path"]), span(f" {entry['status'] or ''}", "sb-muted"))
            for entry in touched[:_MOST_FILES]
        ]
        st.html(tag("ul", *lines, class_="sb-files"))
        if len(touched) > _MOST_FILES:
            page.note(f"{plural(len(touched) - _MOST_FILES, 'more is', 'more are')} not listed.")


_MOST_FILES = 500
