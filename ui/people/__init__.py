"""The parts of the page of people."""

from ui.people.listing import activity_table, asked_cost, choose, people_table, total_of
from ui.people.telling import cards_of, head, nothing, summary, summary_of_one, without_time

__all__ = [
    "activity_table",
    "asked_cost",
    "cards_of",
    "choose",
    "head",
    "nothing",
    "people_table",
    "summary",
    "summary_of_one",
    "total_of",
    "without_time",
]
