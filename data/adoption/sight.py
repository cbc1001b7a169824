"""Who sees what of adopted tables: as they are, once managers may read all of them, and when they are given back.

Row security adds up what policies allow, so nothing here shows anybody but managers and admins a row that the table's
own policies did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from psycopg import sql

from data.adoption import allowing
from data.adoption.errors import AdoptionError
from data.adoption.findings import SystemFinding, TableFinding
from data.adoption.refusing import NOTHING
from data.database.queries import find
from data.migration.connection import Connection

_POLICY = "signalbox_managers_select"
EVERY = "all"  # of what signalbox.sights_of() tells of a table


def as_seen(connection: Connection, found: SystemFinding, schema: str) -> SystemFinding:
    """The tables, which lie in `schema`, with the rights that people have now and how much these show them."""
    names = [table.name for table in found.there]
    rights = {
        row["name"]: row
        for row in connection.execute(find("adoption.find_tables").text, {"schema": schema, "names": names})
    }
    sights = _sights(connection, schema, names)

    def of_now(table: TableFinding) -> TableFinding:
        row = rights[table.name]
        return replace(
            table,
            is_readable=row["is_readable"],
            unreadable_columns=tuple(
                column.name for column in table.columns if column.name in row["unreadable_columns"]
            ),
            is_secured=row["is_secured"],
            read_policies=row["read_policies"],
            managers_see=sights[table.name]["of_managers"],
            members_see=sights[table.name]["of_members"],
        )

    return replace(found, tables=tuple(of_now(table) if table.name in rights else table for table in found.tables))


def _sights(connection: Connection, schema: str, names: list[str]) -> dict[str, dict[str, Any]]:
    rows = connection.execute(find("adoption.list_sights").text, {"schema": schema, "names": names})
    return {row["name"]: row for row in rows}


def let_managers_read(connection: Connection, found: SystemFinding, schema: str) -> None:
    """Grant reading of the tables, which lie in `schema`, to signed-in people, and let managers and admins see all rows
    by a policy. Raises AdoptionError where the grant would show everybody every row of one."""
    names = [table.name for table in found.there]
    before = _sights(connection, schema, names)
    connection.execute(sql.SQL("grant usage on schema {} to authenticated").format(sql.Identifier(schema)))
    for table in found.there:
        name = sql.Identifier(schema, table.name)
        connection.execute(sql.SQL("grant select on {} to authenticated").format(name))
        _drop_policy(connection, schema, table.name, _POLICY)
        if table.is_secured:
            connection.execute(
                sql.SQL(
                    "create policy {} on {} for select to authenticated using ((select signalbox.sees_all()))"
                ).format(sql.Identifier(_POLICY), name)
            )
    after = _sights(connection, schema, names)
    opened = [
        table for table in found.there if EVERY == after[table.name]["of_members"] != before[table.name]["of_members"]
    ]
    if opened:
        raise AdoptionError(
            f"--managers-read would show every row to everybody who is signed in: "
            f"{'; '.join(_opening(connection, found.schema, table) for table in opened)}. "
            f"Do that first, or adopt without --managers-read.{NOTHING}"
        )


def _opening(connection: Connection, schema: str, table: TableFinding) -> str:
    if table.is_secured:
        return f"{schema}.{table.name} has a policy that lets everybody see every row; narrow it"
    turned_on = sql.SQL("alter table {} enable row level security").format(sql.Identifier(schema, table.name))
    return f"{schema}.{table.name} has no row security; turn it on ({turned_on.as_string(connection)})"


def of_members(connection: Connection, found: SystemFinding, *, managers_read: bool) -> str:
    """What a member sees of moved tables, as they are now: their own policies stay, and of ours only the one for
    managers is added, since somebody would see more than before without anybody having said so."""
    policies: dict[str, list[str]] = {}
    tables = {"tables": [f"{found.system}.{table.name}" for table in found.tables]}
    for row in connection.execute(find("adoption.list_read_policies").text, tables):
        if row["name"] != _POLICY:
            policies.setdefault(row["table_name"], []).append(row["name"])
    ours = "of ours one is added, by which managers and admins see every row" if managers_read else "ours are not added"
    seen = ", ".join(_seen(table, policies.get(table.name, [])) for table in found.tables)
    return f"Grants and policies stay the tables' own, and {ours}. A member sees {seen}"


def _seen(table: TableFinding, policies: list[str]) -> str:
    quoted = " or ".join(f"“{name}”" for name in policies)
    if table.members_see == EVERY:
        return f"every row of {table.name} ({f'by {quoted}' if table.is_secured else 'row security is off'})"
    return f"nothing of {table.name}" if table.members_see == "none" else f"of {table.name} what {quoted} allows"


def open_tables(found: SystemFinding) -> Iterator[str]:
    """The tables of which everybody who is signed in sees every row now, in sentences without their ends."""
    for table in found.there:
        if table.members_see == EVERY:
            yield f"{found.schema}.{table.name}: {every_row(table)}"


def every_row(table: TableFinding) -> str:
    """Why everybody who is signed in sees every row of a table, as a sentence without its end."""
    why = "its policies let" if table.is_secured else "row security is off:"
    return f"{why} every signed-in person {'see' if table.is_secured else 'sees'} every row"


def take_policies_back(connection: Connection, noted: Iterable[dict[str, Any]]) -> list[str]:
    """Take back the policies that ask who manages this console from tables that are no longer read. Grants stay: they
    may have been there before; returns sentences on them, each with the statement that takes it back."""
    left, opened = [], {}
    for row in noted:
        schema, table = row["source_schema"], row["source_table"]
        for policy in (_POLICY, *sorted(allowing.POLICIES)):
            _drop_policy(connection, schema, table, policy)
        granted = connection.execute(find("adoption.find_grant").text, {"schema": schema, "table": table}).fetchone()
        if granted:
            rows = "the rows that its own policies show them" if granted["is_secured"] else "every row"
            taken_back = sql.SQL("revoke select on {} from authenticated").format(sql.Identifier(schema, table))
            left.append(_left(connection, f"{schema}.{table} stays granted to signed-in people, {rows}", taken_back))
            if granted["is_in_open_schema"]:
                opened[schema] = sql.SQL("revoke usage on schema {} from authenticated").format(sql.Identifier(schema))
    left += [_left(connection, f"the schema {schema} stays open to them", opened[schema]) for schema in opened]
    return left


def _left(connection: Connection, what: str, taken_back: sql.Composed) -> str:
    return f"{what}, as before it was adopted or since --managers-read ({taken_back.as_string(connection)})"


def _drop_policy(connection: Connection, schema: str, table: str, policy: str) -> None:
    connection.execute(
        sql.SQL("drop policy if exists {} on {}").format(sql.Identifier(policy), sql.Identifier(schema, table))
    )
