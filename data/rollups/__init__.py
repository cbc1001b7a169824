"""Rollups: sums per quarter of an hour, hour, day and eight days, kept by a refresher and read together with what
changed since."""

from data.rollups.refreshing import Pass, State, finish, list_failures, read_states, refresh
from data.rollups.widths import coarsest

__all__ = ["Pass", "State", "coarsest", "finish", "list_failures", "read_states", "refresh"]
