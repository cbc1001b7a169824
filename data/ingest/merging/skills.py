"""Calls of skills as executions of procedures: what an agent did under a skill, and where people had a say in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from data.ingest.merging.statements import Statements
from data.ingest.staging.touched import Staged, Touched

_DERIVE = "ingest.skills.derive_skill_executions"


def derive_executions(do: Statements, staged: Staged, touched: Touched) -> None:
    """Make the executions anew of the sessions in which the file can have changed one.

    An execution is a call of the tool Skill, under the name of the skill. It goes on until a person speaks, until the
    same agent calls its next skill, or to the end of the session; its hours run from the call to the last thing done.
    `automation_rate` is the share of its calls, the one of Skill among them, about which no person was asked and which
    none refused. Its cost is an estimate from the price table over the replies of that time, and metadata.cost_basis
    says so; a skill that a subagent called has none, since no log says whose reply a reply is. A call without a time
    has neither hours nor calls nor cost: which calls followed it is not known.
    """
    if ran := touched.with_changed_skills(staged):
        do.tally(staged.report, "executions", _DERIVE, sessions=ran)


def rederive(do: Statements, sessions: Sequence[UUID]) -> None:
    """Make the executions of these sessions anew."""
    do.run(_DERIVE, sessions=sessions)


def sessions_with_skills(do: Statements, raw_from: datetime | None) -> list[UUID]:
    """Every session in which a log tells of a skill, but those of which rows may have been dropped."""
    return [row["session_id"] for row in do.rows("ingest.skills.find_sessions_with_skills", raw_from=raw_from)]
