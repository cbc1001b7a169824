"""The frame of pages: who is here, which pages exist for them, and colours that can be read."""

from __future__ import annotations

import re
import struct
import threading
import tomllib
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from data import database
from data.access import Actor
from data.errors import DatabaseUnavailable
from data.identity import web_sessions
from data.identity.refusals import Identity
from tests import recorded
from tests.page_runs import TIMEOUT_S, open_page, queries_during
from tests.recorded import Owner
from ui import acts, ahead, cached
from ui.drawing import tokens
from ui.menu import menu_of
from ui.navigation import PAGES, entry_of, known_pages

People = dict[str, Actor]
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cached.forget()


def test_every_page_has_one_address_equal_to_its_file_and_says_who_it_is_for() -> None:
    stems = [entry.path.stem for entry in PAGES]
    assert len(set(stems)) == len(stems)
    for entry in PAGES:
        assert entry.url_path == entry.path.stem
        assert entry.path.is_file()
        source = entry.path.read_text(encoding="utf-8")
        first = re.search(r"^view = page\.begin\((.*)\)$", source, re.MULTILINE)
        assert first, entry.url_path
        if entry.path.parent.name == "admin":
            assert f'needs="{entry.needs}"' in first[1]
            assert known_pages()[entry.url_path] == "admin"
    assert known_pages()[""] == known_pages()["overview"] == "member"
    assert entry_of("") is PAGES[0]


@pytest.mark.parametrize("role", ["member", "manager"])
def test_a_cold_link_to_an_admin_page_gives_the_sentence_and_nothing_else(
    owner: Owner, people: People, role: str
) -> None:
    recorded.question(owner, datetime.now(UTC), "Refund of a zanzibar", user_id=people["member"].user_id)
    run = open_page(people[role], "admin/approvals.py")
    assert "is for the role admin; you are signed in as" in run.text
    assert "zanzibar" not in run.text
    assert "zanzibar" in open_page(people["admin"], "admin/approvals.py").text


def test_a_role_that_is_taken_away_holds_from_the_next_run_on(owner: Owner, people: People) -> None:
    run = open_page(people["admin"], "admin/approvals.py")
    assert "is for the role admin" not in run.text
    owner.execute("update signalbox.members set role = 'member' where user_id = %s", (people["admin"].user_id,))
    assert "is for the role admin" in run.run().text


def test_a_request_without_a_session_gets_a_sentence(people: People) -> None:
    run = open_page(people["manager"], "reports/overview.py")
    run.app.user.clear()
    text = run.run().text
    assert "Your session is over" in text
    assert "manager@example.com" not in text


def test_what_one_session_left_in_a_tab_no_other_one_gets(people: People) -> None:
    run = open_page(people["admin"], "reports/overview.py")
    run.app.session_state["kept"] = "by the admin"
    assert "kept" in run.run().app.session_state
    other = people["member"]
    token = web_sessions.start(Identity(other.user_id, other.email, "test"))
    run.app.user.update(sid=web_sessions.hash_of(token))
    run.run()
    assert "kept" not in run.app.session_state
    assert "member@example.com" in run.text


