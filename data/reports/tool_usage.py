"""The figures of tools: calls of a period and of the one before, and what follows from them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from data.reports import rates

# What tools can be sorted by, and the column of the query that it is.
SORTS = {
    "failed": "failed", "rate": "failure_rate", "calls": "calls", "refused": "refused", "unknown": "unknown",
    "average": "average_ms", "p50": "p50_ms", "p95": "p95_ms", "time": "total_ms",
}  # fmt: skip
LEAST_CALLS_FOR_P95 = 50  # a 95th percentile of fewer rests on one or two calls


@dataclass(frozen=True)
class ToolUsage:
    """Calls of one tool, or of all together (`tool_name` None), in a period and in the one before.

    Times in milliseconds, None where no call was timed. `refused` calls never ran because a person said no,
    `unknown` ones left no outcome, `unanswered` ones among them not even a result.
    """

    tool_name: str | None
    tool_type: str | None
    calls: int
    succeeded: int
    failed: int
    refused: int
    unknown: int
    unanswered: int
    timed: int
    total_ms: float | None
    average_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    previous_calls: int
    previous_succeeded: int
    previous_failed: int
    previous_timed: int
    previous_p95_ms: float | None

    @property
    def known(self) -> int:
        """Calls that are known to have succeeded or failed: what rates are taken over."""
        return self.succeeded + self.failed

    @property
    def previous_known(self) -> int:
        """The same of the period before."""
        return self.previous_succeeded + self.previous_failed

    @property
    def failure_rate(self) -> float | None:
        """Failed calls as a share of those with a known outcome, 0 to 1; None where none is known."""
        return self.failed / self.known if self.known else None

    @property
    def previous_failure_rate(self) -> float | None:
        """The same of the period before."""
        return self.previous_failed / self.previous_known if self.previous_known else None

    @property
    def fails_more_often(self) -> bool:
        """Whether the rise of the failure rate is more than chance explains."""
        return rates.fails_more_often(*self._outcomes)

    @property
    def fails_less_often(self) -> bool:
        """Whether the fall of the failure rate is more than chance explains."""
        return rates.fails_less_often(*self._outcomes)

    @property
    def is_slower(self) -> bool:
        """Whether the slowest twentieth takes half as long again as before, and a second more."""
        if min(self.timed, self.previous_timed) < LEAST_CALLS_FOR_P95:
            return False
        now, before = self.p95_ms or 0.0, self.previous_p95_ms or 0.0
        return now > 1.5 * before and now - before >= 1000

    @property
    def is_compared(self) -> bool:
        """Whether both periods hold enough calls with a known outcome to compare them."""
        return rates.is_compared(self.known, self.previous_known)

    @property
    def _outcomes(self) -> tuple[int, int, int, int]:
        return self.failed, self.known, self.previous_failed, self.previous_known


@dataclass(frozen=True)
class Usage:
    """What the page of tools shows: all calls together, and tool by tool with what hurts most first."""

    total: ToolUsage
    tools: tuple[ToolUsage, ...]
