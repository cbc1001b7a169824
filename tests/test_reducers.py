"""Reducers of whoever runs the console: named by a setting, used by pages, refused where they cannot be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data import reducers
from data.access import Actor
from data.errors import WrongSetting
from data.reports import streams

Owner = psycopg.Connection[DictRow]

_INVOICES = """
from signalbox_client import Reducers
reducers = Reducers()

@reducers.register("Invoice", initial={"total": 0})
def add(state, event):
    return {"total": state["total"] + event.payload["amount"]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    reducers.use(())


def test_a_stream_of_ones_own_type_shows_its_state(owner: Owner, people: dict[str, Actor], folder: Path) -> None:
    for amount in (3, 4):
        owner.execute(
            "select engine.append_event('INVOICE_GREW', 'Invoice', '7', %s::jsonb, 'billing', %s)",
            (f'{{"amount": {amount}}}', uuid4()),
        )
    merged = streams.read_stream(people["admin"], aggregate_type="Invoice", aggregate_id="7")
    assert (merged.reducer, merged.after) == (None, {"amount": 4})
    (folder / "invoices.py").write_text(_INVOICES)
    reducers.use(["invoices"])
    folded = streams.read_stream(people["admin"], aggregate_type="Invoice", aggregate_id="7")
    assert (folded.reducer, folded.before, folded.after) == ("invoice@1", {"total": 3}, {"total": 7})
    assert reducers.used().find("Client"), "the engine's own stay"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("reducers = {}", "has no `reducers`"),
        (_INVOICES.replace("Invoice", "Client"), "second one for Client"),
    ],
)
def test_a_module_without_usable_reducers_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / "mine.py").write_text(text)
    before = reducers.used()
    with pytest.raises(WrongSetting, match=r"SIGNALBOX_REDUCERS.*mine") as refused:
        reducers.use(["mine"])
    assert said in refused.value.sentence
    assert reducers.used() is before
