"""Queries over the tables alone: what the reports said before anything was stored, kept to compare with."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from data.database import queries

Connection = psycopg.Connection[DictRow]


@cache
def base_queries() -> dict[str, queries.Query]:
    """Each query by the name of the one that it is compared with."""
    return queries.read_folder(Path(__file__).parent)


def rows_of(connection: Connection, query: queries.Query, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows in an order of their own; where sums were made of floating numbers, they differ in the last places, and
    percentiles of histograms by 1 per cent."""
    rows = connection.execute(query.text, parameters).fetchall()
    return sorted(
        ({key: nearly(value, 0.0101 if "p50" in key else 1e-9) for key, value in row.items()} for row in rows),
        key=_order,
    )


def nearly(value: object, share: float) -> object:
    """The same but for a share of a floating number."""
    return pytest.approx(value, rel=share, abs=1e-9) if isinstance(value, float) else value


def _order(row: dict[str, Any]) -> str:
    return str([value for value in row.values() if not isinstance(value, type(nearly(0.0, 0.0)))])
