"""Moving a system's tables into our schema, in place of our empty ones, with all that ours do by trigger."""

from data.adoption.moving.guarding import guard, lacking
from data.adoption.moving.tables import move, with_added

__all__ = ["guard", "lacking", "move", "with_added"]
