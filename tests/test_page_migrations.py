"""The page of migrations: what is applied, pending, edited or unknown, and applying what is pending."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow
from streamlit.testing.v1.element_tree import Button

from data import migration
from data.access import Actor
from data.errors import NotAllowed
from data.migration.apply import RUNNER_LOCK
from data.operations import migrations
from tests.backup_runs import console, recorded, until
from tests.page_runs import PageRun, file_rows, open_page, queries_during, taken_away
from ui import cached

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
Write = Callable[..., None]

PAGE = "admin/migrations.py"
MOST_QUERIES = 8


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations that a test may add to."""
    copy = tmp_path / "migrations"
    shutil.copytree(migration.FOLDER, copy)
    monkeypatch.setattr(migration, "FOLDER", copy)
    monkeypatch.setattr(migrations, "_runs", {})
    return copy


@pytest.fixture
def write(folder: Path) -> Write:
    def write_files(**texts: str) -> None:
        for name, text in texts.items():
            (folder / f"{name.removeprefix('m')}.sql").write_text(text, encoding="utf-8")

    return write_files


def button(page: PageRun) -> Button | None:
    return next((one for one in page.app.button if one.label.startswith("Apply")), None)


def type_and_apply(page: PageRun, words: str) -> PageRun:
    page.app.text_input(key="apply_words").set_value(words)
    page.run()
    found = button(page)
    assert found
    assert not found.disabled
    found.click()
    return page.run()


def finished(actor: Actor) -> migrations.MigrationRun:
    until(lambda: (run := migrations.last_run(actor)) is not None and run.is_over)
    run = migrations.last_run(actor)
    assert run
    return run


def acts(owner: Owner) -> list[tuple[str, str]]:
    rows = owner.execute("select * from signalbox.audit_log where target = 'migrations' order by id").fetchall()
    return [(row["actor_email"], row["action"]) for row in rows]


@pytest.mark.parametrize("role", ["manager", "member"])
def test_it_is_for_admins_alone_also_by_a_cold_link_and_in_the_data(people: People, role: str, write: Write) -> None:
    write(m20990101000000_zanzibar="select 1;")
    for parameters in ({}, {"version": "20990101000000"}):
        page = open_page(people[role], PAGE, **parameters)
        assert "is for the role admin" in page.text
        assert "zanzibar" not in page.text
    for act in (migrations.look, migrations.last_run):
        with pytest.raises(NotAllowed):
            act(people[role])
    with pytest.raises(NotAllowed):
        migrations.read_one(people[role], "20990101000000")
    with pytest.raises(NotAllowed):
        migrations.start(people[role], [("20990101000000", "")])


def test_an_up_to_date_database_says_so_and_offers_nothing(people: People) -> None:
    page = open_page(people["admin"], PAGE)
    count = len(list(migration.FOLDER.glob("2*.sql")))
    assert f"● The database is up to date: {count} migrations are applied, none was edited." in page.text
    assert button(page) is None
    assert "applied" in page.text


def test_pending_edited_and_unknown_ones_are_told_apart(
    owner: Owner, people: People, folder: Path, write: Write
) -> None:
    write(m20990101000000_later="select 1;", m20200101000000_too_late="select 1;")
    edited = folder / "20261120090200_agents.sql"
    edited.write_text(edited.read_text().replace("create table agents.jobs", "create table agents.work"))
    owner.execute(
        "insert into supabase_migrations.schema_migrations (version, name, statements)"
        " values ('20261101000000', 'from_elsewhere', array['select 42'])"
    )
    page = open_page(people["admin"], PAGE)
    assert (
        "■ The files and the database disagree: 1 edited since being applied, 1 applied to the database and unknown to "
        "this checkout and 1 older than the newest applied one; 1 migration waits." in page.text
    )
    for words in ("edited since", "unknown here", "pending", "out of order"):
        assert words in page.text
    for state, versions in (
        ("pending", ["20990101000000"]),
        ("wrong", ["20261120090200", "20261101000000", "20200101000000"]),
    ):
        assert f"/migrations?state={state}" in page.links, "its card leads to them"
        listed = open_page(people["admin"], PAGE, state=state)
        assert [row["version"] for row in taken_away(people["admin"], listed, "migrations")] == versions
        assert [link for link in listed.links if link.startswith("/migrations?version=")][-len(versions) :] == [
            f"/migrations?version={version}" for version in versions
        ]
    applied = [row["version"] for row in file_rows(people["admin"], "migrations", {"state": ["applied"]})]
    assert open_page(people["admin"], PAGE, state="applied").rows == [len(applied)]
    found = button(page)
    assert found
    assert found.disabled
    assert "Closed: 1 applied to the database is unknown to this checkout." in page.text
    text = open_page(people["admin"], PAGE, version="20261120090200").text
    assert "+create table agents.work" in text
    assert "put the old text back" in text
    text = open_page(people["admin"], PAGE, version="20261101000000").text
    assert "select 42" in text
    assert "as the history of the database has them" in text
    with pytest.raises(migrations.Blocked):
        migrations.start(people["admin"], migrations.look(people["admin"]).seen)


