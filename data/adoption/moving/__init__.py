"""Moving a system's tables into our schema, in place of our empty ones, with all that ours do by trigger."""

from data.adoption.moving.fitting import Unfit, loosen, narrower, unfit
from data.adoption.moving.guarding import guard, lacking
from data.adoption.moving.indexing import build, plan, planned
from data.adoption.moving.logging import is_logged, log
from data.adoption.moving.tables import move, with_added

__all__ = [
    "Unfit",
    "build",
    "guard",
    "is_logged",
    "lacking",
    "log",
    "loosen",
    "move",
    "narrower",
    "plan",
    "planned",
    "unfit",
    "with_added",
]
