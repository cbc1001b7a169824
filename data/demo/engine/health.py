"""How a client fares: a score, the signals behind it, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from data.demo.engine.records import Payload

_RISKS: tuple[tuple[str, Callable[[float], bool], str], ...] = (
    ("open_tickets", lambda value: value >= 6, "Many open tickets"),
    ("response_hours", lambda value: value > 20, "Slow answers from us"),
    ("usage_change_percent", lambda value: value < -15, "Uses the product less"),
    ("overdue_invoices", lambda value: value >= 2, "Invoices overdue"),
)


@dataclass(frozen=True)
class Assessment:
    """A score from 0 to 100, with the signals that it was made of."""

    score: float
    signals: dict[str, float]

    @property
    def told(self) -> Payload:
        """As the event tells it."""
        return {
            "health_score": self.score,
            "status": status_of(self.score),
            "signals": self.signals,
            "risk_factors": [sentence for name, is_risk, sentence in _RISKS if is_risk(self.signals[name])],
        }


def status_of(score: float) -> str:
    """The word for a score."""
    return "healthy" if score >= 70 else "at_risk" if score >= 45 else "critical"


def assess(draw: Random, health: float) -> Assessment:
    """Signals as they show in a client of this health, and the score rounded to a tenth."""
    score = round(min(100.0, max(0.0, health)), 1)
    lack = 1 - score / 100
    return Assessment(
        score,
        {
            "open_tickets": int(draw.expovariate(1) * 9 * lack),
            "response_hours": round(2 + draw.expovariate(1) * 26 * lack, 1),
            "usage_change_percent": round(draw.gauss(8 - 40 * lack, 6), 1),
            "overdue_invoices": int(draw.expovariate(1) * 3 * lack),
        },
    )
