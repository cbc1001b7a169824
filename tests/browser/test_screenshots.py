"""The pictures of the README show what they are there for."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.browser import screenshots
from tests.browser.visits import WIDE_PX, Visits


def test_the_picture_of_an_approval_holds_its_evidence_and_its_buttons(visits_of_demo: Visits, tmp_path: Path) -> None:
    path = screenshots.take_one_for_readme(visits_of_demo, "approval", tmp_path)
    page = visits_of_demo.opened[-1].page
    for part in (
        page.get_by_role("heading", name="What will happen"),
        page.get_by_role("table", name="What happened around the question"),
        page.get_by_role("button", name=re.compile("^Reject: ")),
        page.get_by_role("button", name=re.compile("^Approve: ")),
    ):
        expect(part).to_be_in_viewport(ratio=1)
    with Image.open(path) as picture:
        assert picture.size == (WIDE_PX, page.viewport_size and page.viewport_size["height"])
    assert not visits_of_demo.close()
