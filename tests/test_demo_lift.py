"""lift-sys and ToolboxAI in the demo: revisions that differ step by step, right counters, something for everybody."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from data import demo, embedded
from data.identity.demo_accounts import ACCOUNTS
from tests.conftest import MIGRATIONS, Prepared

ANCHOR = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
MEMBER = next(account.user_id for account in ACCOUNTS if account.role == "member")
Rows = psycopg.Connection[DictRow]


@pytest.fixture(scope="module")
def made(server: embedded.Lease) -> Iterator[demo.Made]:
    # A seed with which every way to end is among few sessions.
    yield demo.create(Prepared(server), MIGRATIONS, events=24_000, seed=6, anchor=ANCHOR, replace=True)
    demo.remove(server)


@pytest.fixture
def rows(made: demo.Made, server: embedded.Lease) -> Iterator[Rows]:
    with psycopg.connect(server.url(made.database), autocommit=True, row_factory=dict_row) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def number(rows: Rows, query: str, *pieces: str) -> int:
    """The one number of a query; {} in it stand for pieces of SQL written in this file, where there are any."""
    written = sql.SQL(query).format(*map(sql.SQL, pieces)) if pieces else sql.SQL(query)
    found = rows.execute(written).fetchone()
    assert found is not None
    return int(next(iter(found.values())))


def changed(before: Any, change: dict[str, Any]) -> Any:
    """A representation after one change, as JSON Patch has it."""
    after = copy.deepcopy(before)
    *way, last = change["path"].strip("/").split("/")
    inner = after
    for part in way:
        inner = inner[int(part)] if isinstance(inner, list) else inner[part]
    place: Any = int(last) if isinstance(inner, list) else last
    if change["op"] == "add":
        inner.insert(place, change["value"])
    elif change["op"] == "remove":
        del inner[place]
    else:
        assert inner[place] == change["from"]
        inner[place] = change["value"]
    return after


def test_counters_and_the_present_representation_agree_with_the_rows(rows: Rows) -> None:
    wrong = """
        select count(*) from lift.sessions as s where
            s.revision_count <> (select count(*) from lift.session_revisions as r where r.session_id = s.id)
            or s.draft_count <> (select count(*) from lift.session_drafts as d where d.session_id = s.id)
            or s.hole_count <> (select count(*) from lift.hole_resolutions as h where h.session_id = s.id)
            or s.current_ir <> (select r.ir_content from lift.session_revisions as r where r.session_id = s.id
                order by r.revision_number desc limit 1)
    """
    assert number(rows, "select count(*) from lift.sessions where hole_count > 0 and draft_count > 0") > 20
    assert number(rows, wrong) == 0


def test_counting_goes_on_where_the_demo_ends(rows: Rows) -> None:
    assert number(rows, "select count(*) from pg_trigger where not tgisinternal and tgenabled = 'D'") == 0
    with rows.transaction(force_rollback=True):
        rows.execute(
            "insert into lift.session_drafts (session_id, user_id, draft_number, code)"
            " select id, user_id, 99, 'pass' from lift.sessions order by id limit 1"
        )
        session = "select draft_count - 1 = (select count(*) from lift.session_drafts as d where d.session_id = s.id"
        found = rows.execute(f"{session} and d.draft_number < 99) as ok from lift.sessions as s order by id limit 1")
        assert found.fetchone() == {"ok": True}


def test_each_revision_is_the_one_before_with_its_changes(rows: Rows) -> None:
    by_session: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.execute("select * from lift.session_revisions order by session_id, revision_number"):
        by_session[row["session_id"]].append(row)
    for revisions in by_session.values():
        assert [row["revision_number"] for row in revisions] == list(range(1, len(revisions) + 1))
        assert revisions[0]["changes"] is None
        assert all(row["change_summary"] for row in revisions)
        moments = [row["created_at"] for row in revisions]
        assert moments == sorted(moments)
        for before, after in pairwise(revisions):
            expected = before["ir_content"]
            for change in after["changes"]:
                expected = changed(expected, change)
            assert after["ir_content"] == expected != before["ir_content"]
    assert max(map(len, by_session.values())) >= 5


def test_what_is_final_has_no_hole_left_and_good_code(rows: Rows) -> None:
    ends = {row["status"] for row in rows.execute("select distinct status from lift.sessions")}
    assert ends == {"active", "finalized", "abandoned", "error"}
    wrong = """
        select count(*) from lift.sessions as s where s.status = 'finalized' and (
            s.current_ir #> '{intent,holes}' <> '[]' or s.current_ir::text like '%"?%'
            or exists (select from (select * from lift.session_drafts as d where d.session_id = s.id
                order by d.draft_number desc limit 1) as last where not (last.syntax_valid and last.ast_valid))
        )
    """
    assert number(rows, wrong) == 0


def test_holes_are_filled_in_sessions_that_had_them(rows: Rows) -> None:
    missing = """
        select count(*) from lift.hole_resolutions as h
        inner join lift.session_revisions as r on r.session_id = h.session_id and r.revision_number = 1
        where not jsonb_path_exists(r.ir_content, '$.intent.holes[*] ? (@.identifier == $name)',
            jsonb_build_object('name', h.hole_id))
    """
    assert number(rows, missing) == 0
    again = (
        "select count(*) from (select from lift.hole_resolutions group by session_id, hole_id having count(*) > 1) as x"
    )
    assert number(rows, again) > 0
    sure = "select count(*) from lift.hole_resolutions where (confidence is not null) <> (resolution_method = 'llm')"
    assert number(rows, sure) == 0


def test_code_that_is_called_valid_parses_and_the_other_does_not(rows: Rows) -> None:
    seen = set()
    for row in rows.execute("select code, syntax_valid from lift.session_drafts").fetchall():
        seen.add(row["syntax_valid"])
        try:
            compile(row["code"], "draft", "exec")
        except SyntaxError:
            assert row["syntax_valid"] is False
        else:
            assert row["syntax_valid"] is not False
    assert seen == {True, False, None}


def test_some_drafts_have_a_cost_some_a_model_without_price_and_some_nothing(rows: Rows) -> None:
    for condition in ("llm_metrics ? 'cost_usd'", "llm_metrics ? 'model' and not llm_metrics ? 'cost_usd'",
                      "llm_metrics = '{}'"):  # fmt: skip
        assert number(rows, "select count(*) from lift.session_drafts where {}", condition) > 0, condition
    assert number(rows, "select count(*) from analytics.lift_session_summary where priced_drafts < draft_count") > 0


def test_nothing_of_a_session_lies_outside_of_it_or_after_the_demo(rows: Rows) -> None:
    for table in ("session_revisions", "session_drafts", "hole_resolutions"):
        wrong = (
            "select count(*) from {} as c inner join lift.sessions as s on s.id = c.session_id"
            " where c.user_id <> s.user_id or c.created_at not between s.created_at and s.updated_at"
        )
        assert number(rows, wrong, f"lift.{table}") == 0, table
    newest = rows.execute("select max(updated_at) as newest from lift.sessions").fetchone()
    assert newest is not None
    assert newest["newest"] <= ANCHOR


@pytest.mark.parametrize(
    "query",
    [
        "select avg((user_id = '{}')::int)::float8 as share from lift.sessions",
        "select avg((coalesce(user_id::text, '') = '{}')::int)::float8 as share from engine.sop_executions",
        "select avg((owner_id = '{}')::int)::float8 as share from toolbox.projects",
        "select avg((owner_id = '{}')::int)::float8 as share from toolbox.workspaces",
    ],
)
def test_the_member_owns_some_but_not_all(rows: Rows, query: str) -> None:
    share = rows.execute(query.format(MEMBER).encode()).fetchone()
    assert share is not None
    assert 0.03 < share["share"] < 0.5


def test_the_member_belongs_to_projects_of_others_and_not_to_all(rows: Rows) -> None:
    with rows.transaction(force_rollback=True):
        rows.execute(
            "select set_config('request.jwt.claims', json_build_object('sub', %s::text)::text, true)", (MEMBER,)
        )
        rows.execute("set local role authenticated")
        seen = number(rows, "select count(*) from toolbox.projects")
        own = number(rows, "select count(*) from toolbox.projects where owner_id = {}", f"'{MEMBER}'")
    assert 0 < own < seen < number(rows, "select count(*) from toolbox.projects")


def test_users_of_toolbox_are_the_people_of_the_demo_and_no_owner_is_a_member(rows: Rows) -> None:
    strangers = (
        "select count(*) from toolbox.users as t full join auth.users as u on u.id = t.id and u.email = t.email"
        " where t.id is null or u.id is null"
    )
    assert number(rows, strangers) == 0
    twice = (
        "select count(*) from toolbox.project_members as m inner join toolbox.projects as p on p.id = m.project_id"
        " where p.owner_id = m.user_id"
    )
    assert number(rows, twice) == 0
    roles = {row["role"] for row in rows.execute("select distinct role from toolbox.project_members")}
    assert roles == {"viewer", "member", "admin"}
    assert number(rows, "select count(*) from toolbox.projects where workspace_id is null") > 0
    assert number(rows, "select count(*) from toolbox.projects where status = 'archived'") > 0
