"""Values of other types: what cannot be read as ours reads as unknown, today and when it is written later."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, database, embedded, exports, migration
from data.access import Actor
from data.adoption.converting import read_as
from data.adoption.needs import Column
from data.command import main
from data.database.unreadable import UnreadableValue
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.conftest import MIGRATIONS, TEMPLATE, fresh_database
from tests.page_runs import open_page
from tests.servers import any_server
from tests.test_adoption import add_job, agents_seen, at_database, finding, make, states

__all__ = ["any_server", "at_database"]

Connection = psycopg.Connection[DictRow]

VALUES = [
    # the type there, the type we need, a value, how it reads
    ("text", "uuid", "'0B5C0E5E-8B4D-4F0C-9E0A-0123456789AB'", "0b5c0e5e-8b4d-4f0c-9e0a-0123456789ab"),
    ("text", "uuid", "'abc'", None),
    ("text", "uuid", "''", None),
    ("text", "integer", "'-12'", "-12"),
    ("text", "integer", "'abc'", None),
    ("text", "integer", "'99999999999'", None),
    ("text", "boolean", "'Yes'", "true"),
    ("text", "boolean", "'maybe'", None),
    ("text", "agents.job_status", "'running'", "running"),
    ("text", "agents.job_status", "'lost'", None),
    ("bigint", "integer", "2147483647", "2147483647"),
    ("bigint", "integer", "2147483648", None),
    ("numeric", "integer", "12.7", "13"),
    ("numeric", "bigint", "'NaN'", None),
    ("numeric", "bigint", "9223372036854775807.6", None),
    ("double precision", "bigint", "9223372036854775807", None),
    ("double precision", "integer", "'infinity'", None),
    ("real", "double precision", "1.5", "1.5"),
    ("integer", "numeric", "7", "7"),
    ("date", "timestamp with time zone", "'2026-11-20'", "2026-11-20 09:00:00+09"),
    ("timestamp", "timestamp with time zone", "'infinity'", "infinity"),
    ("jsonb", "text", "'\"abc\"'", "abc"),
    ("jsonb", "uuid", "'\"0b5c0e5e-8b4d-4f0c-9e0a-0123456789ab\"'", "0b5c0e5e-8b4d-4f0c-9e0a-0123456789ab"),
    ("text[]", "text", "array['a', 'b c']", '{a,"b c"}'),
    ("text", "character varying(3)", "'abcd'", "abc"),
]
VALUES_THAT_16_TRIES = [
    ("text", "timestamp with time zone", "'2026-02-30'", None),
    ("text", "timestamp with time zone", "'2026-11-20T12:00:00Z'", "2026-11-20 21:00:00+09"),
    ("text", "jsonb", "'{\"a\": 1}'", '{"a": 1}'),
    ("text", "jsonb", "'{'", None),
    ("json", "jsonb", "'\"\\u0000\"'", None),
    ("text", "double precision", "'1e400'", None),
]
TRYING = 160_000
ZONELESS = "timestamp without time zone"


@pytest.fixture(scope="module")
def migrated(any_server: embedded.Lease) -> embedded.Lease:
    """Every PostgreSQL at hand, with a migrated database to copy."""
    any_server.ensure_database(TEMPLATE)
    migration.up(any_server.url(TEMPLATE), MIGRATIONS, progress=lambda _: None)
    return any_server


@pytest.fixture
def database_url(migrated: embedded.Lease) -> Iterator[str]:
    """In place of the one on the embedded server alone."""
    with fresh_database(migrated) as url:
        yield url


def reads(owner: Connection, found: str, needed: str, value: str, version: int) -> str | None:
    """How a value of the type there reads as the type that is needed, in a session of another zone."""
    reading = read_as(Column("it", needed, is_key=False), found.replace("timestamp", ZONELESS), version)
    with owner.transaction(force_rollback=True):
        owner.execute("set local timezone = 'Asia/Tokyo'")
        # Types and values are written above.
        make_source = sql.SQL("create temporary table source (it {}); insert into source values ({})")
        owner.execute(make_source.format(sql.SQL(found), sql.SQL(value)))
        row = owner.execute(sql.SQL("select ({})::text as it from source").format(reading.expression)).fetchone()
    assert row is not None
    it: str | None = row["it"]
    return it


def test_values_of_other_types_are_read_or_unknown(owner: Connection) -> None:
    version = owner.info.server_version
    for found, needed, value, wanted in VALUES + (VALUES_THAT_16_TRIES if version >= TRYING else []):
        assert reads(owner, found, needed, value, version) == wanted, (found, needed, value)


def test_they_are_without_the_help_of_newer_servers(owner: Connection) -> None:
    """As on PostgreSQL 15: the expressions that it is given run on any."""
    for found, needed, value, wanted in VALUES:
        assert reads(owner, found, needed, value, 150_000) == wanted, (found, needed, value)
    for found, needed, _, _ in VALUES_THAT_16_TRIES:
        assert not read_as(Column("it", needed, is_key=False), found, 150_000).is_tried


@pytest.mark.usefixtures("at_database")
def test_a_value_that_stops_converting_later_reads_as_unknown_and_is_counted(
    database_url: str, owner: Connection, people: dict[str, Actor], capsys: pytest.CaptureFixture[str]
) -> None:
    make(owner, oddities.AGENTS)
    owner.execute("alter table public.jobs alter completed_at type text, alter started_at type text")
    owner.execute("insert into public.jobs (agent_identifier, completed_at) values ('x', '2026-11-20 12:00Z')")
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    assert main(["adopt", "agents", "--status"]) == 0
    owner.execute("insert into public.jobs (agent_identifier, completed_at) values ('y', 'abc')")
    if owner.info.server_version < TRYING:
        return  # there it fails: see below
    rows = owner.execute(
        "select agent, completed_at is null as is_unknown from analytics.stg_agents__jobs order by 1"
    ).fetchall()
    assert rows == [{"agent": "x", "is_unknown": False}, {"agent": "y", "is_unknown": True}]
    capsys.readouterr()
    assert main(["adopt", "agents", "--status"]) == 1
    said = capsys.readouterr().out
    assert "public.jobs: 1 values of completed_at (text) are no timestamp with time zone and read as unknown" in said
    found = adoption.adopt(database_url, "agents", "public", dry_run=True)
    assert states(finding(found, "jobs"))["completed_at"] == "converted"
    assert {column.name: column.unreadable for column in finding(found, "jobs").columns if column.unreadable} == {
        "completed_at": 1
    }


def test_rows_that_cannot_be_told_apart_stand_in_the_way(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    owner.execute("alter table public.jobs alter id drop default, alter id type text")
    owner.execute("insert into public.jobs (id, agent_identifier) values (gen_random_uuid()::text, 'x'), ('one', 'y')")
    (obstacle,) = adoption.adopt(database_url, "agents", "public", dry_run=True).obstacles
    assert obstacle == "1 values of jobs.id, by which rows are known, are no uuid"


@pytest.mark.usefixtures("at_database")
def test_a_report_that_meets_a_value_it_cannot_read_says_whose_it_is_and_what_to_do(
    database_url: str,
    owner: Connection,
    people: dict[str, Actor],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As PostgreSQL 15 reads it, on any: adopting again then leaves the column out."""
    monkeypatch.setattr("data.adoption.converting._TRIES_VALUES", 999_999)
    make(owner, oddities.AGENTS)
    owner.execute("alter table public.jobs alter completed_at type text")
    add_job(owner, people["member"], "fine")
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    owner.execute("insert into public.jobs (agent_identifier, completed_at) values ('broken', 'secret words')")
    sentence = (
        "A value in public.jobs (agents) is no timestamp with time zone, so this could not be read. "
        "python -m data adopt agents --status says which column it is, and what to do."
    )
    (broken,) = owner.execute("select id from public.jobs where agent_identifier = 'broken'").fetchall()
    with pytest.raises(UnreadableValue) as met, database.reading(people["manager"]) as unit:
        unit.rows("jobs.find_job", job_id=broken["id"])
    assert met.value.sentence == sentence
    assert sentence in open_page(people["manager"], "reports/jobs.py").text
    with pytest.raises(UnreadableValue):
        list(exports.stream(people["manager"], "jobs", exports.parse("jobs", {}), "csv"))
    capsys.readouterr()
    assert main(["adopt", "agents", "--status"]) == 1
    said = capsys.readouterr().out
    assert "completed_at (text) holds values that are no timestamp with time zone: they fail the reports" in said
    assert "every value can be read" not in said
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    assert agents_seen(people["manager"]) == ["broken", "fine"]
    assert main(["adopt", "agents", "--status"]) == 1
    assert "are no timestamp with time zone, so it reads as unknown" in capsys.readouterr().out


def test_a_wrong_value_of_our_own_is_not_blamed_on_an_adopted_table(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, oddities.LIFT, "lift_sys")
    adoption.adopt(database_url, "lift", "lift_sys")
    with pytest.raises(psycopg.DataError), database.reading(people["manager"]) as unit:
        unit.rows("jobs.find_job", job_id="no identifier")
