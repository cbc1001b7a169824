"""The command line starts without what only pages need, and the server loads early what pages do need."""

from __future__ import annotations

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
import pandas, streamlit as st
st.vega_lite_chart(spec={"mark": "bar", "data": {"name": "rows"}, "datasets": {"rows": pandas.DataFrame({"a": [1]})}})
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
    assert not {"pandas", "pyarrow", "streamlit"} & set(ended["loaded"])


def test_what_is_loaded_early_is_what_a_chart_needs() -> None:
    loaded = set(json.loads(run(_DRAW).stdout.splitlines()[-1]))
    assert set(HEAVY_MODULES) <= loaded
    assert "altair" not in loaded
