"""What people were asked in sessions, and what they answered."""

from __future__ import annotations

from data.ingest.merging.statements import Statements
from data.ingest.staging.touched import Staged, Touched


def derive_approvals(do: Statements, staged: Staged, touched: Touched) -> None:
    """Make the approvals anew of the sessions in which the file can have changed one."""
    if asked := touched.with_changed_approvals(staged):
        do.tally(staged.report, "approvals", "ingest.approvals.derive_approvals", sessions=asked)
