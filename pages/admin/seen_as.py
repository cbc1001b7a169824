"""Seen as: an admin looks at every report as another person would see it."""

from __future__ import annotations

from data.identity import members
from ui import page, seen_as

seen_as.lead_away()
view = page.begin("Seen as", needs="see_as_others")
seen_as.say_what_it_is()
search = seen_as.asked_search()
with page.panel(view, "the list of people"):
    # Uncached: accounts are made elsewhere, and nothing here tells that there is a new one.
    people, total = members.list_people(view.actor, search)
    seen_as.people_table(view, people, total)
