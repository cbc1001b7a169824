"""One table on the page of the database: its row-level security, policies and indexes, and their files."""

from __future__ import annotations

from urllib.parse import parse_qs

import psycopg
import pytest
from psycopg.rows import DictRow

from data import database, exports
from data.access import Actor
from data.errors import NotAllowed, NotFound
from data.operations.tables import read_table
from tests.page_runs import PageRun, open_page, queries_during
from tests.test_page_database import until

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

PAGE = "admin/database.py"
NAME = "agents.guarded"


@pytest.fixture
def guarded(owner: Owner) -> None:
    """A table with policies of both kinds and indexes of several."""
    owner.execute("create table agents.guarded (id int primary key, owner_id uuid, word text unique)")
    owner.execute("alter table agents.guarded enable row level security")
    owner.execute("grant select on agents.guarded to authenticated")
    owner.execute(
        "create policy own_rows on agents.guarded for select to authenticated, anon using (owner_id = auth.uid())"
    )
    owner.execute("create policy no_secrets on agents.guarded as restrictive for insert with check (word <> '<b>')")
    owner.execute("create index guarded_by_owner on agents.guarded (owner_id) where word is not null")


def shown(actor: Actor, name: str = NAME) -> PageRun:
    return open_page(actor, PAGE, table=name)


@pytest.mark.usefixtures("guarded")
def test_policies_are_told_with_command_roles_and_expressions(people: People) -> None:
    text = shown(people["admin"]).text
    assert "Row-level security is on, though not for its owner (not forced). It is reached by authenticated" in text
    assert "2 policies decide which rows." in text
    assert "own_rows select anon, authenticated permissive (owner_id = auth.uid()) –" in text
    assert "no_secrets insert public ▲ restrictive – (word <> '<b>'::text)" in text
    assert "could not be shown" not in text


@pytest.mark.usefixtures("guarded")
def test_indexes_are_told_with_size_use_and_definition(owner: Owner, people: People) -> None:
    assert "guarded_pkey primary key 8.19 kB 0 never CREATE UNIQUE INDEX guarded_pkey ON" in shown(people["admin"]).text
    owner.execute("insert into agents.guarded select n, null, n::text from generate_series(1, 2000) as n")
    owner.execute("analyze agents.guarded")
    assert owner.execute("select word from agents.guarded where id = 7").fetchone() == {"word": "7"}
    owner.execute("select pg_stat_force_next_flush()")
    until(lambda: any(row["scans"] for row in read_table(people["admin"], NAME).indexes))
    found = {row["index_name"]: row for row in read_table(people["admin"], NAME).indexes}
    assert set(found) == {"guarded_pkey", "guarded_word_key", "guarded_by_owner"}
    assert [found["guarded_pkey"]["scans"], found["guarded_by_owner"]["scans"]] == [1, 0]
    is_told = owner.info.server_version >= 160000
    assert (found["guarded_pkey"]["last_read_at"] is not None) == is_told
    assert found["guarded_by_owner"]["last_read_at"] is None
    text = shown(people["admin"]).text
    assert "CREATE INDEX guarded_by_owner ON agents.guarded USING btree (owner_id) WHERE (word IS NOT NULL)" in text
    assert "guarded_word_key unique" in text


@pytest.mark.usefixtures("guarded")
def test_what_row_level_security_does_is_said_as_it_is(owner: Owner, people: People) -> None:
    def first(name: str = NAME) -> str:
        return next(piece for piece in shown(people["admin"], name).pieces if "Row-level security is" in piece)

    assert "sb-well" in first()
    owner.execute("alter table agents.guarded force row level security")
    assert "on, also for its owner (forced)" in first()
    owner.execute("drop policy own_rows on agents.guarded; drop policy no_secrets on agents.guarded")
    assert "sb-attention" in first()
    assert "no policy lets anybody see a row" in first()
    owner.execute("alter table agents.guarded disable row level security")
    assert "sb-broken" in first()
    assert "is off. It is reached by authenticated, every row of it." in first()
    owner.execute("revoke all on agents.guarded from authenticated")
    assert "sb-attention" in first()
    assert "is off. It is reached by its owner alone." in first()


@pytest.mark.usefixtures("guarded")
def test_both_lists_are_taken_away_by_admins_alone(people: People) -> None:
    links = shown(people["admin"]).links
    for report, first in (("table_policies", "no_secrets"), ("table_indexes", "guarded_")):
        [address] = [link for link in links if link.startswith(f"/export/{report}.csv?")]
        asked = exports.parse(report, parse_qs(address.partition("?")[2]))
        with database.reading(people["admin"]) as unit:  # whom an export runs as
            rows = unit.rows(exports.report(report).query, **asked)
        assert first in str(rows[0])
        assert {row["table_name"] for row in rows} == {"guarded"}
        assert exports.count(people["admin"], report, asked) == len(rows)
        for role in ("manager", "member"):
            with pytest.raises(NotAllowed):
                exports.count(people[role], report, asked)
            with pytest.raises(NotAllowed):
                exports.stream(people[role], report, asked, "csv")


@pytest.mark.usefixtures("guarded")
def test_the_list_of_tables_leads_to_each_and_back_and_it_is_for_admins_alone(people: People) -> None:
    assert "/database?table=signalbox.audit_log" in open_page(people["admin"], PAGE).links
    page = shown(people["admin"])
    assert "/database" in page.links
    assert sum(queries_during(page.run).values()) <= 8
    assert "is for the role admin" in shown(people["manager"]).text
    with pytest.raises(NotAllowed):
        read_table(people["manager"], NAME)
    with pytest.raises(NotFound):
        read_table(people["admin"], "agents.nowhere")
    missing = shown(people["admin"], "agents.<b>nowhere")
    assert "There is no such table in this database." in missing.text
    assert "/database" in missing.links
