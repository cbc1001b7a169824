"""The page of backups: what it says of each state, who may do what, and a backup made by its button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1.element_tree import Button

from data import backup
from data.access import Actor
from data.console import Console
from data.settings import Settings
from tests import recorded as rows
from tests.backup_runs import Owner, console, dumps_of, recorded, row, standing_still, until
from tests.page_runs import PageRun, open_page, queries_during
from ui import cached

People = dict[str, Actor]

PAGE = "reports/backups.py"
OVERVIEW = "reports/overview.py"
MOST_QUERIES = 8


def ago(hours: float) -> datetime:
    """So many hours ago, as the test runs; the module may have been read long before."""
    return datetime.now(UTC) - timedelta(hours=hours)


@pytest.fixture(autouse=True)
def running(people: People, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    cached.forget()
    with console(database_url, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def button(page: PageRun, verb: str) -> Button | None:
    return next((one for one in page.app.button if one.label.startswith(verb)), None)


def late(owner: Owner) -> None:
    """The console has been here for days."""
    owner.execute("update signalbox.migration_runs set applied_at = applied_at - interval '3 days'")


def test_members_read_whose_page_it_is_and_nothing_else(owner: Owner, people: People, files: Path) -> None:
    recorded(owner, ago(0), file=files / "zanzibar.dump")
    page = open_page(people["member"], PAGE)
    assert "Seeing how backups went is for the role manager or admin" in page.text
    assert "zanzibar" not in page.text


def test_without_any_it_says_when_the_first_is_due_and_then_that_it_is_late(owner: Owner, people: People) -> None:
    page = open_page(people["manager"], PAGE)
    assert "▲ There is no backup yet. The first is due at" in page.text
    assert "No backup has been tried yet." in page.text
    late(owner)
    assert "■ There is no backup of this database, which the console has known since" in page.run().text


def test_a_good_one_is_said_with_age_size_and_list(owner: Owner, people: People, files: Path) -> None:
    recorded(owner, ago(3.2), file=files / "good.dump")
    page = open_page(people["manager"], PAGE)
    assert re.search(
        r"● The last good backup is 3 h 1\d min old: 1 kB, read back as the rows of 40 tables\.", page.text
    )
    assert "in 900 entries; 0 missing" in page.text
    assert "good.dump" in page.text
    assert "/export/backups.csv" in page.links


@pytest.mark.parametrize(
    ("hours", "said"),
    [(25, "▲ The last good backup is 1 d 1 h old"), (50, "■ The backup is overdue since ")],
)
def test_an_old_one_is_due_and_then_red(owner: Owner, people: People, files: Path, hours: int, said: str) -> None:
    recorded(owner, ago(hours), file=files / "old.dump")
    text = open_page(people["manager"], PAGE).text
    assert said in text
    if hours > 26:
        assert " UTC: the last good one is 2 d 2 h old, and one is due every 24 h. Have an admin make one now" in text
        assert "Make one now, and look why the timer did not." in open_page(people["admin"], PAGE).text


def test_a_file_that_was_deleted_since_is_said_and_the_one_before_counts(
    owner: Owner, people: People, files: Path
) -> None:
    recorded(owner, ago(5), file=files / "kept.dump")
    recorded(owner, ago(1), file=files / "gone.dump")
    (files / "gone.dump").unlink()
    page = open_page(people["manager"], PAGE)
    assert re.search(r"■ A newer backup is lost\. The last good backup is 5 h 0\d min old", page.text)
    assert "gone.dump, is gone from the disk." in page.text
    assert "■ file gone" in page.text
    (files / "kept.dump").unlink()
    assert (
        "■ There is no backup: 2 files that were good once are gone or changed. Have an admin make one now"
        in page.run().text
    )


def test_a_file_that_cannot_be_looked_at_is_never_green(owner: Owner, people: People) -> None:
    recorded(owner, ago(1), host="elsewhere")
    page = open_page(people["manager"], PAGE)
    assert re.search(r"○ The last good backup is 1 h 0\d min old", page.text)
    assert "Its file lies on elsewhere and could not be looked at from here." in page.text
    assert "● The last good" not in page.text


def test_a_failure_after_the_last_good_one_and_tables_left_out_are_told(
    owner: Owner, people: People, files: Path
) -> None:
    recorded(owner, ago(4), file=files / "part.dump", missing=["agents.hidden", "agents.more"])
    recorded(owner, ago(1), status="failed", error="The disk of <b>/x</b> is full 🚦")
    page = open_page(people["manager"], PAGE)
    assert re.search(r"▲ The last good backup is 4 h 0\d min old", page.text)
    assert "2 tables could not be read into it." in page.text
    assert "Not in the last good backup: the rows of agents.hidden and agents.more." in page.text
    assert "failed: The disk of <b>/x</b> is full 🚦" in page.text
    assert "<b>/x</b>" not in "".join(page.pieces)


def test_one_that_lacks_tables_is_the_last_good_one_only_where_none_is_whole(
    owner: Owner, people: People, files: Path
) -> None:
    rows.session(owner, ago(0), user_id=people["member"].user_id)
    recorded(owner, ago(7), file=files / "lacking.dump", missing=["agents.jobs"])
    page = open_page(people["manager"], PAGE)
    assert re.search(r"▲ The last good backup is 7 h 0\d min old.* 1 table could not be read into it\.", page.text)
    assert "▲ made without 1 table" in page.text
    overviewed = open_page(people["manager"], OVERVIEW)
    assert "the last backup is not whole" in overviewed.text.lower()
    recorded(owner, ago(4), file=files / "whole.dump")
    assert re.search(r"● The last good backup is 4 h 0\d min old", page.run().text)
    assert "is not whole" not in page.text
    cached.forget()
    assert "is not whole" not in overviewed.run().text
    recorded(owner, ago(1), file=files / "later.dump", missing=["agents.jobs", "agents.more"])
    assert re.search(r"● The last good backup is 4 h 0\d min old", page.run().text)
    assert "is not whole. Not in it: the rows of agents.jobs and agents.more." in page.text
    assert "▲ made without 2 tables" in page.text
    cached.forget()
    assert "The last backup is not whole" in overviewed.run().text
    (files / "whole.dump").unlink()
    assert re.search(r"■ The last whole backup is lost\. The last good backup is 1 h 0\d min old", page.run().text)
    assert "the newest backup is lost" in overviewed.run().text.lower()


def test_what_only_supabase_may_read_is_told_and_no_alarm(owner: Owner, people: People, files: Path) -> None:
    recorded(owner, ago(1), file=files / "one.dump", missing=["_realtime.tenants"])
    text = open_page(people["manager"], PAGE).text
    assert "● The last good backup is" in text
    assert "○ Not in the last good backup: the rows of _realtime.tenants: Supabase's own" in text


def test_little_room_for_the_next_is_told(
    owner: Owner, people: People, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(owner, ago(1), file=files / "one.dump")
    assert "may not fit" not in open_page(people["manager"], PAGE).text
    monkeypatch.setattr(backup, "free_bytes", lambda _: 900)
    text = open_page(people["manager"], PAGE).text
    assert "▲ Only 900 bytes are free where the backups lie, and the last one took 1 kB: the next may not fit." in text


def test_managers_see_the_state_and_are_told_who_makes_one(people: People) -> None:
    page = open_page(people["manager"], PAGE)
    assert button(page, "Make a backup now") is None
    assert "An admin can make one here" in page.text


def test_the_button_makes_one_that_goes_on_without_the_page(owner: Owner, people: People, files: Path) -> None:
    page = open_page(people["admin"], PAGE)
    found = button(page, "Make a backup now")
    assert found
    found.click()
    assert "has begun" in page.run().text
    until(lambda: row(owner)["status"] == "succeeded")
    page.run()
    assert "● The last good backup is" in page.text
    made = row(owner)
    assert made["started_by"] == people["admin"].user_id
    assert (files / made["file_name"]).stat().st_size == made["size_bytes"]


def test_a_running_one_shows_how_far_it_is_and_can_be_stopped_by_admins_alone(
    owner: Owner, people: People, database_url: str, files: Path
) -> None:
    page = open_page(people["admin"], PAGE)
    with standing_still(database_url):
        found = button(page, "Make a backup now")
        assert found
        found.click()
        page.run()
        until(lambda: dumps_of(owner))
        assert "▶ Writing. Backup 1 runs since" in page.run().text
        assert "started by admin@example.com: 0 bytes written." in page.text
        assert button(page, "Make a backup now") is None
        manager = open_page(people["manager"], PAGE)
        assert "▶ Writing. Backup 1 runs since" in manager.text
        assert button(manager, "Stop this backup") is None
        stopping = button(page, "Stop this backup")
        assert stopping
        stopping.click()
        assert "Backup 1 is being stopped" in page.run().text.replace("\\", "")
        until(lambda: row(owner)["status"] == "failed")
    assert "failed: Stopped by admin@example.com; the unfinished file was removed." in page.run().text
    assert button(page, "Make a backup now") is not None
    assert not list(files.iterdir())


def test_what_stands_in_the_way_is_a_sentence_after_the_click(
    owner: Owner, people: People, running: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(people["admin"], PAGE)
    pooler = replace(running.settings, admin_database_url="postgresql://u:geheim@h:6543/d")
    monkeypatch.setattr(running, "settings", pooler)
    found = button(page, "Make a backup now")
    assert found
    found.click()
    said = page.run().text.replace("\\", "")
    assert "Backups cannot go through a transaction pooler (port 6543 of Supabase)." in said
    assert "geheim" not in said
    assert owner.execute("select * from signalbox.backup_runs").fetchall() == []


def test_a_role_that_is_taken_away_holds_at_the_click(owner: Owner, people: People) -> None:
    page = open_page(people["admin"], PAGE)
    owner.execute("update signalbox.members set role = 'manager' where user_id = %s", (people["admin"].user_id,))
    found = button(page, "Make a backup now")
    assert found
    found.click()
    assert "Making backups is for the role admin" in page.run().text.replace("\\", "")
    assert owner.execute("select * from signalbox.backup_runs").fetchall() == []


def test_the_command_for_a_timer_names_the_home_of_the_console(
    people: People, running: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"SIGNALBOX_HOME={tmp_path} " in open_page(people["manager"], PAGE).text
    monkeypatch.setattr(running, "settings", replace(running.settings, home=Settings.home))
    assert "SIGNALBOX_HOME" not in open_page(people["manager"], PAGE).text


def test_on_supabase_its_own_backups_are_said_to_be_apart(
    people: People, running: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Supabase makes backups of its own" not in open_page(people["manager"], PAGE).text
    monkeypatch.setattr(running, "settings", replace(running.settings, supabase_url="https://ref.supabase.co"))
    assert "Those are separate: they are not seen from here" in open_page(people["manager"], PAGE).text


def test_overview_says_it_to_managers_when_one_is_overdue_and_not_to_members(
    owner: Owner, people: People, files: Path
) -> None:
    rows.session(owner, ago(0), user_id=people["member"].user_id)
    text = open_page(people["manager"], OVERVIEW).text
    assert "Nothing needs you" in text
    assert "the last backup" in text
    late(owner)
    cached.forget()
    text = open_page(people["manager"], OVERVIEW).text
    assert "■ No backup has been made." in text
    assert "Backup overdue" in text
    assert "overdue" not in open_page(people["member"], OVERVIEW).text
    assert "last backup" not in open_page(people["member"], OVERVIEW).text
    recorded(owner, ago(30), file=files / "old.dump")
    page = open_page(people["manager"], OVERVIEW)
    assert "■ The backup is overdue." in page.text
    assert "/backups" in page.links
    recorded(owner, ago(0), file=files / "new.dump")
    assert "verdue" not in open_page(people["manager"], OVERVIEW).text


def test_history_is_paged_and_exported_whole(owner: Owner, people: People, files: Path) -> None:
    for hours in range(30):
        recorded(owner, ago(hours), status="failed", error=f"reason {hours}")
    page = open_page(people["manager"], PAGE)
    assert "reason 24" in page.text
    assert "reason 25" not in page.text
    for number in ("2", "99"):
        text = open_page(people["manager"], PAGE, page=number).text
        assert "reason 25" in text
        assert "No backup has been tried yet" not in text
    assert "CSV, 30 backups" in page.text


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_it_needs_few_queries(owner: Owner, people: People, files: Path, role: str) -> None:
    recorded(owner, ago(0), file=files / "good.dump")
    page = open_page(people[role], PAGE)
    asked = queries_during(page.run)
    assert sum(asked.values()) <= MOST_QUERIES, asked


def test_the_state_may_not_be_read_by_members_behind_the_page(people: People) -> None:
    with pytest.raises(Exception, match="is for the role manager or admin"):
        backup.watch(people["member"], directory="/nowhere")
