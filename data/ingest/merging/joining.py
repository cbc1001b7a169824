"""Calls that have an id and are told twice, by two sources or in two files, become one row each."""

from __future__ import annotations

from data.ingest.merging.statements import Statements
from data.ingest.staging.touched import Touched


def join(do: Statements, touched: Touched, shared: int) -> None:
    """Settle what two records of one call say differently, and give loose results what only their calls know."""
    if shared:
        do.run("ingest.joining.settle_shared_events")
    if touched.any_loose_results:
        do.run("ingest.joining.complete_results")
