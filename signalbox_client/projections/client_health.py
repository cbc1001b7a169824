"""How clients fare, one row for each assessment."""

from __future__ import annotations

from signalbox_client.events import Event
from signalbox_client.projections.projection import Projection, Row, moment

AGGREGATE = "Client"
ASSESSED = "CLIENT_HEALTH_ASSESSED"


def _fold(_: Row | None, event: Event) -> Row:
    told = event.payload
    return {
        "client_id": told.get("client_id", event.aggregate_id),
        "health_score": told["health_score"],
        "status": told.get("status", "unknown"),
        "signals": told.get("signals", {}),
        "risk_factors": told.get("risk_factors", []),
        "computed_at": moment(told.get("computed_at")) or event.timestamp,
    }


CLIENT_HEALTH = Projection(
    name="client_health",
    aggregate_type=AGGREGATE,
    event_types=frozenset({ASSESSED}),
    key_column="event_id",
    key_of=lambda event: str(event.event_id),
    fold=_fold,
    required=frozenset({"client_id"}),
)
