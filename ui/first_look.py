"""What the first page shows while the real database is empty: look around in the demo, or import your own logs."""

from __future__ import annotations

import streamlit as st

from ui import page
from ui.view import View


def show(view: View) -> None:
    """Say that there is nothing yet and offer both ways on."""
    page.say("There are no agents' sessions here yet.", state="unknown")
