"""The server: Streamlit's app around `ui/shell.py`, with the gate in front and our own routes beside it.

Started by `streamlit run streamlit_app.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

from data import settings
from data.errors import WrongSetting
from ui import ahead, live, navigation
from ui.drawing import tokens
from web import logs
from web.site import Site

logs.configure()
try:
    site = Site(
        settings.load(),
        pages=navigation.known_pages,
        first_page=navigation.FIRST.url_path,
        static_directory=Path(st.__file__).parent / "static",
        follow=live.follow,
        style_sheet=tokens.style_sheet(),
        get_ready=ahead.begin,
        modules=navigation.modules(),
    )
except WrongSetting as error:
    sys.exit(error.sentence)

app = st.App("ui/shell.py", routes=site.routes, middleware=site.middleware, lifespan=site.lifespan)
