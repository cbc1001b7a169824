"""What admins lack to act on the rows of an adopted table as on ours, and the statements that give it.

Adopting keeps the rights of a table as they are, so nothing here changes any: the owner of the table decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from data import database
from data.access import Actor
from data.adoption.findings import SystemFinding
from data.adoption.needs import tables_of
from data.database.queries import find
from data.errors import NotAllowed
from data.migration.connection import Connection


@dataclass(frozen=True, slots=True)
class Act:
    """What admins, and maybe managers, do to a table: the right that it takes, and the columns that they update."""

    right: str
    columns: tuple[str, ...] = ()
    is_for_managers: bool = False

    @property
    def policy(self) -> str:
        """The name of the policy that lets them."""
        return f"signalbox_{'managers' if self.is_for_managers else 'admins'}_{self.right}"


ACTS: Mapping[str, Act] = {
    "agents.jobs": Act(
        "update", ("status", "error_message", "result", "started_at", "completed_at", "updated_at")
    ),
    "engine.human_approvals": Act(
        "update", ("status", "decided_at", "decided_by", "decided_by_name", "decision_note")
    ),
    "engine.events": Act("insert"),
    "chronicle.notification_events": Act("update", ("acknowledged",), is_for_managers=True),
}  # fmt: skip
POLICIES = frozenset(act.policy for act in ACTS.values())


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done on a page to a row of this table, and the columns that it writes in any case: where an adopted one
    does not have them all, it is refused."""

    table: str
    what: str
    columns: tuple[str, ...]


CANCELLING = Deed("agents.jobs", "cancelling a job", ("status", "completed_at", "updated_at"))
RETRYING = Deed("agents.jobs", "retrying a job", ("status", "updated_at"))
DECIDING = Deed("engine.human_approvals", "deciding a question", ("status", "decided_at", "decided_by"))
NOTING = Deed("engine.human_approvals", "rejecting a question, or noting anything with a decision", ("decision_note",))
ACKNOWLEDGING = Deed("chronicle.notification_events", "acknowledging a notification", ("acknowledged",))
_DEEDS = (CANCELLING, RETRYING, DECIDING, NOTING, ACKNOWLEDGING)


def impossible(deed: Deed, absent: Collection[str]) -> str | None:
    """Why something cannot be done to rows of an adopted table without these columns, as a sentence without its end;
    None where it can."""
    lacking = [name for name in deed.columns if name in absent]
    if not lacking:
        return None
    columns = f"no column {lacking[0]}" if len(lacking) == 1 else f"no columns {' and '.join(lacking)}"
    return (
        f"{deed.what.capitalize()} needs what {deed.table}, adopted from elsewhere, does not have: {columns}; once its"
        f" owner adds that and adopts {deed.table.partition('.')[0]} again, it can be done"
    )


def impossible_deeds(found: SystemFinding) -> list[str]:
    """What cannot be done on pages to rows of tables that are read where they are, in sentences without their ends."""
    absent = {
        f"{found.system}.{table.name}": [column.name for column in table.columns if column.found is None]
        for table in found.there
    }
    said = [impossible(deed, absent[deed.table]) for deed in _DEEDS if deed.table in absent]
    return [why for why in said if why]


def acted_on(system: str, tables: Iterable[str]) -> dict[str, Collection[str]]:
    """The columns that acts write in these tables of a system, by table; all where rows are added."""
    return {
        table: act.columns or [column.name for column in tables_of(system)[table]]
        for table in tables
        if (act := ACTS.get(f"{system}.{table}"))
    }


def needed(connection: Connection, system: str, schema: str, table: str) -> str:
    """What the owner of a table in `schema` would run to let admins act on all its rows, "" where they may, or where
    nobody acts on them."""
    act = ACTS.get(f"{system}.{table}")
    if act is None:
        return ""
    asked = {"schema": schema, "table": table, "right": act.right, "columns": list(act.columns), "policy": act.policy}
    row = connection.execute(find("adoption.find_rights").text, asked).fetchone()
    if row is None:
        return ""
    parts: list[sql.Composable] = []
    name, right = sql.Identifier(schema, table), sql.SQL(act.right)
    if row["is_denied"]:
        some = sql.SQL(", ").join(sql.Identifier(column) for column in row["columns"])
        columns = sql.SQL(" ({})").format(some) if row["columns"] else sql.SQL("")
        parts.append(sql.SQL("grant {}{} on {} to authenticated;").format(right, columns, name))
    if row["is_closed"]:
        are_let = sql.SQL("((select signalbox.{}()))").format(
            sql.SQL("sees_all" if act.is_for_managers else "is_admin")
        )
        using = sql.SQL("using {} ").format(are_let) if act.right == "update" else sql.SQL("")
        parts.append(
            sql.SQL("create policy {} on {} for {} to authenticated {}with check {};").format(
                sql.Identifier(act.policy), name, right, using, are_let
            )
        )
    said = sql.SQL(" ").join(parts).as_string(connection)
    if said and row["is_open"]:
        return f"{said} (row security is off there: that lets everybody who is signed in)"
    return said


@contextmanager
def explained(actor: Actor, *tables: str) -> Iterator[None]:
    """What the database refuses an admin within, in a sentence that says which of these tables was adopted with rights
    of its own, and what its owner would run. Raises NotAllowed."""
    try:
        yield
    except NotAllowed as error:
        lacking = _lacking(actor, tables)
        whose = "managers and admins" if any(ACTS[table].is_for_managers for table in tables) else "admins"
        if not lacking:
            raise
        raise NotAllowed(
            f"{' and '.join(lacking)} {'was' if len(lacking) == 1 else 'were'} adopted with rights of"
            f" {'its' if len(lacking) == 1 else 'their'} own, which do not let you do this; nothing was changed."
            f" For {whose} to be let, the owner runs: {' '.join(lacking.values())}"
        ) from error


def _lacking(actor: Actor, tables: Collection[str]) -> dict[str, str]:
    with database.reading(actor) as unit:
        found = {}
        for row in unit.rows("adoption.list_adopted", system=None):
            if f"{row['system']}.{row['table_name']}" in tables:
                schema = row["system"] if row["mode"] == "moved" else row["source_schema"]
                found[f"{schema}.{row['table_name']}"] = needed(
                    unit.connection, row["system"], schema, row["table_name"]
                )
        return {name: said for name, said in found.items() if said}
