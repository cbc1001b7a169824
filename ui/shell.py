"""The script that Streamlit runs for each viewer: who is here, which pages exist for them, then the page itself."""

from __future__ import annotations

import logging
from functools import partial

import streamlit as st

from data.access import Actor
from data.errors import SignalboxError
from ui import demo, live, menu, page, seen_as, viewer
from ui.drawing.markup import join, tag
from ui.navigation import PAGES

log = logging.getLogger("signalbox.shell")


# The icon is the address where the server has its mark; without it the symbol of the page is fetched from another host.
_look = partial(st.set_page_config, page_icon="/favicon.png", layout="wide", initial_sidebar_state="auto")


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
    if demo.is_there():
        st.html(above)
        demo.switch(actor)
        st.html(page.one_of([who, leave]))
    elif maker := demo.maker_for(actor):
        st.html(above)
        demo.making(maker, "Make the demo", key="make_demo", kind="tertiary")
        st.html(page.one_of([who, leave]))
    else:
        st.html(page.one_of([above, who, leave]))


run()
