"""The parts of the page of approvals."""

from ui.approvals.deciding import decision_form
from ui.approvals.evidence import around, similar
from ui.approvals.item import head, onward, what_will_happen, why_and_clock
from ui.approvals.lists import (
    asked_approval,
    asked_view,
    hidden_from,
    history_table,
    nothing,
    queue_table,
    summary,
    switch,
)

__all__ = [
    "around",
    "asked_approval",
    "asked_view",
    "decision_form",
    "head",
    "hidden_from",
    "history_table",
    "nothing",
    "onward",
    "queue_table",
    "similar",
    "summary",
    "switch",
    "what_will_happen",
    "why_and_clock",
]