def test_a_database_that_is_away_is_said_in_a_sentence(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_page(people["manager"], "reports/overview.py")

    def away(_: Actor) -> dict[str, str]:
        raise DatabaseUnavailable

    monkeypatch.setattr(database, "read_sources", away)
    assert "The database does not answer." in run.run().text


def shown_by(script: str) -> list[str]:
    """The HTML that a script shows, element by element."""
    app = AppTest.from_string(
        f"import streamlit as st\nfrom ui import page\nfrom ui.drawing.markup import join, tag\n{script}"
    )
    return [str(element.proto.body) for element in app.run(timeout=TIMEOUT_S).get("html")]


def test_what_is_put_together_is_one_element_but_for_what_stands_apart() -> None:
    pieces = shown_by(
        "with page.in_one():\n"
        "    page.put(tag('p', 'one'))\n"
        "    page.put(tag('p', 'two'))\n"
        "    with page.apart(), st.container():\n"
        "        page.put(tag('p', 'three'))\n"
        "    with page.apart():\n"
        "        st.write('')\n"
        "    page.put(tag('p', 'four'))\n"
        "page.put(tag('p', 'five'))"
    )
    assert [re.findall("<p>(.+?)</p>", piece) for piece in pieces] == [["one", "two"], ["three"], ["four"], ["five"]]


def test_what_is_put_reaches_the_browser_as_it_is() -> None:
    assert shown_by("page.put(join('    indented,\\n      twice'))") == ["    indented,\n      twice"]


def test_the_menu_holds_what_its_reader_may_see_and_marks_where_they_are(people: People) -> None:
    def menu(role: str, here: str) -> tuple[set[str], list[str]]:
        drawn = menu_of(people[role], here)
        return set(re.findall('href="/([^"]*)"', drawn)), re.findall('href="/([^"]*)"[^>]*aria-current', drawn)

    for role in ("admin", "member", "admin", "manager"):
        links = {entry.url_path for entry in PAGES if entry.listed and people[role].can(entry.needs)}
        assert menu(role, "tools") == (links - {"overview"} | {""}, ["tools"])
        assert menu(role, "session")[1] == ["sessions"]


def settings_of(part: dict[str, Any], above: str = "") -> dict[str, Any]:
    """The settings of a file by their full names."""
    found: dict[str, Any] = {}
    for name, value in part.items():
        found |= settings_of(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return found


def test_streamlit_knows_every_setting_that_is_made_for_it() -> None:
    """It passes silently over those that it has never heard of or has dropped."""
    told = settings_of(tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8")))
    assert told.keys() - config.get_config_options().keys() == set()
    assert told["secrets.files"] == [], "else they are looked for at each question who asks"
    assert told["runner.postScriptGC"] is False, "else each run waits for a full collection"


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_colour_of_text_can_be_read_on_page_and_panel(mode: str) -> None:
    look = tokens.tokens(mode)
    for name in ("text", "muted", "signal", "well", "attention", "broken", "waiting", "unknown"):
        for background in (look.page, look.panel):
            assert contrast(getattr(look, name), background) >= 4.5, (mode, name)
    assert all(contrast(series, look.page) >= 3 for series in look.series)
    assert len(set(look.series)) == 8


def test_the_style_sheet_asks_no_other_host_and_knows_every_colour_it_uses() -> None:
    sheet = tokens.style_sheet()
    assert "http" not in sheet
    assert "@import" not in sheet
    used, defined = set(re.findall(r"var\((--sb-[a-z0-9-]+)", sheet)), set(re.findall(r"(--sb-[a-z0-9-]+):", sheet))
    assert used <= defined


def test_fonts_are_served_by_the_console_and_carry_their_licence() -> None:
    config = (ROOT / ".streamlit/config.toml").read_text(encoding="utf-8")
    fonts = re.findall(r'^url = "app/static/(.+)"$', config, re.MULTILINE)
    assert len(fonts) == 3
    for font in fonts:
        assert (ROOT / "ui/static" / font).read_bytes()[:4] == b"wOF2"
    assert "SIL Open Font License" in (ROOT / "ui/static/LICENCES.txt").read_text(encoding="utf-8")


def test_a_page_that_is_not_in_the_menu_stands_under_one_that_is() -> None:
    listed = {entry.url_path for entry in PAGES if entry.listed}
    assert {entry.url_path: entry.under for entry in PAGES if not entry.listed and entry.under not in listed} == {}
    assert {entry.under for entry in PAGES if entry.listed} == {None}


@pytest.mark.parametrize("zone", ["America", "A" * 300, "../../etc/passwd", "Nowhere/At_all", "UTC\0"])
def test_a_zone_that_is_none_is_read_as_utc(people: People, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setattr(ContextProxy, "timezone", property(lambda _: zone))
    assert "No job is recorded yet" in open_page(people["manager"], "reports/jobs.py").text


def test_a_zone_that_the_database_does_not_know_is_passed_over_and_named(
    owner: Owner,
    people: People,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    request.addfinalizer(zoneinfo.reset_tzpath)
    # A clock an hour ahead, in a list that is newer than the database's.
    zoneinfo.reset_tzpath([str(tmp_path), *zoneinfo.TZPATH])
    (tmp_path / "Newfound").write_bytes(
        b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lBB", 3600, 0, 0) + b"NEW\0"
    )
    recorded.session(owner, datetime.now(UTC))
    zones, said = ("Newfound", "Europe/Berlin", "Newfound"), list[str]()

    def look_from(zone: str) -> str:
        monkeypatch.setattr(ContextProxy, "timezone", property(lambda _: zone))
        return open_page(people["manager"], "reports/overview.py").text

    asked = queries_during(lambda: said.extend(look_from(zone) for zone in zones))
    assert asked["console.knows_zone"] == 2, "once for each name"
    for zone, text in zip(zones, said, strict=True):
        assert "1 session" in text
        assert ("your browser, “Newfound”, is not known" in text) == (zone == "Newfound")
    ahead.begin(people["manager"], "overview", {}, "Newfound")
    for thread in threading.enumerate():
        if thread.name == "ahead":
            thread.join(TIMEOUT_S)
    assert not [record for record in caplog.records if record.exc_info]


def test_an_address_of_a_page_in_a_sentence_becomes_no_link() -> None:
    said = "A@example.com rejected https://example.com and www.example.com"
    # Markdown makes links of what is left of escaped addresses, so that each is broken by what has no width.
    assert acts.escaped(said).replace("\\", "") == (
        "A@example.com rejected https:\u2060//example.com and www\u2060.example.com"
    )


def test_a_page_whose_tables_are_of_an_older_version_says_so(owner: Owner, people: People) -> None:
    owner.execute("alter view analytics.stg_agents__jobs rename to gone")
    assert "An admin runs `python -m data migrate up`" in open_page(people["manager"], "reports/jobs.py").text
