"""Whose the imported rows are: an owner's where one was named, nobody's else, and never silently another's."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from data import database
from data.access import Actor
from data.errors import Conflict, NotAllowed, NotFound
from data.ingest import Progress, import_paths, ingest
from tests.ingest_database import rows, value
from tests.ingest_fixtures import FOLDER, GULLS, ITEMS, LIGHTHOUSE

OWNED = {
    "sessions": "select distinct metadata ->> 'user_id' as owner from chronicle.sessions",
    "jobs": "select distinct user_id::text as owner from agents.jobs",
    "approvals": "select distinct user_id::text as owner from engine.human_approvals",
    "files": "select distinct owner_id::text as owner from signalbox.import_files",
}


def owners(url: str) -> dict[str, set[str | None]]:
    return {name: {row["owner"] for row in rows(url, query)} for name, query in OWNED.items()}


def test_an_owner_has_all_that_was_imported(database_url: str, people: dict[str, Actor]) -> None:
    member = people["member"]
    report = ingest([FOLDER], database_url, owner=member.email.upper())
    assert owners(database_url) == {name: {str(member.user_id)} for name in OWNED}
    assert not any("belong to somebody else" in note for file in report.files for note in file.notes)


def test_without_an_owner_the_rows_are_nobodys(database_url: str) -> None:
    ingest([FOLDER], database_url)
    assert owners(database_url) == {name: {None} for name in OWNED}


def test_members_see_their_own_imports_only(
    database_url: str, people: dict[str, Actor], owner: psycopg.Connection[DictRow]
) -> None:
    ingest([LIGHTHOUSE, ITEMS], database_url, owner=people["member"].email)
    ingest([GULLS], database_url)
    counts = {}
    for name in ("manager", "member", "other"):
        with database.reading(people[name]) as unit:
            counts[name] = {
                table: unit.connection.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
                for table in ("chronicle.sessions", "chronicle.tool_events", "agents.jobs", "signalbox.import_records")
            }
    shown = {
        name: {table: next(iter((row or {}).values())) for table, row in of.items()} for name, of in counts.items()
    }
    assert shown["manager"]["chronicle.sessions"] == 2
    assert shown["member"]["chronicle.sessions"] == 1
    assert 0 < shown["member"]["chronicle.tool_events"] < shown["manager"]["chronicle.tool_events"]
    assert 0 < shown["member"]["signalbox.import_records"] < shown["manager"]["signalbox.import_records"]
    assert set(shown["other"].values()) == {0}


def test_an_owner_may_be_named_later(database_url: str, people: dict[str, Actor]) -> None:
    ingest([FOLDER], database_url)
    ingest([FOLDER], database_url, owner=people["member"].email)
    assert owners(database_url) == {name: {str(people["member"].user_id)} for name in OWNED}


def test_rows_never_change_their_owner_silently(database_url: str, people: dict[str, Actor]) -> None:
    ingest([LIGHTHOUSE], database_url, owner=people["member"].email)
    report = ingest([LIGHTHOUSE], database_url, owner=people["other"].email)
    assert owners(database_url) == {name: {str(people["member"].user_id)} for name in OWNED}
    assert "1 session belongs to somebody else already" in report.files[0].notes[0]
    assert not report.holds, "it was not done as it was asked"
    ingest([LIGHTHOUSE], database_url)
    assert owners(database_url)["sessions"] == {str(people["member"].user_id)}, "no owner named takes none away"


def test_an_account_that_is_not_there_stops_the_import(database_url: str) -> None:
    with pytest.raises(NotFound, match="no account with the address nobody"):
        ingest([LIGHTHOUSE], database_url, owner="nobody@example.com")
    assert value(database_url, "select count(*) from chronicle.sessions") == 0


def test_an_account_that_was_deleted_is_nobodys(
    database_url: str, people: dict[str, Actor], owner: psycopg.Connection[DictRow]
) -> None:
    owner.execute("update auth.users set deleted_at = now() where id = %s", (people["member"].user_id,))
    with pytest.raises(NotFound, match=r"no account with the address member@example\.com; nothing"):
        ingest([LIGHTHOUSE], database_url, owner=people["member"].email)
    assert value(database_url, "select count(*) from chronicle.sessions") == 0


def test_an_address_of_several_accounts_stops_the_import_until_one_is_named_by_its_id(
    database_url: str, people: dict[str, Actor], owner: psycopg.Connection[DictRow]
) -> None:
    shared = {str(people[name].user_id) for name in ("member", "other")}
    for name, address in (("member", "crew@example.com"), ("other", "Crew@example.com")):
        owner.execute("update auth.users set email = %s where id = %s", (address, people[name].user_id))
    with pytest.raises(Conflict, match=r"2 accounts share the address crew@example\.com; nothing") as refused:
        ingest([LIGHTHOUSE], database_url, owner="crew@example.com")
    assert all(one in refused.value.sentence for one in shared)
    assert value(database_url, "select count(*) from chronicle.sessions") == 0
    assert value(database_url, "select count(*) from signalbox.audit_log") == 0, "nothing was begun"
    ingest([LIGHTHOUSE], database_url, owner=str(people["other"].user_id).upper())
    assert owners(database_url)["sessions"] == {str(people["other"].user_id)}


def test_an_account_that_was_removed_does_not_stop_an_import(
    database_url: str, people: dict[str, Actor], owner: psycopg.Connection[DictRow]
) -> None:
    ingest([GULLS], database_url, owner=people["member"].email)
    owner.execute("delete from auth.users where id = %s", (people["member"].user_id,))
    assert ingest([FOLDER], database_url).counts["files_failed"] == 0


def test_an_import_from_the_console_needs_an_admin_and_is_written_down(
    database_url: str, people: dict[str, Actor]
) -> None:
    said: list[str] = []
    with pytest.raises(NotAllowed):
        import_paths(people["manager"], [LIGHTHOUSE])
    report = import_paths(people["admin"], [LIGHTHOUSE], progress=said.append)
    assert report.counts["added_sessions"] == 1
    assert said[-1] == "1 of 1 file, 100 %"
    began, ended = rows(database_url, "select * from signalbox.audit_log order by id")
    for act in (began, ended):
        assert (act["actor_id"], act["target"]) == (UUID(str(people["admin"].user_id)), str(LIGHTHOUSE))
    assert (began["action"], ended["action"]) == ("began importing logs", "import_logs")
    assert began["detail"] == {"owner": None, "paths": [str(LIGHTHOUSE)]}
    assert ended["detail"] == {"owner": None, **report.counts}


def test_an_import_that_is_stopped_midway_is_written_down(database_url: str, people: dict[str, Actor]) -> None:
    class Stopped(BaseException):
        """As Ctrl-C does."""

    def stop(state: Progress) -> None:
        if state.files_done == 2:
            raise Stopped

    def stop_told(sentence: str) -> None:
        if sentence.startswith("2 of"):
            raise Stopped

    with pytest.raises(Stopped):
        ingest([FOLDER], database_url, progress=stop)
    with pytest.raises(Stopped):
        import_paths(people["admin"], [FOLDER], progress=stop_told)
    assert value(database_url, "select count(*) from signalbox.import_files") > 0
    acts = rows(database_url, "select action, actor_email, target from signalbox.audit_log order by id")
    assert [(act["action"], act["actor_email"], act["target"]) for act in acts] == [
        ("began importing logs", who, str(FOLDER)) for who in ("command line", people["admin"].email)
    ]


def test_an_import_of_many_paths_names_them_all_though_its_target_is_short(database_url: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:0>200}.jsonl" for number in range(50)]
    ingest(paths, database_url)
    began, ended = rows(database_url, "select target, detail from signalbox.audit_log order by id")
    assert began["target"] == ended["target"] == ", ".join(map(str, paths))[:499] + "…"
    assert began["detail"]["paths"] == [str(path) for path in paths]
