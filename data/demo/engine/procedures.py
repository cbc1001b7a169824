"""The standard operating procedures of the demo: their steps, who takes them, how long that lasts and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from data.demo.calendar import DAY_MS
from data.demo.columns import Block
from data.demo.engine.records import Chance, Payload, rows, stamp
from data.demo.request import Request


@dataclass(frozen=True)
class Step:
    """One step. Without an agent a person takes it; `asks` names the kind of question that is put to people then.

    `minutes` is the median, `actions` how many things are usually done, `escalates` the share of runs in which a person
    has to help the agent, `fails` that in which it fails.
    """

    name: str
    title: str
    agent: str | None
    minutes: float
    actions: int = 1
    cost_usd: float = 0.0
    asks: str | None = None
    escalates: float = 0.0
    fails: float = 0.0

    @property
    def kind(self) -> str:
        """Who takes it."""
        return "human" if self.agent is None else "agent"

    @property
    def described(self) -> Payload:
        """As definitions write it."""
        told: Payload = {"step": self.name, "title": self.title, "kind": self.kind}
        if self.agent is not None:
            told["agent"] = self.agent
        if self.asks is not None:
            told["approval_type"] = self.asks
        return told


@dataclass(frozen=True)
class Procedure:
    """One procedure in one version. `weight` is its share of the executions, 0 where it is not run any more or yet."""

    sop_id: str
    version: int
    title: str
    description: str
    status: str
    weight: float
    age_days: int
    steps: tuple[Step, ...]
    failures: tuple[str, ...] = ()

    @cached_property
    def agent(self) -> str:
        """The agent that runs it: that of its first step which has one."""
        return next(step.agent for step in self.steps if step.agent)

    @cached_property
    def described(self) -> Payload:
        """As a file would hold it."""
        return {
            "sop_id": self.sop_id,
            "version": self.version,
            "title": self.title,
            "description": self.description,
            "steps": [step.described for step in self.steps],
        }


# fmt: off
_READ = Step("read-inquiry", "Read the inquiry and find the company", "mail-triage", 1.5, 2, 0.004)
_ENRICH = Step("enrich", "Look up size, country, who decides", "lead-research", 6, 5, 0.06, escalates=0.05, fails=0.02)
_SCORE = Step("score", "Score the lead", "lead-research", 1, 2, 0.012)
_PROPOSAL = Step("approve-proposal", "Approve the proposal", None, 95, asks="email")
_SEND = Step("send-proposal", "Send the proposal", "mail-triage", 2, 2, 0.006, fails=0.01)

LEAD_INTAKE_BEFORE = Procedure(
    "lead-intake", 1, "Lead intake", "From a first message to a proposal, scored by hand.", "retired", 0.0, 410,
    (_READ, _ENRICH, Step("score-by-hand", "Score the lead", None, 240), _PROPOSAL, _SEND),
    ("Search quota for today is used up",))
LEAD_INTAKE = Procedure(
    "lead-intake", 2, "Lead intake", "From a first message to a proposal that a person has read.", "active", 0.32, 61,
    (_READ, _ENRICH, _SCORE, _PROPOSAL, _SEND), ("Search quota for today is used up", "Mailbox of the lead is full"))

PROCEDURES: tuple[Procedure, ...] = (
    LEAD_INTAKE_BEFORE,
    LEAD_INTAKE,
    Procedure(
        "client-onboarding", 1, "Client onboarding", "Accounts, data and a first report within a week.", "active",
        0.08, 395, (
            Step("collect-documents", "Collect contract and tax files", "contract-review", 50, 4, 0.21, escalates=0.18),
            Step("create-accounts", "Create accounts and access", "deploy-bot", 6, 6, 0.03, fails=0.03),
            Step("import-data", "Import the client's data", "data-quality", 75, 9, 0.34, escalates=0.12, fails=0.06),
            Step("kick-off-call", "Call the client and walk through the first week", None, 1_500),
            Step("first-report", "Write the first report", "report-writer", 14, 3, 0.19)),
        ("Row count of stock fell by 61 %; stopped", "Image of the tenant could not be pulled")),
    Procedure(
        "invoice-dispute", 1, "Invoice dispute", "A client says an invoice is wrong: find out, decide, book.", "active",
        0.24, 380, (
            Step("match-invoice", "Match invoice and order", "invoice-matcher", 3, 3, 0.02, escalates=0.06),
            Step("find-cause", "Find out what went wrong", "invoice-matcher", 8, 4, 0.07, escalates=0.15, fails=0.03),
            Step("approve-credit", "Approve the credit note", None, 140, asks="refund"),
            Step("book-credit", "Book the credit note", "refund-desk", 2, 2, 0.01, fails=0.02),
            Step("tell-client", "Tell the client", "mail-triage", 1, 1, 0.004)),
        ("No purchase order with this number", "Payment provider answered 409: refund already exists")),
    Procedure(
        "health-review", 3, "Health review", "A client at risk: gather, call, agree on a plan.", "active", 0.14, 120, (
            Step("gather-signals", "Gather tickets, usage and open invoices", "data-quality", 9, 6, 0.08),
            Step("find-reasons", "Find the reasons", "report-writer", 12, 3, 0.17, escalates=0.08, fails=0.03),
            Step("call-client", "Call the client", None, 900),
            Step("write-plan", "Write the plan for the next month", "report-writer", 10, 2, 0.15)),
        ("canceling statement due to statement timeout",)),
    Procedure(
        "production-release", 2, "Production release", "Checks, a person's word, rollout, an hour of watching.",
        "active", 0.14, 200, (
            Step("run-checks", "Test and migrate a copy", "deploy-bot", 16, 8, 0.05, escalates=0.04, fails=0.07),
            Step("approve-release", "Approve the release", None, 45, asks="deploy"),
            Step("roll-out", "Roll out in three waves", "deploy-bot", 22, 3, 0.02, escalates=0.05, fails=0.05),
            Step("watch", "Watch errors and latency", "deploy-bot", 60, 1, 0.03)),
        ("Health check failed: 3 of 12 pods not ready", "Migration refused: lock timeout on table orders")),
    Procedure(
        "contract-renewal", 1, "Contract renewal", "Review, offer, negotiation, signature.", "active", 0.05, 300, (
            Step("review-contract", "Review the running contract", "contract-review", 15, 3, 0.42, escalates=0.1),
            Step("draft-offer", "Draft the offer", "contract-review", 7, 2, 0.23),
            Step("negotiate", "Negotiate with the client", None, 2_900),
            Step("approve-offer", "Approve the final offer", None, 200, asks="email"),
            Step("file-contract", "File the signed contract", "contract-review", 2, 2, 0.02)),
        ("PDF is encrypted",)),
    Procedure(
        "data-retention", 1, "Data retention", "Records past their time are found, confirmed, deleted, proven.",
        "active", 0.03, 350, (
            Step("find-records", "Find records past their retention", "retention-sweep", 18, 4, 0.05),
            Step("approve-deletion", "Approve the deletion", None, 400, asks="data_deletion"),
            Step("delete-records", "Delete them", "retention-sweep", 9, 2, 0.01, fails=0.03),
            Step("prove-deletion", "Write the proof", "report-writer", 4, 1, 0.06)),
        ("Two records are referenced by an open claim",)),
    Procedure(
        "small-refunds", 1, "Small refunds without asking", "Proposed: up to 50 EUR no person is asked.", "draft",
        0.0, 9, (
            Step("match-order", "Match complaint and order", "refund-desk", 2, 2, 0.01),
            Step("book-refund", "Book the refund", "refund-desk", 1, 1, 0.01))),
)
# fmt: on


def procedure_rows(chance: Chance, request: Request) -> Block:
    """One row per procedure and version, some older than all that is told of them."""
    return rows("demo.copy_sop_definitions", [_row(chance, request, procedure) for procedure in PROCEDURES])


def _row(chance: Chance, request: Request, procedure: Procedure) -> tuple[object, ...]:
    made_ms = request.anchor_ms - procedure.age_days * DAY_MS - chance.draw.randrange(6) * 3_600_000
    return (
        chance.new_id(),
        procedure.sop_id,
        procedure.version,
        procedure.title,
        procedure.description,
        [step.described for step in procedure.steps],
        procedure.described,
        procedure.status,
        stamp(made_ms),
        stamp(min(request.anchor_ms, made_ms + chance.draw.randrange(30) * DAY_MS)),
    )
