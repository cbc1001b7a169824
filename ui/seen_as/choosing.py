"""Whom to see as: a search by address, the people with their roles, and a button for each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import streamlit as st

from data.access import Actor
from data.identity import web_sessions
from ui import acts, page, viewer
from ui.drawing.markup import tag
from ui.navigation import entry_of
from ui.view import View
from ui.wording.sentences import plural

_SEARCH = "search"


def lead_away() -> None:
    """To the first page, for whoever sees as somebody else already: this one is closed to every borrowed sight."""
    actor = viewer.current()
    if actor is not None and actor.watcher is not None:
        st.switch_page(entry_of("overview").path)


def say_what_it_is() -> None:
    """What happens, before it happens."""
    page.say(
        "Look at every report as somebody else would see it: their rows, their pages, their empty places. ",
        "Nothing can be changed meanwhile, it ends by itself after an hour, and the audit log keeps who saw as whom.",
    )


def asked_search() -> str:
    """The address that is searched for, kept in the URL."""
    return st.text_input(
        "Address contains",
        key=_SEARCH,
        value=st.query_params.get(_SEARCH, ""),
        on_change=_keep,
        max_chars=200,
        width=360,
    ).strip()


def _keep() -> None:
    if typed := st.session_state[_SEARCH].strip():
        st.query_params[_SEARCH] = typed
    else:
        st.query_params.pop(_SEARCH, None)


def people_table(view: View, people: list[dict[str, Any]], total: int) -> None:
    """The people that fit, each with a button."""
    acts.show_outcome()
    if not people:
        page.empty("Nobody's address contains that.")
        return
    if total > len(people):
        page.note(f"The first {len(people)} of {plural(total, 'person', 'people')}; search for the others.")
    for person in people:
        with st.container(width=620, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            is_viewer = person["user_id"] == view.actor.user_id
            who = f" {person['role']}{', you' if is_viewer else ''}"
            st.html(tag("div", tag("b", person["email"]), tag("span", who, class_="sb-muted")))
            if not is_viewer:
                acts.button("See as", _see_as, person["user_id"], key=f"see_as_{person['user_id']}")


def _see_as(actor: Actor, user_id: UUID) -> str:
    return f"You see as {web_sessions.see_as(actor, user_id)} now."
