"""Every page is among those that are measured at size."""

from __future__ import annotations

from tests.benchmarks.page_views import VIEWS
from ui.navigation import PAGES


def test_every_page_of_the_navigation_is_measured() -> None:
    assert {view.page for view in VIEWS} == {entry.url_path for entry in PAGES}


def test_pages_with_lists_are_measured_over_all_time() -> None:
    """Where the period widens, work does; a page that opens on the newest days hides it."""
    periods = {view.page for view in VIEWS if view.parameters.get("period") == "30d"}
    assert periods <= {view.page for view in VIEWS if view.parameters.get("period") == "all"} | {"people"}