def test_the_list_is_taken_away_as_it_is_shown(people: People, write: Write) -> None:
    write(m20990101000000_later="select 1;")
    page = open_page(people["admin"], PAGE)
    rows = file_rows(people["admin"], "migrations", {})
    assert (rows[0]["version"], rows[0]["state"]) == ("20990101000000", "pending")
    assert rows[1]["state"] == "applied"
    assert "/export/migrations.csv" in page.links
    assert f"CSV, {len(rows)} migrations" in page.text
    with pytest.raises(NotAllowed):
        file_rows(people["manager"], "migrations", {})


def test_one_is_read_with_its_statements(people: People, write: Write) -> None:
    page = open_page(people["admin"], PAGE, version="20261120100400")
    assert "operations" in page.text
    assert "create table signalbox.backup_runs" in page.text
    assert "18 statements" in page.text
    write(
        m20990101000000_commented="select 1;\n-- Two.\nselect 2 -- the last\n;\n-- Nothing follows.\n",
        m20990102000000_alone="-- Kept for its number.\n",
    )
    page = open_page(people["admin"], PAGE, version="20990101000000")
    assert "2 statements" in page.text
    assert "select 1;\n\n-- Two.\nselect 2 -- the last\n;\n\n-- Nothing follows." in page.text
    assert "-- Nothing follows.;" not in page.text
    assert "0 statements" in open_page(people["admin"], PAGE, version="20990102000000").text
    assert "There is no migration 12" in open_page(people["admin"], PAGE, version="12").text
    assert "2 migrations wait" in open_page(people["admin"], PAGE, version="1; drop").text


def test_pending_ones_are_applied_in_order_once_their_number_is_typed(
    owner: Owner, people: People, write: Write
) -> None:
    write(
        m20990101000000_first="create table agents.scratch (id int);\ninsert into agents.scratch values (1);",
        m20990102000000_second="alter table agents.scratch add column note text;",
    )
    page = open_page(people["admin"], PAGE)
    assert "◆ 2 migrations wait to be applied." in page.text
    found = button(page)
    assert found
    assert (found.label, found.disabled) == ("Apply 2 migrations", True)
    assert found.help == "Closed until “apply 2” stands in the field above."
    page.app.text_input(key="apply_words").set_value("apply 3")
    assert (button(page.run()) or found).disabled
    assert "Applying 2 migrations has begun." in type_and_apply(page, "apply 2").text.replace("\\", "")
    run = finished(people["admin"])
    assert run.error is None
    text = page.run().text
    assert "● 2 migrations applied by admin@example.com" in text
    assert "20990101000000 first: applied, 2 statements" in text
    assert "is up to date" in text
    assert owner.execute("select id, note from agents.scratch").fetchall() == [{"id": 1, "note": None}]
    assert acts(owner) == [
        ("admin@example.com", "began applying migrations"),
        ("admin@example.com", "applied migrations"),
    ]


def test_a_failure_shows_the_statement_and_the_message_and_keeps_what_came_before(
    owner: Owner, people: People, write: Write
) -> None:
    write(
        m20990101000000_good="create table agents.scratch (id int);",
        m20990102000000_bad="select 1;\nalter table agents.scrtch add column note text;",
        m20990103000000_never="create table agents.never (id int);",
    )
    page = open_page(people["admin"], PAGE)
    type_and_apply(page, "apply 3")
    assert finished(people["admin"]).error
    # As the page keeps it while it asks again by itself how far the run is.
    page.app.session_state["_outcome"] = (True, "Applying 3 migrations has begun.")
    text = page.run().text
    assert "■ The run that admin@example.com began failed at" in text
    assert "1 of 3 were applied." in text
    assert "has begun" not in text, "what came of it stands there"
    assert "20990102000000_bad.sql failed at statement 2 of 2, line 2:" in text
    assert 'PostgreSQL says: relation "agents.scrtch" does not exist (42P01)' in text
    assert "failed, and 2 migrations wait to be applied." in text
    found = owner.execute("select to_regclass('agents.scratch') is not null as a, to_regclass('agents.never') as b")
    assert found.fetchone() == {"a": True, "b": None}
    assert acts(owner)[-1] == ("admin@example.com", "applying migrations failed")
    single = owner.execute("select * from signalbox.audit_log where target like 'migration:%'").fetchall()
    assert [(row["actor_email"], row["target"]) for row in single] == [
        ("admin@example.com", "migration:20990101000000")
    ]
    told = owner.execute("select detail from signalbox.audit_log order by id desc limit 1").fetchone()
    assert told
    assert told["detail"]["applied"] == [{"version": "20990101000000"}]
    assert "failed at statement 2 of 2" in told["detail"]["error"]
    assert "Applying 20990102000000_bad.sql ..." in text


