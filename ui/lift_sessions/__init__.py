"""The parts of the pages of lift-sys sessions."""

from ui.lift_sessions.choosing import Chosen, asked_revision, asked_session, asks_for_unpriced, choose, nothing, switch
from ui.lift_sessions.difference import say_no_revision, show_difference
from ui.lift_sessions.holes import holes_table, open_holes_table
from ui.lift_sessions.listing import sessions_table, summary, validation_table
from ui.lift_sessions.of_model import OfModel, asked_model, count, drafts_of_model, say_how_many
from ui.lift_sessions.one import drafts_table, head, present_ir, revisions_table

__all__ = [
    "Chosen",
    "OfModel",
    "asked_model",
    "asked_revision",
    "asked_session",
    "asks_for_unpriced",
    "choose",
    "count",
    "drafts_of_model",
    "drafts_table",
    "head",
    "holes_table",
    "nothing",
    "open_holes_table",
    "present_ir",
    "revisions_table",
    "say_how_many",
    "say_no_revision",
    "sessions_table",
    "show_difference",
    "summary",
    "switch",
    "validation_table",
]
