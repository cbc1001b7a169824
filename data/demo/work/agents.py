"""The agents that take jobs: what they are asked, how long they need, how they fail, what they ask people."""

from __future__ import annotations

from dataclasses import dataclass

CUSTOMERS: tuple[str, ...] = (
    "Hofmann & Söhne",
    "Nordlicht Versand",
    "Café Almar",
    "Brightwater Ltd",
    "Santos Móveis",
    "Kessler Optik",
    "Lumen Print",
    "Orchard Foods",
    "Atelier Brisson",
    "Tanaka Trading",
    "Velo Süd",
    "Pine & Partner",
)
PRODUCTS: tuple[str, ...] = ("storefront", "billing-service", "support-bot", "warehouse-etl", "mobile-app")
TOPICS: tuple[str, ...] = (
    "late delivery",
    "wrong size",
    "double charge",
    "missing invoice",
    "delivered twice",
    "broken lamp",
    "gift card",
)

OFFERS: tuple[str, ...] = ("the spring catalogue", "express delivery", "framework prices", "packaging without plastic")
REPORTS: tuple[str, ...] = ("returns", "refunds", "support load", "delivery times", "revenue by country")


@dataclass(frozen=True)
class Question:
    """What an agent asks people, with {placeholders} of its job; `hours` until it expires, risk as the agent says."""

    kind: str
    title: str
    reason: str
    risk: str
    hours: float
    approved_notes: tuple[str, ...]
    rejected_notes: tuple[str, ...]


@dataclass(frozen=True)
class Agent:
    """One agent. Durations are lognormal around `median_s`; `asks` is the share of its jobs that wait for a person.

    `failing_lately` and `slower_lately` are reached on the last day, climbing over the last two weeks.
    """

    name: str
    weight: float
    median_s: float
    spread: float
    failure: float
    task: str
    errors: tuple[str, ...]
    asks: float = 0.0
    question: Question | None = None
    is_nightly: bool = False
    failing_lately: float | None = None
    slower_lately: float = 1.0


_REFUND = Question(
    "refund",
    "Refund {amount} EUR to {customer}",
    "The customer reports {topic}; the amount is above the 100 EUR that may be refunded without asking.",
    "medium",
    24,
    ("Checked with the order, fine.", "OK, photos show the damage.", "Approved, apologise please.", ""),
    ("Already refunded on Monday.", "Offer an exchange first.", "Amount does not match the order."),
)
_MAIL = Question(
    "email",
    "Send an e-mail to {customer}",
    "First message to this customer about {offer}; the draft mentions a discount.",
    "low",
    72,
    ("Good tone, send it.", "Sent with one comma less.", "OK", ""),
    ("Too pushy, write it plainer.", "We do not promise discounts by mail.", "Wrong contact person."),
)
_DEPLOY = Question(
    "deploy",
    "Deploy {product} {version} to production",
    "All checks are green. The release contains a migration that adds one column.",
    "high",
    4,
    ("Go, I am watching the dashboards.", "Approved after the stand-up.", "Go ahead."),
    (
        "Not on a Friday afternoon.",
        "Wait until the incident is closed.",
        "Please split the migration from the release.",
    ),
)
_DELETION = Question(
    "data_deletion",
    "Delete {rows} records of {customer}",
    "The retention period of ten years ended; the deletion cannot be undone.",
    "critical",
    120,
    ("Legal has confirmed.", "Backup verified, go.", ""),
    ("There is an open lawsuit, keep them.", "Count looks too high, check the filter."),
)
# fmt: off
AGENTS: tuple[Agent, ...] = (
    Agent("mail-triage", 0.25, 11, 0.6, 0.02, "Sort the inbox: {topic} ({customer})",
          ("IMAP: connection closed by server", "Message 4411 has no readable body")),
    Agent("invoice-matcher", 0.20, 74, 0.7, 0.05, "Match invoice {number} of {customer} to its order",
          ("No purchase order with number {number}", "Totals differ: invoice {amount} EUR, order 0.01 EUR less")),
    Agent("refund-desk", 0.15, 38, 0.7, 0.03, "Handle a refund for {customer}: {topic}",
          ("Payment provider answered 409: refund already exists", "Order {number} was paid with a gift card"),
          0.22, _REFUND),
    Agent("lead-research", 0.12, 160, 0.6, 0.05, "Find out who decides at {customer}",
          ("Search quota for today is used up", "robots.txt forbids reading the site"), 0.18, _MAIL),
    Agent("report-writer", 0.12, 330, 0.5, 0.045, "Write the weekly report on {report}",
          ("canceling statement due to statement timeout", "Template weekly-v3 has no section 'returns'"),
          failing_lately=0.55, slower_lately=2.4),
    Agent("contract-review", 0.06, 860, 0.5, 0.045, "Review the contract with {customer}",
          ("PDF is encrypted", "Document has 212 pages; the limit is 150")),
    Agent("deploy-bot", 0.06, 250, 0.5, 0.11, "Release {product} {version}",
          ("Health check failed: 3 of 12 pods not ready", "Image {product}:{version} is not in the registry",
           "Migration refused: lock timeout on table orders"), 0.55, _DEPLOY),
    Agent("data-quality", 0.03, 1_900, 0.35, 0.06, "Check last night's load of {product}",
          ("Row count of stock fell by 61 %; stopped", "Disk quota of the scratch schema exceeded"), is_nightly=True),
    Agent("retention-sweep", 0.02, 700, 0.4, 0.03, "Find records of {customer} past their retention",
          ("Two records are referenced by an open claim",), 0.5, _DELETION),
)
# fmt: on
