"""The pages as Streamlit knows them, and the menu of the sidebar: a link per page that its reader may see, in sections,
all of it a single element for the browser."""

from __future__ import annotations

from copy import copy
from functools import cache

import streamlit as st

from data.access import Actor
from ui.asking import links
from ui.drawing import tokens
from ui.drawing.markup import Markup, tag
from ui.navigation import FIRST, PAGES, PageEntry

_known: dict[tuple[str, bool], st.Page] = {}


def page_of(entry: PageEntry, actor: Actor) -> st.Page:
    """A page as Streamlit knows it. It looks each file up on the disk, which is done once for all runs; a run marks the
    one that it shows, so each gets its own."""
    is_visible = entry.listed and actor.can(entry.needs)
    if (entry.url_path, is_visible) not in _known:
        _known[entry.url_path, is_visible] = st.Page(
            entry.path,
            title=entry.title,
            url_path=entry.url_path,
            default=entry is FIRST,
            visibility="visible" if is_visible else "hidden",
        )
    return copy(_known[entry.url_path, is_visible])


def menu_of(actor: Actor, here: str) -> Markup:
    """The menu with the page at the address `here` marked, or the one that it stands under."""
    return _menu(tuple(entry for entry in PAGES if entry.listed and actor.can(entry.needs)), here)


@cache
def _menu(shown: tuple[PageEntry, ...], here: str) -> Markup:
    open_page = next((entry for entry in PAGES if entry.url_path == here), FIRST)
    section = FIRST.section
    pieces = []
    for entry in shown:
        if entry.section != section:
            section = entry.section
            pieces.append(tag("p", section, class_="sb-section"))
        current = "page" if entry is open_page else "true" if entry.url_path == open_page.under else None
        icon = tag("i", entry.icon.removeprefix(":material/").removesuffix(":"), aria_hidden="true")
        address = links.href(entry.url_path)
        pieces.append(tag("a", icon, tag("span", entry.title), href=address, class_="sb-go", aria_current=current))
    return tag("nav", *pieces, class_="sb-menu", aria_label="Pages", data_look=tokens.look())
