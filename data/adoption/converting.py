"""How a column of another type is read as the type that reports need."""

from __future__ import annotations

import re

from psycopg import sql

from data.adoption.needs import Column

_WITHOUT_ZONE = re.compile(r"timestamp(\(\d\))? without time zone")


def read_as(column: Column, found: str | None) -> sql.Composable:
    """The expression that reads a column of the other table as ours: null where there is none.

    Equal types are read as they are, so that their indexes serve. Times without a zone are taken as UTC, which is
    what the systems' own clients write. Everything else goes by way of its text, in the collation that ours have: a
    view's column cannot change it.
    """
    # Types come from the inventory and the catalog, which write them as PostgreSQL does, never from a person.
    wanted = sql.SQL(column.type)
    name = sql.Identifier(column.name)
    if found is None:
        return sql.SQL("null::{} as {}").format(wanted, name)
    if found == column.type:
        return sql.SQL("source.{0}").format(name)
    if _WITHOUT_ZONE.fullmatch(found) and column.type == "timestamp with time zone":
        return sql.SQL("(source.{0} at time zone 'UTC') as {0}").format(name)
    return sql.SQL('(source.{0}::text collate pg_catalog."default")::{1} as {0}').format(name, wanted)


def count_converted(schema: str, table: str, column: Column, found: str) -> sql.Composed:
    """A statement that converts every value there is: one that cannot be is an error now and not in a report."""
    return sql.SQL("select count(converted.value) from (select {} from {} as source) as converted (value)").format(
        read_as(column, found), sql.Identifier(schema, table)
    )
