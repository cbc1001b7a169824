"""What files and history say about each other: every combination, without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.migration.errors import Edited, OutOfOrder, RemoteOnly
from data.migration.files import MigrationFile
from data.migration.plan import DIFF_LINES, Recorded, difference, plan
from data.migration.statements import split


def file(version: str, text: str = "select 1;") -> MigrationFile:
    return MigrationFile(version, "x", Path(f"{version}_x.sql"), text, split(text), "")


def row(version: str, *statements: str) -> Recorded:
    return Recorded(version, "x", statements or None)


SAME = "select 1"


@pytest.mark.parametrize(
    ("files", "recorded", "expected"),
    [
        ([], [], {}),
        (["1", "2"], [], {"pending": "1 2"}),
        (["1", "2"], [row("1", SAME)], {"applied": "1", "pending": "2"}),
        (["1", "2"], [row("1", SAME), row("2", SAME)], {"applied": "1 2"}),
        (["1", "2"], [row("2", SAME)], {"applied": "2", "out_of_order": "1"}),
        (["1", "2", "3", "4"], [row("3", SAME)], {"applied": "3", "pending": "4", "out_of_order": "1 2"}),
        ([], [row("1", SAME)], {"remote_only": "1"}),
        (["2"], [row("3", SAME), row("1", SAME)], {"remote_only": "1 3", "out_of_order": "2"}),
        (["1"], [row("1", "select 2")], {"edited": "1"}),
        (["1"], [row("1", SAME, "select 2")], {"edited": "1"}),
        (["1"], [row("1")], {"applied": "1", "unchecked": "1"}),
        (["10", "9"], [row("9", SAME)], {"applied": "9", "out_of_order": "10"}),  # text, as the CLI compares
    ],
)
def test_plan(files: list[str], recorded: list[Recorded], expected: dict[str, str]) -> None:
    found = plan([file(version) for version in files], recorded)
    lists = {
        "applied": [each.version for each in found.applied],
        "pending": [each.version for each in found.pending],
        "out_of_order": [each.version for each in found.out_of_order],
        "edited": [each.version for each, _ in found.edited],
        "remote_only": [each.version for each in found.remote_only],
        "unchecked": [each.version for each in found.unchecked],
    }
    assert {name: " ".join(versions) for name, versions in lists.items() if versions} == expected


def test_missing_files_are_named_in_the_words_of_the_cli_with_three_ways_out() -> None:
    with pytest.raises(RemoteOnly) as caught:
        plan([file("2")], [row("1", SAME), row("3", SAME)]).must_be_sound()
    sentence = caught.value.sentence
    assert "Remote migration versions not found in local migrations directory: 1 3" in sentence
    assert "bring it up to date" in sentence
    assert "supabase migration repair --status reverted 1 3" in sentence
    assert "supabase migration fetch" in sentence


def test_late_file_is_refused_unless_all_are_included() -> None:
    found = plan([file("1"), file("2"), file("3")], [row("2", SAME)])
    with pytest.raises(OutOfOrder, match=r"inserted before the last migration on remote database: 1_x\.sql"):
        found.must_be_sound()
    found.must_be_sound(include_all=True)
    assert [each.version for each in found.to_apply()] == ["3"]
    assert [each.version for each in found.to_apply(include_all=True)] == ["1", "3"]


def test_edited_file_is_refused_with_the_difference() -> None:
    found = plan([file("1", "select 1;\nselect 3;")], [row("1", SAME, "select 2")])
    with pytest.raises(Edited) as caught:
        found.must_be_sound(include_all=True)
    sentence = caught.value.sentence
    assert "1_x.sql has been edited" in sentence
    assert "-select 2" in sentence
    assert "+select 3" in sentence
    assert "supabase migration repair --status applied 1" in sentence


def test_long_difference_is_cut() -> None:
    text = "".join(f"select {number};\n" for number in range(200))
    lines = difference(file("1", text), row("1", "select 0")).splitlines()
    assert len(lines) == DIFF_LINES + 1
    assert lines[-1].endswith("more lines")
