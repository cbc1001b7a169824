"""Epics among the work items as executions of procedures, with the items below them as steps."""

from __future__ import annotations

from data.ingest.merging.statements import Statements
from data.ingest.staging.touched import Staged


def derive_executions(do: Statements, staged: Staged) -> None:
    """Make the executions of epics anew where the file holds work items.

    Every epic is an execution of the procedure “epic”, from the day it was made to the day it was closed; one that is
    still open is running. Work items say neither how many actions it took nor what they cost: both stay unknown.
    """
    if staged.has_work_items:
        do.tally(staged.report, "executions", "ingest.epics.derive_epic_executions")
