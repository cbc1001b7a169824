"""The row of figures under the sentence of a page: value, change against the period before, a small trend, a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ui.drawing.markup import Child, Markup, join, tag
from ui.page import mark, put


@dataclass(frozen=True)
class Card:
    """One figure. `change` is written out ("+8 %", with `than` what it is compared with); `trend` is drawn as bars,
    where None is a gap. `address` leads to the rows behind it, from wherever on the card; links to parts of them may
    stand in the `note`."""

    label: str
    value: str
    change: str | None = None
    than: str | None = None
    note: Child = None
    address: str | None = None
    trend: Sequence[float | None] = ()
    state: str | None = None


def cards(shown: Sequence[Card]) -> None:
    """Draw at most four cards beside each other."""
    put(tag("div", *[_card(card) for card in shown[:4]], class_="sb-cards"))


def _card(card: Card) -> Markup:
    figure = (
        tag("div", mark(card.state) if card.state else None, card.label, class_="sb-card-label"),
        tag("div", card.value, class_="sb-card-value"),
    )
    # A link holds no other one, so that of the card is around its figure and laid over the rest by the style sheet.
    leading = tag("a", *figure, href=card.address, class_="sb-go sb-card-way") if card.address else join(*figure)
    trend = spark(card.trend) if any(value for value in card.trend) else None
    return tag("div", leading, *_below(card), trend, class_="sb-card")


def _below(card: Card) -> list[Child]:
    moved = join(tag("b", card.change), f" {card.than}" if card.than else None) if card.change else None
    return [tag("div", line, class_="sb-card-below") for line in (moved, card.note) if line]


def spark(values: Sequence[float | None], class_: str = "") -> Markup:
    """A small bar chart from zero; a missing value is a gap."""
    top = max((value for value in values if value), default=0) or 1
    bars = [
        tag("i", style=f"height:{0 if value is None else max(100 * value / top, 4 if value else 0):.0f}%")
        for value in values
    ]
    return tag("div", *bars, class_=f"sb-spark {class_}".strip(), aria_hidden="true")
