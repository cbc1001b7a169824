"""Who is here, inside the script: the gate says by which session a request came, the database says who that is."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from data import database
from data.access import Actor
from data.identity import web_sessions

_OWNER = "_owner"  # the session that this browser tab's state belongs to
_ACTOR = "_actor"


def identify() -> Actor | None:
    """Look up who sent this request and keep it for the run; None when the session is over.

    Also the second fence around the state of a tab: what one session put there, no other one gets.
    """
    sid = st.user.get("sid")
    if not isinstance(sid, str) or not sid:
        st.session_state.clear()
        return None
    if st.session_state.setdefault(_OWNER, sid) != sid:
        st.session_state.clear()
        st.session_state[_OWNER] = sid
    actor = web_sessions.look_up(sid)
    if actor is None:
        st.session_state.clear()
        return None
    actor = in_open_dataset(actor)
    st.session_state[_ACTOR] = actor
    return actor


def in_open_dataset(actor: Actor) -> Actor:
    """Somebody before the real data where the demo was removed while their browser looked at it."""
    return actor if actor.dataset in database.open_datasets() else replace(actor, dataset="real")


def current() -> Actor | None:
    """Whom `identify` found in this run; None where it did not run or found somebody else than asks now."""
    actor = st.session_state.get(_ACTOR)
    if isinstance(actor, Actor) and actor.session_hash == st.user.get("sid"):
        return actor
    return None
