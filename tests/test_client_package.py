"""The writers' kit as a package: what it imports, what its wheel holds, its statements against the schema."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from data import embedded
from signalbox_client import queries
from tests.conftest import TEMPLATE

ROOT = Path(__file__).parent.parent
PREPARABLE = re.compile(r"(select|with|insert|update|delete|merge|values)\b", re.IGNORECASE)
PLACEHOLDER = re.compile(r"%\(([a-z_0-9]+)\)s")


@pytest.fixture(scope="module")
def migrated(server: embedded.Lease) -> Iterator[psycopg.Connection[DictRow]]:
    with psycopg.connect(server.url(TEMPLATE), autocommit=True) as connection:
        yield connection  # type: ignore[misc]


@pytest.mark.parametrize("name", sorted(queries.all_queries()))
def test_every_statement_has_a_sentence_and_fits_the_schema(name: str, migrated: psycopg.Connection[DictRow]) -> None:
    query = queries.find(name)
    assert query.sentence.endswith(".")
    numbered: dict[str, int] = {}
    text = PLACEHOLDER.sub(lambda m: f"${numbered.setdefault(m[1], len(numbered) + 1)}", query.text).replace("%%", "%")
    with migrated.transaction(force_rollback=True):
        for other in queries.all_queries().values():
            if other.name.split(".")[0] == name.split(".", maxsplit=1)[0] and other.text.startswith("create temp"):
                migrated.execute(other.text)
        if PREPARABLE.match(query.text):
            migrated.execute(f"prepare probe as {text}".encode())
            migrated.execute("deallocate probe")
        else:  # its own tests run it
            assert query.text.split()[0] in {"copy", "create", "truncate", "drop", "lock"}


def test_every_statement_is_used() -> None:
    source = "".join(path.read_text() for path in (ROOT / "signalbox_client").rglob("*.py"))
    built = re.findall(r'f"([a-z_]+\.[a-z_]+)\{', source)
    unused = {
        name
        for name in queries.all_queries()
        if f'"{name}"' not in source and not any(name.startswith(prefix) for prefix in built)
    }
    assert not unused


def test_it_works_where_nothing_but_psycopg_is_installed() -> None:
    """Every module is imported while everything of the console is away; what goes over HTTP says what it needs."""
    code = """
import importlib, pkgutil, sys
for name in ("streamlit", "pandas", "data", "ui", "web", "starlette", "psycopg_pool", "supabase", "yaml", "orjson"):
    sys.modules[name] = None
import signalbox_client
for module in pkgutil.walk_packages(signalbox_client.__path__, "signalbox_client."):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        assert "over_http" in module.name and "supabase" in str(error), (module.name, error)
"""
    done = subprocess.run((sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_the_kit_and_nothing_else_and_needs_psycopg_alone(tmp_path: Path) -> None:
    """Built as `pip install .` builds it, from a copy, so that nothing is left in the checkout."""
    copy = tmp_path / "checkout"
    kinds = ("-name", "*.py", "-o", "-name", "*.sql", "-o", "-name", "py.typed")
    names = subprocess.run(
        ("find", "signalbox_client", "data", "ui", "pages", "web", *kinds),
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    for name in [*names, "pyproject.toml", "streamlit_app.py"]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(copy))
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}\nis a package registry in reach?"
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = archive.namelist()
        (metadata,) = [name for name in held if name.endswith("METADATA")]
        told = archive.read(metadata).decode()
    assert {name.split("/")[0] for name in held if ".dist-info/" not in name} == {"signalbox_client"}
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "signalbox_client").rglob("*")
        if path.suffix in {".py", ".sql", ".typed"}
    }
    assert sources <= set(held)
    needed = re.findall(r"^Requires-Dist: (.*)$", told, re.MULTILINE)
    assert [one for one in needed if "extra ==" not in one] == ["psycopg>=3.2"]
    assert {extra for one in needed for extra in re.findall(r"extra == ['\"](\w+)", one)} == {
        "binary",
        "sops",
        "supabase",
    }


def test_the_pinned_driver_of_the_console_fits_the_kit() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ["psycopg>=3.2"]
    pinned = re.search(r"^psycopg\[binary\]==(\d+)\.(\d+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    assert (int(pinned[1]), int(pinned[2])) >= (3, 2)
