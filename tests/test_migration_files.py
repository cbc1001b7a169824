"""Which files of the folder are migrations, and which names are refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from data.migration.errors import DuplicateVersion, UnreadableFile, WrongVersion
from data.migration.files import read_folder


def test_files_come_in_the_order_of_versions(tmp_path: Path) -> None:
    for name in ("20260201000000_b", "20260101000000_a_b-c.d", "99999999999999_"):
        (tmp_path / f"{name}.sql").write_text(f"select '{name}';")
    files = read_folder(tmp_path).files
    assert [(file.version, file.name) for file in files] == [
        ("20260101000000", "a_b-c.d"),
        ("20260201000000", "b"),
        ("99999999999999", ""),
    ]
    assert files[1].recorded_statements == ["select '20260201000000_b'"]
    assert files[1].sha256 == hashlib.sha256(b"select '20260201000000_b';").hexdigest()


def test_other_names_are_passed_over_with_a_notice(tmp_path: Path) -> None:
    for name in (
        "README.md",
        "schema.sql",
        "inventory.txt",
        ".hidden.sql",
        "no_number.sql",
        "20260101000000_a.txt",
    ):
        (tmp_path / name).write_text("x")
    folder = read_folder(tmp_path)
    assert not folder.files
    assert folder.skipped == ("20260101000000_a.txt", "no_number.sql")
    assert "no_number.sql is not named like a migration" in folder.notices[1]


@pytest.mark.parametrize("version", ["1", "2026010100000", "202601010000000"])
def test_version_of_another_width_is_refused(tmp_path: Path, version: str) -> None:
    """The CLI would take it and sort it as text: passing over it would part the two histories."""
    (tmp_path / f"{version}_a.sql").write_text("select 1;")
    with pytest.raises(WrongVersion, match=f"{version} has {len(version)} digits"):
        read_folder(tmp_path)


def test_two_files_of_one_version_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"20260101000000_{name}.sql").write_text("select 1;")
    with pytest.raises(DuplicateVersion, match=r"20260101000000_a\.sql and 20260101000000_b\.sql"):
        read_folder(tmp_path)


def test_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "20260101000000_a.sql").write_bytes(b"select '\xff';")
    with pytest.raises(UnreadableFile, match=r"20260101000000_a\.sql is not UTF-8: byte 8"):
        read_folder(tmp_path)


def test_byte_order_mark_is_no_part_of_the_first_statement(tmp_path: Path) -> None:
    (tmp_path / "20260101000000_a.sql").write_bytes(b"\xef\xbb\xbfselect 1;")
    assert read_folder(tmp_path).files[0].recorded_statements == ["select 1"]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="nowhere"):
        read_folder(tmp_path / "nowhere")
