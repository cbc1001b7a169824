"""A measured figure beside its limit of the same run."""

from __future__ import annotations

from typing import TypedDict


class Figure(TypedDict):
    """`ratio` is value over limit, `bound` says what it may be, `holds` whether it is."""

    name: str
    value: float
    unit: str
    limit: float
    ratio: float
    bound: str
    holds: bool
    how: str


def figure(
    name: str,
    value: float,
    unit: str,
    limit: float,
    *,
    how: str,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """A figure whose ratio to the limit may be at least, or at most, so much."""
    ratio = value / limit
    bound = f"at least {at_least}" if at_least is not None else f"at most {at_most}"
    holds = ratio >= at_least if at_least is not None else ratio <= (at_most if at_most is not None else 0)
    return {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": ratio, "bound": bound,
            "holds": holds, "how": how}  # fmt: skip
