"""`python -m data ingest`: exit status, the JSON document, and what stands on which stream."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from data.command import main
from data.ingest import find_history
from data.settings import Settings
from tests.ingest_database import rows, value
from tests.ingest_fixtures import FOLDER, GULLS, LIGHTHOUSE, ODD_LINES


@pytest.fixture(autouse=True)
def surroundings(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.delenv("ADMIN_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)


def test_counts_are_printed_per_source(capsys: pytest.CaptureFixture[str], database_url: str) -> None:
    assert main(["ingest", str(LIGHTHOUSE), str(GULLS)]) == 0
    printed = capsys.readouterr()
    assert "Claude Code transcript: 2 files" in printed.out
    assert "hook events: 3 files" in printed.out
    assert "status lines: 1 file, " in printed.out
    assert printed.err == "", "no progress where nobody looks"
    assert value(database_url, "select count(*) from chronicle.sessions") == 2


def test_an_import_is_written_down_with_what_came_of_it(
    capsys: pytest.CaptureFixture[str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(LIGHTHOUSE.parent)
    main(["ingest", "--json", LIGHTHOUSE.name])
    totals = json.loads(capsys.readouterr().out)["totals"]
    began, ended = rows(database_url, "select action, actor_email, detail from signalbox.audit_log order by id")
    assert (began["actor_email"], ended["actor_email"]) == ("command line", "command line")
    assert began["detail"]["paths"] == [str(LIGHTHOUSE)], "where the command was run does not stand anywhere"
    assert ended["detail"] == {"owner": None, **totals}


def test_progress_is_shown_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert main(["ingest", str(LIGHTHOUSE.parent)]) == 0
    shown = terminal.getvalue()
    assert "0 of 2 files, 0 %" in shown
    assert "2 of 2 files, 100 %" in shown
    assert shown.endswith("\r\x1b[K"), "the line is cleared in the end"
    assert "files, 0 %" not in capsys.readouterr().out


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        return True


def test_json_is_one_document_with_counts_per_file_source_and_in_total(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", "--json", str(FOLDER)]) == 1, "some lines could not be read"
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["holds"] is False
    assert set(document["sources"]) == {"transcript", "hooks", "status_lines", "work_items", "checkpoints"}
    totals = document["totals"]
    assert totals["files_imported"] == sum(source["files"] for source in document["sources"].values())
    assert totals["problems"] == 6
    assert totals["escaped_characters"] == 4
    assert totals["untimed_events"] > 0
    file = next(file for file in document["files"] if file["path"] == str(ODD_LINES.resolve()))
    assert {problem["line"] for problem in file["problems"]} == {1, 5, 9, 12, 13, 14}
    assert f"{ODD_LINES.resolve()}, line 5: not JSON" in printed.err


def test_a_second_import_says_that_all_was_known(capsys: pytest.CaptureFixture[str], database_url: str) -> None:
    main(["ingest", "--json", str(LIGHTHOUSE)])
    added = json.loads(capsys.readouterr().out)["totals"]["events_added"]
    assert added == value(database_url, "select count(*) from chronicle.events") > 0
    assert main(["ingest", "--json", str(LIGHTHOUSE)]) == 0
    totals = json.loads(capsys.readouterr().out)["totals"]
    assert totals["events_added"] == 0
    assert totals["known_records"] > 0


def test_counts_of_a_source_say_what_it_holds_and_what_was_known(capsys: pytest.CaptureFixture[str]) -> None:
    sources = []
    for _ in range(2):
        main(["ingest", "--json", str(FOLDER)])
        document = json.loads(capsys.readouterr().out)
        sources.append(document["sources"])
        for name, source in document["sources"].items():
            files = [file for file in document["files"] if file["outcome"] == "imported" and file["format"] == name]
            assert source["files"] == len(files)
            assert source["records"] == sum(sum(file["records"].values()) for file in files)
            assert sum(source["events_read"].values()) == sum(sum(file["events_read"].values()) for file in files)
            assert source["known"] == sum(file["known_records"] for file in files)
            assert source["paired"] == sum(file["paired_records"] for file in files)
            assert source["untimed"] == sum(file["untimed_events"] for file in files)
            assert source["escaped"] == sum(file["escaped_characters"] for file in files)
            assert source["problems"] == sum(len(file["problems"]) for file in files)
        totals = document["totals"]
        assert totals["known_records"] == sum(source["known"] for source in document["sources"].values())
    first, second = sources
    for name in ("transcript", "hooks"):
        assert second[name]["events_read"] == first[name]["events_read"], "what the files hold, new or not"
        assert first[name]["known"] < second[name]["known"] == sum(second[name]["events_read"].values())
    assert first["hooks"]["paired"] + first["transcript"]["paired"] > 0
    assert second["hooks"]["paired"] + second["transcript"]["paired"] == 0


def test_wrong_use_and_unknown_accounts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["ingest"])
    assert stopped.value.code == 2
    with pytest.raises(SystemExit) as stopped:
        main(["ingest", "", str(LIGHTHOUSE)])
    assert stopped.value.code == 2
    assert "a path is empty" in capsys.readouterr().err
    assert main(["ingest", "--owner", "nobody@example.com", str(LIGHTHOUSE)]) == 1
    assert "no account with the address nobody@example.com" in capsys.readouterr().err
    assert main(["ingest", "/no/such/path"]) == 1


def test_a_database_that_is_not_migrated_is_a_sentence(
    server: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url.rsplit("/", 1)[0] + "/postgres")
    assert main(["ingest", str(LIGHTHOUSE)]) == 1
    assert "migrate up" in capsys.readouterr().err


def test_a_history_is_found_by_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_history(Settings()) is None
    project = tmp_path / ".claude" / "projects" / "-home-ada-lighthouse"
    project.mkdir(parents=True)
    assert find_history(Settings()) is None, "a folder without transcripts is no history"
    (project / "a.jsonl").touch()
    assert find_history(Settings()) == project.parent
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "projects" / "x").mkdir(parents=True)
    (elsewhere / "projects" / "x" / "b.jsonl").touch()
    assert find_history(Settings(claude_config_dir=elsewhere)) == elsewhere / "projects"
