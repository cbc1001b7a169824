"""Events: as they are given to be appended, and as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from signalbox_client import checking


@dataclass(frozen=True)
class NewEvent:
    """What happened, before it has a number.

    `aggregate_id` may be a UUID, and is kept as its text. Without `correlation_id` it joins the correlation of its
    cause, or begins one of its own; `timestamp` is when it happened (with its zone), now where it is left out. Raises
    BadArgument for what cannot be stored.
    """

    event_type: str
    aggregate_type: str
    aggregate_id: UUID | str
    payload: Mapping[str, Any] = field(default_factory=dict)
    emitted_by: str = field(kw_only=True)
    correlation_id: UUID | str | None = field(default=None, kw_only=True)
    causation_id: UUID | str | None = field(default=None, kw_only=True)
    metadata: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    confidence: float | None = field(default=None, kw_only=True)
    timestamp: datetime | None = field(default=None, kw_only=True)
    payload_json: str = field(init=False, repr=False, compare=False, default="")
    metadata_json: str = field(init=False, repr=False, compare=False, default="")

    def __post_init__(self) -> None:
        checking.text("event_type", self.event_type)
        object.__setattr__(self, "aggregate_id", aggregate(self.aggregate_type, self.aggregate_id)[1])
        checking.text("emitted_by", self.emitted_by)
        for name in ("correlation_id", "causation_id"):
            object.__setattr__(self, name, checking.optional_identifier(name, getattr(self, name)))
        if self.confidence is not None:
            checking.fraction("confidence", self.confidence)
        if self.timestamp is not None:
            checking.moment("timestamp", self.timestamp)
        # Written now, so that what is checked is what is appended, whatever becomes of the mapping meanwhile.
        object.__setattr__(self, "payload_json", checking.json_object("payload", self.payload))
        object.__setattr__(self, "metadata_json", checking.json_object("metadata", self.metadata))

    @property
    def aggregate(self) -> tuple[str, str]:
        """The type and the id of what it happened to."""
        return self.aggregate_type, str(self.aggregate_id)


@dataclass(frozen=True)
class Event:
    """An event as it stands in the log. `payload` is an object unless another program wrote something else beside
    `engine.append_event`; where it or `metadata` is more than Python can hold, an `Unreadable` stands there, and None
    in place of a time that Python has not, as an infinite one."""

    event_id: UUID
    event_type: str
    correlation_id: UUID
    causation_id: UUID | None
    aggregate_type: str
    aggregate_id: str
    sequence_number: int
    payload: Any
    metadata: Any
    emitted_by: str
    confidence: float | None
    timestamp: datetime | None
    created_at: datetime | None

    @property
    def aggregate(self) -> tuple[str, str]:
        """The type and the id of what it happened to."""
        return self.aggregate_type, self.aggregate_id


def aggregate(aggregate_type: object, aggregate_id: object) -> tuple[str, str]:
    """Both parts of an aggregate's name, checked. Raises BadArgument."""
    return checking.text("aggregate_type", aggregate_type), checking.name("aggregate_id", aggregate_id, longest=400)
