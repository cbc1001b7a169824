"""What stands in the way of adopting a system, in sentences."""

from __future__ import annotations

from data.errors import SignalboxError


class AdoptionError(SignalboxError):
    """The tables cannot be adopted as they are."""


class NothingToAdopt(AdoptionError):
    """There is no table of that system in that schema."""


class OursHaveRows(AdoptionError):
    """The console's own tables of that system hold rows, which would no longer be seen."""


class NotTheOwner(AdoptionError):
    """The role of this connection does not own the tables, so it can neither watch nor move them."""


class ViewInTheWay(AdoptionError):
    """Something that the console did not make depends on its own tables, which the moved ones would replace, or on a
    function that moving makes again."""
