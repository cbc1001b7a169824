"""Projections: which tables follow from events, how replay rebuilds them, and where they differ from it."""

from signalbox_client.connection import Database, Source
from signalbox_client.projections.client_health import CLIENT_HEALTH
from signalbox_client.projections.comparing import Comparison, Difference
from signalbox_client.projections.human_approvals import HUMAN_APPROVALS
from signalbox_client.projections.projection import Projection, ProjectionFailed, Projections
from signalbox_client.projections.rebuilding import Rebuilt
from signalbox_client.projections.reducers import ENGINE_REDUCERS
from signalbox_client.projections.replaying import Replay
from signalbox_client.projections.sop_executions import SOP_EXECUTIONS

PROJECTIONS = Projections((CLIENT_HEALTH, HUMAN_APPROVALS, SOP_EXECUTIONS))


def replay(source: Source | Database) -> Replay:
    """Replays of the engine's own projections: client_health, human_approvals, sop_executions."""
    return Replay(source, PROJECTIONS)


__all__ = [
    "CLIENT_HEALTH",
    "ENGINE_REDUCERS",
    "HUMAN_APPROVALS",
    "PROJECTIONS",
    "SOP_EXECUTIONS",
    "Comparison",
    "Difference",
    "Projection",
    "ProjectionFailed",
    "Projections",
    "Rebuilt",
    "Replay",
    "replay",
]
