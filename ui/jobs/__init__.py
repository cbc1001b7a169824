"""The parts of the page of jobs."""

from ui.jobs.choosing import Chosen, asked_job, choose, draw_filters, nothing, say_states
from ui.jobs.listing import failures_of, jobs_table, total_of
from ui.jobs.one import show_job
from ui.jobs.telling import cards_of, chart, summary

__all__ = [
    "Chosen",
    "asked_job",
    "cards_of",
    "chart",
    "choose",
    "draw_filters",
    "failures_of",
    "jobs_table",
    "nothing",
    "say_states",
    "show_job",
    "summary",
    "total_of",
]
