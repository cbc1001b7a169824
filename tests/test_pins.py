"""Every package that is installed has a pinned version, not only those that the console asks for itself."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parent.parent
DIRECT = ("requirements.txt", "requirements-dev.txt")
Versions = dict[NormalizedName, str]


def written(name: str) -> list[str]:
    """The lines of a file of requirements that are neither comments nor empty."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def direct() -> list[Requirement]:
    return [Requirement(line) for name in DIRECT for line in written(name) if not line.startswith("-")]


def locked() -> Versions:
    pins = [line.split("==") for line in written("constraints.txt")]
    return {canonicalize_name(name): version for name, version in pins}


def installed() -> Versions:
    """What the direct pins have brought into this environment, by way of whatever."""
    waiting, seen, found = direct(), set[tuple[str, str]](), Versions()
    while waiting:
        wanted = waiting.pop()
        for extra in ("", *wanted.extras):
            name = canonicalize_name(wanted.name)
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            found[name] = metadata.version(name)
            needs = [Requirement(line) for line in metadata.requires(name) or []]
            waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return found


def test_the_lock_holds_one_exact_version_of_each_package_and_nothing_else() -> None:
    lines = written("constraints.txt")
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    assert len(locked()) == len(lines)


def test_the_lock_agrees_with_every_direct_pin() -> None:
    versions = locked()
    for requirement in direct():
        [pin] = requirement.specifier
        assert versions[canonicalize_name(requirement.name)] == pin.version


def test_the_lock_is_used_wherever_something_is_installed() -> None:
    assert "-c constraints.txt" in written("requirements.txt")
    assert "-r requirements.txt" in written("requirements-dev.txt")


def test_this_environment_is_the_locked_one() -> None:
    versions = locked()
    found = installed()
    assert len(found) > 2 * len(direct())
    assert found == {name: versions.get(name) for name in found}