def test_somebody_elses_run_is_a_sentence(people: People, write: Write, database_url: str) -> None:
    write(m20990101000000_later="select 1;")
    page = open_page(people["admin"], PAGE)
    page.app.text_input(key="apply_words").set_value("apply 1")
    page.run()
    with psycopg.connect(database_url) as other:
        other.execute("select pg_advisory_xact_lock(%s)", (RUNNER_LOCK,))
        found = button(page)
        assert found
        found.click()
        said = page.run().text.replace("\\", "")
        assert "Somebody else is applying migrations to this database at this moment; nothing was started." in said
        assert "▶ Somebody else is applying migrations" in page.run().text
        found = button(page)
        assert found
        assert found.disabled
        assert "Closed: somebody else is applying migrations" in page.text
    assert "1 migration waits to be applied." in page.run().text


def test_what_has_changed_since_it_was_seen_is_not_applied(owner: Owner, people: People, write: Write) -> None:
    write(m20990101000000_seen="create table agents.seen (id int);")
    page = open_page(people["admin"], PAGE)
    page.app.text_input(key="apply_words").set_value("apply 1")
    page.run()
    write(m20990102000000_unseen="create table agents.unseen (id int);")
    found = button(page)
    assert found
    found.click()
    assert "What is pending is no longer what you saw" in page.run().text.replace("\\", "")
    assert acts(owner) == []
    assert owner.execute("select to_regclass('agents.seen') as found").fetchone() == {"found": None}


def test_a_file_that_was_edited_after_the_page_was_shown_is_not_applied(
    owner: Owner, people: People, write: Write
) -> None:
    write(m20990101000000_later="create table agents.shown (id int);")
    page = open_page(people["admin"], PAGE)
    page.app.text_input(key="apply_words").set_value("apply 1")
    page.run()
    write(m20990101000000_later="create table agents.edited (id int);")
    found = button(page)
    assert found
    found.click()
    said = page.run().text.replace("\\", "")
    assert "20990101000000 was edited since this page was shown, so nothing was started." in said
    assert acts(owner) == []
    assert "Applying 1 migration has begun." in type_and_apply(page, "apply 1").text.replace("\\", "")
    assert finished(people["admin"]).error is None


def test_a_file_that_was_edited_after_it_was_read_closes_the_button_until_it_is_read_again(
    people: People, write: Write
) -> None:
    write(m20990101000000_later="create table agents.shown (id int);")
    page = open_page(people["admin"], PAGE, version="20990101000000")
    seen = migrations.read_one(people["admin"], "20990101000000").sha256
    assert seen
    assert f"text {seen[:12]}" in page.text
    write(m20990101000000_later="drop table agents.jobs;")
    del page.app.query_params["version"]
    assert "Closed: 20990101000000 has been edited since you read it. Read it again." in page.run().text
    found = button(page)
    assert found
    assert found.disabled
    page.app.query_params["version"] = "20990101000000"
    assert "drop table agents.jobs" in page.run().text
    del page.app.query_params["version"]
    assert "Closed:" not in page.run().text


def test_an_edit_while_it_runs_changes_nothing_of_what_is_applied(
    owner: Owner, people: People, write: Write, database_url: str
) -> None:
    write(
        m20990101000000_slow="alter table agents.jobs add column slow int;",
        m20990102000000_next="create table agents.shown (id int);",
    )
    with psycopg.connect(database_url) as other:
        other.execute("select 1 from agents.jobs limit 1")
        migrations.start(people["admin"], migrations.look(people["admin"]).seen)
        write(m20990102000000_next="create table agents.edited (id int);")
    assert finished(people["admin"]).error is None
    found = owner.execute("select to_regclass('agents.shown') is not null as a, to_regclass('agents.edited') as b")
    assert found.fetchone() == {"a": True, "b": None}
    assert "1 edited since being applied" in open_page(people["admin"], PAGE).text


