"""Why a page shows nothing: no table, no rows, or rows that row security hides, and by which policy."""

from __future__ import annotations

from dataclasses import dataclass
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
