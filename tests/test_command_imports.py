"""The command line starts without what only pages need, and the server loads early what pages do need."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from web.running import HEAVY_MODULES

ROOT = Path(__file__).parent.parent

_LOADED = """
import json, sys
from data.command import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
print(json.dumps({"status": status, "loaded": sorted(sys.modules)}), file=sys.stderr)
"""
_DRAW = """
import json, sys
import pandas
import streamlit
from ui.drawing import charts
streamlit.set_page_config(page_icon="/favicon.png")
pandas.DataFrame({"a": ["x"]})
print(json.dumps(sorted(sys.modules)))
"""
_PAGES = """
import json, sys
from ui import navigation
from web.running import warm_up
warm_up(navigation.modules())
print(json.dumps(sorted(sys.modules)))
"""


def run(program: str, *words: str, url: str = "") -> subprocess.CompletedProcess[str]:
    settings = {"PYTHONPATH": str(ROOT), "DATABASE_URL": url, "ADMIN_DATABASE_URL": url}
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True, text=True, check=True, env=os.environ | settings, cwd=ROOT / "tests",
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("ingest", "--help"),
        ("migrate", "status"),
        ("grant", "manager", "member@example.com"),
    ],
    ids=" ".join,
)
def test_a_command_starts_without_pandas(
    words: tuple[str, ...], database_url: str, people: dict[str, Actor], owner: psycopg.Connection[DictRow]
) -> None:
    ended = json.loads(run(_LOADED, *words, url=database_url).stderr.splitlines()[-1])
    assert ended["status"] == 0
    assert not {"numpy", "pandas", "pyarrow", "streamlit"} & set(ended["loaded"])


def test_what_is_loaded_early_is_what_a_page_needs() -> None:
    loaded = set(json.loads(run(_DRAW).stdout.splitlines()[-1]))
    assert set(HEAVY_MODULES) <= loaded
    assert "altair" not in loaded


def test_all_that_pages_are_made_of_is_loaded_early() -> None:
    loaded = set(json.loads(run(_PAGES).stdout.splitlines()[-1]))
    needed = {
        f"{word.module}"
        for path in (ROOT / "pages").rglob("*.py")
        for word in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(word, ast.ImportFrom) and word.module and word.module != "__future__"
    }
    assert needed <= loaded
    assert "ui.shell" not in loaded
    assert "altair" not in loaded
