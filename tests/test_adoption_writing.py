"""Writing through the view of an adopted table: values arrive as they are, and one of two who decide at once loses."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, jobs
from data.access import Actor
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.test_adoption import add_job, make

Connection = psycopg.Connection[DictRow]

VIEW = "analytics.adopted_agents__jobs"


def write(owner: Connection, column: str, value: str, zone: str = "UTC") -> Any:
    """What the table holds, as text, once a value was written through the view."""
    with owner.transaction(force_rollback=True):
        owner.execute(sql.SQL("set local timezone = {}").format(sql.Literal(zone)))
        name = sql.Identifier(column)
        done = owner.execute(
            sql.SQL("update {} set {} = {}").format(sql.Identifier(*VIEW.split(".")), name, sql.SQL(value))
        )
        assert done.rowcount == 1
        row = owner.execute(sql.SQL("select {}::text as it from public.jobs").format(name)).fetchone()
    assert row is not None
    return row["it"]


def test_values_are_written_as_they_are(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, oddities.AGENTS)
    owner.execute(
        "alter table public.jobs alter started_at type timestamp, alter error_message type jsonb using null,"
        " alter result type json, alter updated_at type text"
    )
    add_job(owner, people["admin"])
    adoption.adopt(database_url, "agents", "public")
    assert write(owner, "job_data", "'\"one\"'") == '"one"'
    assert write(owner, "job_data", "'[1, \"two\"]'") == '[1, "two"]'
    assert write(owner, "job_data", "'true'") == "true"
    assert write(owner, "result", "'\"it''s\"'") == '"it\'s"'
    assert write(owner, "error_message", "'it''s \"odd\"'") == '"it\'s \\"odd\\""'
    assert write(owner, "completed_at", "'infinity'") == "infinity"
    assert write(owner, "started_at", "'-infinity'") == "-infinity"
    assert write(owner, "started_at", "'2026-11-20 12:00Z'", "Asia/Tokyo") == "2026-11-20 12:00:00"
    assert write(owner, "updated_at", "'2026-11-20 12:00Z'") == "2026-11-20 12:00:00+00"
    assert write(owner, "status", "'failed'") == "failed"
    owner.execute("update public.jobs set job_data = '{}'")
    assert write(owner, "job_data", "'null'") == "null"
    assert write(owner, "job_data", "null") is None


def test_arrays_are_written_where_both_have_them(database_url: str, owner: Connection) -> None:
    """None of our columns is one today; the view is as adopting makes it."""
    owner.execute("create table public.listed (id uuid primary key default gen_random_uuid(), words text[], n text)")
    owner.execute("insert into public.listed (n) values ('7')")
    owner.execute("create view analytics.listed as select id, words, n::integer as n from public.listed")
    owner.execute(
        "create trigger write_adopted instead of update on analytics.listed for each row"
        " execute function signalbox.write_adopted('public.listed', 'id')"
    )
    owner.execute("""update analytics.listed set words = array['a', 'b "c"', null], n = 8""")
    row = owner.execute("select words, n from public.listed").fetchone()
    assert row == {"words": ["a", 'b "c"', None], "n": "8"}


def test_a_row_is_found_however_its_identifier_is_spelled(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, documents.AGENTS)
    owner.execute("alter table public.jobs alter id drop default, alter id type text")
    identifier = add_job(owner, people["admin"])
    owner.execute("update public.jobs set id = upper(id)")
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    jobs.cancel(people["admin"], identifier, "running")
    row = owner.execute("select status::text, id = upper(id) as is_upper from public.jobs").fetchone()
    assert row == {"status": "cancelled", "is_upper": True}


def test_of_two_who_act_at_once_one_loses(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    """Whoever waited for the other's change asks again for the state that it expects, as in a table of our own."""
    make(owner, documents.AGENTS)
    add_job(owner, people["admin"])
    adoption.adopt(database_url, "agents", "public")
    changed: list[int] = []

    def cancel() -> None:
        with psycopg.connect(database_url) as second:
            query = sql.SQL("update {} set status = 'cancelled' where status = 'running'")
            changed.append(second.execute(query.format(sql.Identifier(*VIEW.split(".")))).rowcount)

    with psycopg.connect(database_url) as first:
        first.execute("update public.jobs set status = 'completed'")
        second = threading.Thread(target=cancel)
        second.start()
        waiting = "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = %s"
        while second.is_alive() and owner.execute(waiting, (owner.info.dbname,)).fetchone() == {"n": 0}:
            second.join(0.05)
        first.commit()
        second.join()
    assert changed == [0]
    row = owner.execute("select status::text from public.jobs").fetchone()
    assert row == {"status": "completed"}
