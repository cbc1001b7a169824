"""Leads: from an inquiry through the procedure that takes it in, to a client won or lost."""

from __future__ import annotations

from data.demo.calendar import HOUR_MS
from data.demo.engine.executions import Run
from data.demo.engine.hours import at_work
from data.demo.engine.procedures import Step
from data.demo.engine.records import Event, Happenings, Payload

_FIRST = (
    "Alder",
    "Bergtal",
    "Castello",
    "Delta",
    "Eichen",
    "Fjord",
    "Gravina",
    "Harbour",
    "Isar",
    "Juniper",
    "Kestrel",
)
_SECOND = ("Foods", "Logistik", "Optics", "Verlag", "Garden", "Textil", "Sports", "Instruments", "Boats", "Ceramics")
_TOPICS = (
    "price list",
    "API access",
    "trial account",
    "migration from a spreadsheet",
    "support hours",
    "data location",
)
_COUNTRIES = ("DE", "AT", "CH", "NL", "DK", "PT", "JP")
_LOST = ("No budget this year", "Chose another vendor", "No reply after three mails")


class Lead:
    """One lead in its stream; it listens to the run that takes it in."""

    def __init__(self, happenings: Happenings, number: int, *, is_smooth: bool = False) -> None:
        """The lead of a number; a smooth one is won."""
        self._happenings = happenings
        self._draw = happenings.chance.draw
        self._stream = ("Lead", f"lead-{number}")
        self._is_smooth = is_smooth
        self.company = f"{self._draw.choice(_FIRST)} {self._draw.choice(_SECOND)}"
        self.score = 90 if is_smooth else min(99, max(3, int(self._draw.gauss(55, 22))))

    def inquire(self, at_ms: int) -> Event | None:
        """The first message."""
        told = {"company": self.company, "channel": self._draw.choice(("form", "email", "fair", "referral"))}
        return self._tell("INQUIRY_RECEIVED", told | {"topic": self._draw.choice(_TOPICS)}, "mail-triage", at_ms, None)

    def hear(self, step: Step, done: Event) -> bool:
        """What a finished step of the procedure means for the lead; whether there is nothing more to do about it."""
        at_ms = done.at_ms + 150
        match step.name:
            case "enrich":
                told = {
                    "employees": int(self._draw.lognormvariate(4, 1.2)) + 1,
                    "country": self._draw.choice(_COUNTRIES),
                }
                self._tell("ENRICHED", told, "lead-research", at_ms, done)
            case "score" | "score-by-hand":
                grade = "A" if self.score >= 75 else "B" if self.score >= 45 else "C"
                scored = self._tell("SCORED", {"score": self.score, "grade": grade}, "lead-research", at_ms, done, True)
                if scored and grade == "C":
                    self._tell(
                        "DISQUALIFIED", {"reason": "Too small for our plans"}, "lead-research", at_ms + 90, scored
                    )
                    return True
                if scored:
                    self._tell("QUALIFIED", {}, "lead-research", at_ms + 90, scored)
            case "send-proposal":
                contacted = self._tell("CONTACTED", {"channel": "email"}, "mail-triage", at_ms, done)
                if contacted:
                    self._end(contacted)
        return False

    def _end(self, contacted: Event) -> None:
        at_ms = at_work(self._draw, contacted.at_ms + int(self._draw.lognormvariate(3.9, 0.7) * HOUR_MS))
        if self._is_smooth or self._draw.random() < self.score / 160:
            plan = self._draw.choice(("starter", "growth", "scale"))
            told = {"plan": plan, "monthly_value_eur": {"starter": 90, "growth": 420, "scale": 1_900}[plan]}
            self._tell("CONVERTED", told, "crm", at_ms, contacted)
        else:
            self._tell("LOST", {"reason": self._draw.choice(_LOST)}, "crm", at_ms, contacted)

    def _tell(
        self, what: str, told: Payload, by: str, at_ms: int, cause: Event | None, is_judged: bool = False
    ) -> Event | None:
        return self._happenings.tell(
            f"LEAD_{what}",
            self._stream,
            {"lead_id": self._stream[1]} | told,
            by=by,
            at_ms=at_ms,
            cause=cause,
            confidence=self._happenings.chance.confidence() if is_judged else None,
        )


def take_in(run: Run, lead: Lead, at_ms: int) -> Event | None:
    """An inquiry and the run that it causes."""
    inquiry = lead.inquire(at_ms)
    if inquiry is None:
        return None
    run.after = lead.hear
    return run.go(inquiry.at_ms + 1_200, inquiry)
