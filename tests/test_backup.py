"""Backups: whole files that can be restored, one at a time, and the truth about what became of each."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import conninfo, sql

from data import backup, database, embedded, migration
from data.access import Actor
from data.backup import connection as connecting
from data.backup import dumping, errors, folder, programs, records, running, state
from data.command import main
from data.errors import NotAllowed, SignalboxError
from tests.backup_runs import (
    Owner,
    command,
    counts,
    dumps_of,
    recorded,
    restored,
    row,
    source,
    standing_still,
    until,
)
from tests.embedded_holders import folder as embedded_folder

People = dict[str, Actor]
NOW = datetime.now(UTC)


def look(actor: Actor, home: Path, every_hours: int = 24) -> backup.BackupState:
    return backup.read_state(actor, directory=str(home / "backups"), every_hours=every_hours)


def drafts(home: Path) -> list[Path]:
    return list((home / "backups").glob(".*"))


def audited(owner: Owner, run_id: int) -> list[str]:
    rows = owner.execute("select action from signalbox.audit_log where target = %s order by id", (f"backup:{run_id}",))
    return [found["action"] for found in rows.fetchall()]


def test_a_backup_restores_into_a_fresh_database_with_the_same_rows(
    owner: Owner, people: People, database_url: str, server: embedded.Lease, tmp_path: Path
) -> None:
    owner.execute('create schema "Shop\'s"; create table "Shop\'s"."or.der ""s"" 🚦" (id int, note text)')
    owner.execute('insert into "Shop\'s"."or.der ""s"" 🚦" select n, \'x\' || n from generate_series(1, 5000) as n')
    owner.execute("insert into agents.jobs (agent_identifier) select 'intake' from generate_series(1, 300)")
    run = backup.begin(people["admin"], source(database_url, tmp_path))
    assert row(owner)["status"] == "running"
    expected = counts(database_url)
    made = run.complete()
    found = restored(server, made.path)
    assert found == expected
    assert found["Shop's", 'or.der "s" 🚦'] == 5000
    assert made.listed_tables == len(expected)
    written = row(owner, made.run_id)
    assert (written["status"], written["missing_tables"], written["sha256"]) == ("succeeded", [], made.sha256)
    assert (written["size_bytes"], written["file_name"]) == (made.path.stat().st_size, made.path.name)
    assert (
        subprocess.run(["sha256sum", made.path], capture_output=True, text=True, check=True).stdout[:64] == made.sha256
    )
    assert audited(owner, made.run_id) == ["started a backup", "made a backup"]


def test_the_folder_and_the_file_are_for_our_account_alone(people: People, database_url: str, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = backup.begin(people["admin"], source(database_url, tmp_path)).complete()
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in made.path.parent.iterdir()] == [made.path.name]


def test_the_password_is_on_no_command_line(owner: Owner, people: People, database_url: str, tmp_path: Path) -> None:
    password = str(conninfo.conninfo_to_dict(database_url)["password"])
    with standing_still(database_url):
        run_id = running.start(people["admin"], source(database_url, tmp_path))
        until(lambda: dumps_of(owner))
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_ours(path)]
        assert any(b"pg_dump" in line for line in lines)
        assert not [line for line in lines if password.encode() in line]
        running.stop(people["admin"], run_id)
        until(lambda: row(owner)["status"] == "failed")


def _is_ours(path: Path) -> bool:
    try:
        return int((path.parent / "stat").read_text().rsplit(")", 1)[1].split()[1]) == os.getpid()
    except OSError:
        return False


def test_a_stopped_backup_leaves_no_file_and_says_by_whom(
    owner: Owner, people: People, database_url: str, tmp_path: Path
) -> None:
    with standing_still(database_url):
        run_id = running.start(people["admin"], source(database_url, tmp_path))
        until(lambda: dumps_of(owner))
        assert len(drafts(tmp_path)) == 1
        progress = running.progress_of(run_id)
        assert progress is not None
        assert (progress.phase, progress.tables_total > 30) == ("dumping", True)
        running.stop(people["admin"], run_id)
        until(lambda: row(owner)["status"] == "failed")
        until(lambda: not dumps_of(owner))
    assert row(owner)["error_message"] == "Stopped by admin@example.com; the unfinished file was removed."
    assert not list((tmp_path / "backups").iterdir())
    acts = ["started a backup", "stopped a backup", "a backup failed"]
    assert audited(owner, run_id) == acts
    with pytest.raises(errors.NotHere):
        running.stop(people["admin"], run_id)
    assert backup.begin(people["admin"], source(database_url, tmp_path)).complete().size_bytes > 0


def test_the_end_of_the_console_stops_it_and_writes_that_down(
    owner: Owner, people: People, database_url: str, tmp_path: Path
) -> None:
    with standing_still(database_url):
        running.start(people["admin"], source(database_url, tmp_path))
        until(lambda: dumps_of(owner))
        backup.stop_all()
        assert "Stopped by the end of the console" in row(owner)["error_message"]
        assert not drafts(tmp_path)


def test_of_two_at_once_one_runs_and_the_other_reads_who_was_first(
    owner: Owner, people: People, database_url: str, tmp_path: Path
) -> None:
    came: list[object] = []
    gate = threading.Barrier(4)

    def attempt() -> None:
        gate.wait()
        try:
            came.append(backup.begin(people["admin"], source(database_url, tmp_path)))
        except SignalboxError as error:
            came.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [run] = [one for one in came if isinstance(one, running.Run)]
    assert [type(one) for one in came if one is not run] == [errors.AlreadyRunning] * 3
    with pytest.raises(errors.AlreadyRunning, match=f"admin@example.com started it at .* \\(process {os.getpid()} on"):
        backup.begin(people["admin"], source(database_url, tmp_path))
    run.complete()
    found = owner.execute("select count(*) as runs from signalbox.backup_runs").fetchone()
    assert found == {"runs": 1}


def programs_at(home: Path) -> list[str]:
    """The programs of this machine that were told of this folder."""
    told = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().decode(errors="replace").split("\0")
            told += [words[0]] if any(str(home) in word for word in words) else []
    return told


def test_a_process_that_is_killed_leaves_a_row_that_the_next_look_closes(
    owner: Owner, people: People, database_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with standing_still(database_url):
        process = command(home, database_url, "run")
        until(lambda: dumps_of(owner) or process.poll() is not None)
        seen = look(people["manager"], home).running
        assert seen
        assert (seen.process_id, seen.host) == (process.pid, records.this_host())
        watched = backup.watch(people["manager"], directory=str(home / "backups"))
        assert watched
        assert (watched.progress, watched.bytes_written) == (None, 0)
        with pytest.raises(errors.AlreadyRunning, match=f"command line started it at .*process {process.pid}"):
            backup.begin(people["admin"], source(database_url, home))
        assert sys.platform != "linux" or programs_at(home)
        process.kill()
        process.communicate()
        # It waits for a table, so it has nothing to say and no pipe ends it; it would wait for a minute.
        until(lambda: not programs_at(home), seconds=30)
        until(lambda: look(people["manager"], home).running is None)
        closed = row(owner)
        assert closed["status"] == "failed"
        assert (
            f"(process {process.pid} on {records.this_host()}) ended before the backup was whole"
            in closed["error_message"]
        )
        assert not drafts(home)
        until(lambda: not dumps_of(owner))  # while it waits for a table, it has nothing to say
    assert backup.begin(people["admin"], source(database_url, home)).complete().missing_tables == ()
    assert [found["action"] for found in owner.execute("select action from signalbox.audit_log order by id")] == [
        "started a backup",
        "closed an abandoned backup",
        "started a backup",
        "made a backup",
    ]


def test_a_dump_that_nobody_waits_for_is_ended_by_the_next_look(
    owner: Owner, people: People, database_url: str, tmp_path: Path
) -> None:
    """As on a system that does not end it with its process."""
    with psycopg.connect(database_url, application_name="signalbox backup") as orphan:
        recorded(owner, NOW, status="running", host="elsewhere")
        owner.execute("select pg_advisory_lock(%(class)s, %(object)s)", records.LOCK)
        assert look(people["manager"], tmp_path).running
        assert orphan.execute("select true").fetchone(), "somebody holds the lock: it may be theirs"
        owner.execute("select pg_advisory_unlock(%(class)s, %(object)s)", records.LOCK)
        assert look(people["manager"], tmp_path).running is None
        with pytest.raises(psycopg.OperationalError):
            orphan.execute("select true")


def test_a_run_of_another_machine_is_closed_once_its_connection_is_gone(
    owner: Owner, people: People, tmp_path: Path
) -> None:
    recorded(owner, NOW, status="running", host="elsewhere")
    owner.execute("select pg_advisory_lock(%(class)s, %(object)s)", records.LOCK)
    assert look(people["manager"], tmp_path).running
    owner.execute("select pg_advisory_unlock(%(class)s, %(object)s)", records.LOCK)
    assert look(people["manager"], tmp_path).running is None
    assert "on elsewhere) ended" in row(owner)["error_message"]


def test_a_run_of_a_machine_that_is_gone_does_not_stand_in_the_way_of_the_next(
    owner: Owner, people: People, database_url: str, tmp_path: Path
) -> None:
    """As where a container was killed in the middle: the next one has another name, and only a timer starts backups."""
    left = recorded(owner, NOW, status="running", host="a-container-that-is-gone")
    made = backup.begin(people["admin"], source(database_url, tmp_path)).complete()
    assert row(owner, made.run_id)["status"] == "succeeded"
    closed = row(owner, left)
    assert closed["status"] == "failed"
    assert "may still lie on a-container-that-is-gone." in closed["error_message"]


def test_a_whole_file_is_written_down_once_the_database_is_back(
    owner: Owner, people: People, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PAUSES_S", (0.05,) * 1000)
    run = backup.begin(people["admin"], source(database_url, tmp_path))
    database.close_database("real")
    thread = threading.Thread(target=run.complete)
    thread.start()
    until(lambda: list((tmp_path / "backups").glob("*.dump")))
    assert row(owner)["status"] == "running"
    database.open_database("real", database_url)
    thread.join()
    assert row(owner)["status"] == "succeeded"


def test_a_whole_file_stays_and_is_named_where_the_database_does_not_come_back(
    owner: Owner, people: People, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PAUSES_S", ())
    run = backup.begin(people["admin"], source(database_url, tmp_path))
    database.close_database("real")
    with pytest.raises(errors.NotWrittenDown, match="is whole and stays"):
        run.complete()
    database.open_database("real", database_url)
    [path] = (tmp_path / "backups").iterdir()
    found = look(people["manager"], tmp_path)
    assert (found.running, found.last_good) == (None, None)
    assert found.last_failure
    assert f"Its file {path.name} is whole all the same, but is not counted here." in str(
        found.last_failure.error_message
    )


def test_a_run_of_this_very_process_number_before_a_restart_is_closed(
    owner: Owner, people: People, tmp_path: Path
) -> None:
    run_id = recorded(owner, NOW, status="running")
    owner.execute("update signalbox.backup_runs set process_id = %s where id = %s", (os.getpid(), run_id))
    assert look(people["manager"], tmp_path).running is None
    assert row(owner)["status"] == "failed"


@pytest.fixture
def modest_url(owner: Owner, database_url: str) -> Iterator[str]:
    """The database as a role sees it that is no superuser and may read all but one table."""
    role = f"modest_{uuid4().hex[:8]}"
    owner.execute(sql.SQL("create role {} login bypassrls password 'modest'").format(sql.Identifier(role)))
    owner.execute(sql.SQL("grant anon, authenticated, service_role to {}").format(sql.Identifier(role)))
    found = owner.execute("select nspname from pg_namespace where nspname not like 'pg\\_%'").fetchall()
    for schema in (each["nspname"] for each in found):
        names = sql.Identifier(schema), sql.Identifier(role)
        owner.execute(sql.SQL("grant usage on schema {} to {}").format(*names))
        owner.execute(sql.SQL("grant all on all tables in schema {} to {}").format(*names))
        owner.execute(sql.SQL("grant all on all sequences in schema {} to {}").format(*names))
    owner.execute("create table agents.hidden (id int generated always as identity)")
    url = conninfo.make_conninfo(database_url, user=role, password="modest")
    database.open_database("real", url)
    yield url
    database.open_database("real", database_url)
    owner.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(role)))


def test_a_table_that_may_not_be_read_is_named_and_the_rest_is_whole(
    people: People, modest_url: str, database_url: str, server: embedded.Lease, tmp_path: Path
) -> None:
    run = backup.begin(people["admin"], source(modest_url, tmp_path))
    expected = counts(database_url)
    made = run.complete()
    assert made.missing_tables == ("agents.hidden",)
    del expected["agents", "hidden"]
    assert restored(server, made.path) == expected


def test_a_table_that_is_missing_from_the_file_is_named() -> None:
    before = dumping.Tables({1: "a.one", 2: "a.two", 3: "a.gone"}, frozenset({1, 2, 3}), ())
    after = dumping.Tables({1: "a.one", 2: "a.two", 4: "a.new"}, frozenset({1, 2, 4}), ())
    assert dumping.missing(before, after, dumping.Listed(9, frozenset({1}))) == ["a.two"]


def test_a_file_that_cannot_be_read_back_is_no_backup(server: embedded.Lease, tmp_path: Path) -> None:
    fitting = programs.choose("18.0", 18, needs_tls=False, first=server.binaries)
    for content in (b"", b"PGDMP and then nothing"):
        (tmp_path / "broken").write_bytes(content)
        with pytest.raises(errors.BackupError, match="cannot be read back: pg_restore says"):
            dumping.read_list(fitting, tmp_path / "broken")


def test_a_table_that_somebody_holds_ends_the_backup_with_a_sentence(
    owner: Owner, people: People, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dumping, "LOCK_WAIT_MS", 1000)
    with standing_still(database_url), pytest.raises(errors.BackupError, match="A table was locked by somebody else"):
        backup.begin(people["admin"], source(database_url, tmp_path)).complete()
    assert "A table was locked" in row(owner)["error_message"]
    assert not drafts(tmp_path)


def test_a_server_newer_than_every_pg_dump_is_refused_before_anything_is_written(
    owner: Owner, people: People, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find_clients", lambda _: [])
    with pytest.raises(errors.NoDumpProgram, match="no pg_dump was found on this machine"):
        backup.begin(people["admin"], source(database_url, tmp_path))
    assert "no pg_dump was found" in row(owner)["error_message"]
    assert not (tmp_path / "backups").exists()
    monkeypatch.undo()
    with pytest.raises(errors.NoDumpProgram, match=r"PostgreSQL 99\.1, and the newest pg_dump found is .*client-99"):
        programs.choose("99.1 (Debian)", 99, needs_tls=False, first=None)
    assert backup.begin(people["admin"], source(database_url, tmp_path)).complete().size_bytes


def test_a_pg_dump_without_tls_is_not_used_where_the_server_speaks_it(
    server: embedded.Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find_clients", lambda _: [])
    wheel = programs.choose("18.6", 18, needs_tls=False, first=server.binaries)
    if not programs.speaks_tls(wheel):
        with pytest.raises(errors.NoDumpProgram) as caught:
            programs.choose("18.6", 18, needs_tls=True, first=server.binaries)
        sentence = caught.value.sentence
        assert f"is reached over TLS, which the pg_dump that was found ({wheel.version} in " in sentence
        assert "postgresql-client-18 (from apt.postgresql.org where the system has older ones only)" in sentence


def test_the_oldest_pg_dump_that_is_new_enough_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = []
    for major in (15, 16, 17, 18):
        directory = tmp_path / str(major)
        directory.mkdir()
        for name in ("pg_dump", "pg_restore"):
            (directory / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {major}.3'\n")
            (directory / name).chmod(0o755)
        paths.append(directory / "pg_dump")
    monkeypatch.setattr(programs, "find_clients", lambda _: paths)
    assert programs.choose("16.1", 16, needs_tls=False, first=None).version == "16.3"
    assert programs.choose("16.1", 16, needs_tls=False, first=tmp_path / "18").version == "18.3"
    assert programs.choose("16.1", 16, needs_tls=False, first=tmp_path / "15").version == "16.3"


@pytest.mark.parametrize("url", ["postgresql://u:geheim@h:6543/d", "host=h,i port=5432,6543 user=u"])
def test_a_transaction_pooler_is_refused_before_it_is_asked(people: People, url: str, tmp_path: Path) -> None:
    with pytest.raises(errors.PoolerRefused, match=r"cannot go through a transaction pooler \(port 6543"):
        backup.begin(people["admin"], source(url, tmp_path))


def test_another_database_than_the_shown_one_is_refused(people: People, server: embedded.Lease, tmp_path: Path) -> None:
    with pytest.raises(errors.OtherDatabase):
        backup.begin(people["admin"], source(server.url("postgres"), tmp_path))


def test_an_address_that_is_none_is_refused_without_being_quoted() -> None:
    with pytest.raises(SignalboxError) as caught:
        connecting.connect("postgresql://u:geheim@@@[h/d")
    assert "geheim" not in caught.value.sentence


@pytest.mark.parametrize("role", ["manager", "member"])
def test_only_admins_make_and_stop_them(
    owner: Owner, people: People, database_url: str, tmp_path: Path, role: str
) -> None:
    with pytest.raises(NotAllowed, match="Making backups is for the role admin"):
        backup.begin(people[role], source(database_url, tmp_path))
    with pytest.raises(NotAllowed):
        backup.stop(people[role], 1)
    assert owner.execute("select * from signalbox.backup_runs").fetchall() == []
    if role == "member":
        for reader in (look, lambda actor, home: backup.list_runs(actor, directory=str(home))):
            with pytest.raises(NotAllowed, match="Seeing how backups went"):
                reader(people[role], tmp_path)


def test_a_full_disk_is_named_and_nothing_is_left(database_url: str, owner: Owner, tmp_path: Path) -> None:
    noise = "select string_agg(md5(random()::text), '') from generate_series(1, 60000)"
    owner.execute("create table agents.noise (id int, noise text)")
    owner.execute(f"insert into agents.noise select 1, ({noise})".encode())
    (tmp_path / "backups").mkdir()
    if os.geteuid() == 0:
        mount = f'mount -t tmpfs -o size=1m tmpfs {tmp_path}/backups && exec "$@"'
        process = command(tmp_path, database_url, "run", prefix=("unshare", "--mount", "sh", "-c", mount, "sh"))
        _, complaint = process.communicate(timeout=120)
        if "mount" not in complaint and "unshare" not in complaint:  # where no disk may be mounted, the words are left
            assert process.returncode == 1
            assert f"The disk of {tmp_path}/backups is full" in complaint
            assert "Free some space" in row(owner)["error_message"]
    said = "error: could not write to output file: No space left on device"
    assert isinstance(dumping._failure([said], 1, tmp_path), errors.DiskFull)


def test_a_folder_that_cannot_be_written_to_is_named(
    owner: Owner, people: People, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "backups").write_text("a file, no folder")
    with pytest.raises(errors.FolderRefused, match="cannot be written to"):
        backup.begin(people["admin"], source(database_url, tmp_path)).complete()
    assert "cannot be written to" in row(owner)["error_message"]


def test_a_file_in_use_is_never_swept_and_a_left_one_is(tmp_path: Path) -> None:
    left = folder.draft_path(tmp_path, "shop", 7)
    left.write_bytes(b"half")
    with folder.draft(tmp_path, "shop", 8) as draft:
        assert folder.sweep(tmp_path) == 1
        assert draft.path.exists()
        assert not left.exists()
    assert not draft.path.exists()


def test_a_draft_that_is_swept_before_it_is_locked_is_made_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[int] = []
    lock = fcntl.flock

    def late(descriptor: int, how: int) -> None:
        if not swept:
            swept.append(0)
            swept[0] = folder.sweep(tmp_path)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with folder.draft(tmp_path, "shop", 8) as draft:
        assert swept == [1]
        draft.path.write_bytes(b"whole")
        assert os.fstat(draft.descriptor).st_size == 5


def test_a_name_that_leads_out_of_the_folder_is_not_looked_at(owner: Owner, people: People, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * 1000)
    recorded(owner, NOW, file=tmp_path / "backups" / "one.dump")
    for name in ("../secret", str(tmp_path / "secret")):
        owner.execute("update signalbox.backup_runs set file_name = %s", (name,))
        found = look(people["manager"], tmp_path)
        assert (found.last_good, [run.file_state for run in found.lost]) == (None, ["gone"])


def test_a_file_that_the_disk_does_not_let_us_see_is_neither_there_nor_gone(
    owner: Owner, people: People, tmp_path: Path
) -> None:
    recorded(owner, NOW, file=tmp_path / "backups" / "one.dump")
    (tmp_path / "backups" / "one.dump").unlink()
    (tmp_path / "backups" / "one.dump").symlink_to("one.dump")  # refused for root as well, unlike a closed folder
    found = look(people["manager"], tmp_path)
    assert found.last_good
    assert (found.last_good.file_state, found.last_good.is_out_of_sight) == ("unseen", True)


def test_what_supabase_alone_may_read_is_no_gap() -> None:
    assert backup.lacking(["_realtime.tenants", "auth.users", "public.orders"]) == ("auth.users", "public.orders")


def test_the_last_good_one_is_the_newest_whose_file_is_there(owner: Owner, people: People, tmp_path: Path) -> None:
    at = tmp_path / "backups"
    recorded(owner, NOW - timedelta(hours=30), file=at / "old.dump")
    kept = recorded(owner, NOW - timedelta(hours=20), file=at / "kept.dump")
    gone = recorded(owner, NOW - timedelta(hours=10), file=at / "gone.dump")
    changed = recorded(owner, NOW - timedelta(hours=5), file=at / "changed.dump")
    recorded(owner, NOW - timedelta(hours=1), status="failed", error="no")
    (at / "gone.dump").unlink()
    (at / "changed.dump").write_bytes(b"less")
    found = look(people["manager"], tmp_path)
    assert found.last_good
    assert found.last_good.run_id == kept
    assert [(run.run_id, run.file_state) for run in found.lost] == [(changed, "changed"), (gone, "gone")]
    assert found.last_failure
    assert found.last_failure.error_message == "no"
    assert found.due_at == found.last_good.started_at + timedelta(hours=24)


@pytest.mark.usefixtures("at_home")
def test_however_many_lack_tables_the_whole_one_before_them_is_the_last_good_one(
    owner: Owner,
    people: People,
    database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "_MOST_GOOD", 2)
    at = tmp_path / "home/backups"
    whole = recorded(owner, NOW - timedelta(hours=30), file=at / "whole.dump", missing=["_realtime.tenants"])
    for hours in (3, 2, 1):
        recorded(owner, NOW - timedelta(hours=hours), file=at / f"{hours}.dump", missing=["agents.jobs"])
    found = look(people["manager"], tmp_path / "home")
    assert found.last_good
    assert found.last_lacking
    assert (found.last_good.run_id, found.last_lacking.file_name, found.lost) == (whole, "1.dump", ())
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["backup", "list", "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)
    assert (listed["last_good"], listed["overdue"], listed["lacking"]) == (whole, True, ["agents.jobs"])
    assert main(["backup", "list"]) == 1
    assert "1.dump, WITHOUT 1 table\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("age_hours", "is_due", "is_overdue"), [(1, False, False), (24.5, True, False), (26.5, True, True)]
)
def test_it_is_due_after_the_interval_and_overdue_after_some_patience(
    owner: Owner, people: People, tmp_path: Path, age_hours: float, is_due: bool, is_overdue: bool
) -> None:
    recorded(owner, NOW - timedelta(hours=age_hours), file=tmp_path / "backups/one.dump")
    found = look(people["manager"], tmp_path)
    assert (found.is_due(NOW), found.is_overdue(NOW)) == (is_due, is_overdue)


def test_a_file_on_another_machine_is_neither_there_nor_gone(owner: Owner, people: People, tmp_path: Path) -> None:
    recorded(owner, NOW, host="elsewhere")
    found = look(people["manager"], tmp_path)
    assert found.last_good
    assert found.last_good.file_state == "elsewhere"


def test_without_any_the_clock_begins_with_the_console_also_for_managers(
    owner: Owner, people: People, tmp_path: Path
) -> None:
    for role in ("admin", "manager"):
        found = look(people[role], tmp_path)
        assert found.last_good is None
        assert not found.is_overdue(NOW)
        assert found.is_overdue(NOW + timedelta(hours=27))
    owner.execute("update signalbox.migration_runs set applied_at = applied_at - interval '3 days'")
    assert look(people["manager"], tmp_path).is_overdue(NOW)
    owner.execute("delete from signalbox.migration_runs")
    assert look(people["manager"], tmp_path).is_overdue(NOW), "where nothing is known, nothing is well"


@pytest.mark.usefixtures("at_home")
def test_the_command_line_makes_and_lists_them(
    owner: Owner,
    database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = command(tmp_path / "home", database_url, "run", "--json", "--scheduled")
    said, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint
    told = json.loads(said)
    assert Path(told["path"]).stat().st_size == told["size_bytes"]
    assert row(owner)["kind"] == "scheduled"
    assert row(owner)["started_by_email"] == "command line"
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["backup", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["overdue"], listed["last_good"], len(listed["runs"])) == (False, told["run_id"], 1)
    Path(told["path"]).write_bytes(b"cut")
    assert main(["backup", "list", "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)
    assert (listed["overdue"], listed["lost"]) == (False, [told["run_id"]])
    Path(told["path"]).unlink()
    owner.execute("update signalbox.migration_runs set applied_at = applied_at - interval '3 days'")
    assert main(["backup", "list"]) == 1
    said = capsys.readouterr().out
    assert "FILE GONE" in said
    assert "OVERDUE" in said


def test_a_command_whose_reader_has_enough_ends_quietly(database_url: str, tmp_path: Path) -> None:
    process = command(tmp_path, database_url, "list")
    assert process.stdout
    assert process.stderr
    process.stdout.close()  # as `head` does after its last line
    assert process.wait(60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_timer_that_ends_the_command_ends_the_backup_and_its_row_says_so(
    owner: Owner, people: People, database_url: str, tmp_path: Path
) -> None:
    with standing_still(database_url):
        process = command(tmp_path, database_url, "run")
        until(lambda: dumps_of(owner) or process.poll() is not None)
        process.terminate()
        _, complaint = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Stopped by the signal SIGTERM; the unfinished file was removed." in complaint
    assert "Stopped by the signal SIGTERM" in row(owner)["error_message"]
    assert not drafts(tmp_path)


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of this process find a home of their own, and no settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)  # not the checkout: a developer's .env is none of ours
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path / "home"))
    for name in ("DATABASE_URL", "ADMIN_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("at_home")
def test_a_backup_from_the_command_line_leaves_the_database_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One before an upgrade is made by the new version, whose migrations must wait for it."""
    with embedded_folder() as path, embedded.lease(path / "home") as lease:
        monkeypatch.setenv("SIGNALBOX_HOME", str(path / "home"))
        assert main(["backup", "run"]) == 1
        assert "no place yet to write backups down" in capsys.readouterr().err
        assert main(["demo", "status"]) == 0
        assert "There is no demo" in capsys.readouterr().out
        assert main(["rollup", "--keep-raw-days", "9", "--dry-run"]) == 1
        assert "python -m data migrate up" in capsys.readouterr().err
        with psycopg.connect(lease.url()) as connection:
            found = connection.execute("select from pg_namespace where nspname = 'signalbox'").fetchall()
        assert found == []
        before = path / "migrations"
        before.mkdir()
        for file in sorted(migration.FOLDER.glob("2*.sql"))[:12]:
            (before / file.name).write_bytes(file.read_bytes())
        migration.up(lease.url(), before, progress=lambda _: None)
        pending = migration.status(lease.url(), migration.FOLDER).count("pending")
        assert main(["backup", "run"]) == 0
        assert (pending > 0, migration.status(lease.url(), migration.FOLDER).count("pending")) == (True, pending)
        assert len(list((path / "home" / "backups").glob("*.dump"))) == 1
        assert main(["backup", "list"]) == 0


def test_the_dump_is_one_consistent_state_while_others_write(
    owner: Owner, people: People, database_url: str, server: embedded.Lease, tmp_path: Path
) -> None:
    with standing_still(database_url), psycopg.connect(database_url, autocommit=True) as other:
        run = backup.begin(people["admin"], source(database_url, tmp_path))
        thread = threading.Thread(target=run.complete)
        thread.start()
        until(lambda: dumps_of(owner))
        other.execute("create table agents.later (id int)")
    thread.join()
    written = row(owner)
    assert written["status"] == "succeeded"
    assert ("agents", "later") not in restored(server, tmp_path / "backups" / written["file_name"])
    assert state.read_state(people["admin"], directory=str(tmp_path / "backups"), every_hours=24).last_good
