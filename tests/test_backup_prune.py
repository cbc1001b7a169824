"""Removing old backups: what would go is said first, the last good one never goes, and nothing but what is recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from data import backup
from data.access import Actor
from data.backup import errors
from data.command import main
from data.errors import NotAllowed
from tests.backup_runs import console, recorded, row
from tests.page_runs import open_page
from tests.recorded import session

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)


def made(owner: Owner, home: Path, days: int, **more: object) -> int:
    """A backup of some days ago with its file."""
    return recorded(owner, NOW - timedelta(days=days), file=home / "backups" / f"of-{days}.dump", **more)  # type: ignore[arg-type]  # any column


def files(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "backups").iterdir())


def planned(actor: Actor | None, home: Path, keep: int) -> list[int]:
    return [run.run_id for run in backup.plan(actor, directory=str(home / "backups"), keep=keep).removed]


def test_the_newest_stay_and_what_goes_is_written_down(owner: Owner, people: People, tmp_path: Path) -> None:
    first, second, third = (made(owner, tmp_path, days) for days in (3, 2, 1))
    assert planned(people["admin"], tmp_path, 2) == [first]
    removed = backup.prune(people["admin"], directory=str(tmp_path / "backups"), keep=1)
    assert [run.run_id for run in removed] == [first, second]
    assert files(tmp_path) == ["of-1.dump"]
    gone = row(owner, first)
    assert gone["removed_at"] is not None
    assert gone["removed_by_email"] == "admin@example.com"
    audit = owner.execute("select action, target, detail from signalbox.audit_log order by id").fetchall()
    assert [(one["action"], one["target"]) for one in audit] == [
        ("removed a backup", f"backup:{first}"),
        ("removed a backup", f"backup:{second}"),
    ]
    assert audit[0]["detail"]["file_name"] == "of-3.dump"
    state = backup.read_state(people["manager"], directory=str(tmp_path / "backups"), every_hours=48)
    assert state.last_good is not None
    assert (state.last_good.run_id, state.lost) == (third, ())
    runs = backup.list_runs(people["manager"], directory=str(tmp_path / "backups"))
    assert [run.file_state for run in runs] == ["there", "removed", "removed"]


def test_the_last_good_one_stays_whatever_is_asked_for(owner: Owner, people: People, tmp_path: Path) -> None:
    """A newer file that is not whole, or that is gone, is none to rely on."""
    old = made(owner, tmp_path, 4)
    whole = made(owner, tmp_path, 3)
    partial = made(owner, tmp_path, 2, missing=["chronicle.events"])
    gone = made(owner, tmp_path, 1)
    (tmp_path / "backups" / "of-1.dump").unlink()
    assert planned(people["admin"], tmp_path, 1) == [old]
    assert {whole, partial, gone}.isdisjoint(planned(people["admin"], tmp_path, 1))
    for too_few in (0, -1):
        with pytest.raises(errors.KeepsTooFew):
            planned(people["admin"], tmp_path, too_few)


def test_only_what_is_recorded_and_lies_in_the_folder_goes(owner: Owner, people: People, tmp_path: Path) -> None:
    made(owner, tmp_path, 1)
    folder = tmp_path / "backups"
    (tmp_path / "outside.dump").write_bytes(b"x" * 1000)
    (folder / "unrecorded.dump").write_bytes(b"x" * 1000)
    (folder / "notes.txt").write_bytes(b"x" * 1000)
    recorded(owner, NOW - timedelta(days=2), file=folder / "notes.txt")
    linked = recorded(owner, NOW - timedelta(days=3), file=folder / "linked.dump")
    (folder / "linked.dump").unlink()
    (folder / "linked.dump").symlink_to(tmp_path / "outside.dump")
    changed = recorded(owner, NOW - timedelta(days=4), file=folder / "changed.dump")
    (folder / "changed.dump").write_bytes(b"other")
    outside = recorded(owner, NOW - timedelta(days=5))
    owner.execute("update signalbox.backup_runs set file_name = '../outside.dump' where id = %s", (outside,))
    assert planned(people["admin"], tmp_path, 1) == []
    assert backup.prune(people["admin"], directory=str(folder), keep=1) == ()
    assert (tmp_path / "outside.dump").exists()
    assert files(tmp_path) == ["changed.dump", "linked.dump", "notes.txt", "of-1.dump", "unrecorded.dump"]
    assert linked != changed


def test_who_may_not_removes_nothing(owner: Owner, people: People, tmp_path: Path) -> None:
    made(owner, tmp_path, 2)
    made(owner, tmp_path, 1)
    for name in ("manager", "member"):
        with pytest.raises(NotAllowed):
            backup.prune(people[name], directory=str(tmp_path / "backups"), keep=1)
    assert len(files(tmp_path)) == 2


def test_others_than_were_shown_do_not_go(owner: Owner, people: People, tmp_path: Path) -> None:
    first = made(owner, tmp_path, 3)
    made(owner, tmp_path, 2)
    made(owner, tmp_path, 1)
    with pytest.raises(errors.NotWhatWasShown):
        backup.prune(people["admin"], directory=str(tmp_path / "backups"), keep=1, expected=[first])
    assert len(files(tmp_path)) == 3


def test_a_file_that_cannot_be_removed_is_not_written_down_as_removed(
    owner: Owner, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(owner, tmp_path, 2)
    made(owner, tmp_path, 1)

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)  # as root nothing of one's own is refused
    with pytest.raises(errors.FolderRefused):
        backup.prune(people["admin"], directory=str(tmp_path / "backups"), keep=1)
    assert row(owner, first)["removed_at"] is None
    assert owner.execute("select count(*) as n from signalbox.audit_log").fetchone() == {"n": 0}


def test_the_page_names_the_numbers_before_the_button_and_leaves_a_receipt(
    owner: Owner, people: People, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in range(1, 10):
        made(owner, tmp_path, days)
    with console(database_url, tmp_path, monkeypatch):
        page = open_page(people["admin"], "reports/backups.py")
        assert "2 files would go, 2 kB altogether" in page.text
        assert "7 stay, the last good one among them" in page.text
        page.app.button(key="prune_backups").click().run()
        assert "2 backups removed, 2 kB given back" in page.text
        assert len(files(tmp_path)) == 7
        assert "7 files in the folder, so none would go" in page.text
        assert "removed by admin@example.com" in page.text
        manager = open_page(people["manager"], "reports/backups.py")
        assert "would go" not in manager.text
        assert not [button for button in manager.app.button if button.key == "prune_backups"]


def test_the_command_says_what_would_go_and_then_does_it(
    owner: Owner,
    people: People,
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    first, second = made(owner, tmp_path, 2), made(owner, tmp_path, 1)
    assert main(["backup", "prune", "--keep", "1", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["removed"], told["kept"], told["dry_run"]) == ([first], [second], True)
    assert len(files(tmp_path)) == 2
    assert main(["backup", "prune", "--keep", "1"]) == 0
    assert "1 removed, 1.0 kB; 1 stay." in capsys.readouterr().out
    assert files(tmp_path) == ["of-1.dump"]
    assert row(owner, first)["removed_by_email"] == "command line"
    assert main(["backup", "prune", "--keep", "0"]) == 2
    assert main(["backup", "list"]) == 0
    assert "removed by command line" in capsys.readouterr().out


# what the first page says of a backup that could not be looked at


@pytest.mark.parametrize(("kind", "words"), [("elsewhere", "it lies on far-away"), ("deleted", "is gone or changed")])
def test_the_overview_does_not_take_a_backup_for_fine_that_it_cannot_see(
    owner: Owner,
    people: People,
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    words: str,
) -> None:
    with console(database_url, tmp_path, monkeypatch):
        session(owner, NOW)
        file = tmp_path / "backups" / "one.dump"
        recorded(owner, NOW - timedelta(hours=1), file=file, host="far-away" if kind == "elsewhere" else None)
        assert "could not be looked at" not in open_page(people["manager"], "reports/overview.py").text
        file.unlink()
        page = open_page(people["manager"], "reports/overview.py")
        assert words in page.text
        assert "Nothing needs you" not in page.text
        assert "Nothing. Looked at" not in page.text
        member = open_page(people["member"], "reports/overview.py")
        assert words not in member.text
