"""Searching adopted tables: their own policies decide what can be found, and so what can be told by searching."""

from __future__ import annotations

from uuid import uuid4

import psycopg
from psycopg.rows import DictRow

from data import adoption, database
from data.access import Actor
from tests import adoption_documents as documents
from tests.test_adoption import make


def test_what_an_adopted_tables_policies_hide_cannot_be_told_by_searching(
    database_url: str, owner: psycopg.Connection[DictRow], people: dict[str, Actor]
) -> None:
    make(owner, documents.CHRONICLE)
    session, event = uuid4(), uuid4()
    owner.execute("insert into public.sessions (id, session_id, project_name) values (%s, 's1', 'p')", (session,))
    owner.execute(
        "insert into public.events (id, session_id, event_type, source_app, timestamp, data) "
        "values (%s, %s, 'user_prompt', 'x', now(), '{}')",
        (event, session),
    )
    owner.execute(
        "insert into public.prompt_events (session_id, event_id, prompt_text, prompt_length) "
        "values (%s, %s, 'the secret word is zanzibar', 27)",
        (session, event),
    )
    owner.execute("grant usage on schema public to authenticated")
    owner.execute("grant select on all tables in schema public to authenticated")
    owner.execute("create policy seen on public.sessions for select to authenticated using (true)")
    adoption.adopt(database_url, "chronicle", "public")

    def found() -> int:
        with database.reading(people["manager"]) as unit:
            counting = "select count(*) as n from analytics.sessions_saying(%s)"
            found = [unit.connection.execute(counting, (words,)).fetchone() for words in ("zanzibar", "the")]
        assert found[0] == found[1]
        return int(found[0]["n"]) if found[0] else -1

    assert found() == 0
    owner.execute("create policy seen on public.prompt_events for select to authenticated using (true)")
    assert found() == 1
