"""The console, with one thing added for measuring: at SIGUSR1 it forgets every kept answer."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from streamlit_app import site  # noqa: E402 - found through the line above
from ui import cached  # noqa: E402 - see above

signal.signal(signal.SIGUSR1, lambda *_: cached.forget())
app = st.App(str(ROOT / "ui/shell.py"), routes=site.routes, middleware=site.middleware, lifespan=site.lifespan)
