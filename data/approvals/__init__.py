"""What agents asked people: the queue, one question with its context, the decision, the history."""

from data.approvals.deciding import (
    MAX_NOTE_CHARACTERS,
    AlreadyDecided,
    Decision,
    NoteTooLong,
    OnlyHistory,
    Receipt,
    RejectionNeedsNote,
    SaysSomethingElse,
    TimeRanOut,
    decide,
)
from data.approvals.expiring import expire_due
from data.approvals.reading import (
    EXPIRING_S,
    OVERDUE_S,
    VIEWS,
    Queue,
    View,
    read_approval,
    read_counts,
    read_evidence,
    read_history,
    read_queue,
    read_similar,
)

__all__ = [
    "EXPIRING_S",
    "MAX_NOTE_CHARACTERS",
    "OVERDUE_S",
    "VIEWS",
    "AlreadyDecided",
    "Decision",
    "NoteTooLong",
    "OnlyHistory",
    "Queue",
    "Receipt",
    "RejectionNeedsNote",
    "SaysSomethingElse",
    "TimeRanOut",
    "View",
    "decide",
    "expire_due",
    "read_approval",
    "read_counts",
    "read_evidence",
    "read_history",
    "read_queue",
    "read_similar",
]
