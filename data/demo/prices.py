"""List prices as the import knows them, for what the demo says that its sessions cost."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from data.database.queries import find

_UNKNOWN = (float("nan"),) * 5


@dataclass(frozen=True)
class Prices:
    """USD per million tokens by model: input, output, cache written, cache written for an hour, cache read."""

    by_model: dict[str, tuple[float, ...]]

    def of(self, model: str) -> tuple[float, ...]:
        """The newest prices of a model; NaN where none are known."""
        return self.by_model.get(model, _UNKNOWN)

    @classmethod
    def stored_in(cls, connection: psycopg.Connection[tuple[object, ...]]) -> Prices:
        """The prices that a database holds. Raises psycopg errors."""
        rows = connection.execute(find("demo.list_prices").text).fetchall()
        return cls({str(model): tuple(float(str(price)) for price in prices) for model, *prices in rows})
