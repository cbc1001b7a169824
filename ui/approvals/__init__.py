"""The parts of the page of approvals."""

from ui.approvals.choosing import (
    as_export,
    asked_approval,
    chosen,
    draw_filters,
    nothing,
    say_how_counted,
    say_untimed,
    say_untimed_of,
    switch,
    within,
)
from ui.approvals.deciding import decision_form
from ui.approvals.evidence import around, similar
from ui.approvals.history import cards_of, history_chart, history_summary, total_of
from ui.approvals.item import head, onward, what_will_happen, why_and_clock
from ui.approvals.lists import hidden_from, history_table, queue_table, summary

__all__ = [
    "around",
    "as_export",
    "asked_approval",
    "cards_of",
    "chosen",
    "decision_form",
    "draw_filters",
    "head",
    "hidden_from",
    "history_chart",
    "history_summary",
    "history_table",
    "nothing",
    "onward",
    "queue_table",
    "say_how_counted",
    "say_untimed",
    "say_untimed_of",
    "similar",
    "summary",
    "switch",
    "total_of",
    "what_will_happen",
    "why_and_clock",
    "within",
]
