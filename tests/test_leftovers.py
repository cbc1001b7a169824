"""What tests make lies where it is cleared away, also where a program that they start puts it elsewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

from data.embedded import place


def test_a_folder_of_a_test_lies_in_the_temporary_folder_that_programs_use(tmp_path: Path) -> None:
    assert Path(tempfile.gettempdir()).resolve() in tmp_path.resolve().parents


def test_what_the_server_keeps_for_a_home_of_a_test_lies_there_too(tmp_path: Path) -> None:
    kept = place.prepare(tmp_path / "home").directory.resolve()

    assert Path(tempfile.gettempdir()).resolve() in kept.parents
