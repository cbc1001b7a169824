"""What the documents of the five systems name and count is there, and what is gone is named."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import DictRow

from data import migration
from data.command import main
from data.migration.documents import SystemReport, read_documents
from data.migration.files import FOLDER

Connection = psycopg.Connection[DictRow]

OTHER_PHASES = """
alter table chronicle.tool_events drop constraint tool_events_phase_check,
add constraint tool_events_phase_check check (phase = 'pre')
"""


def reports(url: str) -> dict[str, SystemReport]:
    return {each.schema: each for each in migration.verify(url, FOLDER).systems}


def test_all_five_systems_are_whole(database_url: str) -> None:
    found = reports(database_url)
    assert set(found) == {"agents", "chronicle", "engine", "lift", "toolbox"}
    assert {each.schema: each.missing for each in found.values() if each.missing} == {}
    assert all(each.holds for each in found.values())


def test_every_difference_has_its_reason(database_url: str) -> None:
    for report in reports(database_url).values():
        for named in (*report.there, *report.left_out):
            assert named.why or named.here == named.name, named
        for count in report.counts:
            assert count.document == count.here or count.why, count


def test_counts_of_the_document_are_set_beside_ours(database_url: str, owner: Connection) -> None:
    before = {count.what: count for count in reports(database_url)["lift"].counts}
    assert (before["policies"].document, before["policies"].here) == (16, 16)
    assert (before["views"].document, before["views"].here) == (4, 4)
    assert before["indexes, keys included"].here != before["indexes, keys included"].document
    owner.execute("drop policy sessions_delete on lift.sessions")
    after = reports(database_url)["lift"]
    assert [(count.what, count.here) for count in after.counts if not count.agrees] == [
        ("policies", 15),
        ("policies of sessions", 3),
    ]
    assert not after.holds


@pytest.mark.parametrize(
    ("schema", "change", "kind", "name"),
    [
        ("chronicle", "drop index chronicle.idx_events_data_gin", "index", "idx_events_data_gin"),
        ("chronicle", "alter table chronicle.events drop constraint fk_events_session", "constraint",
         "fk_events_session"),
        ("engine", "drop function engine.get_event_stream(text, text, bigint, bigint)", "function",
         "get_event_stream"),
        ("engine", "drop table engine.client_health cascade", "table", "client_health"),
        ("engine", "alter publication supabase_realtime drop table engine.events", "published", "events"),
        ("agents", "drop policy jobs_delete on agents.jobs", "policy", "Users can delete own jobs"),
        ("agents", "alter table agents.jobs drop column result cascade", "column", "jobs.result"),
        ("lift", "drop view analytics.user_analytics", "view", "user_analytics"),
        ("toolbox", "drop index toolbox.idx_workspaces_user", "index", "idx_workspaces_user"),
        ("toolbox", "alter table toolbox.workspaces disable row level security", "row security", "workspaces"),
        ("agents", "alter type agents.job_status rename value 'cancelled' to 'stopped'", "value",
         "job_status.cancelled"),
        ("agents", "alter view analytics.job_stats rename column pending_jobs to waiting", "view column",
         "job_stats.pending_jobs"),
        ("chronicle", OTHER_PHASES, "value", "tool_events_phase_check.post"),
    ],
)  # fmt: skip
def test_what_is_gone_is_named(
    database_url: str, owner: Connection, schema: str, change: str, kind: str, name: str
) -> None:
    owner.execute(change.encode())
    found = reports(database_url)[schema]
    assert (kind, name) in [(each.kind, each.name) for each in found.missing]
    assert not found.holds


def test_where_there_is_no_realtime_nothing_has_to_be_published(database_url: str, owner: Connection) -> None:
    owner.execute("drop publication supabase_realtime")
    found = reports(database_url)["engine"]
    assert [each.kind for each in found.missing] == ["published"] * 3
    assert found.holds


def test_the_command_finds_fault_with_a_table_that_realtime_does_not_tell_of(
    database_url: str, owner: Connection, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    owner.execute("alter publication supabase_realtime drop table agents.jobs")
    assert main(["migrate", "verify"]) == 1
    assert "  missing: published jobs\n" in capsys.readouterr().out


def test_what_is_more_is_listed_and_breaks_nothing(database_url: str, owner: Connection) -> None:
    owner.execute("create table lift.experiments (id int primary key)")
    found = reports(database_url)["lift"]
    assert "table lift.experiments" in found.extra
    assert found.holds


def test_the_command_prints_system_by_system(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["migrate", "verify"]) == 0
    printed = capsys.readouterr().out
    for title in (document["title"] for document in read_documents()):
        assert f"{title} (" in printed
    assert "indexes, keys included: the document says 36, here are 25" in printed


def test_the_counts_of_each_table_are_set_beside_ours(database_url: str) -> None:
    counts = {count.what: (count.document, count.here) for count in reports(database_url)["lift"].counts}
    for table, columns, indexes in (
        ("sessions", (11, 11), (6, 7)),
        ("session_revisions", (10, 10), (4, 4)),
        ("session_drafts", (10, 10), (4, 4)),
        ("hole_resolutions", (9, 9), (4, 4)),
    ):
        assert counts[f"columns of {table}"] == columns
        assert counts[f"indexes of {table}, keys left out"] == indexes
        assert counts[f"policies of {table}"] == (4, 4)
    assert counts["indexes, keys left out"] == (28, 19)
    assert counts["tables with row security"] == (4, 4)
