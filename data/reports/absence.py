"""Why a page shows nothing: no table, no rows, or rows that row security hides, and by which policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from data import database
from data.access import Actor
from data.arguments import checked
from data.errors import NotAllowed

Kind = Literal["no table", "no rows", "hidden", "shown"]


@dataclass(frozen=True)
class Absence:
    """What is there for this viewer. `policies` says for each table what lets rows through, where some are hidden."""

    kind: Kind
    policies: tuple[str, ...] = ()


@dataclass(frozen=True)
class HiddenQuestions:
    """How many questions wait that the viewer does not see, and whether there are questions of which they see none.
    `policies` says what lets rows through, where any are hidden."""

    waiting: int
    are_all: bool
    policies: tuple[str, ...]


@checked()
def explain(actor: Actor, table: str) -> Absence:
    """Why the actor sees no row of a table or view ("shown" where they do). Raises NotAllowed for members.

    A member is not told that others have rows: it is for managers, admins, and an admin who sees as a member.
    """
    if actor.watcher is None:
        actor.must("view_people")
    if _sees_any(actor, table):
        return Absence("shown")
    with database.operating(actor.dataset) as unit:
        has_rows = unit.value("absence.has_rows", table=table)
        rows = unit.rows("absence.list_read_policies", table=table) if has_rows else []
    if has_rows is None:
        return Absence("no table")
    if not has_rows:
        return Absence("no rows")
    return Absence("hidden", tuple(_said(row) for row in rows))


@checked()
def find_hidden_questions(actor: Actor, *, now: datetime, seen_waiting: int, sees_any: bool) -> HiddenQuestions:
    """What row security hides of the questions to people from somebody who sees `seen_waiting` of those that wait at
    `now`, and any question at all or none. One query, as the owner. Raises NotAllowed for members."""
    actor.must("view_people")
    table = "analytics.stg_engine__human_approvals"
    given = {"table": table, "now": now, "seen_waiting": seen_waiting, "sees_any": sees_any}
    rows = database.look_up(actor.dataset, "absence.find_hidden_questions", **given)
    policies = tuple(_said(row) for row in rows if row["table_name"])
    return HiddenQuestions(rows[0]["waiting"], rows[0]["are_all"], policies)


def _sees_any(actor: Actor, table: str) -> bool:
    try:
        with database.reading(actor) as unit:
            return bool(unit.value("absence.has_rows", table=table))
    except NotAllowed:  # by the table's grants: whoever asks may not even look
        return False


def _said(row: dict[str, object]) -> str:
    if not row["is_readable"]:
        return f"{row['table_name']}: signed-in people have no right to read it"
    if not row["is_secured"]:
        return f"{row['table_name']}: row security is off"
    if row["policy"] is None:
        return f"{row['table_name']}: row security is on and no policy lets anybody read"
    return f"{row['table_name']}: the policy “{row['policy']}” lets through {row['condition']}"