def test_a_run_whose_end_cannot_be_written_down_ends_all_the_same_and_says_so(people: People, write: Write) -> None:
    write(m20990101000000_harsh="alter table signalbox.audit_log rename to audit_log_before;")

    def broken() -> None:
        raise RuntimeError

    migrations.start(people["admin"], migrations.look(people["admin"]).seen, done=broken)
    run = finished(people["admin"])
    assert (run.error, run.is_recorded) == (None, False)


def test_what_a_migration_says_on_the_way_can_be_read_after_it(people: People, write: Write) -> None:
    write(m20990101000000_speaks="do $$ begin raise warning 'forty rows had no owner'; end $$;")
    page = open_page(people["admin"], PAGE)
    type_and_apply(page, "apply 1")
    assert finished(people["admin"]).error is None
    assert "WARNING: forty rows had no owner" in page.run().text


def test_what_there_is_to_go_back_to_is_told_before_anything_is_applied(
    owner: Owner, people: People, write: Write, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(m20990101000000_later="select 1;")
    with console(database_url, tmp_path, monkeypatch):
        text = open_page(people["admin"], PAGE).text
        assert "▲ Nothing undoes a migration, and there is no backup to go back to." in text
        recorded(owner, datetime.now(UTC) - timedelta(hours=3), file=tmp_path / "backups" / "one.dump")
        text = open_page(people["admin"], PAGE).text
        assert "Nothing undoes a migration. The last good backup is 3 h 00 min old." in text


def test_a_second_start_while_one_runs_reads_who_was_first(people: People, write: Write, database_url: str) -> None:
    write(m20990101000000_slow="alter table agents.jobs add column slow int;")
    with psycopg.connect(database_url) as other:
        other.execute("select 1 from agents.jobs limit 1")
        assert migrations.last_run(people["admin"]) is None
        seen = migrations.look(people["admin"]).seen
        migrations.start(people["admin"], seen)
        with pytest.raises(migrations.RunnerAtWork, match=r"admin@example\.com has been applying migrations since"):
            migrations.start(people["admin"], seen)
        until(lambda: (run := migrations.last_run(people["admin"])) and any("Applying" in line for line in run.lines))
        text = open_page(people["admin"], PAGE).text
        assert "▶ admin@example.com is applying 1 migration since" in text
        assert "Applying 20990101000000_slow.sql" in text
    assert finished(people["admin"]).error is None


def test_a_run_that_ends_while_the_page_is_made_is_not_taken_for_somebody_elses(
    people: People, write: Write, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(m20990101000000_slow="alter table agents.jobs add column slow int;")
    with psycopg.connect(database_url) as other:
        other.execute("select 1 from agents.jobs limit 1")
        migrations.start(people["admin"], migrations.look(people["admin"]).seen)
        look = migrations.look

        def late(actor: Actor) -> migrations.Look:
            until(lambda: other.closed or look(actor).is_running_elsewhere)
            found = look(actor)
            other.close()
            finished(actor)
            return found

        monkeypatch.setattr(migrations, "look", late)
        text = open_page(people["admin"], PAGE).text
    assert "Somebody else" not in text
    assert "is up to date" in text


def test_what_was_cached_is_computed_again_after_migrations(
    people: People, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[bool] = []
    monkeypatch.setattr(cached, "forget", lambda: forgotten.append(True))
    write(m20990101000000_view="create view analytics.scratch as select 1 as one;")
    page = open_page(people["admin"], PAGE)
    type_and_apply(page, "apply 1")
    assert finished(people["admin"]).error is None
    assert forgotten == [True]


def test_cached_reads_are_dropped_from_a_thread() -> None:
    failed: list[Exception] = []

    def work() -> None:
        try:
            cached.forget()
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this test
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failed


def test_what_files_are_named_is_text_and_no_markup(people: People, write: Write) -> None:
    write(**{"m20990101000000_<b>bold🚦": "select '</code><script>alert(1)</script>';"})
    for parameters in ({}, {"version": "20990101000000"}):
        page = open_page(people["admin"], PAGE, **parameters)
        joined = "".join(page.pieces)
        assert "<b>bold" not in joined
        assert "<script>" not in joined
        assert "<b>bold🚦" in page.text


def test_a_folder_that_cannot_be_read_is_a_sentence(people: People, write: Write) -> None:
    write(m2099_short="select 1;")
    assert "the version 2099 has 4 digits and must have 14" in open_page(people["admin"], PAGE).text


@pytest.mark.parametrize("parameters", [{}, {"version": "20261120100400"}])
def test_it_needs_few_queries(people: People, parameters: dict[str, str]) -> None:
    page = open_page(people["admin"], PAGE, **parameters)
    asked = queries_during(page.run)
    assert sum(asked.values()) <= MOST_QUERIES, asked
