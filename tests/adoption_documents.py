"""Tables as the systems' own documents make them, in a schema of their choice: what adopting meets in the field."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from psycopg import sql

FOLDER = Path(__file__).parent / "fixtures" / "documents"


def _text(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


AGENTS = _text("agents")
CHRONICLE = _text("chronicle")
ENGINE = _text("engine")
LIFT = _text("lift")
TOOLBOX = _text("toolbox")
BY_SYSTEM = {"agents": AGENTS, "chronicle": CHRONICLE, "engine": ENGINE, "lift": LIFT, "toolbox": TOOLBOX}


def tables_in(schema: str, text: str) -> sql.Composed:
    """The statements that make the tables of a document in `schema`."""
    return sql.SQL(text).format(schema=sql.Identifier(schema))


def rows_in(schema: str, system: str, person: UUID) -> sql.Composed:
    """The statements that put rows into every table of a document; what belongs to somebody is `person`'s."""
    return sql.SQL(_text(f"{system}_rows")).format(schema=sql.Identifier(schema), person=sql.Literal(person))
