"""Seeing as somebody else: the list to choose from, and the band that marks every page while it lasts."""

from ui.seen_as.band import show_band
from ui.seen_as.choosing import asked_search, lead_away, people_table, say_what_it_is

__all__ = ["asked_search", "lead_away", "people_table", "say_what_it_is", "show_band"]
