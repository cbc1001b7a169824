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
        lines = [line for line in read(name).splitlines() if line and not line.startswith(("#", "-r"))]
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
    assert "make test" in read(".ci/run")
    assert "make test" in read("README.md")
