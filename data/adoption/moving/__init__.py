"""Moving a system's tables into our schema, in place of our empty ones, with all that ours do by trigger."""

from data.adoption.moving.fitting import Unfit, doubted, loosen, narrower, unfit
from data.adoption.moving.guarding import guard, lacking, standing_in, ungiven
from data.adoption.moving.indexing import build, plan, planned
from data.adoption.moving.logging import is_logged, log
from data.adoption.moving.ruling import ruled
from data.adoption.moving.tables import left_empty, move, with_added

__all__ = [
    "Unfit",
    "build",
    "doubted",
    "guard",
    "is_logged",
    "lacking",
    "left_empty",
    "log",
    "loosen",
    "move",
    "narrower",
    "plan",
    "planned",
    "ruled",
    "standing_in",
    "unfit",
    "ungiven",
    "with_added",
]
