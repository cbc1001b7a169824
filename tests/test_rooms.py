"""The rooms of the design and which way imports run between them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("streamlit_app.py", "pages", "ui", "web", "data", "signalbox_client")

# room -> what it may not import; first words of dotted names
FORBIDDEN: dict[str, frozenset[str]] = {
    "data": frozenset({"streamlit", "starlette", "uvicorn", "altair", "ui", "web", "pages", "streamlit_app"}),
    "web": frozenset({"ui", "pages", "altair", "pandas", "streamlit_app", "signalbox_client"}),
    "ui": frozenset(
        {"psycopg", "psycopg_pool", "supabase", "starlette", "web", "pages", "streamlit_app", "signalbox_client"}
    ),
    "pages": frozenset(
        {"psycopg", "psycopg_pool", "supabase", "starlette", "web", "os", "streamlit_app", "signalbox_client"}
    ),
    "streamlit_app.py": frozenset({"psycopg", "psycopg_pool", "pandas", "pages", "signalbox_client"}),
    "signalbox_client": frozenset(
        {
            "data",
            "ui",
            "web",
            "pages",
            "streamlit_app",
            "streamlit",
            "starlette",
            "pandas",
            "numpy",
            "orjson",
            "psycopg_pool",
        }
    ),
}
JUNK_DRAWERS = {"utils", "helpers", "common", "services", "misc"}


def modules(room: str) -> list[Path]:
    path = ROOT / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names.update(str(given.value) for given in node.args[:1] if isinstance(given, ast.Constant))
    return names


def texts_with(pattern: str) -> set[str]:
    """The modules of all rooms in whose text something stands."""
    return {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in modules(room)
        if re.search(pattern, path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room: str) -> None:
    assert modules(room), f"{room} is gone"
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(room)
        for name in imported(path)
        if name.split(".")[0] in FORBIDDEN[room]
    }
    assert not wrong


def test_no_page_lies_directly_in_pages() -> None:
    """Streamlit's first multipage mechanism would run such a file past the sign-in."""
    assert not list((ROOT / "pages").glob("*.py"))


def test_no_junk_drawers() -> None:
    names = {path.stem for room in ROOMS for path in modules(room)}
    names |= {path.name for room in ROOMS if (ROOT / room).is_dir() for path in (ROOT / room).rglob("*/")}
    assert not names & JUNK_DRAWERS


def test_nothing_is_kept_but_by_the_one_cache() -> None:
    assert not texts_with(r"\bcache_(data|resource)\b")
    assert texts_with(r"\bui\.keeping\b") == {"ui/cached.py"}


def test_only_settings_reads_the_environment() -> None:
    handing_on = {
        "data/backup/programs.py",
        "data/command/db.py",
        "data/embedded/account.py",
    }  # to the programs they start
    assert texts_with(r"\b(environb?|getenvb?)\b") - handing_on == {"data/settings.py"}


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for room in ROOMS
        for path in modules(room)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long


def test_files_of_queries_stay_short() -> None:
    """Lines of SQL: names, sentences and empty lines between queries do not count."""
    long = {
        path.name: lines
        for path in (ROOT / "data" / "sql").glob("*.sql")
        if (lines := len(re.findall(r"^ *[^-\s]", path.read_text(encoding="utf-8"), re.MULTILINE))) > 300
    }
    assert not long


def test_pages_stay_thin() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules("pages")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 150
    }
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in modules(room)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent
