"""The pages about the writers' kit: every block of code on them runs, in order, against a database of its own."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from tests import supabase_lite
from tests.conftest import make_person

Owner = psycopg.Connection[DictRow]

PAGES = sorted((Path(__file__).parent.parent / "docs" / "client").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, database_url: str, owner: Owner, tmp_path: Path) -> None:
    """`url` is the database, `user_id` somebody's account, `scratch` a folder; the page about HTTP has a project, too.

    Names of one block are there in the next.
    """
    text = page.read_text(encoding="utf-8")
    with contextlib.ExitStack() as stack:
        user_id = make_person(owner, "ada", "member").user_id
        names: dict[str, Any] = {"url": database_url, "scratch": str(tmp_path), "user_id": user_id}
        if "project_url" in text:
            project = stack.enter_context(supabase_lite.running(database_url, ("lift", "agents")))
            names |= {"project_url": project.url, "secret_key": supabase_lite.SECRET_KEY}
        run(page, text, names)


def run(page: Path, text: str, names: dict[str, Any]) -> None:
    found = 0
    for block in BLOCK.finditer(text):
        found += 1
        first_line = text.count("\n", 0, block.start(1))
        # So that a failure names the page and the line on it.
        exec(compile("\n" * first_line + block[1], str(page), "exec"), names)  # noqa: S102
    assert found == len(re.findall(r"^```python$", text, re.MULTILINE))
    assert found, "a page without code shows nothing"


def test_every_page_is_reached_from_the_first() -> None:
    (first,) = [page for page in PAGES if page.name == "README.md"]
    linked = set(re.findall(r"\]\((\w+\.md)\)", first.read_text(encoding="utf-8")))
    assert linked == {page.name for page in PAGES} - {"README.md"}
