"""How clients fare, one row for each assessment."""

from __future__ import annotations

from signalbox_client import checking
from signalbox_client.events import Event
from signalbox_client.projections import checks
from signalbox_client.projections.projection import Projection, Row, moment_of

AGGREGATE = "Client"
ASSESSED = "CLIENT_HEALTH_ASSESSED"


_KNOWN_AT_FIRST: Row = {"status": "unknown", "signals": {}, "risk_factors": []}


def _fold(_: Row | None, event: Event) -> Row:
    told = checks.payload_of(event)
    said = {name: told[name] for name in _KNOWN_AT_FIRST if told.get(name) is not None}
    return {
        "client_id": event.aggregate_id if told.get("client_id") is None else told["client_id"],
        "health_score": told["health_score"],
        "computed_at": moment_of(told, "computed_at") or event.timestamp,
    } | (_KNOWN_AT_FIRST | said)


CLIENT_HEALTH = Projection(
    name="client_health",
    aggregate_type=AGGREGATE,
    event_types=frozenset({ASSESSED}),
    key_column="event_id",
    key_of=lambda event: str(event.event_id),
    fold=_fold,
    required=frozenset({"client_id"}),
    columns={
        "client_id": checks.text,
        "health_score": checks.optional(checks.number(0, 100)),
        "status": checks.word("unknown", "healthy", "at_risk", "critical"),
        "signals": checks.document,
        "risk_factors": checks.listed,
        "computed_at": checking.moment,
    },
)
