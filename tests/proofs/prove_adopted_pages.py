"""Every page opens on tables of all systems that were adopted, either way and for whomever it is; the tests open each
once either way."""

from __future__ import annotations

import pytest

from tests.test_adopted_documents import (
    SYSTEMS,
    WAYS,
    Owner,
    People,
    _empty_cache,
    adopt_all,
    build,
    look_at,
    looks_for,
)

__all__ = ["_empty_cache"]


@WAYS
@pytest.mark.parametrize("role", ["manager", "admin"])
def test_every_page_opens_on_all_systems_at_once(
    database_url: str, owner: Owner, people: People, move: bool, role: str
) -> None:
    build(owner, people, SYSTEMS)
    adopt_all(database_url, SYSTEMS, move=move)
    look_at(people[role], looks_for(people[role]), moved=move)
