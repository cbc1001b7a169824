"""The dated table of list prices, and the rows of it in the database, from which costs are estimated."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import scalar_row
from psycopg.types.json import Jsonb

from data.database import queries
from data.errors import WrongSetting

TABLE = Path(__file__).with_name("prices.toml")
_AMOUNTS = ("input", "output", "cache_write", "cache_write_1h", "cache_read")


@dataclass(frozen=True)
class Price:
    """What a model costs from a day on, in USD per million tokens."""

    model: str
    valid_from: date
    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal


def load(path: Path | None = None) -> list[Price]:
    """The prices of the table at `path`, or of the console's own. Raises WrongSetting saying what is wrong with it."""
    table = path or TABLE
    try:
        rows = tomllib.loads(table.read_text(encoding="utf-8"), parse_float=Decimal).get("price", [])
    except OSError as error:
        raise WrongSetting(f"The price table {table} cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSetting(f"The price table {table} is no TOML: {error}.") from None
    return [price for row in rows for price in _prices(table, row)]


def _prices(table: Path, row: dict[str, Any]) -> list[Price]:
    try:
        amounts = {name: Decimal(row[name]) for name in _AMOUNTS}
        first_day = row["valid_from"]
        models = [str(name) for name in row["models"]]
    except (KeyError, TypeError, ArithmeticError) as error:
        raise WrongSetting(f"The price table {table} has an entry without a usable {error}.") from None
    if not isinstance(first_day, date) or any(amount < 0 for amount in amounts.values()):
        raise WrongSetting(f"The price table {table} has an entry for {models} with a wrong date or amount.")
    return [Price(model, first_day, **amounts) for model in models]


def sync(connection: psycopg.Connection[Any], prices: list[Price]) -> bool:
    """Make the table in the database equal to `prices`; whether anything differed."""
    rows = [{name: str(value) for name, value in asdict(price).items()} for price in prices]
    with connection.cursor(row_factory=scalar_row) as cursor:
        cursor.execute(queries.find("ingest.prices.sync_prices").text, {"prices": Jsonb(rows)})
        return bool(cursor.fetchone())
