"""The documents at the root say what is so: commands, make targets, dependencies and their licences."""

from __future__ import annotations

import re
from pathlib import Path

from data.command import parser

ROOT = Path(__file__).parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pinned(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-zA-Z_-]+)(?:\[\w+\])?==(\S+)$", read(name), re.MULTILINE))


def test_every_dependency_is_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = [line for line in read(name).splitlines() if line and not line.startswith(("#", "-r", "-c"))]
        assert len(pinned(name)) == len(lines)


def test_every_dependency_has_its_licence_listed() -> None:
    listed = set(re.findall(r"^\| ([a-zA-Z_-]+)", read("LICENCES.md"), re.MULTILINE)) - {"package"}
    assert {*pinned("requirements.txt"), *pinned("requirements-dev.txt")} == listed - {"---"}


def test_readme_names_only_commands_that_exist_and_all_of_them() -> None:
    groups = {choice for action in parser()._subparsers._group_actions for choice in action.choices}  # type: ignore[union-attr]
    named = set(re.findall(r"^\| `python -m data (\w+)", read("README.md"), re.MULTILINE))
    assert named == groups


def test_readme_names_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", read("README.md"))) - targets <= {"t"}


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    lines = [line.split("#")[0].strip() for line in read(".ci/run").splitlines()]
    assert lines[-1] == "make test"
    assert "make test" in read("README.md")


def test_the_plain_commands_of_readme_are_those_of_make() -> None:
    """For those without make: the console is started and the tests are run by the same words."""
    makefile = read("Makefile").replace("$(BIN)/", ".venv/bin/")
    started = re.search(r"\.venv/bin/streamlit run \S+ --server.address \S+", makefile)
    assert started
    assert started[0] in read("README.md")
    assert ".venv/bin/python -m pytest" in makefile
    assert ".venv/bin/python -m pytest" in read("README.md")


def test_every_command_in_the_examples_of_readme_exists() -> None:
    groups = {choice for action in parser()._subparsers._group_actions for choice in action.choices}  # type: ignore[union-attr]
    assert set(re.findall(r"python -m data (\w+)", read("README.md"))) <= groups
