"""Estimates rest on exact list prices with their day; what has no price is not priced, and never free."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from data.errors import WrongSetting
from data.ingest import ingest, prices
from tests.ingest_database import rows, value
from tests.ingest_fixtures import LIGHTHOUSE
from tests.ingest_records import reply, typed, write

ENTRY = """
[[price]]
models = ["claude-opus-4-6"]
valid_from = 2026-01-01
input = 1
output = 2.5
cache_write = 3
cache_write_1h = 4
cache_read = 0.5
"""


def test_the_table_has_one_price_per_model_and_day() -> None:
    table = prices.load()
    assert len({(price.model, price.valid_from) for price in table}) == len(table)
    assert {price.model for price in table} >= {
        "claude-opus-4-1-20250805",
        "claude-sonnet-4-20250514",
        "claude-haiku-4-5-20251001",
        "claude-opus-4-6",
    }
    opus = next(price for price in table if price.model == "claude-opus-4-1-20250805")
    assert (opus.input, opus.output, opus.cache_write, opus.cache_write_1h, opus.cache_read) == (
        Decimal("15.00"),
        Decimal("75.00"),
        Decimal("18.75"),
        Decimal("30.00"),
        Decimal("1.50"),
    )
    for price in table:
        assert price.cache_read < price.input < price.cache_write < price.cache_write_1h < price.output
        assert isinstance(price.valid_from, date)


def test_an_import_writes_the_table_and_a_second_one_touches_nothing(database_url: str) -> None:
    ingest([LIGHTHOUSE], database_url)
    assert value(database_url, "select count(*) from signalbox.model_prices") == len(prices.load())
    marks = "select count(*) from signalbox.change_log where source = 12"
    before = value(database_url, marks)
    ingest([LIGHTHOUSE], database_url)
    assert value(database_url, marks) == before


def test_another_table_replaces_it_and_estimates_follow(database_url: str, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(ENTRY, encoding="utf-8")
    ingest([LIGHTHOUSE], database_url, price_table=table)
    (cost,) = rows(database_url, "select * from analytics.reply_costs where message_id = 'msg_a'")
    # 10 in, 41 out, 60 cached for five minutes and 40 for an hour, 50 read from the cache
    assert cost["estimated_cost_usd"] == Decimal(10 * 1 + 60 * 3 + 40 * 4) / 10**6 + Decimal("0.0001275")
    table.write_text(ENTRY.replace("claude-opus-4-6", "another"), encoding="utf-8")
    with psycopg.connect(database_url, autocommit=True) as connection:
        prices.sync(connection, prices.load(table))
    (cost,) = rows(database_url, "select * from analytics.reply_costs where message_id = 'msg_a'")
    assert cost["estimated_cost_usd"] is None


def test_a_reply_costs_what_its_model_cost_on_its_day(database_url: str, tmp_path: Path) -> None:
    later = ENTRY.replace("2026-01-01", "2026-03-10").replace("input = 1", "input = 8")
    latest = ENTRY.replace("2026-01-01", "2026-03-20").replace("input = 1", "input = 9")
    table = tmp_path / "prices.toml"
    table.write_text(latest + ENTRY + later, encoding="utf-8")
    days = {"2025-12-31": None, "2026-01-01": 1, "2026-03-09": 1, "2026-03-10": 8, "2026-03-19": 8, "2026-04-01": 9}
    told = []
    for day in days:
        line = reply(1, day, "claude-opus-4-6", input_tokens=1_000_000)
        told.append({**line, "timestamp": f"{day}T23:00:00Z"})
    ingest([write(tmp_path / "replies.jsonl", told)], database_url, price_table=table)
    costs = rows(database_url, "select message_id, estimated_cost_usd from analytics.reply_costs")
    assert {row["message_id"]: row["estimated_cost_usd"] for row in costs} == days


def test_a_price_that_was_corrected_is_corrected_in_the_database(database_url: str, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(ENTRY, encoding="utf-8")
    first = prices.load(table)
    table.write_text(ENTRY.replace("input = 1", "input = 1.25"), encoding="utf-8")
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert prices.sync(connection, first)
        assert prices.sync(connection, prices.load(table))
        assert not prices.sync(connection, prices.load(table))
    assert value(database_url, "select input_usd_per_million from signalbox.model_prices") == Decimal("1.25")


def test_a_session_says_what_its_cost_rests_on(database_url: str, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(ENTRY, encoding="utf-8")

    def of(session: str, *models: str) -> list[dict[str, Any]]:
        lines = [reply(1, f"{session}-{model}", model, input_tokens=1_000_000) for model in models]
        return [{**line, "sessionId": session} for line in lines]

    status = {"session_id": "recorded", "model": {"id": "m"}, "cost": {"total_cost_usd": 0.25}}
    told = [*of("recorded", "claude-opus-4-6"), *of("estimated", "claude-opus-4-6", "<synthetic>"), status]
    told += [
        *of("partly", "claude-opus-4-6", "another"),
        *of("unpriced", "another"),
        {**typed(1, "x"), "sessionId": "free"},
    ]
    ingest([write(tmp_path / "log.jsonl", told)], database_url, price_table=table)
    costs = rows(
        database_url,
        """
        select s.session_id, c.cost_usd, c.cost_basis from analytics.session_costs as c
        inner join chronicle.sessions as s on s.id = c.session_pk
        """,
    )
    assert {row["session_id"]: (row["cost_usd"], row["cost_basis"]) for row in costs} == {
        "recorded": (Decimal("0.25"), "recorded"),
        "estimated": (1, "estimate"),
        "partly": (1, "partial estimate"),
        "unpriced": (None, "not priced"),
        "free": (None, "none recorded"),
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[price]", "is no TOML"),
        (ENTRY.replace("output = 2.5", ""), "without a usable 'output'"),
        (ENTRY.replace("2026-01-01", '"soon"'), "wrong date or amount"),
        (ENTRY.replace("input = 1", "input = -1"), "wrong date or amount"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(text: str, sentence: str, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(WrongSetting, match=sentence):
        prices.load(table)


def test_a_table_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="cannot be read"):
        prices.load(tmp_path / "none.toml")
