"""List prices as the import knows them, for what the demo says that its sessions cost."""

from __future__ import annotations

from dataclasses import dataclass

from data.ingest.prices import Price

_UNKNOWN = (float("nan"),) * 5


@dataclass(frozen=True)
class Prices:
    """USD per million tokens by model: input, output, cache written, cache written for an hour, cache read."""

    by_model: dict[str, tuple[float, ...]]

    def of(self, model: str) -> tuple[float, ...]:
        """The newest prices of a model; NaN where none are known."""
        return self.by_model.get(model, _UNKNOWN)

    @classmethod
    def listed(cls, prices: list[Price]) -> Prices:
        """The newest price of each model of a price table."""
        newest = {price.model: price for price in sorted(prices, key=lambda price: price.valid_from)}
        return cls(
            {
                model: tuple(map(float, (p.input, p.output, p.cache_write, p.cache_write_1h, p.cache_read)))
                for model, p in newest.items()
            }
        )
