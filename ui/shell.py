"""The script that Streamlit runs for each viewer: who is here, which pages exist for them, then the page itself."""

from __future__ import annotations

import logging
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import console, database
from data.access import Actor, Dataset
from data.errors import SignalboxError
from data.identity import web_sessions
from ui import acts, live, menu, page, seen_as, viewer
from ui.drawing.markup import join, tag
from ui.navigation import PAGES

log = logging.getLogger("signalbox.shell")


# The icon is the address where the server has its mark; without it the symbol of the page is fetched from another host.
_look = partial(st.set_page_config, page_icon="/favicon.png", layout="wide", initial_sidebar_state="auto")
_DATASETS: dict[Dataset, str] = {"real": "Real data", "demo": "Demo data"}


def run() -> None:
    """One run of the script."""
    actor = viewer.identify()
    if actor is None:
        _look()
        st.warning("Your session is over. Load the page again to sign in.", icon=":material/lock:")
        st.stop()
    # Pages that are not for this person exist all the same: they say why under the right address.
    chosen = st.navigation([menu.page_of(entry, actor) for entry in PAGES], position="hidden")
    _look(page_title=page.title_of(chosen.title))
    with st.sidebar:
        _sidebar(actor, chosen.url_path)
    if actor.dataset == "demo":
        st.html(tag("div", tag("b", "DEMO"), tag("span", "Made-up data. Nothing here happened."), class_="sb-demo"))
    seen_as.show_band(actor)
    with live.measured():
        try:
            chosen.run()
            page.end()
        except SignalboxError as error:
            log.exception("page failed", extra={"page": chosen.url_path})
            page.fail(error)


def _sidebar(actor: Actor, here: str) -> None:
    above = join(tag("div", tag("i"), "Signalbox", class_="sb-brand"), menu.menu_of(actor, here))
    who = tag("div", actor.email, tag("br"), tag("span", actor.role), class_="sb-who")
    leave = tag("form", tag("button", "Sign out", class_="sb-button"), method="post", action="/logout")
    if "demo" in database.open_datasets():
        st.html(above)
        _dataset_switch(actor)
        st.html(page.one_of([who, leave]))
    else:
        st.html(page.one_of([above, who, leave]))


def _dataset_switch(actor: Actor) -> None:
    key = "dataset"
    st.session_state[key] = actor.dataset

    def turn() -> None:
        web_sessions.show(actor, st.session_state[key])

    st.selectbox("Shown data", list(_DATASETS), key=key, on_change=turn, format_func=lambda dataset: _DATASETS[dataset])
    if actor.dataset == "demo":
        _removal(actor)


def _removal(actor: Actor) -> None:
    running = console.running()
    if running is None or not actor.can("manage_demo"):
        return
    # What is in it is made when somebody opens it.
    box = st.popover("Renew or remove", type="tertiary", key="renew_or_remove", on_change="rerun")
    if not box.open:
        return
    with box:
        st.html(tag("p", "The demo ends at the moment of its making. Made anew it ends now; real data stays as it is."))
        if st.button("Make the demo anew", key="renew_demo"):
            with st.status("Making the demo …", expanded=True):
                acts.run(_renew_demo, running, st.empty())
            st.rerun()
        st.html(tag("p", "Removing drops the database of the demo with everything in it."))
        st.button("Remove the demo database", key="remove_demo", on_click=acts.run, args=(_remove_demo, running))


def _renew_demo(actor: Actor, running: console.Console, line: DeltaGenerator) -> str:
    running.make_demo(actor, line.write, replace=True)
    return "The demo is made anew and ends now."


def _remove_demo(actor: Actor, running: console.Console) -> str:
    running.remove_demo(actor)
    return "The demo database is gone."


run()
