"""What Overview tells, asked of the base tables in plain SQL, as somebody would who has no rollups."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

_PARTS = re.split(
    r"^-- name: (.*)$", Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), flags=re.MULTILINE
)
STATEMENTS = dict(zip(_PARTS[1::2], _PARTS[2::2], strict=True))


def milliseconds(connection: psycopg.Connection[Any], parameters: Mapping[str, Any]) -> dict[str, float]:
    """How long each takes as the owner of the database, whom no row security slows down."""
    took: dict[str, float] = {}
    for name, statement in STATEMENTS.items():
        began = time.perf_counter()
        connection.execute(statement.encode(), parameters).fetchall()
        took[name] = 1000 * (time.perf_counter() - began)
    connection.rollback()
    return took
