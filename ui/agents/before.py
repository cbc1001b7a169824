"""What figures of agents were in the period before, each with what it was taken over."""

from __future__ import annotations

from ui.drawing.markup import Child, join, tag
from ui.wording import figures
from ui.wording.sentences import LEAST_COMPARED, plural


def below(now: Child, before: str | None) -> Child:
    """A cell of a table with what it was before on a line of its own below."""
    return join(now, tag("div", before, class_="sb-was")) if before else now


def count(before: int | None, *, is_known: bool = True) -> str | None:
    """What a number was, "was 340": it is its own n. None where nothing was on record that it could be counted from."""
    return f"was\u00a0{figures.count(before)}" if is_known and before is not None else None


def rate(part: float, whole: int) -> str | None:
    """What a share was and of how many, "was 92.1 % of 340"; None of too few to compare with."""
    return _of(figures.percent(part, whole), whole) if whole >= LEAST_COMPARED else None


def confidence(total: float, decisions: int) -> str | None:
    """What a mean over decisions was and over how many, "was 0.87 of 340"; None of too few to compare with."""
    return _of(f"{total / decisions:.2f}", decisions) if decisions >= LEAST_COMPARED else None


def failed(number: int, ended: int) -> str | None:
    """How many jobs failed and of how many that ended, "was 3 of 37"; None where none had ended."""
    return _of(figures.count(number), ended) if ended else None


def cost(usd: float | None, priced: int) -> str | None:
    """What was spent and in how many priced windows, "was $3.00 in 12 windows"; None where none was priced."""
    return f"was\u00a0{figures.money(usd)} in\u00a0{plural(priced, 'window')}" if usd is not None else None


def _of(written: str, cases: int) -> str:
    """The words of all of them; they break between figure and n alone."""
    return f"was\u00a0{written} of\u00a0{figures.count(cases)}"
