"""The demo beside the real data: made, shown, made anew, removed. Making and removing are an admin's."""

from __future__ import annotations

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import console, database
from data.access import Actor, Dataset
from data.identity import web_sessions
from ui import acts
from ui.drawing.markup import tag
from ui.wording.sentences import plural

_DATASETS: dict[Dataset, str] = {"real": "Real data", "demo": "Demo data"}


def is_there() -> bool:
    """Whether there is a demo to show."""
    return "demo" in database.open_datasets()


def maker_for(actor: Actor) -> console.Console | None:
    """The console that makes and removes the demo for this person; None where they may not, or it has none."""
    running = console.running()
    can_make = running is not None and running.settings.is_embedded and actor.can("manage_demo")
    return running if can_make else None


def making(maker: console.Console, label: str, *, key: str, kind: Literal["primary", "tertiary"]) -> None:
    """A button that makes the demo and opens it."""
    if st.button(label, type=kind, key=key, help="Takes about 15 seconds. Real data stays as it is."):
        with st.status("Making the demo …", expanded=True):
            acts.run(_make, maker, st.empty())
        st.rerun()


def switch(actor: Actor) -> None:
    """Which data is shown, and what can be done about the demo. Only where there is one."""
    key = "dataset"
    st.session_state[key] = actor.dataset

    def turn() -> None:
        web_sessions.show(actor, st.session_state[key])

    st.selectbox("Shown data", list(_DATASETS), key=key, on_change=turn, format_func=lambda dataset: _DATASETS[dataset])
    if actor.dataset == "demo" and (maker := maker_for(actor)):
        _removal(maker)


def _removal(maker: console.Console) -> None:
    # Made before it is opened: the browser looks for a place with room for all of it.
    with st.popover("Renew or remove", type="tertiary"):
        st.html(tag("p", "The demo ends at the moment of its making. Made anew it ends now; real data stays as it is."))
        if st.button("Make the demo anew", key="renew_demo"):
            with st.status("Making the demo …", expanded=True):
                acts.run(_renew, maker, st.empty())
            st.rerun()
        st.html(tag("p", "Removing drops the database of the demo with everything in it."))
        st.button("Remove the demo database", key="remove_demo", on_click=acts.run, args=(_remove, maker))


def _make(actor: Actor, maker: console.Console, line: DeltaGenerator) -> str:
    made = maker.make_demo(actor, line.write)
    web_sessions.show(actor, "demo")
    if not made.is_new:
        return "The demo was made meanwhile."
    return f"The demo is made: {plural(made.rows['chronicle.events'], 'event')} of agents that never ran."


def _renew(actor: Actor, maker: console.Console, line: DeltaGenerator) -> str:
    maker.make_demo(actor, line.write, replace=True)
    return "The demo is made anew and ends now."


def _remove(actor: Actor, maker: console.Console) -> str:
    maker.remove_demo(actor)
    return "The demo database is gone."
