"""Which text of a migration somebody has read on the page: an edited one is not applied before it is read again."""

from __future__ import annotations

import streamlit as st

_READ = "_read_migrations"  # version -> SHA-256 of the text that was shown in this tab


def remember(version: str, sha256: str) -> None:
    """Note that this text was shown."""
    st.session_state[_READ] = st.session_state.get(_READ, {}) | {version: sha256}


def was_read_otherwise(version: str, sha256: str) -> bool:
    """Whether what was shown of this version in this tab is another text than this one."""
    return bool(st.session_state.get(_READ, {}).get(version, sha256) != sha256)


def text_mark(sha256: str) -> str:
    """What a text is known again by, for the eye."""
    return f"text {sha256[:12]}"
