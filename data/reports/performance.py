"""The figures of agents: sums of a period and of the one before, and what follows from them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import inf, sqrt
from typing import Any

from data.reports import rates

LEAST_RISE = 1.5  # an agent escalates more only from here on; many actions make every small rise certain
LEAST_FALL = 0.02  # of the automation rate, likewise


@dataclass(frozen=True)
class Performance:
    """What one agent, or several together, did in a period and in the one before.

    A window counts when it ended. `rated_actions` are the actions of windows that say how many of them ran without a
    person (`automated`, a sum that may be a fraction); `countless_windows` say how much did, but not out of how many,
    and are in neither. `actions` are those of `counted_windows`, None where no window tells how many there were;
    `contradicted_windows` store an automation rate that their own counts, which are taken, do not give. `decisions`
    are what `confidence_sum` was taken over. Costs in US dollars, None where no window has one; `estimated_windows` are
    those of the `priced_windows` whose cost is estimated at list prices, in `partly_estimated_windows` without the
    replies of models that have no known price. `silent_windows`, of an adopted table, do not say how many actions were
    escalated; `escalations` is None where no window says. `jobs_stateless`, of an adopted table, do not say what became
    of them. `windows_by_source` are all windows of the period, whichever source was asked for.
    """

    agent: str
    sources: str | None
    windows_by_source: dict[str, int]
    windows: int
    counted_windows: int
    actions: int | None
    rated_actions: int
    automated: float
    countless_windows: int
    escalations: int | None
    counted_escalations: int
    decisions: int
    confidence_sum: float
    confidence_countless: int
    cost_usd: float | None
    priced_windows: int
    estimated_windows: int
    partly_estimated_windows: int
    began_before: int
    silent_windows: int
    contradicted_windows: int
    overlapping: int
    jobs: int
    jobs_completed: int
    jobs_failed: int
    jobs_stateless: int
    previous_windows: int
    previous_counted_windows: int
    previous_actions: int | None
    previous_rated_actions: int
    previous_automated: float
    previous_escalations: int
    previous_counted_escalations: int
    previous_decisions: int
    previous_confidence_sum: float
    previous_cost_usd: float | None
    previous_priced_windows: int
    previous_jobs_completed: int
    previous_jobs_failed: int

    @property
    def automation_rate(self) -> float | None:
        """Actions without a person as a share of those of which it is known, 0 to 1; None where of none."""
        return self.automated / self.rated_actions if self.rated_actions else None

    @property
    def confidence(self) -> float | None:
        """Mean confidence over single decisions, 0 to 1; None where no decision was counted."""
        return self.confidence_sum / self.decisions if self.decisions else None

    @property
    def previous_confidence(self) -> float | None:
        """The same of the period before."""
        return self.previous_confidence_sum / self.previous_decisions if self.previous_decisions else None

    @property
    def escalation_rate(self) -> float | None:
        """Escalations to people per action; None where no action was counted."""
        return self.counted_escalations / self.actions if self.actions else None

    @property
    def previous_escalation_rate(self) -> float | None:
        """The same of the period before."""
        return self.previous_counted_escalations / self.previous_actions if self.previous_actions else None

    @property
    def jobs_ended(self) -> int:
        """Jobs that came to an end by themselves: what their rate of failures is taken over."""
        return self.jobs_completed + self.jobs_failed

    @property
    def previous_jobs_ended(self) -> int:
        """The same of the period before."""
        return self.previous_jobs_completed + self.previous_jobs_failed

    @property
    def is_present(self) -> bool:
        """Whether anything of the period itself is known; else the agent was there before alone."""
        return bool(self.windows or self.jobs)

    @property
    def escalation_factor(self) -> float | None:
        """How many times as often as before it escalates, where that is more than chance explains; else None."""
        return escalation_factor(
            self.counted_escalations,
            self.actions or 0,
            self.previous_counted_escalations,
            self.previous_actions or 0,
        )

    @property
    def is_automated_less(self) -> bool:
        """Whether the automation rate fell by more than chance explains, and by two points at least."""
        by_people = round(self.rated_actions - self.automated)
        before = round(self.previous_rated_actions - self.previous_automated)
        if not rates.fails_more_often(by_people, self.rated_actions, before, self.previous_rated_actions):
            return False
        return by_people / self.rated_actions - before / self.previous_rated_actions >= LEAST_FALL

    @property
    def fails_more_often(self) -> bool:
        """Whether the rise of the share of failed jobs is more than chance explains."""
        return rates.fails_more_often(
            self.jobs_failed, self.jobs_ended, self.previous_jobs_failed, self.previous_jobs_ended
        )

    @property
    def is_compared(self) -> bool:
        """Whether both periods hold enough of anything to compare them."""
        return (
            rates.is_compared(self.rated_actions, self.previous_rated_actions)
            or rates.is_compared(self.actions or 0, self.previous_actions or 0)
            or rates.is_compared(self.jobs_ended, self.previous_jobs_ended)
        )


def escalation_factor(escalations: int, actions: int, previous_escalations: int, previous_actions: int) -> float | None:
    """How many times as often as before actions were escalated, infinite where they never were; None where there is no
    rise, chance alone explains it, or it is too small to matter."""
    if not rates.is_compared(actions, previous_actions) or not escalations:
        return None
    now, before = escalations / actions, previous_escalations / previous_actions
    pooled = (escalations + previous_escalations) / (actions + previous_actions)
    error = sqrt(pooled * (1 / actions + 1 / previous_actions))
    if (now - before) / error <= rates.SURPRISE or now < LEAST_RISE * before:
        return None
    return now / before if before else inf


# What no window may tell; that is not none of it.
_UNTOLD = frozenset(("actions", "previous_actions", "escalations", "cost_usd", "previous_cost_usd"))


@dataclass(frozen=True)
class ToolCalls:
    """Calls of tools that can be tied to an agent, in a period and in the one before; `known` of them succeeded or
    failed."""

    calls: int
    succeeded: int
    failed: int
    previous_calls: int
    previous_succeeded: int
    previous_failed: int

    @property
    def known(self) -> int:
        """What a rate is taken over."""
        return self.succeeded + self.failed

    @property
    def previous_known(self) -> int:
        """The same of the period before."""
        return self.previous_succeeded + self.previous_failed


def together(agents: Sequence[Performance]) -> Performance:
    """Several agents as one; every figure is a sum, so its rates are weighted by what they count."""
    given: dict[str, Any] = {"agent": "", "sources": None, "windows_by_source": {}}
    for name in (field.name for field in fields(Performance) if field.name not in given):
        known = [value for one in agents if (value := getattr(one, name)) is not None]
        given[name] = sum(known) if known or name not in _UNTOLD else None
    return Performance(**given)
