"""The parts of the pages of procedures and of one run."""

from ui.sops.choosing import Chosen, asked, choose, draw_status, facets_of, nothing, say_states
from ui.sops.defining import definitions_of
from ui.sops.executions import executions_table
from ui.sops.happenings import show_happenings
from ui.sops.listing import human_steps_table, procedures_table
from ui.sops.run import asked_execution, head, show_steps, ways
from ui.sops.telling import cards_of, chart, summary

__all__ = [
    "Chosen",
    "asked",
    "asked_execution",
    "cards_of",
    "chart",
    "choose",
    "definitions_of",
    "draw_status",
    "executions_table",
    "facets_of",
    "head",
    "human_steps_table",
    "nothing",
    "procedures_table",
    "say_states",
    "show_happenings",
    "show_steps",
    "summary",
    "ways",
]
