"""The band above every page while an admin sees as somebody else."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from data.access import Actor, Watcher
from data.identity import web_sessions
from ui import acts
from ui.drawing.markup import tag
from ui.wording import figures


def show_band(actor: Actor) -> None:
    """Whose sight this is, that nothing can be changed with it, that it was written down, when it ends, and the way
    back. The receipt of having begun, too: the tab begins anew with the borrowed sight, and no other outlives that."""
    watcher = actor.watcher
    if actor.has_lost_sight:
        _lost()
    if watcher is None:
        return
    ends = f"For looking only; the audit log has it, and it ends at {_until(watcher)}."
    with st.container(
        key="sb_seen_as", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.html(
            tag(
                "div",
                tag("b", f"SEEN AS {actor.email} ({actor.role})"),
                tag(
                    "span",
                    f" You are {watcher.email}. {ends}",
                ),
                class_="sb-seen-as",
            )
        )
        st.button("Back to your own sight", key="see_as_oneself", on_click=acts.run, args=(_back,))


def _lost() -> None:
    """The look has ended; it is said until it was read."""
    with st.container(
        key="sb_seen_as", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        told = " The account that you saw as is closed, or not in the data that is shown."
        st.html(tag("div", tag("b", "YOU SEE AS YOURSELF AGAIN."), tag("span", told), class_="sb-seen-as"))
        st.button("Understood", key="see_as_oneself", on_click=acts.run, args=(_back,))


def _until(watcher: Watcher) -> str:
    """In the zone of whoever looks; this band stands above pages that have none yet to ask for it."""
    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return f"{watcher.until.astimezone(zone):%H:%M} {figures.zone_name(watcher.until, zone)}"


def _back(actor: Actor) -> str:
    web_sessions.see_as_oneself(actor)
    return "You see as yourself again."
