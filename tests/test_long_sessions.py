"""A session of more happenings than its page shows: it says how many, and where all of them are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data.access import Actor
from data.reports import session
from tests import recorded
from tests.page_runs import open_page, queries_during
from tests.recorded import Owner
from ui import cached

PAGE = "reports/session.py"
AT = datetime.now(UTC) - timedelta(hours=2)


def test_a_session_too_long_for_the_page_says_so_with_its_number(
    owner: Owner, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cached.forget()
    member, manager = people["member"], people["manager"]
    session_pk = recorded.one_of_everything(owner, AT, "word", member.user_id)
    total = len(session.list_items(member, session_pk=session_pk))
    assert session.count_items(member, session_pk=session_pk) == total > 8
    assert session.count_items(people["other"], session_pk=session_pk) == 0
    monkeypatch.setattr(session, "MOST_ITEMS", total)
    assert "Shown are the first" not in open_page(manager, PAGE, session=str(session_pk)).text
    monkeypatch.setattr(session, "MOST_ITEMS", 4)
    cached.forget()
    shown = open_page(manager, PAGE, session=str(session_pk))
    assert f"Shown are the first 4 of {total} happenings" in shown.text
    assert f"{total - 4} later ones are not on this page." in shown.text
    assert f"/export/session_events.csv?session={session_pk}" in shown.links
    cached.forget()
    cold = queries_during(shown.run)
    assert sum(cold.values()) <= 8, cold
