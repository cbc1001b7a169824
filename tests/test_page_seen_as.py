"""The page for seeing as somebody else, and the band that marks every page meanwhile."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import DictRow
from streamlit.runtime.context import ContextProxy

from data.access import Actor
from data.identity import web_sessions
from tests.conftest import make_person
from tests.page_runs import open_page

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

PAGE = "admin/seen_as.py"


@pytest.mark.parametrize(("zone", "offset"), [("Asia/Kolkata", "UTC+5:30"), ("UTC", "UTC"), ("Nowhere/At_all", "UTC")])
def test_the_band_tells_its_end_in_the_zone_of_who_looks(
    people: People, monkeypatch: pytest.MonkeyPatch, zone: str, offset: str
) -> None:
    monkeypatch.setattr(ContextProxy, "timezone", property(lambda _: zone))
    page = open_page(people["admin"], PAGE)
    page.app.button(f"see_as_{people['member'].user_id}").click()
    text = page.run().text
    seen = web_sessions.look_up(page.app.user["sid"])
    assert seen
    assert seen.watcher
    local = seen.watcher.until.astimezone(ZoneInfo(zone if "/At" not in zone else "UTC"))
    assert f"it ends at {local:%H:%M} {offset}." in text
    assert local.utcoffset() == (timedelta(hours=5.5) if "+" in offset else timedelta())


def test_who_got_an_account_just_now_is_listed(owner: Owner, people: People) -> None:
    page = open_page(people["admin"], PAGE)
    make_person(owner, "newcomer", "member")
    assert "newcomer@example.com" in page.run().text


def test_a_search_is_kept_in_the_address_and_names_are_text(owner: Owner, people: People) -> None:
    make_person(owner, "<b>bold🚦</b>", "member")
    page = open_page(people["admin"], PAGE, search="BOLD")
    assert "<b>bold🚦</b>@example.com" in page.text
    assert "<b>bold" not in "".join(page.pieces)
    assert people["member"].email not in page.text
    assert "Nobody's address contains that." in open_page(people["admin"], PAGE, search="%").text
