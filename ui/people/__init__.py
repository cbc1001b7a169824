"""The parts of the page of people."""

from ui.people.listing import activity_table, people_table
from ui.people.telling import cards_of, head, nothing, summary

__all__ = ["activity_table", "cards_of", "head", "nothing", "people_table", "summary"]
