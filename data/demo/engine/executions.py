"""One run of a procedure, step by step, with what it asks people on the way; it may fail, be stopped, or still run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from data.demo.calendar import DAY_MS, HOUR_MS
from data.demo.engine.hours import at_work
from data.demo.engine.procedures import Procedure, Step
from data.demo.engine.records import Event, Happenings, Payload, written_id
from data.demo.people import DECIDERS, Person
from data.demo.work.agents import AGENTS, Question
from data.demo.work.approvals import asked_for

QUESTIONS: dict[str, Question] = {agent.question.kind: agent.question for agent in AGENTS if agent.question}
_FAILING = {agent.name: agent.failing_lately for agent in AGENTS if agent.failing_lately}
_WORSENING_MS = 14 * DAY_MS
_REASONS = (
    "Two candidates look equally right",
    "The document contradicts the order",
    "Confidence too low to go on alone",
    "The client's reply is ambiguous",
)
_NOTES = ("Reached on the second call.", "Agreed by phone.", "Sent a summary afterwards.", None, None)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a run: what it asked, when, and what came of it so far."""

    approval_id: str
    event: Event
    question: Question
    agent: str
    words: dict[str, str]
    request: Payload
    context: Payload
    owner: Person
    expires_ms: int
    status: str
    decided_ms: int | None
    decider: Person | None
    note: str | None


@dataclass
class Run:
    """A run of a procedure for somebody. A steady one neither fails nor is stopped; a quick one is answered soon.

    `after` hears every finished step and says whether that was enough, so that the run is complete without the others.
    """

    happenings: Happenings
    procedure: Procedure
    owner: Person
    words: dict[str, str]
    client_id: str | None
    is_steady: bool = False
    is_quick: bool = False
    after: Callable[[Step, Event], bool] | None = None
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.execution_id = written_id(self.happenings.chance.new_id())
        self._draw = self.happenings.chance.draw

    def go(self, at_ms: int, cause: Event | None) -> Event | None:
        """Let it happen from `at_ms` on; its last event, None where it still runs."""
        begun = {
            "sop_id": self.procedure.sop_id,
            "sop_version": self.procedure.version,
            "agent_id": self.procedure.agent,
        }
        last = self._tell("EXECUTION_STARTED", begun | {"user_id": str(self.owner.user_id)}, "sop-runner", at_ms, cause)
        for step in self.procedure.steps:
            if last is None:
                return None
            if not self.is_steady and self._draw.random() < 0.006:
                return self._stop("EXECUTION_CANCELLED", {"reason": "The client withdrew"}, last)
            told = {"step": step.name, "kind": step.kind} | ({"agent": step.agent} if step.agent else {})
            started = self._tell(
                "STEP_STARTED", told, "sop-runner", last.at_ms + self._draw.randrange(300, 4_000), last
            )
            if started is None:
                return None
            last = self._by_agent(step, step.agent, started) if step.agent else self._by_person(step, started)
            if last is None or last.event_type in {"SOP_EXECUTION_FAILED", "SOP_EXECUTION_CANCELLED"}:
                return last
            if self.after and self.after(step, last):
                break
        return None if last is None else self._stop("EXECUTION_COMPLETED", {}, last)

    def _by_agent(self, step: Step, agent: str, started: Event) -> Event | None:
        chance, cause, at_ms = self.happenings.chance, started, started.at_ms
        took = chance.lasting_ms(step.minutes)
        actions = max(1, step.actions + self._draw.randrange(-1, 3))
        by_hand = 0
        if not self.is_steady and self._draw.random() < step.escalates:
            told = {"step": step.name, "reason": self._draw.choice(_REASONS)}
            escalated = self._tell("STEP_ESCALATED", told, agent, at_ms + took // 2, cause, chance.confidence() / 2)
            if escalated is None:
                return None
            at_ms, cause, by_hand = at_work(self._draw, escalated.at_ms + chance.lasting_ms(35, 0.9)), escalated, 1
        done: Payload = {"step": step.name, "actions": actions, "actions_automated": actions - by_hand}
        done["cost_usd"] = round(step.cost_usd * self._draw.uniform(0.6, 1.7), 4)
        if not self.is_steady and self._draw.random() < self._failing(step, at_ms):
            error = self._draw.choice(self.procedure.failures)
            failed = self._tell("STEP_FAILED", done | {"error": error}, agent, at_ms + took, cause)
            return failed and self._stop("EXECUTION_FAILED", {"error": error}, failed)
        return self._tell("STEP_COMPLETED", done | {"outcome": "done"}, agent, at_ms + took, cause, chance.confidence())

    def _failing(self, step: Step, at_ms: int) -> float:
        """The share of failures; of an agent that fails lately, climbing over the last two weeks."""
        lateness = max(0.0, 1 - (self.happenings.until_ms - at_ms) / _WORSENING_MS)
        return step.fails + (_FAILING.get(step.agent or "", 0.0) * lateness if self.procedure.failures else 0.0)

    def _by_person(self, step: Step, started: Event) -> Event | None:
        if step.asks:
            return self._asking(step, QUESTIONS[step.asks], started)
        at_ms = at_work(self._draw, started.at_ms + self.happenings.chance.lasting_ms(step.minutes, 0.7))
        note = self._draw.choice(_NOTES)
        told = _by_hand(step, "done") | ({"note": note} if note else {})
        return self._tell("STEP_COMPLETED", told, self.owner.email, at_ms, started)

    def _asking(self, step: Step, question: Question, started: Event) -> Event | None:
        """A question to people, and how the run goes on from their answer."""
        chance = self.happenings.chance
        approval_id = chance.new_id()
        stream = ("HumanApproval", written_id(approval_id))
        title = question.title.format_map(self.words)
        client: Payload = {"client_id": self.client_id} if self.client_id else {}
        told = {"title": title, "approval_type": question.kind} | client
        asked = self.happenings.tell(
            "HUMAN_APPROVAL_REQUESTED", stream, told, by=self.procedure.agent, at_ms=started.at_ms + 400, cause=started,
            confidence=chance.confidence(),
        )  # fmt: skip
        if asked is None:
            return None
        expires_ms = asked.at_ms + max(int(question.hours * HOUR_MS), 30 * HOUR_MS)
        decided_ms = at_work(self._draw, asked.at_ms + chance.lasting_ms(5 if self.is_quick else step.minutes, 1.1))
        status, note = self._answer(question, decided_ms < expires_ms)
        decider = None if status == "expired" else self._draw.choice(DECIDERS)
        decision: Payload = {"approval_id": stream[1], "decision": status} | client
        if decider is not None:
            decision |= {"note": note, "decided_by": str(decider.user_id), "decided_by_name": decider.email}
        ended = self.happenings.tell(
            f"HUMAN_APPROVAL_{status.upper()}", stream, decision, by="signalbox", at_ms=min(decided_ms, expires_ms),
            cause=asked,
        )  # fmt: skip
        context = {"execution_id": self.execution_id, "sop_id": self.procedure.sop_id, "step": step.name}
        request = asked_for(question, self.words) | client
        self.asked.append(
            Asked(
                approval_id, asked, question, self.procedure.agent, self.words, request, context, self.owner,
                expires_ms,
                *((status, ended.at_ms, decider, note) if ended else ("pending", None, None, None)),
            )
        )  # fmt: skip
        return ended and self._answered(step, status, note, ended)

    def _answer(self, question: Question, is_in_time: bool) -> tuple[str, str | None]:
        if not is_in_time:
            return "expired", None
        if not self.is_steady and self._draw.random() < 0.09:
            return "rejected", self._draw.choice(question.rejected_notes)
        return "approved", self._draw.choice(question.approved_notes) or None

    def _answered(self, step: Step, status: str, note: str | None, ended: Event) -> Event | None:
        at_ms = ended.at_ms + 900
        if status == "expired":
            error = "Nobody decided in time"
            failed = self._tell("STEP_FAILED", _by_hand(step) | {"error": error}, "sop-runner", at_ms, ended)
            return failed and self._stop("EXECUTION_FAILED", {"error": error}, failed)
        told = _by_hand(step, status) | ({"note": note} if note else {})
        done = self._tell("STEP_COMPLETED", told, "sop-runner", at_ms, ended)
        if done is None or status == "approved":
            return done
        return self._stop("EXECUTION_CANCELLED", {"reason": note or "Rejected"}, done)

    def _stop(self, what: str, told: Payload, last: Event) -> Event | None:
        return self._tell(what, told, "sop-runner", last.at_ms + self._draw.randrange(80, 900), last)

    def _tell(
        self, what: str, told: Payload, by: str, at_ms: int, cause: Event | None, confidence: float | None = None
    ) -> Event | None:
        about = {"execution_id": self.execution_id} | ({"client_id": self.client_id} if self.client_id else {})
        return self.happenings.tell(
            f"SOP_{what}",
            ("SopExecution", self.execution_id),
            about | told,
            by=by,
            at_ms=at_ms,
            cause=cause,
            confidence=None if confidence is None else round(confidence, 2),
        )


def _by_hand(step: Step, outcome: str | None = None) -> Payload:
    told: Payload = {"step": step.name, "actions": 1, "actions_automated": 0, "cost_usd": 0}
    return told | ({"outcome": outcome} if outcome else {})
