"""The clients of the demo: who they are, how they fare over the weeks, and their streams of events."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from data.demo.calendar import DAY_MS, DAYS, HOUR_MS
from data.demo.engine.health import Assessment, assess, status_of
from data.demo.engine.hours import at_work
from data.demo.engine.records import Chance, Event, Payload
from data.demo.people import PEOPLE
from data.demo.request import Request
from data.demo.work.agents import CUSTOMERS, TOPICS

CONTACTS_AT_LEAST = 720
EVENTS_PER_CONTACT = 100
_DAYS_BETWEEN_ASSESSMENTS = 2
_CHANNELS = ("email", "email", "portal", "chat", "call")
_PLANS = ("starter", "growth", "scale")


@dataclass(frozen=True)
class Client:
    """One client. `weight` is the share of the contacts; health goes from `health_first` to `health_last`, swinging.

    `joined_days_ago` is None for those who were there before the engine; the engine heard of them on its first day.
    """

    name: str
    plan: str
    weight: float
    health_first: float
    health_last: float
    joined_days_ago: int | None = None
    changes_plan: bool = False

    @cached_property
    def client_id(self) -> str:
        """Its id: the name in small letters without marks."""
        return client_id(self.name)

    @cached_property
    def account_manager(self) -> str:
        """The address of who looks after it."""
        staff = [person for person in PEOPLE if person.user_id is not None]
        return staff[CUSTOMERS.index(self.name) % len(staff)].email


def client_id(name: str) -> str:
    """The id of a client of this name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z]+", plain))


# Weights add up to one; the first is the busiest, and its stream the longest at any size.
CLIENTS: tuple[Client, ...] = (
    Client("Nordlicht Versand", "scale", 0.26, 82, 78),
    Client("Hofmann & Söhne", "scale", 0.14, 88, 47),
    Client("Brightwater Ltd", "growth", 0.12, 74, 86, changes_plan=True),
    Client("Orchard Foods", "growth", 0.10, 66, 71),
    Client("Santos Móveis", "growth", 0.08, 58, 31),
    Client("Velo Süd", "growth", 0.07, 90, 92),
    Client("Kessler Optik", "starter", 0.06, 79, 64, changes_plan=True),
    Client("Tanaka Trading", "scale", 0.05, 84, 85),
    Client("Café Almar", "starter", 0.04, 41, 76),
    Client("Lumen Print", "starter", 0.03, 72, 52),
    Client("Atelier Brisson", "starter", 0.03, 80, 83, joined_days_ago=47),
    Client("Pine & Partner", "growth", 0.02, 77, 69, joined_days_ago=19),
)


def client_events(chance: Chance, request: Request, client: Client) -> list[Event]:
    """The whole stream of a client, in the order of time."""
    known_ms = request.anchor_ms - (
        DAYS * DAY_MS if client.joined_days_ago is None else client.joined_days_ago * DAY_MS
    )
    began_ms = at_work(chance.draw, known_ms)
    stream = _Stream(chance, client)
    told = {"name": client.name, "plan": client.plan, "account_manager": client.account_manager}
    stream.tell("CLIENT_ONBOARDED", told, "crm", began_ms)
    heard = [*_contacts(chance, request, client, began_ms), *_assessments(chance, request, client, began_ms)]
    plan_changes = began_ms + (request.anchor_ms - began_ms) * 3 // 5 if client.changes_plan else None
    for at_ms, assessed in sorted(heard, key=itemgetter(0)):
        if plan_changes is not None and at_ms > plan_changes:
            stream.change_plan(plan_changes)
            plan_changes = None
        if assessed is None:
            stream.contact(at_ms)
        else:
            stream.assess(at_ms, assessed)
    return stream.events


def _contacts(chance: Chance, request: Request, client: Client, began_ms: int) -> Iterator[tuple[int, None]]:
    """When it was spoken with, and nothing more."""
    count = round(client.weight * max(CONTACTS_AT_LEAST, request.events // EVENTS_PER_CONTACT))
    for _ in range(count):
        at_ms = at_work(chance.draw, began_ms + int(chance.draw.random() * (request.anchor_ms - began_ms)))
        if began_ms < at_ms <= request.anchor_ms:
            yield at_ms, None


def _assessments(chance: Chance, request: Request, client: Client, began_ms: int) -> Iterator[tuple[int, Assessment]]:
    """Every second morning, whatever day it is."""
    day = began_ms // DAY_MS + 1
    swing = 0.0
    while (at_ms := day * DAY_MS + 5 * HOUR_MS + chance.draw.randrange(20 * 60_000)) < request.anchor_ms - 1_000:
        passed = (at_ms - began_ms) / max(1, request.anchor_ms - began_ms)
        swing = 0.75 * swing + chance.draw.gauss(0, 3.0)
        yield (
            at_ms,
            assess(chance.draw, client.health_first + (client.health_last - client.health_first) * passed + swing),
        )
        day += _DAYS_BETWEEN_ASSESSMENTS


class _Stream:
    """The events of one client as they are appended."""

    def __init__(self, chance: Chance, client: Client) -> None:
        self.events: list[Event] = []
        self._chance = chance
        self._client = client
        self._plan = client.plan
        self._status: str | None = None

    def contact(self, at_ms: int) -> None:
        draw = self._chance.draw
        mood = draw.choices(("positive", "neutral", "negative"), (30, 55, 15))[0]
        told = {"channel": draw.choice(_CHANNELS), "topic": draw.choice(TOPICS), "sentiment": mood}
        self.tell("CLIENT_CONTACTED", told, "mail-triage", at_ms, confidence=self._chance.confidence())

    def change_plan(self, at_ms: int) -> None:
        before, self._plan = self._plan, _PLANS[(_PLANS.index(self._plan) + 1) % len(_PLANS)]
        self.tell("CLIENT_PLAN_CHANGED", {"plan": self._plan, "previous_plan": before}, "crm", at_ms)

    def assess(self, at_ms: int, assessed: Assessment) -> None:
        confidence = self._chance.confidence()
        event = self.tell("CLIENT_HEALTH_ASSESSED", assessed.told, "health-monitor", at_ms, confidence=confidence)
        before, self._status = self._status, status_of(assessed.score)
        if before is not None and before != self._status:
            told: Payload = {"previous_status": before, "status": self._status, "health_score": assessed.score}
            self.tell("CLIENT_HEALTH_STATUS_CHANGED", told, "health-monitor", at_ms + 250, cause=event)

    def tell(
        self, event_type: str, told: Payload, by: str, at_ms: int, *, cause: Event | None = None,
        confidence: float | None = None,
    ) -> Event:  # fmt: skip
        event = Event(
            self._chance.new_id(),
            event_type,
            cause.correlation_id if cause else self._chance.new_id(),
            cause.event_id if cause else None,
            "Client",
            self._client.client_id,
            len(self.events) + 1,
            {"client_id": self._client.client_id} | told,
            by,
            confidence,
            at_ms,
        )
        self.events.append(event)
        return event
