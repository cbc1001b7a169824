"""What waits at the moment the demo ends: written by hand, so that every kind of question and job can be seen."""

from __future__ import annotations

from dataclasses import dataclass

from data.demo.work.agents import AGENTS

_NAMES = [agent.name for agent in AGENTS]


@dataclass(frozen=True)
class Waiting:
    """A job at the end of the demo. `created_minutes_ago` positions it; `state` is pending or running.

    With `expires_in_minutes` it is running and has asked the question of its agent `asked_minutes_ago`; a negative
    number means that nobody answered in time. `is_of_live_session` links the question to the session that runs.
    """

    agent: str
    created_minutes_ago: float
    state: str = "running"
    asked_minutes_ago: float | None = None
    expires_in_minutes: float = 0.0
    risk: str | None = None
    amount: str | None = None
    product: str | None = None
    is_of_live_session: bool = False

    @property
    def agent_position(self) -> int:
        """Where its agent stands among the agents."""
        return _NAMES.index(self.agent)


# As many in a demo of any size, for each shows something that no other does. So in a small one that ends on a quiet day
# more jobs begin on the last day than the calendar would have.
WAITING: tuple[Waiting, ...] = (
    Waiting("refund-desk", 12, asked_minutes_ago=11, expires_in_minutes=24 * 60 - 11, risk="medium", amount="1249.00"),
    Waiting("lead-research", 41, asked_minutes_ago=38, expires_in_minutes=72 * 60 - 38, risk="low"),
    Waiting("deploy-bot", 201, asked_minutes_ago=196, expires_in_minutes=44, risk="high"),
    Waiting("retention-sweep", 154, asked_minutes_ago=141, expires_in_minutes=5 * 24 * 60 - 141, risk="critical"),
    Waiting("refund-desk", 1_495, asked_minutes_ago=1_494, expires_in_minutes=-54, risk="medium", amount="318.40"),
    Waiting("refund-desk", 55, asked_minutes_ago=54, expires_in_minutes=24 * 60 - 54, risk="low", amount="129.90"),
    # Over a day old and not run out, so overdue; the refund above that has run out is closed once a console starts.
    Waiting("lead-research", 1_660, asked_minutes_ago=1_657, expires_in_minutes=72 * 60 - 1_657, risk="medium"),
    Waiting(
        "deploy-bot",
        9,
        asked_minutes_ago=5,
        expires_in_minutes=235,
        risk="medium",
        product="storefront",
        is_of_live_session=True,
    ),
    Waiting("data-quality", 187),
    Waiting("contract-review", 78),
    Waiting("report-writer", 14),
    Waiting("invoice-matcher", 1),
    Waiting("mail-triage", 0.4, "pending"),
    Waiting("invoice-matcher", 2, "pending"),
    Waiting("invoice-matcher", 2.2, "pending"),
    Waiting("report-writer", 6, "pending"),
    Waiting("contract-review", 18, "pending"),
)
