"""Rollups: sums per quarter of an hour, hour, day and eight days, kept by a refresher and read together with what
changed since; and how long the rows that they sum up are kept."""

from data.rollups.dropping import Piece, drop, drop_all
from data.rollups.keeping import Foreseen, Late, Retention, count_late, foresee, keep, read_retention
from data.rollups.refreshing import Pass, State, finish, list_failures, read_states, refresh
from data.rollups.widths import coarsest

__all__ = [
    "Foreseen",
    "Late",
    "Pass",
    "Piece",
    "Retention",
    "State",
    "coarsest",
    "count_late",
    "drop",
    "drop_all",
    "finish",
    "foresee",
    "keep",
    "list_failures",
    "read_retention",
    "read_states",
    "refresh",
]
