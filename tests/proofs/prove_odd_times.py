"""No page and no export is closed by times of another world: each pair of them, in each zone and role; the tests take a
few."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from tests import test_odd_times as tested


@pytest.mark.parametrize("role", tested.ROLES)
@pytest.mark.parametrize("zone", tested.ZONES)
@pytest.mark.parametrize(("begins", "ends"), tested.WORLDS)
def test_no_page_and_no_export_is_closed_by_times_of_another_world(
    owner: psycopg.Connection[DictRow],
    people: dict[str, Actor],
    monkeypatch: pytest.MonkeyPatch,
    begins: str,
    ends: str,
    zone: str,
    role: str,
) -> None:
    tested.test_no_page_and_no_export_is_closed_by_times_of_another_world(
        owner, people, monkeypatch, begins, ends, zone, role
    )
