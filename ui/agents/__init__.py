"""The parts of the page of agents."""

from ui.agents.charting import chart, trends
from ui.agents.choosing import Chosen, choose, is_asked, nothing, of_source, what_hides_windows, without_time
from ui.agents.listing import agents_table
from ui.agents.one import head, show_activity
from ui.agents.telling import cards_of, say_windows, summary
from ui.agents.tools import failures_table, say_tools, tools_table
from ui.agents.windows import windows_table

__all__ = [
    "Chosen",
    "agents_table",
    "cards_of",
    "chart",
    "choose",
    "failures_table",
    "head",
    "is_asked",
    "nothing",
    "of_source",
    "say_tools",
    "say_windows",
    "show_activity",
    "summary",
    "tools_table",
    "trends",
    "what_hides_windows",
    "windows_table",
    "without_time",
]
