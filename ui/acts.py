"""Buttons that change something: what was seen is what is acted on, and a receipt or a sentence follows.

The act runs before the page does, with what the page showed when it was pressed. So somebody whose job or question has
moved on in the meantime reads that, instead of pressing a button that has silently gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from data import database
from data.access import Actor
from data.errors import SignalboxError
from ui import live, viewer

_OUTCOME = "_outcome"  # of the act that this run follows: (whether it was done, the sentence)

_SHOWN = "_shown_outcome"


def button(label: str, act: Callable[..., str], *given: Any, key: str, help: str | None = None) -> None:  # noqa: A002 - the name that Streamlit gives it
    """A button whose act is `act(actor, *given)`; it returns the sentence of its receipt."""
    st.button(label, key=key, on_click=run, args=(act, *given), help=help)


def run(act: Callable[..., str], *given: Any) -> None:
    """Do an act as who asks now, and keep what came of it for `show_outcome`. For `on_click`."""
    actor: Actor | None = None
    try:
        actor = _actor()
        st.session_state[_OUTCOME] = (True, act(actor, *given))
    except SignalboxError as error:
        st.session_state[_OUTCOME] = (False, error.sentence)
    finally:
        if actor is not None:
            database.polled.expire(actor.dataset)  # whatever it wrote, the page that follows shows it


def show_outcome(*, has_failed: bool = False) -> None:
    """The receipt of the act before this run, or why it was not done, until somebody does something else. It stands
    where the buttons were. `has_failed`: what was begun failed, which the page tells in place of the receipt."""
    outcome = st.session_state.pop(_OUTCOME, None)
    if outcome is None and live.is_own_run():
        outcome = st.session_state.get(_SHOWN)
    st.session_state[_SHOWN] = outcome
    if outcome is None:
        return
    is_done, sentence = outcome
    if is_done and has_failed:
        return
    if is_done:
        st.success(escaped(sentence), icon=":material/check:")
    else:
        st.warning(escaped(sentence), icon=":material/info:")


def typed(key: str) -> str:
    """What stands in a field at the moment of the act."""
    return str(st.session_state.get(key) or "")


def escaped(words: str) -> str:
    """Words for a place that takes Markdown, which an agent's title must not become, nor an address in it a link."""
    broken = _MADE_LINKS.sub(rf"\g<0>{_WORD_JOINER}", " ".join(words.split()))
    return "".join(f"\\{character}" if character in _SIGNS else character for character in broken)


_SIGNS = frozenset('\\`*_{}[]()<>#+-.!|~$:&"')
# Of addresses of pages, whether they are escaped or not. One of a person may be a link: people take it away from here.
_MADE_LINKS = re.compile(r":(?=//)|www(?=\.)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # as wide as nothing, and no part of an address


def _actor() -> Actor:
    """Who asks, with the role of this moment: a page may have stood open for long."""
    actor = viewer.identify()
    if actor is None:
        raise SignalboxError("Your session is over, so nothing was changed. Load the page again to sign in.")
    return actor
