"""No filter of any export fails the server, each by itself: `make test` asks for all filters of an export at once."""

from __future__ import annotations

import pytest

from data.access import Actor
from data.exports.catalog import REPORTS
from tests.test_exports import HOSTILE, accepted, taken


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_no_filter_of_any_export_fails_the_server(people: dict[str, Actor], name: str) -> None:
    for filter_name in REPORTS[name].filters:
        for value in HOSTILE:
            asked = accepted(name, {filter_name: value})
            assert taken(people, name, asked), (name, filter_name, value)
