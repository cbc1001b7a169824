"""The parts of the page of tools."""

from ui.tools.choosing import Chosen, asked, draw_filters, nothing, say_outcomes, say_unnamed
from ui.tools.listing import by_tool, calls_table, errors_of, leafed_of, total_of
from ui.tools.telling import cards_of, chart, summary

__all__ = [
    "Chosen",
    "asked",
    "by_tool",
    "calls_table",
    "cards_of",
    "chart",
    "draw_filters",
    "errors_of",
    "leafed_of",
    "nothing",
    "say_outcomes",
    "say_unnamed",
    "summary",
    "total_of",
]
