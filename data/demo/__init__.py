"""Demo data: a database of its own on the embedded server, made from a seed and never mixed with real rows."""

from data.demo.database import (
    DATABASE,
    DEFAULT_EVENTS,
    DEFAULT_SEED,
    Described,
    Made,
    Server,
    create,
    describe,
    exists,
    remove,
)
from data.demo.errors import AnotherDemo, DemoBeingMade, DemoNeedsEmbedded

__all__ = [
    "DATABASE",
    "DEFAULT_EVENTS",
    "DEFAULT_SEED",
    "AnotherDemo",
    "DemoBeingMade",
    "DemoNeedsEmbedded",
    "Described",
    "Made",
    "Server",
    "create",
    "describe",
    "exists",
    "remove",
]
